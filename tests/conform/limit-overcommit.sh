#!/bin/sh
# tests/conform/limit-overcommit.sh: under strict overcommit
# (vm.overcommit_memory=2) programs start, fill what there is, and free again.
# It changes a setting of the whole machine for a moment, so it runs only when
# asked to, as root.

. "${KMA_SRCDIR:-.}/tests/tap.sh"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"
knob=/proc/sys/vm/overcommit_memory
prog=$KMA_BUILDDIR/tests/conform/limit-fill

[ "${KMA_TEST_OVERCOMMIT:-}" = 1 ] ||
	skip_all "changes a setting of the machine: set KMA_TEST_OVERCOMMIT=1"
old=$(cat $knob)
at_end() {
	echo "$old" >$knob
}
if ! echo 2 >$knob 2>/dev/null || [ "$(cat $knob)" != 2 ]; then
	skip_all "$knob cannot be written"
fi

modes "$tmp/trace" >"$tmp/modes"

LD_PRELOAD=$LIBKMA sh -c 'ls -l / >/dev/null'
result "a shell and ls start"
# The same limits as without, since they are the narrower ones.
# shellcheck disable=SC3045
(ulimit -v 262144 && "$prog" 256 256 75)
result "256 MB of blocks of 256 bytes under a limit"
"$KMA_BUILDDIR/tests/conform/mem-maps" >/dev/null
result "200,000 page runs"
"$KMA_BUILDDIR/tests/conform/fork-storm" 200 >/dev/null
result "a fork storm"
# Threads and children, to the end of a limit, in each mode.
while IFS= read -r mode; do
	for name in plain limited limited_data; do
		KMA_OPTIONS=$mode LD_PRELOAD=$LIBKMA timeout 300 \
			"$KMA_BUILDDIR/tests/survival/circumstances" $name
		result "${mode:-default}: $name"
	done
	rm -f "$tmp"/trace*
done <"$tmp/modes"
plan
