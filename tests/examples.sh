#!/bin/sh
# tests/examples.sh: each program of examples/ builds as a user builds it, with
# the flags of libkma.pc and warnings as errors, and prints what its .out says;
# linked with the shared library, and with the archive.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

# Where the library is before it is installed.
flags() {
	PKG_CONFIG_PATH=$KMA_BUILDDIR ${PKG_CONFIG:-pkg-config} \
	    --define-variable=libdir="$KMA_BUILDDIR/lib/.libs" \
	    --define-variable=includedir="$KMA_SRCDIR/include" "$1" libkma
}
cflags=$(flags --cflags) && libs=$(flags --libs) ||
	skip_all 'no pkg-config'

# example SOURCE LIBRARIES: builds and runs it, and compares.
example() {
	# shellcheck disable=SC2086
	${CC:-cc} -std=gnu11 -O2 -g -Wall -Wextra -Werror $cflags \
	    -o "$tmp/program" "$1" $2 -pthread >"$tmp/log" 2>&1 &&
		timeout 60 "$tmp/program" >"$tmp/out" 2>"$tmp/log" &&
		diff "${1%.c}.out" "$tmp/out" >>"$tmp/log" 2>&1
}

for source in "$KMA_SRCDIR"/examples/*.c; do
	name=$(basename "$source")
	example "$source" "$libs -Wl,-rpath,$KMA_BUILDDIR/lib/.libs"
	result "$name" "@$tmp/log"
	example "$source" "$KMA_BUILDDIR/lib/libkma.a"
	result "$name with libkma.a" "@$tmp/log"
done
plan
