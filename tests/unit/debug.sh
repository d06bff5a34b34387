#!/bin/sh
# tests/unit/debug.sh: a build with --enable-debug, in which each module checks
# its invariants after each operation: unit tests, and programs under it.

. "$KMA_SRCDIR/tests/unit/variant.sh"

targets=all
[ -x "$KMA_BUILDDIR/tests/unit/test_bucket" ] && targets="all
    tests/unit/test_runtree tests/unit/test_pagerun tests/unit/test_bucket
    tests/unit/test_cache tests/unit/test_kmem tests/unit/test_objcache"
KMA_TEST_SLOW=1
export KMA_TEST_SLOW

build debug "$(echo $targets)" --enable-debug || plan
for t in $targets; do
	[ "$t" = all ] || run "debug: ${t##*/test_}" "$KMA_BUILDDIR/debug/$t"
done

preloaded() {
	LD_PRELOAD=$KMA_BUILDDIR/debug/lib/.libs/libkma.so \
	    KMA_OPTIONS=stats "$@" 2>&1 | grep '^requests [1-9]' | tail -n 1 |
	    grep .
}
run "debug: perl" preloaded perl -e '
	my %h; $h{$_} = "x" x ($_ % 300) for 1 .. 3000;
	delete $h{$_} for 1 .. 2000; my $s = "y" x 2000000; print length($s);'
if command -v python3 >/dev/null; then
	run "debug: python" preloaded env PYTHONMALLOC=malloc python3 -S -c '
d = {i: "x" * (i % 300) for i in range(2000)}
l = [bytes(i) for i in range(0, 300000, 3001)]
print(len(d), len(l))'
fi
plan
