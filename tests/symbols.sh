#!/bin/sh
# tests/symbols.sh: what libkma.so exports and needs, and what libkma.a holds.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

nm=${NM:-nm}
archive=$KMA_BUILDDIR/lib/libkma.a

# A comment of the map may span lines; a name is a word before a semicolon.
awk '
/\/\*/ { comment = 1 }
!comment && /;/ && !/\*;/ && !/}/ { gsub(/[ \t;]/, ""); print }
/\*\// { comment = 0 }
' "$KMA_SRCDIR/lib/libkma.map" >"$tmp/kma.names"
sed '/^#/d; /^$/d' "$KMA_SRCDIR/lib/libc.names" >"$tmp/libc.names"
# Some linkers name the version itself too, as an absolute symbol.
$nm -D --defined-only "$LIBKMA" | awk '$2 != "A" { print $3 }' |
	sort >"$tmp/have"

grep -v '@' "$tmp/have" >"$tmp/plain"
sort "$tmp/libc.names" | diff - "$tmp/plain" >"$tmp/diff"
result "exported without a version: what libc.names lists, and no more" \
	"@$tmp/diff"

grep '@' "$tmp/have" >"$tmp/versioned"
sed 's/$/@@KMA_1.0/' "$tmp/kma.names" | sort | diff - "$tmp/versioned" \
	>"$tmp/diff"
result "exported as KMA_1.0: what the version script lists, and no more" \
	"@$tmp/diff"

readelf -dW "$LIBKMA" >"$tmp/dynamic"
readelf -lW "$LIBKMA" >"$tmp/segments"
grep '(NEEDED)' "$tmp/dynamic" |
	grep -v -e '\[libc\.so\.' -e '\[ld-linux' >"$tmp/other"
empty "needs libc only" "$tmp/other"

grep -q 'SONAME.*\[libkma\.so\.0\]' "$tmp/dynamic"
result "the soname is libkma.so.0"

grep -q 'NODELETE' "$tmp/dynamic"
result "dlclose leaves it in place (nodelete)"

grep -q 'NOW' "$tmp/dynamic" && grep -q 'GNU_RELRO' "$tmp/segments"
result "bound at load time, then read-only (now, relro)"

! grep -q 'TEXTREL' "$tmp/dynamic" &&
	! grep 'GNU_STACK' "$tmp/segments" | grep -q 'RWE'
result "no text relocation, no executable stack"

$nm -g --defined-only "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' |
	sort -u >"$tmp/static"
cat "$tmp/kma.names" "$tmp/libc.names" | grep -v '^_Z' | sort \
	>"$tmp/want.static"
comm -23 "$tmp/want.static" "$tmp/static" >"$tmp/missing"
empty "libkma.a defines every C name" "$tmp/missing"

! grep -q '^_Zn\|^_Zd' "$tmp/static"
result "libkma.a leaves operator new and delete to libstdc++"
plan 9
