#!/bin/sh
# tests/misuse/run.sh: every misuse ends the program with its one message,
# which names the address, or, with abort=no, is ignored after that message.
#
# Each case is a program beside this file. It prints the address that it is
# going to misuse, so that the message can be held against it, and ends with
# "alive" if it gets that far.
#
# usage: run.sh [WORD ...]	only the programs whose name has a WORD in it
#
# KMA_MISUSE_MODE=OPTIONS runs the cases in a mode, where more is certain, and
# more is said: the first line is the same.
#
# KMA_PRELOAD=LIBRARY runs the cases on another allocator (empty: on libc's),
# to see that they fail there.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

preload=${KMA_PRELOAD-$LIBKMA}
progs=$KMA_BUILDDIR/tests/misuse
srcs=$KMA_SRCDIR/tests/misuse
only=$*
mode=${KMA_MISUSE_MODE-}
# shellcheck disable=SC3045
ulimit -c 0 2>/dev/null

options=
prefix=
expected=
NL='
'

# The C++ cases are compiled here: the library needs no C++ compiler.
if ${CXX:-c++} --version >/dev/null 2>&1; then
	cxx=${CXX:-c++}
else
	cxx=
fi

# Where a fault is known and has no cure, $expected says why.
passed() {
	pass "$1${expected:+ # TODO $expected}"
}

failed() {
	if [ -n "$expected" ]; then
		todo "$1" "$expected"
	else
		fail "$@"
	fi
}

wanted() {
	[ -z "$only" ] && return 0
	for word in $only; do
		case $1 in
		*"$word"*) return 0 ;;
		esac
	done
	return 1
}

# program NAME: sets $file to what is to be run; false where it cannot be had.
program() {
	file=$progs/$1
	if [ -f "$srcs/$1.cc" ]; then
		file=$tmp/$1
		[ -n "$cxx" ] || return 1
		# shellcheck disable=SC2086
		[ -x "$file" ] || $cxx -std=c++17 -O1 -fno-builtin \
		    -D_GNU_SOURCE -o "$file" "$srcs/$1.cc" >&2
	fi
}

# run NAME ARGS: leaves $status, $out, $err and the address in $addr.
run() {
	shift
	# The shell in between is the one that says "Aborted", to nobody.
	(
		(
			exec timeout -s KILL 100 env LD_PRELOAD="$preload" \
			    KMA_OPTIONS="$mode${mode:+,}$options" "$file" "$@" \
			    >"$tmp/out" 2>"$tmp/err"
		)
		exit $?
	) 2>/dev/null
	status=$?
	contents "$tmp/err"
	err=$held
	first=$err
	[ -z "$mode" ] || first=${err%%"$NL"*}
	addr=
	contents "$tmp/out"
	out=$held
}

# contents FILE: leaves $held, and the last line that is an address in $addr.
# There are thousands of cases: no commands for this.
contents() {
	held=
	while IFS= read -r line || [ -n "$line" ]; do
		held=$held${held:+$NL}$line
		case $line in
		0x*) addr=$line ;;
		esac
	done <"$1"
}

# said FUNC REASON: the one line on standard error is the right one. REASON
# may hold two, parted by a bar, where both are true.
said() {
	[ "$first" = "libkma: $1($addr): ${2%%|*}" ] ||
	    [ "$first" = "libkma: $1($addr): ${2#*|}" ]
}

# misuse FUNC REASON PROGRAM [ARGS]: one case, or two: with abort=no as well.
misuse() {
	func=$1 reason=$2
	shift 2
	wanted "$1" || return 0
	name="$prefix$*: $reason"
	if ! program "$1"; then
		skip "$name" "no C++ compiler"
		return
	fi

	run "$@"
	if [ "$status" -eq 77 ]; then
		skip "$name" "${out##*skip: }"
		return
	elif [ "$status" -eq 134 ] && [ "$out" = "$addr" ] &&
	    said "$func" "$reason"; then
		passed "$name"
	else
		failed "$name" "status $status (abort: 134)" \
		    "want: libkma: $func($addr): $reason" "got:  $err" \
		    "says: $(echo "$out" | tr '\n' ' ')"
	fi

	options=${options:+$options,}abort=no
	run "$@"
	options=${options%abort=no}
	options=${options%,}
	if [ "$status" -eq 0 ] && [ "$out" = "$addr${NL}alive" ] &&
	    said "$func" "$reason"; then
		passed "abort=no: $name"
	else
		failed "abort=no: $name" "status $status (goes on: 0)" \
		    "want: libkma: $func($addr): $reason" "got:  $err" \
		    "says: $(echo "$out" | tr '\n' ' ')"
	fi
}

# fault TEXT PROGRAM [ARGS]: the same for a fault that is no address's.
fault() {
	text=$1
	shift
	wanted "$1" || return 0
	for options in '' abort=no; do
		program "$1"
		run "$@"
		want=0
		[ -n "$options" ] || want=134
		if [ "$status" -eq "$want" ] && [ "$first" = "libkma: $text" ]
		then
			passed "${options:+$options: }$*: $text"
		else
			failed "${options:+$options: }$*" \
			    "status $status (wanted: $want)" \
			    "want: libkma: $text" "got:  $err"
		fi
	done
	options=
}

foreign='non-malloced addr'
unaligned='unaligned addr'
duplicate='duplicated free'
freepage='addr in a free page'
bogus='bogus type'
other='freed as another type'
freelist='data modified on freelist'
beyond='data modified beyond block'

# Preloaded, the library must be the one in use: or nothing here means much.
# shellcheck disable=SC2016
if [ -z "$preload" ]; then
	echo "# on libc's own malloc"
elif LD_PRELOAD="$preload" grep -qF "$(basename "$(readlink -f "$preload")")" \
    /proc/self/maps; then
	echo "# preloaded: $preload"
else
	echo "Bail out! cannot preload $preload"
	exit 1
fi

K=1024
M=$((1024 * K))
G=$((1024 * M))
page=$(getconf PAGESIZE)
lists="16 24 64 100 1000 $K $((4 * K)) $((8 * K))"
cached="$((12 * K)) $((64 * K)) $((256 * K))"
runs="$((256 * K + 1)) $M $((64 * M))"

# Addresses that no malloc gave.
for p in free_stack free_stack_page free_global free_bss free_literal \
    free_function free_tls free_argv free_stdio free_sbrk free_mapping \
    free_unmapped thread_stack fork_stack cfree_stack libc_free_stack \
    delete_stack; do
	misuse free "$foreign" "$p"
done
for number in 1 16 $((4 * K)) $((64 * K)) -16 -4096 -1 0x7fffffffffe0 \
    0x7ffffffff000 0x800000000000 0x8000000000000000; do
	misuse free "$foreign" free_number $number
done
for offset in $((4 * G)) $((64 * G)) $((1024 * G)) $((16 * 1024 * G)) \
    $((-4 * G)) $((-1024 * G)); do
	misuse free "$foreign" free_far $offset
done
misuse realloc "$foreign" realloc_stack 1000
misuse realloc "$foreign" realloc_stack 16
misuse realloc "$foreign" realloc_stack 0
misuse realloc "$foreign" reallocarray_stack
misuse malloc_usable_size "$foreign" usable_stack
for number in 16 $((64 * K)) -16 0x7fffffffffe0 0x800000000000; do
	misuse realloc "$foreign" realloc_number $number
	misuse malloc_usable_size "$foreign" usable_number $number
done

# Addresses inside a block.
for size in $lists $cached $runs; do
	for p in interior_1 interior_8 interior_last; do
		misuse free "$unaligned" "$p" "$size"
	done
	[ "$size" -gt 16 ] || continue
	for p in interior_16 interior_half; do
		misuse free "$unaligned" "$p" "$size"
	done
	misuse realloc "$unaligned" realloc_interior "$size" 1000
	misuse malloc_usable_size "$unaligned" usable_interior "$size"
done
for size in $((2 * page)) $((3 * page)) $((16 * page)) $((64 * page)) \
    $((65 * page)) $((1000 * page)); do
	misuse free "$unaligned" interior_page "$size"
	misuse free "$unaligned" interior_last_page "$size"
	misuse free "$unaligned" interior_half "$size"
done
misuse realloc "$unaligned" realloc_interior 64 0
misuse free "$unaligned" interior_aligned 64 100
misuse free "$unaligned" interior_aligned 256 100
misuse free "$unaligned" interior_aligned $((4 * K)) 100
misuse free "$unaligned" interior_aligned $((64 * K)) 100
misuse free "$unaligned" interior_aligned $M $M
for size in 64 $((64 * K)) $M; do
	misuse free "$unaligned" thread_interior "$size"
	misuse free "$unaligned" fork_interior "$size"
	misuse free "$unaligned" delete_interior "$size"
done

# Every list, also those between the powers of two.
for spacing in 1 2 4; do
	options=spacing=$spacing
	prefix="$options: "
	step=16
	size=32
	while [ $size -le $((8 * K)) ]; do
		misuse free "$unaligned" interior_16 "$size"
		[ $size -ge $((16 * step)) ] && step=$((step * 2))
		size=$((size + step))
	done
done
options=
prefix=

# Blocks freed before.
for size in $lists $cached; do
	for p in double_free double_free_calloc double_free_realloc \
	    double_free_realloc_zero; do
		misuse free "$duplicate" "$p" "$size"
	done
	misuse realloc "$duplicate" realloc_freed "$size" $((2 * size))
	misuse realloc "$duplicate" realloc_freed "$size" "$size"
	misuse malloc_usable_size "$duplicate" usable_freed "$size"
done
misuse realloc "$duplicate" realloc_freed 64 0
for size in 16 64 1000 $((8 * K)) $((64 * K)); do
	misuse free_sized "$duplicate" free_sized_twice "$size"
	for p in delete_twice delete_array_twice \
	    delete_sized_twice delete_aligned_twice fork_double_free \
	    double_free_at_exit; do
		misuse free "$duplicate" "$p" "$size"
	done
	misuse free_aligned_sized "$duplicate" free_aligned_sized_twice \
	    $(((size + 63) & -64))
	misuse free "$duplicate" double_free_aligned 32 "$size"
	misuse free "$duplicate" double_free_aligned $((4 * K)) "$size"
	misuse free "$duplicate|$freepage" double_free_aligned $((64 * K)) "$size"
done

# A second free that comes later, or from another thread. The fast path does
# not look for it, and nothing that is promised is broken; still, see which
# ones are caught.
# In a mode, all must be.
[ -n "$mode" ] ||
	expected="only an immediate second free is caught at no cost"
for size in $lists $cached; do
	misuse free "$duplicate" double_free_between "$size"
	misuse free "$duplicate" double_free_later "$size"
done
for size in 16 64 1000 $((8 * K)) $((64 * K)); do
	misuse free "$duplicate" thread_double_free "$size"
	misuse free "$duplicate" thread_gone_double_free "$size"
done
expected=

# Runs of pages that are free: as such, or still held for the next request of
# their length.
for size in $runs; do
	for p in double_free double_free_between double_free_calloc \
	    double_free_realloc_zero double_free_later thread_double_free \
	    fork_double_free delete_twice; do
		misuse free "$duplicate|$freepage" "$p" "$size"
	done
	misuse free "$freepage|$unaligned" free_page_middle "$size"
	misuse free "$freepage" free_page_trimmed "$size"
	misuse realloc "$duplicate|$freepage" realloc_freed "$size" 100
	misuse realloc "$freepage|$unaligned" realloc_free_page "$size"
	misuse malloc_usable_size "$duplicate|$freepage" usable_freed "$size"
	misuse malloc_usable_size "$freepage|$unaligned" usable_free_page \
	    "$size"
done
# The arena may have shrunk meanwhile.
for size in $lists $cached; do
	misuse free "$freepage|$foreign" double_free_page_gone "$size"
done
for size in $cached; do
	misuse free "$freepage" free_page_trimmed "$size"
done

# Object caches: every second free is caught, whenever it comes.
for size in 1 8 64 1000 $((20 * K)) $M; do
	misuse kma_cache_free "$duplicate" object_twice "$size"
	misuse kma_cache_free "$duplicate" object_thread "$size"
	# Its memory may be given back by then.
	misuse kma_cache_free "$duplicate|$foreign" object_later "$size"
	for p in object_reaped object_wrong_cache object_block object_stack; do
		misuse kma_cache_free "$foreign" "$p" "$size"
	done
	[ "$size" -lt 8 ] ||
		misuse kma_cache_free "$unaligned" object_interior "$size"
	misuse free "$foreign" object_plain_free "$size"
	misuse free "$foreign" object_plain_free_next "$size"
	misuse realloc "$foreign" object_realloc "$size"
	misuse malloc_usable_size "$foreign" object_usable "$size"
	misuse kma_cache_destroy "$duplicate" cache_destroy_twice "$size"
done

# Types.
for kind in null zeroed nameless numbered freed; do
	for func in kma_malloc kma_malloc_until kma_memalign kma_realloc \
	    kma_free kma_type_setlimit kma_type_stats kma_settype; do
		[ $kind,$func = null,kma_settype ] ||
			misuse $func "$bogus" type_bogus $kind $func
	done
done
misuse kma_free "$foreign" typed_stack
for number in 16 $((64 * K)) -16 0x7fffffffe0; do
	misuse kma_free "$foreign" typed_number $number
done
for size in $lists $cached $runs; do
	misuse kma_free "$duplicate|$freepage" typed_twice "$size"
	misuse kma_realloc "$duplicate|$freepage" typed_realloc_freed "$size" \
	    $((2 * size))
	misuse kma_realloc "$duplicate|$freepage" typed_realloc_freed "$size" 0
	misuse kma_free "$other" typed_other "$size"
	misuse kma_free "$other" typed_other "$size" $((64 * K))
	misuse kma_free "$other" typed_malloced "$size"
	misuse kma_free "$other" tagged_other "$size"
	misuse kma_realloc "$other" tagged_realloc_other "$size"
	misuse free "$duplicate|$freepage" tagged_later "$size" 0
	for p in typed_interior tagged_interior; do
		func=free
		[ $p = typed_interior ] && func=kma_free
		misuse $func "$unaligned" $p "$size" 1
		misuse $func "$unaligned" $p "$size" 8
		[ "$size" -gt $((4 * K)) ] &&
			misuse $func "$unaligned" $p "$size" $((4 * K))
	done
done
for size in $lists $runs; do
	misuse free "$duplicate|$freepage" tagged_later "$size" 500
done
# in_vain FUNC BYTES INUSE LIMIT PROGRAM [ARGS]
in_vain() {
	text="$1(): a wait for $2 bytes of type misused cannot end: $3 of $4"
	shift 4
	fault "$text are in use" "$@"
}
# In a mode blocks are longer, and so the figures others.
if [ -z "$mode" ]; then
	in_vain kma_malloc 1024 4096 4096 typed_wait alone
	in_vain kma_malloc 1024 4096 4096 typed_wait all
	in_vain kma_malloc 8192 0 4096 typed_wait more
	in_vain kma_realloc 6144 2048 4096 typed_wait grow
	in_vain kma_malloc 4096 4096 2048 typed_wait_less
fi

# The message cannot be written: the program ends all the same.
if wanted free_stack; then
	file=$progs/free_stack
	for where in '>&-' '>/dev/full'; do
		(eval "LD_PRELOAD=\$preload \"\$file\" >\"\$tmp/out\" 2$where
		    exit \$?") 2>/dev/null
		status=$?
		if [ $status -eq 134 ]; then
			passed "standard error $where: abort"
		else
			failed "standard error $where: abort" "status $status"
		fi
	done
fi

# Nothing that is written into a freed block misleads the allocator; a mode
# says that it was.
for size in 16 24 32 64 100 128 256 500 512 1000 $K $((2 * K)); do
	for spacing in 1 4; do
		[ -z "$mode" ] || break
		wanted write_after_free || break
		name="spacing=$spacing: write_after_free $size"
		file=$progs/write_after_free
		options=spacing=$spacing
		run write_after_free "$size"
		if [ "$status" -eq 0 ] && [ "$out" = alive ] &&
		    [ -z "$err" ]; then
			passed "$name"
		else
			failed "$name" "status $status" "err: $err" "out: $out"
		fi
	done
done

for size in $lists $cached $((M / 2)); do
	[ -n "$mode" ] || break
	for at in 0 1 $((size / 2)) $((size - 1)); do
		misuse malloc "$freelist" write_freed "$size" "$at"
	done
	# Even one byte, before and behind what the block is rounded to.
	for how in malloc calloc realloc memalign; do
		for at in 0 1 7; do
			misuse free "$beyond" overflow "$size" $at $how free
		done
		misuse realloc "$beyond" overflow "$size" 0 $how realloc
		misuse realloc "$beyond" overflow "$size" 0 $how realloc0
	done
done

plan
