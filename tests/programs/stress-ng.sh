#!/bin/bash
# stress-ng.sh: stress-ng's memory stressors under libkma, which verify what
# they wrote: malloc and realloc, with threads, with trimming, with memory
# locked, and others that live on the heap.
. "$(dirname "$0")/lib.sh"

begin
need stress-ng stress-ng

# What it says of itself: which stressors did work, and that nothing failed.
verdict() {
	local who
	for who in glibc libkma; do
		cat "$work/$who/stdout" "$work/$who/stderr" |
		    awk '$2 == "metrc:" && $5 ~ /^[0-9]+$/ && $5 > 0 {
			print $4, "worked" }
			/ successful run completed/ { print "success" }' \
		    >"$work/$who/verdict"
	done
	same "$1: same verdict" verdict
	ok "$1: successful" grep -q success "$work/libkma/verdict"
}

# The stressors are child processes that end without running exit handlers:
# look at one while it runs.
# shellcheck disable=SC2317	# ok calls it
stressor_mapped() {
	local child
	for child in $(pgrep -P "$pid"); do
		grep -q " $preload\$" "/proc/$child/maps" && return
	done
	return 1
}

try() { # NAME OPTION...
	local name="stress-ng $1" who
	shift
	for who in glibc libkma; do
		launch "$who" stress-ng --verify --timeout 60 \
		    --metrics-brief "$@"
		if [ "$who" = libkma ]; then
			ok "$name: libkma is mapped in a stressor" \
			    wait_for 10 stressor_mapped
		fi
		if ! finished "$job"; then
			fail "$name runs on $who"
			note_file "$work/$who/stdout"
			note_file "$work/$who/stderr"
			return
		fi
	done
	served "$name" 1 100
	verdict "$name"
}

try malloc --malloc 2 --malloc-ops 30000 --malloc-bytes 16m
try "malloc with threads" --malloc 1 --malloc-ops 15000 --malloc-bytes 16m \
    --malloc-pthreads 4
try "malloc touching all" --malloc 2 --malloc-ops 20000 --malloc-bytes 4m \
    --malloc-touch --malloc-max 2000
try "data structures" --list 1 --list-ops 100 --tree 1 --tree-ops 3 \
    --judy 1 --judy-ops 50 --zlib 1 --zlib-ops 100 --bigheap 1 \
    --bigheap-ops 3000 --bigheap-growth 1m

plan
