#!/bin/bash
# suites.sh: the test suites that Debian packages for some of the programs,
# module by module on glibc and on libkma: what passes on the one must pass on
# the other.  It takes an hour or two, and says where it is.
#
# usage: suites.sh [SUITE [MODULE...]], to look at one thing again: python,
# python-malloc (with PYTHONMALLOC=malloc), glib, stress-ng
. "$(dirname "$0")/lib.sh"

begin
only=${1:-}
[ $# -eq 0 ] || shift
modules=("$@")
python=/usr/bin/python3
limit=300
number=0
total=0

wanted() { # SUITE
	[ -z "$only" ] || [ "$only" = "$1" ]
}

# compare NAME COMMAND...: both runs side by side; one line of the report.  When
# either fails they run again, one after the other: some modules depend on
# time, or on something that there is once on a machine.  Not so when glibc's
# run hung until its time was up (124).
compare() {
	local name=$1 who start=$SECONDS again=
	local -A status jobs_of pids stats_of
	shift
	number=$((number + 1))
	for who in glibc libkma; do
		launch "$who" "$@"
		jobs_of[$who]=$job pids[$who]=$pid stats_of[$who]=$stats
	done
	for who in glibc libkma; do
		finished "${jobs_of[$who]}"
		status[$who]=$?
		[ "${status[$who]}" -eq 0 ] || again=yes
	done
	if [ -n "$again" ] && [ "${status[glibc]}" -ne 124 ]; then
		note "$name: status ${status[glibc]} on glibc," \
		    "${status[libkma]} on libkma, side by side"
		for who in glibc libkma; do
			launch "$who" "$@"
			pids[$who]=$pid stats_of[$who]=$stats
			finished "$job"
			status[$who]=$?
		done
	fi
	stats=${stats_of[libkma]} pid=${pids[libkma]}
	name="[$number/$total] $name ($((SECONDS - start)) s)"

	if [ "${status[glibc]}" -ne 0 ]; then
		skip "$name" "status ${status[glibc]} on glibc, ${status[libkma]} on libkma"
	elif [ "${status[libkma]}" -ne 0 ]; then
		fail "$name"
		note "status ${status[libkma]}: $*"
		note_file "$work/libkma/stdout" 40
		note_file "$work/libkma/stderr"
	else
		proved "$name"
	fi
	rm -rf "$work"/stats.* "$work/tmp"/* "$work/tmp"/.[!.]*
}

proved() {
	if [ "$(requests_of "$stats/$pid")" -gt 0 ]; then
		pass "$1"
	else
		fail "$1: libkma served it"
	fi
}

python_suite() { # NAME ENV...
	local name=$1 list=("${modules[@]}") module
	shift
	if ! $python -c 'import test.regrtest' 2>/dev/null; then
		skip "$name" "Debian package: libpython3.11-testsuite"
		return
	fi
	if [ ${#list[@]} -eq 0 ]; then
		mapfile -t list < <($python -m test --list-tests)
	fi
	number=0
	total=${#list[@]}
	for module in "${list[@]}"; do
		compare "$name $module" env "$@" $python -m test "$module"
	done
}

glib_suite() {
	local list=("${modules[@]}") dir=/usr/share/installed-tests/glib test
	if [ ! -d $dir ]; then
		skip glib "Debian package: libglib2.0-tests"
		return
	fi
	if [ ${#list[@]} -eq 0 ]; then
		mapfile -t list < <(cd $dir && printf '%s\n' *.test)
	fi
	number=0
	total=${#list[@]}
	limit=300
	for test in "${list[@]}"; do
		# One preloads a library of its own instead of libkma.
		if grep -q LD_PRELOAD "$dir/${test%.test}.test"; then
			number=$((number + 1))
			skip "[$number/$total] glib $test" "sets LD_PRELOAD"
			continue
		fi
		# shellcheck disable=SC2046	# a command with its words
		compare "glib ${test%.test}" \
		    $(sed -n 's/^Exec=//p' "$dir/${test%.test}.test")
	done
}

# Not all of its stressors: those that live on the heap, or fork and thread.
stress_suite() {
	local list=("${modules[@]}") stressor
	if ! command -v stress-ng >/dev/null; then
		skip stress-ng "Debian package: stress-ng"
		return
	fi
	if [ ${#list[@]} -eq 0 ]; then
		list=(malloc bigheap list tree judy zlib bsearch hsearch
		    lsearch tsearch heapsort mergesort qsort radixsort shellsort
		    skiplist str wcs matrix hash regs funcret fork vfork
		    forkheavy clone pthread nanosleep sem mq pipe poll sigfd
		    context dir env fstat get mincore sysinfo
		    memcpy memfd mremap stack utime)
	fi
	number=0
	total=${#list[@]}
	limit=120
	for stressor in "${list[@]}"; do
		compare "stress-ng $stressor" stress-ng --verify \
		    --timeout 6 "--$stressor" 2
	done
}

! wanted python || python_suite python
! wanted glib || glib_suite
! wanted stress-ng || stress_suite
limit=300
! wanted python-malloc || python_suite python-malloc PYTHONMALLOC=malloc

plan
