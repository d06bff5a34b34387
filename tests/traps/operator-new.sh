#!/bin/sh
# tests/traps/operator-new.sh: compiles operator-new.cc and runs it.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

# shellcheck disable=SC2086
$CXX --version >/dev/null 2>&1 || skip_all "no C++ compiler"
# shellcheck disable=SC2086
if ! ${CXX:-c++} -std=c++17 -O1 -fno-builtin -D_GNU_SOURCE \
    -I"$KMA_SRCDIR/tests" -w -o "$tmp/operator-new" \
    "$KMA_SRCDIR/tests/traps/operator-new.cc" >&2; then
	echo "Bail out! operator-new.cc does not compile"
	exit 1
fi
"$tmp/operator-new"
