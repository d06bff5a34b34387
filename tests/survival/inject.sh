#!/bin/sh
# tests/survival/inject.sh: each system call of the library failing in turn, as
# tests/unit/inject does it, in the modes. In steps, since it is one call for
# each allocation in some; with KMA_TEST_ALL, one by one, and with progress.

set -u

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_BUILDDIR:=.}"
: "${KMA_SRCDIR:=.}"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0

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
	count=$((count + 1))
	if [ $status -eq 0 ] && ! grep -q '^not ok' "$tmp/log"; then
		echo "ok $count - $mode"
	else
		echo "not ok $count - $mode: status $status"
	fi
	grep -v '^libkma: stats: no memory\|^ok\|^1\.\.\|^# .* of ' \
		"$tmp/log" | head -n 20 | sed 's/^\(# \)*/# /'
	rm -f "$tmp"/trace*
done <"$tmp/modes"
echo "1..$count"
