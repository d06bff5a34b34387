#!/bin/sh
# tests/bench/selftest.sh: the bench outlives bad allocators, and says what it
# has been given wrong. It runs on a case list of its own; no time is judged.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

command -v python3 >/dev/null || skip_all 'python3 is not installed'
out=$tmp/out
unset BENCH_GROUPS BENCH_CASES BENCH_ROUNDS BENCH_ALLOCATORS

# The bench on the case list; the log holds all that it says.
bench() {
	BENCH_OUT=$out python3 "$KMA_SRCDIR/tests/bench/bench.py" \
		--cases "$tmp/cases.py" "$@"
}

# Cells of the CSV: row CASE ALLOCATOR
row() {
	grep "^[a-e],$1,[^,]*,[^,]*,$2," "$out/bench.csv"
}

# library NAME: an allocator that does BAD in its thousandth malloc.
library() {
	# shellcheck disable=SC2086
	$CC $KMA_TEST_CFLAGS -shared -fPIC -o "$tmp/$1.so" "$tmp/bad.c" \
		-D"BAD=$2" 2>>"$tmp/log"
}

cat >"$tmp/bad.c" <<'EOS'
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static char arena[1 << 26] __attribute__((aligned(16)));
static size_t used, calls;

void *
malloc(size_t n)
{
	char *p = arena + used;

	if (++calls == 1000)
		BAD;
	used += 16 + (n + 15) / 16 * 16;
	memcpy(p, &n, sizeof(n));
	return (p + 16);
}

void *
calloc(size_t n, size_t size)
{
	return (malloc(n * size));
}

void *
realloc(void *p, size_t n)
{
	size_t old = 0;
	char *q = malloc(n);

	if (p != NULL) {
		memcpy(&old, (char *)p - 16, sizeof(old));
		memcpy(q, p, old < n ? old : n);
	}
	return (q);
}

void
free(void *p)
{
	(void)p;
}
EOS
cat >"$tmp/tiny.c" <<'EOS'
#include <stdio.h>
#include <stdlib.h>

int
main(void)
{
	/* Its address: see probe.c. */
	void *(*volatile allocate)(size_t) = malloc;

	for (int i = 0; i < 2000; i++)
		if (allocate(16) == NULL)
			return (1);
	puts("figure 2.5");
	return (0);
}
EOS
cat >"$tmp/cases.py" <<EOS
from case import Case
tiny = '$tmp/tiny'


def broken(work):
    raise OSError('no room')


CASES = [
    Case('a', 'tiny', [tiny], 'ns', timeout=1),
    Case('a', 'silent', ['true'], 'ns'),
    Case('a', 'lacking', ['true'], 'ns', requires=[('nothing-such', 'pkg')]),
    Case('a', 'broken', ['true'], 'ns', setup=broken),
    Case('c', 'program', ['$tmp/fixed'], 's', timeout=1),
    Case('d', 'server', ['sh', '-c', '''
"\$BENCH_LAUNCH" -o line -e LD_PRELOAD="\$BENCH_PRELOAD" -- %s >/dev/null
read wall user system rss minor major how number <line
[ "\$how \$number" = 'exit 0' ] && echo "rss \$rss"''' % tiny],
         'KB', metric='rss', preload=False, timeout=1),
]
EOS
cat >"$tmp/text.so" <<'EOS'
Not a library.
EOS
echo 'int nothing;' >"$tmp/none.c"
: >"$tmp/log"
# shellcheck disable=SC2086
$CC $KMA_TEST_CFLAGS -o "$tmp/tiny" "$tmp/tiny.c" 2>>"$tmp/log" &&
	$CC $KMA_TEST_CFLAGS -fno-pie -no-pie -o "$tmp/fixed" \
		"$tmp/tiny.c" 2>>"$tmp/log" &&
	$CC -shared -fPIC -o "$tmp/none.so" "$tmp/none.c" 2>>"$tmp/log" &&
	library crash 'raise(SIGSEGV)' && library hang 'for (;;) pause()' || {
	skip_all 'no compiler for the bad allocators'
}

extra=crash=$tmp/crash.so,hang=$tmp/hang.so,text=$tmp/text.so
extra=$extra,gone=$tmp/gone.so,none=$tmp/none.so
BENCH_ALLOCATORS=$extra BENCH_ROUNDS=2 bench >"$tmp/log" 2>&1
result 'bad allocators are no lost run' "@$tmp/log"

good=0
for name in glibc kma; do
	for case in tiny program server; do
		row $case $name | grep -qE ',2(\.0)?,[0-9.]+,.*,,,$' || good=1
	done
	row tiny $name | grep -q ',2.5,2.5,2.5,0,' || good=1
done
row program kma-4 | grep -q ',,,$' || good=1
[ $good -eq 0 ]
result 'the columns of good allocators are full' "@$tmp/log"

for pair in 'crash=crash: SIGSEGV' 'hang=hang' 'text=not ELF' \
	'gone=missing' 'none=not loaded'; do
	name=${pair%%=*}
	mark=${pair#*=}
	row tiny "$name" | grep -q ",$mark," &&
		row program "$name" | grep -q ",$mark," &&
		grep -q "^$name: .*$mark: ." "$tmp/log"
	result "$name: marked and explained" "@$tmp/log"
done
row server crash | grep -q ',exit 1,' && row server hang | grep -q ',hang,'
result 'a server on a bad allocator ends' "@$tmp/log"

row silent glibc | grep -q ',no figure,it printed no figure,'
result 'a program without a figure' "@$tmp/log"
row lacking kma | grep -q ',skipped,nothing-such is not there (Debian: pkg),' &&
	grep -q '^lacking: skipped: nothing-such is not there' "$tmp/log"
result 'a program that is not installed' "@$tmp/log"
row broken kma | grep -q ',skipped,its preparation failed: no room,'
result 'inputs that cannot be written' "@$tmp/log"

grep '^tiny ' "$out/bench.txt" >"$tmp/first"
cp "$out/bench.csv" "$tmp/again.csv"
bench --from "$tmp/again.csv" >"$tmp/log" 2>&1 &&
	grep '^tiny ' "$out/again.txt" | cmp -s - "$tmp/first"
result 'a CSV gives the same table again' "@$tmp/log"
echo 'a,b' >"$tmp/other.csv"
bench --from "$tmp/other.csv" >"$tmp/log" 2>&1
[ $? -eq 2 ] && grep -q '^bench: --from: .*not a CSV' "$tmp/log"
result 'a CSV of something else' "@$tmp/log"

# What is asked for wrongly: one line that names the variable, and status 2.
wrong() {
	(
		eval "export $1"
		bench >"$tmp/log" 2>&1
	)
	[ $? -eq 2 ] && [ "$(wc -l <"$tmp/log")" -eq 1 ] &&
		grep -q "^bench: ${1%%=*}: " "$tmp/log"
	result "$1" "@$tmp/log"
}
wrong BENCH_GROUPS=a,x
wrong BENCH_ALLOCATORS=libx.so
wrong BENCH_ROUNDS=0
wrong BENCH_CASES='\('
wrong BENCH_CASES=nosuch

# Interrupted, it writes what it has.
rm -f "$out/bench.csv"
BENCH_OUT=$out BENCH_CASES='^tiny$' BENCH_ROUNDS=9999 \
	python3 "$KMA_SRCDIR/tests/bench/bench.py" --cases "$tmp/cases.py" \
	>"$tmp/log" 2>&1 &
pid=$!
tries=0
until [ -e "$out/bench.csv" ] || [ $tries -ge 100 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
kill "$pid"
wait "$pid"
[ $? -eq 130 ] && grep -q '^# interrupted: yes' "$out/bench.csv" &&
	row tiny kma | grep -q ',2.5,2.5,2.5,0,' &&
	grep -q '^tiny ' "$tmp/log"
result 'interrupted, it tells what it has' "@$tmp/log"
plan 19
