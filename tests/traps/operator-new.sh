#!/bin/sh
# tests/traps/operator-new.sh: compiles operator-new.cc and runs it.

set -u

: "${KMA_SRCDIR:=.}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# shellcheck disable=SC2086
if ! ${CXX:-c++} --version >/dev/null 2>&1; then
	echo "1..0 # SKIP no C++ compiler"
	exit 0
fi
# shellcheck disable=SC2086
if ! ${CXX:-c++} -std=c++17 -O1 -fno-builtin -D_GNU_SOURCE \
    -I"$KMA_SRCDIR/tests" -w -o "$tmp/operator-new" \
    "$KMA_SRCDIR/tests/traps/operator-new.cc" >&2; then
	echo "Bail out! operator-new.cc does not compile"
	exit 1
fi
"$tmp/operator-new"
