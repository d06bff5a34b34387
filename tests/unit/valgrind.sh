#!/bin/sh
# tests/unit/valgrind.sh: unit tests under valgrind's memcheck and callgrind.
# An error in a test's process makes its exit status 99, which Check reports.

. "$KMA_SRCDIR/tests/unit/variant.sh"

command -v valgrind >/dev/null || skip_all "no valgrind"
[ -x "$KMA_BUILDDIR/tests/unit/test_bucket" ] || skip_all "no Check"

KMA_TEST_SLOW=8
CK_TIMEOUT_MULTIPLIER=10
export KMA_TEST_SLOW CK_TIMEOUT_MULTIPLIER

# Without test_os: it asks for what valgrind's own address space does not have
# (a full one, MREMAP_DONTUNMAP), and valgrind itself crashes.
memcheck='runtree pagerun bucket kmem'
[ -n "${KMA_TEST_ALL:-}" ] && memcheck='bucket cache kmem kmemsizes lock meta
    objcache options os_thread pagerun report retain runtree stats'
for t in $memcheck; do
	run "memcheck: $t" valgrind -q --error-exitcode=99 \
	    "$KMA_BUILDDIR/tests/unit/test_$t"
done
for t in runtree cache; do
	run "callgrind: $t" valgrind -q --tool=callgrind \
	    --callgrind-out-file=/dev/null "$KMA_BUILDDIR/tests/unit/test_$t"
done
plan
