#!/bin/sh
# tests/typed/cxx.sh: operator new and delete below a current type.

set -u

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_SRCDIR:=.}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

if ! ${CXX:-c++} --version >/dev/null 2>&1; then
	echo "1..0 # SKIP no C++ compiler"
	exit 0
fi
if ! ${CXX:-c++} -std=c++17 -O1 -fno-builtin -D_GNU_SOURCE -pthread \
    -I"$KMA_SRCDIR/include" -o "$tmp/cxx" "$KMA_SRCDIR/tests/typed/cxx.cc" \
    "$LIBKMA" -Wl,-rpath,"$(dirname "$LIBKMA")" >&2; then
	echo "Bail out! cxx.cc does not compile"
	exit 1
fi
"$tmp/cxx"
