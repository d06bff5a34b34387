# shellcheck shell=bash
# lib.sh: what the tests of real programs share.
#
# Such a test runs a program twice, once on the C library's own allocator
# and once with libkma preloaded, and demands three things: both runs end
# well, they produce the same, and libkma served the second one.  The last
# is proved by the figures that libkma itself writes when a process exits
# (KMA_OPTIONS=stats=FILE; the line "requests N"), and for a server that
# still runs by its memory map.  The report is TAP on standard output.
#
# A test sources this file and then calls, in this order:
#
#	begin			a scratch folder
#	need, need_core		what has to be installed
#	run_both, same, ...	the checks
#	plan
#
# The scratch folder $work holds a folder "glibc" and a folder "libkma",
# in which the two runs take place and leave "stdout" and "stderr".

# Whatever shell the tests are started with: this needs bash.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"

export LC_ALL=C TZ=UTC0
umask 022
unset LD_PRELOAD

# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"

limit=200		# seconds that one run may take
input=/dev/null		# standard input of the next runs
as=()			# a command that changes the user, for a launch
jobs=()			# what launch started and nobody has waited for
stats=			# where the processes of a launch put their figures
launches=0

begin() {
	work=$(cd "$tmp" && pwd -P)
	mkdir "$work/glibc" "$work/libkma" "$work/tmp" "$work/home" || exit 99
	chmod 755 "$work"
	chmod 1777 "$work/tmp"
	export TMPDIR=$work/tmp HOME=$work/home

	# A launch may run as another user, who need not be able to reach
	# the build tree: everyone can reach a copy.
	if ! cp -L "$LIBKMA" "$work/libkma.so"; then
		echo "Bail out! there is no libkma at $LIBKMA"
		exit 99
	fi
	chmod 755 "$work/libkma.so"
	preload=$work/libkma.so
}

at_end() {
	local job n
	for job in ${jobs[@]+"${jobs[@]}"}; do
		kill "$job" 2>/dev/null
		for ((n = 0; n < 100; n++)); do
			kill -0 "$job" 2>/dev/null || break
			sleep 0.1
		done
		kill -KILL "$job" 2>/dev/null
		wait "$job" 2>/dev/null
	done
}

# --- the report -----------------------------------------------------------

# ok NAME COMMAND...: passes when the command succeeds.
ok() {
	local name=$1
	shift
	"$@"
	result "$name" "failed: $*"
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

note_file() { # FILE [LINES]
	[ -s "$1" ] || return 0
	note "--- $(basename "$(dirname "$1")")/$(basename "$1"), its end:"
	tail -n "${2:-15}" "$1" | cut -c1-300 | sed 's/^/# /'
}

# --- what has to be installed ---------------------------------------------

# need PROGRAM PACKAGE: skips the whole test when the program is not there.
need() {
	command -v "$1" >/dev/null && return
	skip_all "$1 is not installed (Debian package: $2)"
}

# need_core: the same, but an automatic build may not do without it.
need_core() {
	command -v "$1" >/dev/null && return
	[ "${CI:-}" = true ] || need "$1" "$2"
	fail "$1 is installed (Debian package: $2)"
	plan
}

# --- runs -----------------------------------------------------------------

# set_prefix WHO: what goes before a command to put it on that allocator.
set_prefix() {
	prefix=(${as[@]+"${as[@]}"} env)
	[ "$1" = libkma ] || return 0
	prefix+=(LD_PRELOAD="$preload"
	    KMA_OPTIONS="${KMA_OPTIONS:+$KMA_OPTIONS,}stats=$stats/%p")
}

new_stats() {
	launches=$((launches + 1))
	stats=$work/stats.$launches
	mkdir "$stats" && chmod 1777 "$stats"
}

# launch WHO COMMAND...: starts it in the background, in the folder $work/WHO
# and bounded in time.  Sets job, which to wait for, pid, which is the process
# of the command itself, and stats.  Background jobs of a shell ignore SIGINT;
# the programs must not notice.
launch() {
	local who=$1 n
	shift
	new_stats
	set_prefix "$who"
	(
		cd "$work/$who" || exit 99
		# shellcheck disable=SC2016	# the inner shell expands it
		exec env --default-signal=INT,QUIT,PIPE \
		    timeout -k 5 "$limit" \
		    sh -c 'echo $$ >"$0.new" && mv "$0.new" "$0"; exec "$@"' \
		    "$stats.pid" "${prefix[@]}" "$@"
	) <"$input" >"$work/$who/stdout" 2>"$work/$who/stderr" &
	job=$!
	jobs+=("$job")
	for ((n = 0; n < 500; n++)); do
		[ -s "$stats.pid" ] && break
		sleep 0.02
	done
	pid=$(cat "$stats.pid")
}

# finished JOB: waits for a launch and gives its exit status.
finished() {
	local status left=() job
	wait "$1" 2>/dev/null
	status=$?
	for job in "${jobs[@]}"; do
		[ "$job" = "$1" ] || left+=("$job")
	done
	jobs=(${left[@]+"${left[@]}"})
	return $status
}

# client WHO COMMAND...: a small program that talks to a server, in the
# foreground, with this shell's files.  Its figures go where $stats points.
client() {
	set_prefix "$1"
	shift
	timeout -k 5 "$limit" "${prefix[@]}" "$@"
}

# run_both [-p PROCESSES] [-r REQUESTS] NAME COMMAND...: both runs, and the
# proof that libkma served at least so many processes, with so many requests
# between them.
run_both() {
	local processes=1 requests=1000 name who status opt OPTIND=1
	while getopts p:r: opt; do
		case $opt in
		p) processes=$OPTARG ;;
		r) requests=$OPTARG ;;
		*) return 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	name=$1
	shift

	for who in glibc libkma; do
		launch "$who" "$@"
		finished "$job"
		status=$?
		if [ $status -ne 0 ]; then
			fail "$name: runs on $who"
			note "exit status $status: $*"
			note_file "$work/$who/stdout"
			note_file "$work/$who/stderr"
			return 1
		fi
	done
	pass "$name: runs on both"
	served "$name" "$processes" "$requests"
}

# served NAME PROCESSES REQUESTS: what the processes of the last launch wrote
# at their exit.  The command itself must be among them.
served() {
	local name=$1 sum count
	read -r count sum < <(requests_in "$stats")
	if [ "$(requests_of "$stats/$pid")" -gt 0 ] &&
	    [ "$count" -ge "$2" ] && [ "$sum" -ge "$3" ]; then
		pass "$name: libkma served it ($sum requests, $count processes)"
	else
		fail "$name: libkma served it" \
		    "process $pid: $(requests_of "$stats/$pid") requests" \
		    "all: $sum requests, $count processes" \
		    "expected: at least $3, and $2"
	fi
}

requests_of() {
	if [ -r "$1" ]; then
		awk '/^requests [0-9]+$/ { n = $2 } END { print n + 0 }' "$1"
	else
		echo 0
	fi
}

requests_in() {
	find "$1" -type f -exec awk '/^requests [0-9]+$/ && $2 > 0 {
		print FILENAME, $2 }' {} + |
	    awk '!seen[$1]++ { n++ } { sum += $2 }
	    END { printf "%d %.0f\n", n, sum }'
}

# mapped NAME PID: libkma is part of a process that runs.
mapped() {
	ok "$1: libkma is mapped" grep -q " $preload\$" "/proc/$2/maps"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local n=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		n=$((n - 1))
		[ "$n" -gt 0 ] || return 1
		sleep 0.1
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# --- comparisons ----------------------------------------------------------

# same NAME FILE...: both runs left these files, with equal contents that are
# not empty.
same() {
	local name=$1 file
	shift
	for file; do
		if [ ! -s "$work/glibc/$file" ]; then
			fail "$name" "glibc's run left no $file"
			return
		fi
		if ! cmp -s "$work/glibc/$file" "$work/libkma/$file"; then
			fail "$name"
			note "$file differs:"
			diff -a "$work/glibc/$file" "$work/libkma/$file" 2>&1 |
			    head -n 20 | cut -c1-300 | sed 's/^/# /'
			return
		fi
	done
	pass "$name"
}

# same_output NAME: standard output, and also what was said on standard error,
# which is where a misused allocator complains.
same_output() {
	if cmp -s "$work/glibc/stderr" "$work/libkma/stderr"; then
		same "$1: same output" stdout
	else
		fail "$1: same output"
		note "standard error differs:"
		diff -a "$work/glibc/stderr" "$work/libkma/stderr" |
		    head -n 20 | cut -c1-300 | sed 's/^/# /'
	fi
}
