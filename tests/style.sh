#!/bin/sh
# tests/style.sh: the form of the C sources and the scripts. KNF aligns with
# tabs where clang-format cannot follow, so only clang-format's indentation is
# asked for: a line that it would keep must begin where it would begin. Strings,
# macros of several lines and continuation lines (tabs and four blanks, however
# deep) are left alone.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

cd "$KMA_SRCDIR" || exit 1

sources=$(find lib include tests tools examples -name '*.[ch]' | sort)
scripts=$(find bootstrap .ci/run tests tools examples -type f \
	-exec grep -lE '^#!/bin/(ba)?sh' {} + | sort)

for file in $sources; do
	expand "$file" | awk -v file="$file" \
		'length > 80 { print file ":" NR ": " length " columns" }'
done >"$tmp/wide"
empty 'no line has more than 80 columns' "$tmp/wide"

# shellcheck disable=SC2086
grep -nE '[[:blank:]]+$' $sources $scripts >"$tmp/blank"
empty 'no blanks at the end of a line' "$tmp/blank"

for file in $sources; do
	head -n 1 "$file" | grep -q '^/\*' || echo "$file"
done >"$tmp/opening"
empty 'a source file opens with a comment' "$tmp/opening"

# In each hunk, the lines that clang-format only moves sideways.
indented() {
	clang-format --style=file "$1" | diff -U0 "$1" - | awk -v file="$1" '
	function report(i, text) {
		for (i = 1; i <= n; i++) {
			text = was[i]
			sub(/^[ \t]+/, "", text)
			if (text in now && !(was[i] in line) &&
			    was[i] !~ /^\t*    [^ ]/)
				print file ":" first + i - 1 ": " was[i]
		}
		n = 0
		split("", now)
		split("", line)
	}
	/^@@/ {
		report()
		split(substr($2, 2), place, ",")
		first = place[1]
		next
	}
	/^(---|\+\+\+) / { next }
	/^-/ { was[++n] = substr($0, 2) }
	/^\+/ {
		text = substr($0, 2)
		line[text]
		sub(/^[ \t]+/, "", text)
		if (text !~ /^($|"|}|\.|\\)/)
			now[text]
	}
	END { report() }'
}

if command -v clang-format >/dev/null; then
	for file in $sources; do
		indented "$file"
	done >"$tmp/indent"
	empty 'indented as clang-format does' "$tmp/indent"
else
	skip 'indented as clang-format does' 'clang-format is not installed'
fi

if command -v shellcheck >/dev/null; then
	# shellcheck disable=SC2086
	shellcheck -x -P SCRIPTDIR -S warning -f gcc $scripts >"$tmp/shell"
	empty 'shellcheck finds nothing' "$tmp/shell"
else
	skip 'shellcheck finds nothing' 'shellcheck is not installed'
fi
plan 5
