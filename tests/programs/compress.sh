#!/bin/bash
# compress.sh: xz and zstd with threads, and pigz, under libkma: few blocks, of
# megabytes, which one thread fills and another empties and frees.
. "$(dirname "$0")/lib.sh"

begin
need xz xz-utils
need zstd zstd
need pigz pigz

awk 'BEGIN {
	seed = 1988
	for (n = 0; n < 120000; n++) {
		seed = (seed * 16807) % 2147483647
		printf "%d %s %x\n", n, substr("abcdefghijklmnop",
		    seed % 9, seed % 17), seed % 65537
	}
}' >"$work/data"

try() { # NAME COMPRESS DECOMPRESS, which read their input and write stdout
	# shellcheck disable=SC2016	# the inner shell expands it
	run_both -p 3 -r 100 "$1" bash -c 'exec 2>&1
		eval "$1" <"$3" >packed && eval "$2" <packed >unpacked &&
		cmp unpacked "$3" && echo fine' bash "$2" "$3" "$work/data"
	same "$1: same file" packed stdout
}

try "xz with threads" 'xz -T4 -1 --block-size=300KiB' 'xz -d -T4'
try "xz with a limit" 'xz -T2 -6 --memlimit-compress=60MiB' 'xz -d -T2'
try "zstd with threads" 'zstd -q -T4 -6 -B512K' 'zstd -q -d'
try "zstd with a long window" 'zstd -q -T2 -12 --long=26' \
    'zstd -q -d --long=26'
try "pigz" 'pigz -n -p 4 -b 128' 'pigz -d'

plan
