#!/bin/sh
# tests/figure1.sh: examples/06-figure1.sh prints the paper's tables of a
# program that it starts, and of one that runs, and they hold what the program
# has.

set -u

number=0
dir=$(mktemp -d) || exit 1
running=
trap '[ -z "$running" ] || kill "$running"; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
KMA=$KMA_BUILDDIR/tools/kma
export KMA

# result NAME: takes the status of the command before it.
result() {
	if [ $? -eq 0 ]; then
		number=$((number + 1))
		echo "ok $number - $1"
	else
		number=$((number + 1))
		echo "not ok $number - $1"
		cat "$dir/out" "$dir/log" | sed 's/^/# /'
	fi
}

cat >"$dir/holds.c" <<'END'
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
${CC:-cc} $KMA_TEST_CFLAGS -o "$dir/holds it" "$dir/holds.c" || exit 1

# between LOW HIGH COLUMN PATTERN: that column of the row is.
between() {
	awk -v low="$1" -v high="$2" -v column="$3" -v row="$4" '
	$0 ~ row { found = $(column) >= low && $(column) <= high }
	END { exit !found }' "$dir/out"
}

tables() {
	grep -q '^holds it$' "$dir/out"
	result "$1: the program's name"
	between 5000 5100 2 '^ *128 '
	result "$1: blocks of 100 bytes in use"
	between 10000 10200 4 '^ *128 '
	result "$1: requests for them"
	between 300 310 2 '^ *8192 '
	result "$1: blocks of 5000 bytes in use"
	between 10 15 2 '^ *8193-'
	result "$1: page runs in use"
	between 20 30 4 '^ *8193-'
	result "$1: requests for them"
	grep -qE '^requests up to 128 bytes 9[0-9]%, up to 1024' "$dir/out"
	result "$1: most requests are small"
}

timeout 100 "$KMA_SRCDIR/examples/06-figure1.sh" "$dir/holds it" \
    >"$dir/out" 2>"$dir/log"
result 'a program that it starts'
tables 'started'
between 5310 5310 3 '^holds it '
result 'started: the program is a type, with all that it has in use'
! pgrep -f "^$dir/holds it" >"$dir/log"
result 'started: the program has been ended'

"$KMA" run --option spacing=1 -- "$dir/holds it" &
running=$!
sleep 1
timeout 100 "$KMA_SRCDIR/examples/06-figure1.sh" "$running" \
    >"$dir/out" 2>"$dir/log"
result 'a process that runs'
tables 'running'
grep -q '^no types' "$dir/out"
result 'running: without accounting there are no types'

! "$KMA_SRCDIR/examples/06-figure1.sh" true >"$dir/out" 2>"$dir/log" &&
	grep -q 'true has ended by itself' "$dir/log"
result 'a program that ends at once: a message'
! "$KMA_SRCDIR/examples/06-figure1.sh" $$ >"$dir/out" 2>"$dir/log" &&
	[ -s "$dir/log" ]
result 'a process without libkma: a message'
echo "1..$number"
