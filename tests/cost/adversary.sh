#!/bin/sh
# tests/cost/adversary.sh: what learning costs those who make it work for
# nothing, in instructions, as a ratio to the paper's lists. adversary.c has
# the patterns.
#
# Callgrind counts, so that the figures are the same in every run. The decay
# period is one that does not end, so that nothing depends on the clock.

set -u

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_BUILDDIR:=.}"
adversary=$KMA_BUILDDIR/tests/cost/adversary
most=1.10
rounds=5
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# count SPACING NAME ROUNDS: prints the instructions.
count() {
	env -i PATH="$PATH" LC_ALL=C LD_PRELOAD="$LIBKMA" \
	    KMA_OPTIONS="spacing=$1,decay=1073741824" \
	    valgrind -q --tool=callgrind --callgrind-out-file="$tmp/cg" \
	    "$adversary" "$2" "$3" 2>"$tmp/err" || return 1
	sed -n 's/^summary: //p' "$tmp/cg"
}

if ! command -v valgrind >/dev/null 2>&1; then
	echo "1..0 # SKIP valgrind is not installed"
	exit 0
fi
n=0
for name in $("$adversary"); do
	n=$((n + 1))
	none=$(count 1 "$name" 0) && paper=$(count 1 "$name" "$rounds") &&
	    learn=$(count learn "$name" "$rounds")
	if [ $? -ne 0 ] || [ "$paper" -le "$none" ]; then
		echo "not ok $n - $name: $(head -n 1 "$tmp/err")"
		continue
	fi
	awk -v n="$n" -v name="$name" -v most="$most" \
	    -v ratio=$(((learn - none) * 1000 / (paper - none))) 'BEGIN {
		printf("%sok %d - %s: %.3f of the paper'\''s, at most %s\n",
		    ratio > 0 && ratio / 1000 <= most ? "" : "not ", n, name,
		    ratio / 1000, most)
	}'
done
echo "1..$n"
