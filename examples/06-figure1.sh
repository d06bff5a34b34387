#!/bin/sh
# 06-figure1.sh: figure 1 of McKusick and Karels (1988) for a program of today.
# The paper shows what a time-sharing machine's kernel held after a day, by
# bucket size and by type; here the types are the program and its libraries.
#
#	06-figure1.sh PROGRAM [ARGS]	starts it under libkma, waits until it
#					has nothing to do, and ends it again
#	06-figure1.sh PID		a process that runs under libkma, best
#					with KMA_OPTIONS=accounting=object
#
# KMA=COMMAND names another kma than the one in PATH or in build/.

set -u

[ $# -gt 0 ] || {
	sed -n '2,/^$/s/^#[ 	]\{0,1\}//p' "$0" >&2
	exit 2
}
built=$(dirname "$0")/../build/tools/kma
kma=${KMA:-$(command -v kma || echo "$built")}
command -v "$kma" >/dev/null || {
	echo "06-figure1.sh: no kma command: build it, or set KMA" >&2
	exit 1
}
exec 3<&0		# the program's: the shell takes it from those with &
started=
trap '[ -z "$started" ] || kill "$started"' EXIT
trap 'exit 1' HUP INT TERM

# The processor time of a process, in hundredths of a second.
ticks() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null |
		awk '{ print $12 + $13; found = 1 } END { exit !found }'
}

# Until it has used next to no processor time for a second: two minutes at most.
wait_for_rest() {
	before=$(ticks "$1") || return 1
	for _ in $(seq 120); do
		sleep 1
		now=$(ticks "$1") || return 1
		[ $((now - before)) -le 2 ] && return 0
		before=$now
	done
}

case $1 in
*[!0-9]*)
	"$kma" run --accounting object -- "$@" <&3 >&2 3<&- &
	started=$!
	pid=$started
	wait_for_rest "$pid" || {
		started=
		echo "06-figure1.sh: $1 has ended by itself" >&2
		exit 1
	}
	;;
*)
	pid=$1
	;;
esac

name=$(cat "/proc/$pid/comm" 2>/dev/null) || name=it
"$kma" stat "$pid" | awk -v name="$name" '
function kilo(bytes) { return int((bytes + 1023) / 1024) "K" }
function percent(part, whole) { return int(100 * part / whole + 0.5) "%" }

# The last column is not in the paper.
function bucket(size, inuse, free, calls, used) {
	printf "%15s %10s %10s %12s %10s\n", size, inuse, free, calls, used
}

/^Memory statistics by bucket size/ {
	printf "%s\n\n", name
	printf "Memory statistics by bucket size\n"
	bucket("Size", "In Use", "Free", "Requests", "Mem Use")
	part = "buckets"
	next
}
/^Page runs/ { part = "runs"; next }
/^Memory statistics by type/ { part = "types"; next }
/^(Lists learned|Memory usage type|Memory totals)/ { part = "" }
$1 == "Size" || ($1 == "Type" && $2 == "In") { next }
part == "buckets" {
	bucket($1, $2, $3, $4, kilo($1 * $2))
	listed += $1 * $2
	all += $4
	small += $1 <= 128 ? $4 : 0
	medium += $1 <= 1024 ? $4 : 0
}
# Under accounting, all runs in use stand in one row: so they do here.
part == "runs" {
	runs += $2
	cached += $1 == "longer" ? 0 : $3
	run_calls += $4
	all += $4
}
part == "types" {
	# The name may hold blanks: seven columns stand behind it.
	for (what = $1; NF > 8; NF--) {
		what = what " " $2
		for (i = 2; i < NF; i++)
			$i = $(i + 1)
	}
	type[++types] = what
	inuse[types] = $2
	used[types] = $3
	high[types] = $4
	calls[types] = $6
	bytes += $3
}
$1 == "in-use" { in_use = $2 }
END {
	if (all == 0)
		exit 1
	bucket("8193-", runs, cached, run_calls, kilo(in_use - listed))
	if (types == 0)
		printf "\nno types: it runs without accounting=object\n"
	else
		printf "\nMemory statistics by type\n%-31s %8s %9s %9s %12s\n",
		    "Type", "In Use", "Mem Use", "High Use", "Requests"
	for (n = 1; n <= types; n++) {
		best = 0
		for (i = 1; i <= types; i++)
			if (!(i in done) && (best == 0 || used[i] > used[best]))
				best = i
		done[best] = 1
		three += n <= 3 ? used[best] : 0
		printf "%-31s %8d %9s %9s %12d\n", type[best], inuse[best],
		    kilo(used[best]), kilo(high[best]), calls[best]
	}
	printf "\nrequests up to 128 bytes %s, up to 1024 bytes %s\n",
	    percent(small, all), percent(medium, all)
	if (bytes > 0)
		printf "memory in the three largest types of %d: %s\n", types,
		    percent(three, bytes)
}'
