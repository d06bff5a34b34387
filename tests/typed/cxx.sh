#!/bin/sh
# tests/typed/cxx.sh: operator new and delete below a current type.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

$CXX --version >/dev/null 2>&1 || skip_all "no C++ compiler"
if ! ${CXX:-c++} -std=c++17 -O1 -fno-builtin -D_GNU_SOURCE -pthread \
    -I"$KMA_SRCDIR/include" -o "$tmp/cxx" "$KMA_SRCDIR/tests/typed/cxx.cc" \
    "$LIBKMA" -Wl,-rpath,"$(dirname "$LIBKMA")" >&2; then
	echo "Bail out! cxx.cc does not compile"
	exit 1
fi
"$tmp/cxx"
