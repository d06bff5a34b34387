#!/bin/sh
# tests/tools/man.sh: kma(1) is well-formed, and names what the command has.

set -u

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

page=$KMA_SRCDIR/man/kma.1
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$page" >"$tmp/log" 2>&1
	[ ! -s "$tmp/log" ]
	result 'mandoc -Tlint finds nothing' "$(cat "$tmp/log")"
else
	skip 'mandoc -Tlint' 'mandoc is not installed'
fi
if man --version 2>/dev/null | grep -q '^man '; then
	LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 \
		-l -Tutf8 -Z "$page" >/dev/null 2>"$tmp/log"
	[ ! -s "$tmp/log" ]
	result 'man --warnings says nothing' "$(cat "$tmp/log")"
else
	skip 'man --warnings' 'man-db is not installed'
fi

# The page's text, with blanks for the formatting.
sed 's/\\&//g; s/^\.[A-Z][a-z] //' "$page" | tr '\n' ' ' >"$tmp/text"
for command in run stat; do
	kma "$command" --help
	for option in $(echo "$out" | grep -oE -e '--[a-z]+' | sort -u); do
		[ "$option" = --help ] ||
			grep -q -e "Fl Fl ${option#--}" "$tmp/text"
		result "kma $command $option"
	done
done
sed -n 's/^	STATUS_.* = \([0-9]*\).*/\1/p' "$KMA_SRCDIR/tools/command.h" |
	sort -n >"$tmp/codes"
sed -n '/^\.Sh EXIT/,/^\.Sh EXAMPLES/s/^\.It \([0-9]*\)$/\1/p' "$page" |
	sort -n | diff "$tmp/codes" - >"$tmp/log" && [ -s "$tmp/codes" ]
result 'each exit status' "$(cat "$tmp/log")"
echo "1..$count"
