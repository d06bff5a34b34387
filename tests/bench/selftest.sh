#!/bin/sh
# tests/bench/selftest.sh: the bench outlives bad allocators, and says what it
# has been given wrong. It runs on a case list of its own; no time is judged.

set -u

command -v python3 >/dev/null || {
	echo '1..0 # SKIP python3 is not installed'
	exit 0
}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
number=0
out=$dir/out
unset BENCH_GROUPS BENCH_CASES BENCH_ROUNDS BENCH_ALLOCATORS

result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		tail -n 30 "$dir/log" | sed 's/^/# /'
	fi
}

# The bench on the case list; the log holds all that it says.
bench() {
	BENCH_OUT=$out python3 "$KMA_SRCDIR/tests/bench/bench.py" \
		--cases "$dir/cases.py" "$@"
}

# Cells of the CSV: row CASE ALLOCATOR
row() {
	grep "^[a-e],$1,[^,]*,[^,]*,$2," "$out/bench.csv"
}

# library NAME: an allocator that does BAD in its thousandth malloc.
library() {
	# shellcheck disable=SC2086
	$CC $KMA_TEST_CFLAGS -shared -fPIC -o "$dir/$1.so" "$dir/bad.c" \
		-D"BAD=$2" 2>>"$dir/log"
}

cat >"$dir/bad.c" <<'EOS'
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
cat >"$dir/tiny.c" <<'EOS'
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
cat >"$dir/cases.py" <<EOS
from case import Case
tiny = '$dir/tiny'


def broken(work):
    raise OSError('no room')


CASES = [
    Case('a', 'tiny', [tiny], 'ns', timeout=1),
    Case('a', 'silent', ['true'], 'ns'),
    Case('a', 'lacking', ['true'], 'ns', requires=[('nothing-such', 'pkg')]),
    Case('a', 'broken', ['true'], 'ns', setup=broken),
    Case('c', 'program', ['$dir/fixed'], 's', timeout=1),
    Case('d', 'server', ['sh', '-c', '''
"\$BENCH_LAUNCH" -o line -e LD_PRELOAD="\$BENCH_PRELOAD" -- %s >/dev/null
read wall user system rss minor major how number <line
[ "\$how \$number" = 'exit 0' ] && echo "rss \$rss"''' % tiny],
         'KB', metric='rss', preload=False, timeout=1),
]
EOS
cat >"$dir/text.so" <<'EOS'
Not a library.
EOS
echo 'int nothing;' >"$dir/none.c"
: >"$dir/log"
# shellcheck disable=SC2086
$CC $KMA_TEST_CFLAGS -o "$dir/tiny" "$dir/tiny.c" 2>>"$dir/log" &&
	$CC $KMA_TEST_CFLAGS -fno-pie -no-pie -o "$dir/fixed" \
		"$dir/tiny.c" 2>>"$dir/log" &&
	$CC -shared -fPIC -o "$dir/none.so" "$dir/none.c" 2>>"$dir/log" &&
	library crash 'raise(SIGSEGV)' && library hang 'for (;;) pause()' || {
	echo '1..0 # SKIP no compiler for the bad allocators'
	exit 0
}

echo 1..19
extra=crash=$dir/crash.so,hang=$dir/hang.so,text=$dir/text.so
extra=$extra,gone=$dir/gone.so,none=$dir/none.so
BENCH_ALLOCATORS=$extra BENCH_ROUNDS=2 bench >"$dir/log" 2>&1
result $? 'bad allocators are no lost run'

good=0
for name in glibc kma; do
	for case in tiny program server; do
		row $case $name | grep -qE ',2(\.0)?,[0-9.]+,.*,,,$' || good=1
	done
	row tiny $name | grep -q ',2.5,2.5,2.5,0,' || good=1
done
row program kma-4 | grep -q ',,,$' || good=1
result $good 'the columns of good allocators are full'

for pair in 'crash=crash: SIGSEGV' 'hang=hang' 'text=not ELF' \
	'gone=missing' 'none=not loaded'; do
	name=${pair%%=*}
	mark=${pair#*=}
	row tiny "$name" | grep -q ",$mark," &&
		row program "$name" | grep -q ",$mark," &&
		grep -q "^$name: .*$mark: ." "$dir/log"
	result $? "$name: marked and explained"
done
row server crash | grep -q ',exit 1,' && row server hang | grep -q ',hang,'
result $? 'a server on a bad allocator ends'

row silent glibc | grep -q ',no figure,it printed no figure,'
result $? 'a program without a figure'
row lacking kma | grep -q ',skipped,nothing-such is not there (Debian: pkg),' &&
	grep -q '^lacking: skipped: nothing-such is not there' "$dir/log"
result $? 'a program that is not installed'
row broken kma | grep -q ',skipped,its preparation failed: no room,'
result $? 'inputs that cannot be written'

grep '^tiny ' "$out/bench.txt" >"$dir/first"
cp "$out/bench.csv" "$dir/again.csv"
bench --from "$dir/again.csv" >"$dir/log" 2>&1 &&
	grep '^tiny ' "$out/again.txt" | cmp -s - "$dir/first"
result $? 'a CSV gives the same table again'
echo 'a,b' >"$dir/other.csv"
bench --from "$dir/other.csv" >"$dir/log" 2>&1
[ $? -eq 2 ] && grep -q '^bench: --from: .*not a CSV' "$dir/log"
result $? 'a CSV of something else'

# What is asked for wrongly: one line that names the variable, and status 2.
wrong() {
	(
		eval "export $1"
		bench >"$dir/log" 2>&1
	)
	[ $? -eq 2 ] && [ "$(wc -l <"$dir/log")" -eq 1 ] &&
		grep -q "^bench: ${1%%=*}: " "$dir/log"
	result $? "$1"
}
wrong BENCH_GROUPS=a,x
wrong BENCH_ALLOCATORS=libx.so
wrong BENCH_ROUNDS=0
wrong BENCH_CASES='\('
wrong BENCH_CASES=nosuch

# Interrupted, it writes what it has.
rm -f "$out/bench.csv"
BENCH_OUT=$out BENCH_CASES='^tiny$' BENCH_ROUNDS=9999 \
	python3 "$KMA_SRCDIR/tests/bench/bench.py" --cases "$dir/cases.py" \
	>"$dir/log" 2>&1 &
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
	grep -q '^tiny ' "$dir/log"
result $? 'interrupted, it tells what it has'
