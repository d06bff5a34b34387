#!/bin/sh
# tests/figure1.sh: examples/06-figure1.sh prints the paper's tables of a
# program that it starts, and of one that runs, and they hold what the program
# has.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

running=
at_end() {
	[ -z "$running" ] || kill "$running"
}
KMA=$KMA_BUILDDIR/tools/kma
export KMA

cat >"$tmp/holds.c" <<'END'
#include <stdlib.h>
#include <unistd.h>

static void
hold(int count, size_t size)
{
	for (int i = 0; i < count; i++) {
		char *p = malloc(size);

		if (p == NULL)
			_exit(1);
		p[0] = 1;
		if (i % 2)		/* freed: of 2 * count, as many stay */
			free(p);
	}
}

int
main(void)
{
	hold(10000, 100);
	hold(600, 5000);
	hold(20, 50000);
	pause();
	return (0);
}
END
# shellcheck disable=SC2086
${CC:-cc} $KMA_TEST_CFLAGS -o "$tmp/holds it" "$tmp/holds.c" || exit 1

# told NAME: as result, with what the script said.
told() {
	result "$1" "@$tmp/out" "@$tmp/log"
}

# between LOW HIGH COLUMN PATTERN: that column of the row is.
between() {
	awk -v low="$1" -v high="$2" -v column="$3" -v row="$4" '
	$0 ~ row { found = $(column) >= low && $(column) <= high }
	END { exit !found }' "$tmp/out"
}

tables() {
	grep -q '^holds it$' "$tmp/out"
	told "$1: the program's name"
	between 5000 5100 2 '^ *128 '
	told "$1: blocks of 100 bytes in use"
	between 10000 10200 4 '^ *128 '
	told "$1: requests for them"
	between 300 310 2 '^ *8192 '
	told "$1: blocks of 5000 bytes in use"
	between 10 15 2 '^ *8193-'
	told "$1: page runs in use"
	between 20 30 4 '^ *8193-'
	told "$1: requests for them"
	grep -qE '^requests up to 128 bytes 9[0-9]%, up to 1024' "$tmp/out"
	told "$1: most requests are small"
}

timeout 100 "$KMA_SRCDIR/examples/06-figure1.sh" "$tmp/holds it" \
    >"$tmp/out" 2>"$tmp/log"
told 'a program that it starts'
tables 'started'
between 5310 5310 3 '^holds it '
told 'started: the program is a type, with all that it has in use'
! pgrep -f "^$tmp/holds it" >"$tmp/log"
told 'started: the program has been ended'

"$KMA" run --option spacing=1 -- "$tmp/holds it" &
running=$!
sleep 1
timeout 100 "$KMA_SRCDIR/examples/06-figure1.sh" "$running" \
    >"$tmp/out" 2>"$tmp/log"
told 'a process that runs'
tables 'running'
grep -q '^no types' "$tmp/out"
told 'running: without accounting there are no types'

! "$KMA_SRCDIR/examples/06-figure1.sh" true >"$tmp/out" 2>"$tmp/log" &&
	grep -q 'true has ended by itself' "$tmp/log"
told 'a program that ends at once: a message'
! "$KMA_SRCDIR/examples/06-figure1.sh" $$ >"$tmp/out" 2>"$tmp/log" &&
	[ -s "$tmp/log" ]
told 'a process without libkma: a message'
plan
