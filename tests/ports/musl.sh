#!/bin/sh
# tests/ports/musl.sh: libkma for musl, preloaded, linked and in an archive.
#
# Programs that name what only glibc has (malloc_trim, mallopt, mallinfo,
# malloc_info, dlmopen, RTLD_DEEPBIND) are left out, and so are those that
# fail on musl's own malloc too (popen from threads, handlers of quick_exit).
#
# KMA_TEST_ALL=1 runs more programs.

CC=musl-gcc
. "${KMA_SRCDIR:-.}/tests/ports/lib.sh"

command -v $CC >/dev/null || skip_all "no $CC"

preloaded="conform/basic conform/exit-keys conform/mem-core conform/realloc-big
conform/sizes conform/thread-minstack conform/thread-pipe
traps/freelist-link traps/mmap-eagain traps/pthread-keys"
linked="conform/inline typed/api"
if [ -n "$all" ]; then
	preloaded="$preloaded conform/align conform/fork-signal
conform/limit-mlock conform/mem-calloc conform/mem-return conform/realloc
conform/thread-caches conform/thread-many conform/thread-queues"
	linked="$linked typed/model typed/nomem"
fi

# Of what musl-gcc does not see, the library needs only this.
include=$KMA_BUILDDIR/ports/include
mkdir -p "$include"
ln -sfn /usr/include/valgrind "$include/valgrind"

port musl CPPFLAGS="-I$include"
# shellcheck disable=SC2086
compile $preloaded
# shellcheck disable=SC2086
compile_linked $linked
compile misuse/double_free
cc_port static misuse/double_free -static "$dir/lib/libkma.a"

readelf -dW "$LIBKMA" | grep -F '(NEEDED)' | grep -v -F '[libc.so]' >"$tmp/out"
empty 'needs libc only' "$tmp/out"

# A program of this kind starts itself again with LD_PRELOAD.
for program in $preloaded $linked; do
	try "$program" timeout 300 "$tmp/$program"
done

misuse 'preloaded: a second free' 'duplicated free' \
    env LD_PRELOAD="$LIBKMA" "$tmp/misuse/double_free"
misuse 'libkma.a: a second free' 'duplicated free' "$tmp/static"

KMA_OPTIONS=diagnostic
export KMA_OPTIONS
try 'diagnostic: conform/basic' timeout 300 "$tmp/conform/basic"
misuse 'diagnostic: a second free' 'duplicated free' \
    env LD_PRELOAD="$LIBKMA" "$tmp/misuse/double_free"
grep -q 'allocated by double_free main+0x' "$tmp/err"
result 'and who has allocated it' "@$tmp/err"
KMA_OPTIONS=hardened
try 'hardened: conform/basic' timeout 300 "$tmp/conform/basic"

KMA_OPTIONS=stats,abort=no
env LD_PRELOAD="$LIBKMA" "$tmp/misuse/double_free" >"$tmp/out" 2>"$tmp/err"
grep -q '^requests [1-9]' "$tmp/err"
result 'statistics at exit' "@$tmp/err"
plan
