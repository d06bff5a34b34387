#!/bin/sh
# tests/unit/sanitizers.sh: the core library and its unit tests under
# AddressSanitizer with UndefinedBehaviorSanitizer, and under ThreadSanitizer.
#
# usage: sanitizers.sh [all]	all: every unit test, with all of its work

. "$KMA_SRCDIR/tests/unit/variant.sh"

# blocktag.h is tested with watch, random.c with quarantine. Left out: profile and
# measure, which test the command, and that is not built with a sanitizer.
some='account blame cache fill guard kmem leaks learn maps memtype objcache
    pagerun quarantine symbol valgrind watch'
threadless='fill valgrind'	# slow, and there is but one thread in them
if [ "${1:-}" = all ] || [ -n "${KMA_TEST_ALL:-}" ]; then
	some='account blame bucket cache fill guard kmem kmemsizes leaks learn
	    lock maps memtype meta objcache options os os_thread pagerun
	    quarantine replay report retain runtree snapshot stats symbol
	    trace valgrind watch zero'
	threadless=
else
	KMA_TEST_SLOW=2
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
done

build sanitizer-thread "$targets" --with-sanitizer=thread CFLAGS='-O1 -g' &&
for t in $some; do
	case " $threadless " in
	*" $t "*) continue ;;
	esac
	run "thread: $t" "$KMA_BUILDDIR/sanitizer-thread/tests/unit/test_$t"
done

plan
