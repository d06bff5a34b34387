#!/bin/sh
# tests/conform/info-xml.sh: what malloc_info writes is a document that a real
# parser accepts.

prog=${KMA_BUILDDIR:-.}/tests/conform/info
xml=$("$prog" --xml)
status=$?

if [ $status -eq 0 ] && [ -n "$xml" ]; then
	echo "ok 1 - malloc_info wrote a document"
else
	echo "not ok 1 - malloc_info wrote a document (status $status)"
fi
if command -v xmllint >/dev/null 2>&1; then
	parser="xmllint --noout -"
elif command -v python3 >/dev/null 2>&1; then
	parser="python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.stdin)'"
else
	echo "ok 2 # SKIP neither xmllint nor python3 is installed"
	echo 1..2
	exit 0
fi
if printf '%s\n' "$xml" | eval "$parser"; then
	echo "ok 2 - it is well-formed"
else
	echo "not ok 2 - it is well-formed"
	printf '%s\n' "$xml" | sed 's/^/# /'
fi
echo 1..2
