#!/bin/sh
# tests/survival/inject.sh: each system call of the library failing in turn, as
# tests/unit/inject does it, in the modes. In steps, since it is one call for
# each allocation in some; with KMA_TEST_ALL, one by one, and with progress.

. "${KMA_SRCDIR:-.}/tests/tap.sh"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"

modes "$tmp/trace" | grep . >"$tmp/modes"
while IFS= read -r mode; do
	: >"$tmp/log"
	KMA_TEST_SLOW=1 KMA_TEST_OPTIONS=$mode timeout "${limit:-600}" \
		"$KMA_BUILDDIR/tests/unit/inject" >"$tmp/log" 2>&1 &
	pid=$!
	if [ -n "${KMA_TEST_ALL:-}" ]; then
		echo "# $mode"
		tail -n +1 -f --pid=$pid "$tmp/log" |
			grep --line-buffered '^# .* of '
	fi
	wait $pid
	status=$?
	[ $status -eq 0 ] && ! grep -q '^not ok' "$tmp/log"
	result "$mode" "status $status"
	grep -v '^libkma: stats: no memory\|^ok\|^1\.\.\|^# .* of ' \
		"$tmp/log" | head -n 20 | sed 's/^\(# \)*/# /'
	rm -f "$tmp"/trace*
done <"$tmp/modes"
plan
