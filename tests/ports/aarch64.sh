#!/bin/sh
# tests/ports/aarch64.sh: libkma for AArch64, under qemu's emulation of one
# process, with pages of 4, 16 and 64 KB.
#
# What fails for another reason than libkma is left out. qemu (7.2) has no
# list of robust mutexes, so that nobody learns which threads have ended; no
# limits on memory; resident memory is its own, and counted in pages of the
# machine below; and no program can run itself again. The weak order of memory
# is not emulated either.
#
# KMA_TEST_ALL=1 runs more programs, and all of them with all pages.

CC=aarch64-linux-gnu-gcc
. "${KMA_SRCDIR:-.}/tests/ports/lib.sh"

root=/usr/aarch64-linux-gnu
for need in $CC qemu-aarch64 $root/lib/libc.so.6; do
	command -v "$need" >/dev/null || [ -e "$need" ] ||
		skip_all "no $need"
done

preloaded="conform/basic conform/names conform/sizes conform/thread-pipe
traps/cancellation-point traps/edge-arguments traps/small-stack"
linked="conform/inline conform/snapshot typed/current"
small="conform/names conform/sizes conform/inline conform/snapshot
traps/edge-arguments typed/current"
if [ -n "$all" ]; then
	preloaded="$preloaded conform/align conform/fork-stdio conform/info
conform/learned conform/realloc conform/thread-queues conform/toobig
traps/fork-from-signal-handler traps/freelist-link traps/mallopt
traps/max-map-count traps/pthread-keys"
	linked="$linked typed/api typed/model"
	small="$preloaded $linked"
fi

# arm PAGE PROGRAM ARGUMENTS...
# shellcheck disable=SC2317
arm() {
	page=$1
	shift
	(
		# shellcheck disable=SC3045
		ulimit -c 0
		KMA_TEST_REEXEC=1 exec timeout 300 qemu-aarch64 -p "$page" \
		    -L "$root" -E LD_PRELOAD="$LIBKMA" "$@"
	)
}

port aarch64 --host=aarch64-linux-gnu
# shellcheck disable=SC2086
compile $preloaded
# shellcheck disable=SC2086
compile_linked $linked
compile misuse/double_free misuse/interior_16 misuse/free_stack

readelf -lW "$LIBKMA" | awk '$1 == "LOAD" && $NF != "0x10000" { bad = 1 }
    END { exit bad }'
result 'the library can be loaded with pages of 64 KB'

# qemu keeps books of each page that is mapped, be it without access.
(
	# shellcheck disable=SC3045
	ulimit -d 1000000
	arm 4096 "$tmp/conform/names" >"$tmp/out" 2>&1
)
grep -q '^ok' "$tmp/out"
result 'no books of a terabyte' "@$tmp/out"

for program in $preloaded $linked; do
	try "$program" arm 4096 "$tmp/$program"
done
for page in 16384 65536; do
	for program in $small; do
		case $page-$program in
		# Both count pages of the machine below for the program's own.
		*-conform/thread-pipe | *-traps/max-map-count) continue ;;
		# 100,000 bytes are two pages, which is more than it allows.
		65536-conform/info) continue ;;
		esac
		try "pages of $page: $program" arm $page "$tmp/$program"
	done
done

misuse 'a second free' 'duplicated free' arm 4096 "$tmp/misuse/double_free"
misuse 'an interior address' 'unaligned addr' \
    arm 4096 "$tmp/misuse/interior_16"
misuse 'the stack' 'non-malloced addr' arm 4096 "$tmp/misuse/free_stack"
misuse 'pages of 65536: inside a run' 'unaligned addr' \
    arm 65536 "$tmp/misuse/interior_16" 1000000

KMA_OPTIONS=diagnostic
export KMA_OPTIONS
try 'diagnostic: conform/basic' arm 4096 "$tmp/conform/basic"
misuse 'diagnostic: a second free' 'duplicated free' \
    arm 4096 "$tmp/misuse/double_free"
grep -q 'allocated by double_free main+0x' "$tmp/err" &&
    grep -q 'freed by double_free main+0x' "$tmp/err"
result 'and who has allocated and freed it' "@$tmp/err"
KMA_OPTIONS=hardened
try 'hardened: conform/basic' arm 16384 "$tmp/conform/basic"

# The place of an arena where there is no limit on addresses.
KMA_OPTIONS=reserve=64M,stats,trace=$tmp/trace timeout 100 qemu-aarch64 \
    -L "$root" -E LD_PRELOAD="$LIBKMA" -E KMA_TEST_REEXEC=1 \
    "$tmp/conform/names" >"$tmp/out" 2>"$tmp/err"
grep -q '^requests [1-9]' "$tmp/err"
result 'statistics, without a limit' "@$tmp/err"

if [ -x "$KMA_BUILDDIR/tools/kma" ]; then
	"$KMA_BUILDDIR/tools/kma" trace "$tmp/trace" >"$tmp/out" 2>&1
	result 'a trace can be read on another machine' "@$tmp/out"
fi
plan
