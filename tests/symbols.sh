#!/bin/sh
# tests/symbols.sh: what libkma.so exports and needs, and what libkma.a holds.

set -u

number=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
	fi
}

nm=${NM:-nm}
archive=$KMA_BUILDDIR/lib/libkma.a
echo 1..9

# A comment of the map may span lines; a name is a word before a semicolon.
awk '
/\/\*/ { comment = 1 }
!comment && /;/ && !/\*;/ && !/}/ { gsub(/[ \t;]/, ""); print }
/\*\// { comment = 0 }
' "$KMA_SRCDIR/lib/libkma.map" >"$dir/kma.names"
sed '/^#/d; /^$/d' "$KMA_SRCDIR/lib/libc.names" >"$dir/libc.names"
# Some linkers name the version itself too, as an absolute symbol.
$nm -D --defined-only "$LIBKMA" | awk '$2 != "A" { print $3 }' |
	sort >"$dir/have"

grep -v '@' "$dir/have" >"$dir/plain"
sort "$dir/libc.names" | diff - "$dir/plain" >"$dir/diff"
result $? "exported without a version: what libc.names lists, and no more"
sed 's/^/# /' "$dir/diff"

grep '@' "$dir/have" >"$dir/versioned"
sed 's/$/@@KMA_1.0/' "$dir/kma.names" | sort | diff - "$dir/versioned" \
	>"$dir/diff"
result $? "exported as KMA_1.0: what the version script lists, and no more"
sed 's/^/# /' "$dir/diff"

readelf -dW "$LIBKMA" >"$dir/dynamic"
readelf -lW "$LIBKMA" >"$dir/segments"
grep '(NEEDED)' "$dir/dynamic" |
	grep -v -e '\[libc\.so\.' -e '\[ld-linux' >"$dir/other"
[ ! -s "$dir/other" ]
result $? "needs libc only"
sed 's/^/# /' "$dir/other"

grep -q 'SONAME.*\[libkma\.so\.0\]' "$dir/dynamic"
result $? "the soname is libkma.so.0"

grep -q 'NODELETE' "$dir/dynamic"
result $? "dlclose leaves it in place (nodelete)"

grep -q 'NOW' "$dir/dynamic" && grep -q 'GNU_RELRO' "$dir/segments"
result $? "bound at load time, then read-only (now, relro)"

! grep -q 'TEXTREL' "$dir/dynamic" &&
	! grep 'GNU_STACK' "$dir/segments" | grep -q 'RWE'
result $? "no text relocation, no executable stack"

$nm -g --defined-only "$archive" 2>/dev/null | awk 'NF == 3 { print $3 }' |
	sort -u >"$dir/static"
cat "$dir/kma.names" "$dir/libc.names" | grep -v '^_Z' | sort \
	>"$dir/want.static"
comm -23 "$dir/want.static" "$dir/static" >"$dir/missing"
[ ! -s "$dir/missing" ]
result $? "libkma.a defines every C name"
sed 's/^/# /' "$dir/missing"

! grep -q '^_Zn\|^_Zd' "$dir/static"
result $? "libkma.a leaves operator new and delete to libstdc++"
