#!/bin/sh
# tests/fuzz/long.sh: the fuzz target and the chaos for KMA_FUZZ_LONG seconds
# (2400) with each spacing; progress goes to standard error. Each time it
# starts with other strings; the number of one that fails is told.

set -u

KMA_FUZZ_SECONDS=${KMA_FUZZ_LONG:-2400}
KMA_FUZZ_FIRST=${KMA_FUZZ_FIRST:-$(($(date +%s) * 1000))}
export KMA_FUZZ_SECONDS KMA_FUZZ_FIRST

failed=0
echo 1..8
for t in fuzz chaos; do
	"$KMA_BUILDDIR/tests/fuzz/$t" >"$t.tap" || failed=1
	# The plan of each is not that of both.
	sed -e '/^1\.\./d' -e "s/^\(not ok\|ok\) [0-9]* -/\1 - $t,/" "$t.tap"
	rm -f "$t.tap"
done
exit $failed
