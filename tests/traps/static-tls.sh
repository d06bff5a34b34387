#!/bin/sh
# tests/traps/static-tls.sh: the library's static TLS is small, and dlopen of
# it works.

set -u

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_BUILDDIR:=.}"
: "${KMA_SRCDIR:=.}"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
limit=80

# The fourth hexadecimal number of the segment's two lines is its size in
# memory.
size=$(LC_ALL=C readelf -lW "$LIBKMA" | awk '$1 == "TLS" { print $6 }')
size=$((${size:-0}))
if [ "$size" -le $limit ]; then
	echo "ok 1 - static TLS: $size bytes, of at most $limit"
else
	echo "not ok 1 - static TLS: $size bytes, of at most $limit"
fi

# shellcheck disable=SC2086
if ! ${CC:-cc} -shared -fPIC -o "$tmp/tlslib.so" \
    "$KMA_SRCDIR/tests/traps/tlslib.c"; then
	echo "ok 2 # SKIP cannot build a shared object"
	echo 1..2
	exit 0
fi
"$KMA_BUILDDIR/tests/traps/static-tls" "$LIBKMA" "$tmp/tlslib.so" |
    awk '
	/^(not )?ok/ {
		sub(/ok [0-9]+/, "ok " ++n + 1)
	}
	/^1\.\./ {
		print "1.." n + 1
		ended = 1
		next
	}
	{
		print
	}
	END {
		if (!ended) {
			print "not ok " n + 2 " - static-tls ended too early"
			print "1.." n + 2
		}
	}'
