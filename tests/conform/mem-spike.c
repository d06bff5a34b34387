/*
 * mem-spike - blocks that outlive the rest of their time are scattered all
 * over it.  While the program goes on with little, the pages that hold none
 * of them go back to the system all the same.
 */
#include "tap.h"

#include "measure.h"

#define SPIKE		(32 * MB)
#define SIZE		64
#define NBLOCK		(SPIKE / SIZE)
#define KEPT		128		/* one of so many: 8 KB */

static char *block[NBLOCK];

static void
fill(void)
{
	size_t i;

	for (i = 0; i < NBLOCK; i++) {
		if ((block[i] = malloc(SIZE)) == NULL)
			bail("malloc(%d)", SIZE);
		memset(block[i], (int)(i % 251), SIZE);
	}
}

static void
empty(void)
{
	size_t i;

	for (i = 0; i < NBLOCK; i++)
		if (i % KEPT != 0)
			free(block[i]);
}

/* What a program does that waits for most of its time. */
static void
work(void)
{
	void *p[64];
	size_t i;

	for (i = 0; i < 64; i++)
		if ((p[i] = malloc(40000 + i * 100)) == NULL)
			bail("malloc of a page run");
	for (i = 0; i < 64; i++)
		free(p[i]);
}

static int
hold(void)
{
	size_t i;
	int j;

	for (i = 0; i < NBLOCK; i += KEPT)
		for (j = 0; j < SIZE; j++)
			if (block[i][j] != (char)(i % 251))
				return (0);
	return (1);
}

int
main(int argc, char **argv)
{
	size_t before, peak, left;
	int i;

	(void)argc;
	tap_begin(argv, 60);
	work();
	memset(block, 1, sizeof(block));
	before = rss();
	fill();
	work();			/* it will never need more than now */
	peak = rss() - before;
	empty();
	left = rss() - before;
	diag("%zu MB, %zu MB when freed", peak / MB, left / MB);
	ok(left > SPIKE / 2, "the blocks that stay hold most of the memory");
	for (i = 0; i < 200 && left > SPIKE * 5 / 8; i++) {
		sleep_ms(50);
		work();
		left = rss() - before;
	}
	diag("%zu MB after %d ms", left / MB, i * 50);
	ok_kma(left <= SPIKE * 5 / 8, "but only the pages that they lie on");
	ok(hold(), "and they are what they were");
	return (tap_end());
}
