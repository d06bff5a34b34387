#!/bin/sh
# tests/conform/info-xml.sh: what malloc_info writes is a document that a real
# parser accepts.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

"$KMA_BUILDDIR/tests/conform/info" --xml >"$tmp/xml" && [ -s "$tmp/xml" ]
result 'malloc_info wrote a document'
if command -v xmllint >/dev/null 2>&1; then
	set -- xmllint --noout
elif command -v python3 >/dev/null 2>&1; then
	set -- python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])'
else
	skip 'it is well-formed' 'neither xmllint nor python3 is installed'
	plan 2
fi
"$@" "$tmp/xml" >"$tmp/log" 2>&1
result 'it is well-formed' "@$tmp/log" "@$tmp/xml"
plan 2
