#!/bin/sh
# tests/tools/replay-long.sh: kma replay on ten million operations: how fast
# each allocator is, all of them, and that memory is bounded. Prints what it
# measures; a machine that is slow fails nothing.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

ops=${KMA_REPLAY_OPS:-10000000}
trace=$tmp/long.kmt
"$KMA_BUILDDIR/tests/tools/maketrace" "$trace" "$ops" 50000 2 || exit 1
echo "# $ops operations, $(wc -c <"$trace") bytes"

# measured ARGS: kma replay; leaves $seconds (processor) and $resident (KB).
measured() {
	/usr/bin/env python3 - "$kma" "$@" >"$tmp/measured" 2>"$tmp/err" <<-'EOF'
	import resource, subprocess, sys
	done = subprocess.run(sys.argv[1:], stdout=open('/dev/null', 'w'))
	r = resource.getrusage(resource.RUSAGE_CHILDREN)
	print('%.2f %d' % (r.ru_utime + r.ru_stime, r.ru_maxrss))
	sys.exit(done.returncode)
	EOF
	status=$?
	read -r seconds resident <"$tmp/measured"
}

for name in pow2 buddy slab all; do
	measured replay --allocator $name "$trace"
	[ "$status" -eq 0 ]
	result "$name: $seconds s of processor time, $resident KB resident" \
		"$(cat "$tmp/err")"
done
kma replay --csv "$trace"
[ "$status" -eq 0 ]
result 'nanoseconds a request, and steps'
echo "$out" | awk -F, 'NR > 1 {
	printf("# %-11s %7.1f ns: %6.1f million a second, %9.1f steps\n", $1,
	    $10, 1000 / ($10 + 0.001), $7) }'

# Ten times the operations with as many live objects: the same memory.
"$KMA_BUILDDIR/tests/tools/maketrace" "$tmp/short.kmt" $((ops / 10)) 50000 2
measured replay --allocator mk "$tmp/short.kmt"
few=$resident
measured replay --allocator mk "$trace"
[ "$resident" -lt $((few + few / 2)) ]
result "memory does not grow with the trace: $few KB, $resident KB"
plan
