#!/bin/sh
# tests/fuzz/long.sh: the fuzz target and the chaos for KMA_FUZZ_LONG seconds
# (2400) with each spacing; progress goes to standard error. Each time it
# starts with other strings; the number of one that fails is told.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

KMA_FUZZ_SECONDS=${KMA_FUZZ_LONG:-2400}
KMA_FUZZ_FIRST=${KMA_FUZZ_FIRST:-$(($(date +%s) * 1000))}
export KMA_FUZZ_SECONDS KMA_FUZZ_FIRST

for t in fuzz chaos; do
	"$KMA_BUILDDIR/tests/fuzz/$t" |
	    sed -E 's/^((not )?ok) [0-9]+/\1/; /^1\.\./d' >"$tmp/tap"
	also "$tmp/tap" $t
done
plan 8
