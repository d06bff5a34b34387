#!/bin/sh
# tests/cost/adversary.sh: what learning costs those who make it work for
# nothing, in instructions, as a ratio to the paper's lists. adversary.c has
# the patterns.
#
# Callgrind counts, so that the figures are the same in every run. The decay
# period is one that does not end, so that nothing depends on the clock.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

adversary=$KMA_BUILDDIR/tests/cost/adversary
most=1.10
rounds=5

# count SPACING NAME ROUNDS: prints the instructions.
count() {
	env -i PATH="$PATH" LC_ALL=C LD_PRELOAD="$LIBKMA" \
	    KMA_OPTIONS="spacing=$1,decay=1073741824" \
	    valgrind -q --tool=callgrind --callgrind-out-file="$tmp/cg" \
	    "$adversary" "$2" "$3" 2>"$tmp/err" || return 1
	sed -n 's/^summary: //p' "$tmp/cg"
}

command -v valgrind >/dev/null 2>&1 || skip_all "valgrind is not installed"
for name in $("$adversary"); do
	none=$(count 1 "$name" 0) && paper=$(count 1 "$name" "$rounds") &&
	    learn=$(count learn "$name" "$rounds")
	if [ $? -ne 0 ] || [ "$paper" -le "$none" ]; then
		fail "$name" "@$tmp/err"
		continue
	fi
	ratio=$(awk -v learn=$((learn - none)) -v paper=$((paper - none)) \
	    'BEGIN { printf("%.3f", learn / paper) }')
	awk -v ratio="$ratio" -v most=$most \
	    'BEGIN { exit !(ratio > 0 && ratio <= most) }'
	result "$name: $ratio of the paper's, at most $most"
done
plan
