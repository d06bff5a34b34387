#!/bin/sh
# tests/tools/man.sh: kma(1) is well-formed, and names what the command has.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

page=$KMA_SRCDIR/man/kma.1
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning "$page" >"$tmp/log" 2>&1
	empty 'mandoc -Tlint finds nothing' "$tmp/log"
else
	skip 'mandoc -Tlint' 'mandoc is not installed'
fi
if man --version 2>/dev/null | grep -q '^man '; then
	LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 \
		-l -Tutf8 -Z "$page" >/dev/null 2>"$tmp/log"
	empty 'man --warnings says nothing' "$tmp/log"
else
	skip 'man --warnings' 'man-db is not installed'
fi

# The page's text, with blanks for the formatting.
sed 's/\\&//g; s/^\.[A-Z][a-z] //' "$page" | tr '\n' ' ' >"$tmp/text"
for command in run stat trace compare; do
	kma "$command" --help
	for option in $(echo "$out" | grep -oE -e '--[a-z-]+' | sort -u); do
		[ "$option" = --help ] ||
			grep -q -e "Fl Fl ${option#--}" "$tmp/text"
		result "kma $command $option"
	done
done
sed -n 's/^	STATUS_.* = \([0-9]*\).*/\1/p' "$KMA_SRCDIR/tools/command.h" |
	sort -n >"$tmp/codes"
sed -n '/^\.Sh EXIT/,/^\.Sh EXAMPLES/s/^\.It \([0-9]*\)$/\1/p' "$page" |
	sort -n | diff "$tmp/codes" - >"$tmp/log" && [ -s "$tmp/codes" ]
result 'each exit status' "@$tmp/log"

# kma_trace(5): its program reads a trace as the command does.
kma run --trace "$tmp/t.kmt" -- perl -e 'push @a, "x" x $_ for 1 .. 9999'
awk '/^import struct/ { on = 1 } /^\.Ed/ { on = 0 }
	on { gsub(/\\e/, "\\"); print }' "$KMA_SRCDIR/man/kma_trace.5" \
	>"$tmp/count.py"
want=$("$kma" trace --json "$tmp/t.kmt" | jq -r '.totals |
	"\(.allocs) \(.frees + .unknown_frees) \(.reallocs) \(.reallocs)"')
got=$(/usr/bin/python3 "$tmp/count.py" "$tmp/t.kmt" 2>&1)
[ "$got" = "$want" ]
result "kma_trace(5)'s program counts what kma trace does" "$want: $got"
sed -n 's/.*offsetof(struct trace_header, .*== \([0-9]*\),.*/\1/p' \
	"$KMA_SRCDIR/lib/traceformat.h" >"$tmp/offsets"
while read -r offset; do
	grep -q "^\.It $offset Ta" "$KMA_SRCDIR/man/kma_trace.5" ||
		echo "$offset"
done <"$tmp/offsets" >"$tmp/log"
[ ! -s "$tmp/log" ] && [ -s "$tmp/offsets" ]
result "kma_trace(5) has the header's offsets" "@$tmp/log"
plan
