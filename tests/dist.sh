#!/bin/sh
# tests/dist.sh: a release can be made, built away from its source, installed
# and removed again (make distcheck), and what it installs can be used.
# In a folder of its own, so that it disturbs no other test.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

[ -e "$KMA_SRCDIR/.git" ] || skip_all 'this is a release, not its source'
# distcheck takes the right to write away.
at_end() {
	chmod -R u+w "$tmp"
}

# Nobody waits for what is built here to be fast.
CFLAGS=-O0
export CFLAGS
# The outer make's options and targets are not for the inner ones.
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir "$tmp/build" && cd "$tmp/build" || exit 1
prefix=$tmp/usr
{ "$KMA_SRCDIR/configure" -q --prefix="$prefix" && make -s -j2; } \
	>"$tmp/log" 2>&1
result 'builds away from its source' "@$tmp/log"

# The tests run on their own: here none do.
make -s distcheck TESTS= check_PROGRAMS= check_LTLIBRARIES= >"$tmp/log" 2>&1
result 'make distcheck' "@$tmp/log"

make -s install >"$tmp/log" 2>&1
result 'make install' "@$tmp/log"

cat >"$tmp/use.c" <<'EOF'
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
	2>"$tmp/log") || flags=-lfailed
# shellcheck disable=SC2086
{ ${CC:-cc} -o "$tmp/use" "$tmp/use.c" $flags &&
	LD_LIBRARY_PATH=$prefix/lib "$tmp/use"; } >"$tmp/log" 2>&1
[ "$(cat "$tmp/log")" = 128 ]
result 'a program linked by pkg-config has libkma' "@$tmp/log"

{ ${CC:-cc} -o "$tmp/use" "$tmp/use.c" "$prefix/lib/libkma.a" &&
	"$tmp/use"; } >"$tmp/log" 2>&1
[ "$(cat "$tmp/log")" = 128 ]
result 'a program linked with libkma.a has libkma' "@$tmp/log"

make -s uninstall >"$tmp/log" 2>&1
find "$prefix" -type f -o -type l >"$tmp/left"
[ ! -s "$tmp/left" ]
result 'make uninstall leaves nothing' "@$tmp/log"
plan 6
