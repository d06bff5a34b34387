#!/bin/sh
# tests/valgrind/parity.sh: under valgrind, libkma serves the program, and
# memcheck and massif say what they say of it on glibc.
#
# Each run on libkma is proved to be one: the tables that it prints at exit
# count its requests.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

here=$KMA_SRCDIR/tests/valgrind
built=$KMA_BUILDDIR/tests/valgrind
unset KMA_OPTIONS LD_PRELOAD VALGRIND_OPTS
ours=--soname-synonyms=somalloc=nouserintercepts

valgrind -q --tool=none true >"$tmp/err" 2>&1 ||
	skip_all "valgrind does not run here: $(head -n 1 "$tmp/err")"

# on_glibc COMMAND..., on_libkma COMMAND...: valgrind's arguments.
on_glibc() {
	valgrind "$@" >"$tmp/out" 2>&1
}
on_libkma() {
	rm -f "$tmp"/stats.*
	LD_PRELOAD=$LIBKMA KMA_OPTIONS=stats=$tmp/stats.%p \
	    valgrind "$ours" "$@" >"$tmp/out" 2>&1
}
# How many requests libkma served in the last run.
served() {
	sed -n 's/^requests //p' "$tmp"/stats.* 2>/dev/null |
	    awk '{ n += $1 } END { print n + 0 }'
}

# faults NAME PROGRAM: what memcheck says of each function.
faults() {
	set -- "$1" "$2" --leak-check=full --show-leak-kinds=all \
	    --num-callers=30 --error-limit=no --xml=yes
	name=$1 program=$2
	shift 2
	on_glibc "$@" --xml-file="$tmp/glibc.xml" "$program"
	result "$name: on glibc, the program ends well" "@$tmp/out"
	on_libkma "$@" --xml-file="$tmp/libkma.xml" "$program"
	result "$name: and on libkma" "@$tmp/out"
	[ "$(served)" -gt 20 ]
	result "$name: libkma served it"
	${NM:-nm} "$program" | awk '$3 ~ /^(fault|clean)_/ { print $3 }' |
	    sort -u >"$tmp/functions"
	[ "$(grep -c . "$tmp/functions")" -gt 20 ]
	result "$name: the program has functions"
	python3 "$here/compare.py" "$(basename "$program")" \
	    "$tmp/functions" "$tmp/glibc.xml" "$tmp/libkma.xml" >"$tmp/tap"
	result "$name: compared"
	also "$tmp/tap" "$name"
}

command -v python3 >/dev/null || skip_all "no python3 to compare with"

faults C "$built/faults"
if ${CXX:-c++} --version >/dev/null 2>&1; then
	${CXX:-c++} -std=c++17 -g -O1 -fno-builtin \
	    -fno-optimize-sibling-calls -I"$here" -o "$tmp/faults-cxx" \
	    "$here/faults-cxx.cc" >"$tmp/out" 2>&1
	result "C++: compiled" "@$tmp/out"
	faults C++ "$tmp/faults-cxx"
fi

# Memory by type and object caches, which glibc has not.
on_libkma --leak-check=full --show-leak-kinds=all --error-limit=no --xml=yes \
    --xml-file="$tmp/libkma.xml" "$built/typed"
result "typed: the program ends well" "@$tmp/out"
${NM:-nm} "$built/typed" | awk '$3 ~ /^(fault|clean)_/ { print $3 }' |
    sort -u >"$tmp/functions"
[ "$(grep -c . "$tmp/functions")" -gt 8 ]
result "typed: the program has functions"
python3 "$here/compare.py" typed "$tmp/functions" "$tmp/libkma.xml" \
    >"$tmp/tap"
result "typed: looked at"
also "$tmp/tap" typed

# What memcheck says in the end, with the process's number and the addresses
# left out.
summary() {
	sed -n 's/^==[0-9]*== *//; /HEAP SUMMARY/,$p' "$tmp/out" |
	    sed 's/0x[0-9A-F]*/ADDR/g'
}

# the_same NAME COMMAND...: the same summary for a program without a fault.
the_same() {
	name=$1
	shift
	on_glibc --leak-check=full --show-leak-kinds=all "$@"
	summary | grep -v -e 'vgpreload' -e '(malloc.c' >"$tmp/glibc.sum"
	on_libkma --leak-check=full --show-leak-kinds=all "$@"
	summary | grep -v -e 'vgpreload' -e '(malloc.c' >"$tmp/libkma.sum"
	grep 'total heap usage' "$tmp/glibc.sum" | grep -qv ' 0 allocs' &&
	    diff "$tmp/glibc.sum" "$tmp/libkma.sum" >"$tmp/diff"
	result "$name: the same heap summary as on glibc" "@$tmp/diff"
	[ "$(served)" -gt 20 ]
	result "$name: libkma served it"
}
the_same "memcheck, no fault" "$built/massif"
# Programs that keep no copy of the environment, which differs.
the_same "memcheck, ls" ls -la /usr/bin /etc
the_same "memcheck, sort" sort -r "$here/faults.c"

# Without the option, valgrind serves the program itself.
rm -f "$tmp"/stats.*
LD_PRELOAD=$LIBKMA KMA_OPTIONS=stats=$tmp/stats.%p valgrind "$built/massif" \
    >"$tmp/out" 2>&1
[ "$(served)" -eq 0 ] && grep -q ' 0 errors from 0' "$tmp/out"
result "without the option libkma serves nothing" "@$tmp/out"

# Massif. The peak is exact with --peak-inaccuracy=0.
heap() {
	sed -n "s/^mem_heap_$1=//p" "$tmp/massif" | sort -n | tail -n 1
}
set -- --tool=massif --peak-inaccuracy=0.0 --massif-out-file="$tmp/massif"
on_glibc "$@" "$built/massif"
bytes=$(heap B) extra=$(heap extra_B)
on_libkma "$@" "$built/massif"
[ "${bytes:-0}" -gt 1000000 ] && [ "$(heap B)" = "$bytes" ]
result "massif: peak of useful bytes $(heap B), on glibc $bytes" "@$tmp/out"
echo "# extra bytes $(heap extra_B), on glibc $extra"
[ "$(served)" -gt 20 ]
result "massif: libkma served it"
grep -q 'massif.c' "$tmp/massif" && ! grep -q 'mode_alloc' "$tmp/massif"
result "massif: the heap tree names the program's lines"

# A tool that counts sees what runs without it: the fast path.
on_libkma --tool=callgrind --callgrind-out-file="$tmp/callgrind" \
    "$built/massif"
! grep -q 'valgrind_place' "$tmp/callgrind" &&
    grep -q 'valgrind_decide' "$tmp/callgrind"
result "callgrind: libkma is as without valgrind"
[ "$(served)" -gt 20 ]
result "callgrind: libkma served it"

LD_PRELOAD=$LIBKMA valgrind -q "$ours" --leak-check=full \
    --error-exitcode=9 "$built/massif" >"$tmp/out" 2>&1 && [ ! -s "$tmp/out" ]
result "quiet: nothing is said of a program without a fault" "@$tmp/out"

# The modes that look for faults leave that to memcheck; ls allocates before
# the library has been started.
for mode in diagnostic hardened; do
	LD_PRELOAD=$LIBKMA KMA_OPTIONS=$mode valgrind -q "$ours" \
	    --error-exitcode=9 ls "$here" 2>&1 >"$tmp/out" |
	    sed '/^libkma: .*, diagnostic and hardened do not count$/d' \
	    >"$tmp/err"
	[ ! -s "$tmp/err" ] && grep -q parity.sh "$tmp/out"
	result "$mode: gives way to memcheck" "@$tmp/err"
done

# The example of kma(7).
example=$(sed -n 's/^\.Dl \$ \(kma run .*valgrind.*\) program$/\1/p' \
    "$KMA_SRCDIR/man/kma.7" | sed 's/\\-/-/g')
[ -n "$example" ]
result "kma(7) has an example"
if [ -x "$KMA_BUILDDIR/tools/kma" ]; then
	rm -f "$tmp"/stats.*
	PATH=$(cd "$KMA_BUILDDIR/tools" && pwd):$PATH \
	    KMA_OPTIONS=stats=$tmp/stats.%p sh -c "$example $built/massif" \
	    >"$tmp/out" 2>&1 && [ "$(served)" -gt 20 ] &&
	    grep -q 'ERROR SUMMARY: 0 errors' "$tmp/out" &&
	    ! grep -q 'kma: ' "$tmp/out"
	result "it works: $example" "@$tmp/out"
	"$KMA_BUILDDIR/tools/kma" run valgrind -q true >"$tmp/out" 2>&1
	grep -q "kma: run: .*$ours" "$tmp/out"
	result "kma run says which option valgrind wants" "@$tmp/out"
	"$KMA_BUILDDIR/tools/kma" run valgrind -q --tool=callgrind \
	    --callgrind-out-file=/dev/null true >"$tmp/out" 2>&1
	[ ! -s "$tmp/out" ]
	result "and says nothing to callgrind, which needs none" "@$tmp/out"
fi
plan
