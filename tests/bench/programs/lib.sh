# shellcheck shell=sh
# lib.sh: how a script of group c starts the program that it measures. The
# script itself runs on the C library's allocator (preload=False in case.py).

set -u

# enter FOLDER: the case's own, with its inputs.
enter() {
	cd "$1" || exit 1
	line=$(pwd)/line
	rm -f "$line"
}

# under_test COMMAND...: on the allocator under test,
# measured. Outside the bench, on the C library's: that is how the output is
# made that every other run must give. Adds what is in $late to the preload.
late=
under_test() {
	if [ -z "${BENCH_LAUNCH:-}" ]; then
		LD_PRELOAD=$late exec "$@"
	fi
	exec "$BENCH_LAUNCH" -o "$line" \
	    -e LD_PRELOAD="$BENCH_PRELOAD${late:+:$late}" -- "$@"
}

# report: what the launcher measured, as the bench reads it.
report() {
	[ -z "${BENCH_LAUNCH:-}" ] || awk '{
		print "cpu", $2 + $3
		print "wall", $1
		print "rss", $4
		print "faults", $5 + $6
	}' "$line"
}

# same: the output is what it was the first time, outside the bench.
same() {
	if [ -z "${BENCH_LAUNCH:-}" ]; then
		mv output expected
	elif ! cmp expected output >&2; then
		echo "the output is not the same as on glibc" >&2
		exit 1
	fi
}

# end_like STATUS: if a signal ended the program, die of it too.
end_like() {
	[ "$1" -eq 0 ] && return
	if [ "$1" -gt 128 ]; then
		kill -s "$(kill -l "$(($1 - 128))")" $$
	fi
	exit "$1"
}

# wait_for COMMAND...: until it succeeds, for ten seconds.
wait_for() {
	n=0
	until "$@" >/dev/null 2>&1; do
		n=$((n + 1))
		[ "$n" -lt 500 ] || return 1
		sleep 0.02
	done
}
