#!/bin/sh
# tests/dist.sh: a release can be made, built away from its source, installed
# and removed again (make distcheck), and what it installs can be used.
# In a folder of its own, so that it disturbs no other test.

set -u

[ -e "$KMA_SRCDIR/.git" ] || {
	echo '1..0 # SKIP this is a release, not its source'
	exit 0
}
dir=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
number=0

result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		tail -n 20 "$dir/log" | sed 's/^/# /'
	fi
}

# The outer make's options and targets are not for the inner ones.
unset MAKEFLAGS MFLAGS MAKELEVEL
echo 1..6
mkdir "$dir/build" && cd "$dir/build" || exit 1
prefix=$dir/usr
{ "$KMA_SRCDIR/configure" -q --prefix="$prefix" && make -s -j2; } \
	>"$dir/log" 2>&1
result $? 'builds away from its source'

# The tests run on their own: here none do.
make -s distcheck TESTS= check_PROGRAMS= check_LTLIBRARIES= >"$dir/log" 2>&1
result $? 'make distcheck'

make -s install >"$dir/log" 2>&1
result $? 'make install'

cat >"$dir/use.c" <<'EOF'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* 100 bytes are 128 in the paper's lists, and 104 in glibc. */
int
main(void)
{
	char *p = malloc(100);

	printf("%zu\n", malloc_usable_size(p));
	free(p);
	return (0);
}
EOF
flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --libs libkma \
	2>"$dir/log") || flags=-lfailed
# shellcheck disable=SC2086
{ ${CC:-cc} -o "$dir/use" "$dir/use.c" $flags &&
	LD_LIBRARY_PATH=$prefix/lib "$dir/use"; } >"$dir/log" 2>&1
[ "$(cat "$dir/log")" = 128 ]
result $? 'a program linked by pkg-config has libkma'

{ ${CC:-cc} -o "$dir/use" "$dir/use.c" "$prefix/lib/libkma.a" &&
	"$dir/use"; } >"$dir/log" 2>&1
[ "$(cat "$dir/log")" = 128 ]
result $? 'a program linked with libkma.a has libkma'

make -s uninstall >"$dir/log" 2>&1
find "$prefix" -type f -o -type l >"$dir/left"
[ ! -s "$dir/left" ]
result $? 'make uninstall leaves nothing'
