#!/bin/sh
# tests/man.sh: the manual pages are in form, and say what is: every option
# and message of the library is in kma(7), every exported function in kma(3),
# with its prototype, and kma(3)'s examples run.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

for tool in mandoc man; do
	"$tool" --version 2>&1 | grep -qE "^man |^mandoc" || {
		skip_all "no $tool: packages mandoc and man-db"
	}
done
cd "$KMA_SRCDIR" || exit 1

# same NAME FILE FILE: passes if they are the same, and something.
same() {
	diff "$2" "$3" >"$tmp/diff"
	[ -s "$2" ] || echo "nothing to compare" >>"$tmp/diff"
	empty "$1" "$tmp/diff"
}

# text PAGE: as plain text, in lines that do not end before they must.
backspace=$(printf '\b')
text() {
	mandoc -Tascii -Owidth=1000 "$1" | sed "s/.$backspace//g"
}

# section NAME: of a text on standard input.
section() {
	awk -v name="$1" '/^[A-Z]/ { on = $0 == name; next } on'
}

for page in man/*.[1-9]; do
	mandoc -Tlint -Wwarning "$page" >"$tmp/lint" 2>&1
	empty "$page: mandoc has nothing to say" "$tmp/lint"
	LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l \
	    -Tutf8 -Z "$page" 2>"$tmp/lint" >/dev/null
	empty "$page: groff has nothing to say" "$tmp/lint"
	text "$page" | grep -oE '\bkma(_[a-z]+)?\([1-9]\)' | sort -u |
	    while IFS='()' read -r name part; do
		[ -e "man/$name.$part" ] || echo "there is no $name($part)"
	done >"$tmp/links"
	empty "$page: the pages that it names are there" "$tmp/links"
done
text man/kma.7 >"$tmp/kma.7"
text man/kma.3 >"$tmp/kma.3"

# --- options ----------------------------------------------------------------

# Lines "key=form default", the default in brackets or not there.
LD_PRELOAD=$LIBKMA KMA_OPTIONS=help sh -c : 2>&1 |
	sed -n 's/^libkma:   //p' >"$tmp/help"
sed -n 's/^\([^ ]*\): .*/\1/p' "$tmp/help" | sort >"$tmp/forms"
section OPTIONS <"$tmp/kma.7" | sed '/^   [A-Z]/,$d' |
	sed -n 's/^     \([a-z][a-z]*\([=[][^ ]*\)*\)\(  .*\)*$/\1/p' |
	sort >"$tmp/documented"
same "kma(7) has the options of the library's table, and their forms" \
	"$tmp/forms" "$tmp/documented"

# Each [default] of the table is "The default is ..." in the option's text.
sed -n 's/^\([a-z]*\).* \[\([^]]*\)\]$/\1 \2/p' "$tmp/help" |
	while read -r key default; do
		section OPTIONS <"$tmp/kma.7" | awk -v key="$key" '
		/^     [a-z]/ { on = index($1, key) == 1 } on' |
		grep -qE "The default is $default(\.|:)" ||
		echo "$key: $default is not said to be the default"
	done >"$tmp/defaults"
grep -q '\]$' "$tmp/help" || echo 'no default in the table' >>"$tmp/defaults"
empty "kma(7) has the defaults of the library's table" "$tmp/defaults"

# --- messages ---------------------------------------------------------------

sed -n 's/^#define REASON_.*"\(.*\)"$/\1/p' lib/report.h >"$tmp/reasons"
[ -s "$tmp/reasons" ] || echo 'no reasons found' >"$tmp/reasons"
section DIAGNOSTICS <"$tmp/kma.7" >"$tmp/diagnostics"
while read -r reason; do
	grep -q "^     $reason" "$tmp/diagnostics" || echo "$reason"
done <"$tmp/reasons" >"$tmp/missing"
empty 'kma(7) has the reason of each misuse' "$tmp/missing"

# Every format, cut at its conversions: the pieces stand in a line in order.
cat lib/*.c | tr '\n\t' '  ' |
	grep -oE 'report_(warn|fault|panic|misuse)\([^;]*;' |
	sed 's/" *"//g' >"$tmp/calls"
cat "$tmp/kma.7" - <"$tmp/calls" | awk '
function told(format, n, piece, i, j, rest, at) {
	gsub(/%-?[0-9]*(zu|lu|[scdup])/, "\001", format)
	n = split(format, piece, "\001")
	for (i = 0; i < lines; i++) {
		rest = line[i]
		for (j = 1; j <= n; j++) {
			if (piece[j] == "")
				continue
			if ((at = index(rest, piece[j])) == 0)
				break
			rest = substr(rest, at + length(piece[j]))
		}
		if (j > n)
			return 1
	}
	return 0
}
!/^report_/ { line[lines++] = $0; next }
{
	while (match($0, /"([^"\\]|\\.)*"/)) {
		text = substr($0, RSTART + 1, RLENGTH - 2)
		$0 = substr($0, RSTART + RLENGTH)
		# The name of a function is no message.
		if (text !~ /[a-z] |: [a-z]/ || text == "operator new")
			continue
		found++
		if (!told(text))
			print text
	}
}
END { if (found < 5) print "no formats found" }' >"$tmp/missing"
empty 'kma(7) has every message of the library' "$tmp/missing"

# --- functions --------------------------------------------------------------

section SYNOPSIS <"$tmp/kma.3" >"$tmp/synopsis"
grep -oE 'kma_[a-z_]+\(' "$tmp/synopsis" | tr -d '(' | sort >"$tmp/documented"
sed -n 's/^	\(kma_[a-z_]*\);$/\1/p' lib/libkma.map | grep -vx kma_cache |
	sort >"$tmp/exported"
same "kma(3) has the functions of libkma.map" "$tmp/exported" "$tmp/documented"

# A second declaration that is not the first is an error.
grep -vE '^   [^ ]|^ *[A-Z_]+\(' "$tmp/synopsis" >"$tmp/synopsis.c"
${CC:-cc} -Iinclude -fsyntax-only "$tmp/synopsis.c" >"$tmp/log" 2>&1
grep -q 'kma_malloc(' "$tmp/synopsis.c" || echo 'no prototypes' >>"$tmp/log"
empty "kma(3)'s prototypes are the header's" "$tmp/log"

# fields FILE: of struct kma_type_figures, with what the comments say.
fields() {
	awk '/^struct kma_type_figures/ { on = 1 } on; /^};/ { on = 0 }' "$1" |
		sed -n 's/^[ 	]*\(uint64_t\|char\)[ 	]*\(ks_.*\)$/\2/p' |
		tr -s ' \t' ' '
}
fields include/kma.h >"$tmp/fields"
fields man/kma.3 >"$tmp/documented"
same "kma(3) has struct kma_type_figures" "$tmp/fields" "$tmp/documented"

awk -v dir="$tmp" '
/^\.Sh/ { on = $2 == "EXAMPLES" }
/^\.Ed/ { out = "" }
out != "" { gsub(/\\e/, "\\"); print > out }
on && /^\.Bd/ { out = dir "/example" ++n ".c" }' man/kma.3
for source in "$tmp"/example*.c; do
	# shellcheck disable=SC2086
	{ ${CC:-cc} -std=gnu11 -O1 -Wall -Wextra -Werror -Iinclude \
	    -o "$tmp/example" "$source" "$LIBKMA" \
	    -Wl,-rpath,"${LIBKMA%/*}" -pthread &&
		timeout 60 "$tmp/example" >"$tmp/out"; } >"$tmp/log" 2>&1 ||
		echo "failed" >>"$tmp/log"
	empty "kma(3): $(basename "$source" .c) runs" "$tmp/log"
done
plan
