#!/bin/sh
# tests/unit/sanitizers.sh: the core library and its unit tests under
# AddressSanitizer with UndefinedBehaviorSanitizer, and under ThreadSanitizer.
#
# usage: sanitizers.sh [all]	all: every unit test, with all of its work

. "$KMA_SRCDIR/tests/unit/variant.sh"

some='account cache kmem learn maps memtype objcache pagerun symbol watch'
if [ "${1:-}" = all ] || [ -n "${KMA_TEST_ALL:-}" ]; then
	some='account bucket cache fill kmem kmemsizes learn lock maps memtype meta
	    objcache options os os_thread pagerun report runtree stats symbol
	    watch'
else
	KMA_TEST_SLOW=1
	export KMA_TEST_SLOW
fi
[ -x "$KMA_BUILDDIR/tests/unit/test_bucket" ] || skip_all "no Check"

LSAN_OPTIONS=detect_leaks=0
ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
UBSAN_OPTIONS=print_stacktrace=1
TSAN_OPTIONS="halt_on_error=1 detect_deadlocks=0 die_after_fork=0 \
history_size=7 \
suppressions=$KMA_SRCDIR/tests/unit/tsan.supp"
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

targets=lib/libkmacore.la
for t in $some; do
	targets="$targets tests/unit/test_$t"
done

build sanitizer-address "$targets" --with-sanitizer=address \
    CFLAGS='-O1 -g -fsanitize=undefined' &&
for t in $some; do
	run "address, undefined: $t" \
	    "$KMA_BUILDDIR/sanitizer-address/tests/unit/test_$t"
done || failed=1

build sanitizer-thread "$targets" --with-sanitizer=thread CFLAGS='-O1 -g' &&
for t in $some; do
	run "thread: $t" "$KMA_BUILDDIR/sanitizer-thread/tests/unit/test_$t"
done || failed=1

done_testing
