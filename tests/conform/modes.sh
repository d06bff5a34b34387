#!/bin/sh
# tests/conform/modes.sh: the programs of tests/conform in each mode of
# tests/modes: a mode may cost time and memory, but nothing that a program may
# expect, and it has nothing to say of a program without fault.
#
# Programs whose figures are about memory, time or what is counted are left
# out, for in a mode those are others.
#
# The storm of forks is a smaller one, but with KMA_TEST_ALL.
#
# usage: modes.sh [PROGRAM ...]

. "${KMA_SRCDIR:-.}/tests/tap.sh"

programs=${*:-align basic exit-handlers exit-keys fork-atfork fork-spawn
fork-stdio fork-storm limit-mlock limit-running load-late load-namespace
load-plugin mem-core names realloc realloc-big sizes snapshot start-audit
start-early thread-caches thread-many thread-minstack thread-queues toobig}

# try MODE OPTIONS PROGRAM
try() {
	# shellcheck disable=SC2086
	KMA_TEST_MODE=$1 KMA_OPTIONS=$2 timeout 300 \
	    "$KMA_BUILDDIR/tests/conform/$3" $less >"$tmp/out" 2>"$tmp/err"
	status=$?
	grep -hA 3 -e '^not ok' -e '^libkma:' "$tmp/out" "$tmp/err" >"$tmp/why"
	[ $status -eq 0 ] && grep -q '^ok' "$tmp/out" &&
	    ! grep -q '^libkma:' "$tmp/err"
	result "$1: $3" "status $status" "@$tmp/why"
}

forks=400
grep -v '^#' "$KMA_SRCDIR/tests/modes" >"$tmp/modes"
while read -r mode options; do
	for program in $programs; do
		case $mode-$program in
		# What waits keeps its addresses, and no pages are moved.
		hardened-limit-running | hardened-realloc-big) continue ;;
		# And it counts as in use, and is resident.
		hardened-snapshot | hardened-thread-caches) continue ;;
		esac
		less=
		[ -n "${KMA_TEST_ALL:-}" ] || [ "$program" != fork-storm ] ||
			less=$forks
		try "$mode" "$options" "$program"
	done
done <"$tmp/modes"
plan
