#!/bin/sh
# tests/traps/static-tls.sh: the library's static TLS is small, and dlopen of
# it works.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

limit=80

# The fourth hexadecimal number of the segment's two lines is its size in
# memory.
size=$(LC_ALL=C readelf -lW "$LIBKMA" | awk '$1 == "TLS" { print $6 }')
size=$((${size:-0}))
[ "$size" -le $limit ]
result "static TLS: $size bytes, of at most $limit"

# shellcheck disable=SC2086
if ! ${CC:-cc} -shared -fPIC -o "$tmp/tlslib.so" \
    "$KMA_SRCDIR/tests/traps/tlslib.c"; then
	skip 'a module with static TLS' 'cannot build a shared object'
	plan
fi
"$KMA_BUILDDIR/tests/traps/static-tls" "$LIBKMA" "$tmp/tlslib.so" |
    sed -E 's/^((not )?ok) [0-9]+/\1/; /^1\.\./d' >"$tmp/tap"
also "$tmp/tap"
plan 6
