#!/bin/sh
# tests/survival/soak.sh: chaos.c for hours, KMA_SOAK_SECONDS in all (an hour
# by default), shared among the modes; in constant memory, with a line each
# minute.

. "${KMA_SRCDIR:-.}/tests/tap.sh"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"

# A record of hours would fill the disk.
modes /dev/null | grep -v '^trace' >"$tmp/modes"
total=${KMA_SOAK_SECONDS:-3600}
each=$((total / $(wc -l <"$tmp/modes")))
run=0
while IFS= read -r mode; do
	run=$((run + 1))
	echo "# ${mode:-default}: $each s"
	KMA_OPTIONS=$mode LD_PRELOAD=$LIBKMA \
		"$KMA_BUILDDIR/tests/survival/chaos" "$each" "$run" 6 60 2>&1
	result "${mode:-default}"
done <"$tmp/modes"
plan
