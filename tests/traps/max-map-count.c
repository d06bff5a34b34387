/*
 * Many runs of pages live side by side, every other one is freed and given
 * back: neighbours share a mapping and holes do not split one, so that
 * vm.max_map_count is nowhere near.
 */
#include "conform/tap.h"

#include <malloc.h>

#define NRUN	200000
#define NSMALL	2000	/* mappings: a small part of 65530 */

static char *run[NRUN];

static int
mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int c, n = 0;

	must(f != NULL);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	(void)fclose(f);
	return (n);
}

/* How many runs could be had; some of them are written to. */
static int
allocate(int from, int step, size_t size)
{
	int i, n = 0;

	for (i = from; i < NRUN; i += step) {
		if ((run[i] = malloc(size)) == NULL)
			break;
		if (i % 32 == 0)
			run[i][0] = 1;
		n++;
	}
	return (n);
}

static int
live_runs(size_t size)
{
	int i, n;

	n = allocate(0, 1, size);
	if (n < NRUN) {
		diag("only %d runs of %zu bytes: %s", n, size,
		    strerror(errno));
		return (1);
	}
	if ((n = mappings()) > NSMALL) {
		diag("%d mappings with all runs live", n);
		return (1);
	}
	for (i = 0; i < NRUN; i += 2) {
		errno = 4711;
		free(run[i]);
		must(errno == 4711);
	}
	(void)malloc_trim(0);
	if ((n = mappings()) > NSMALL) {
		diag("%d mappings with every other run freed", n);
		return (1);
	}
	n = allocate(0, 2, size);
	if (n < NRUN / 2) {
		diag("only %d runs again: %s", n, strerror(errno));
		return (1);
	}
	for (i = 0; i < NRUN; i++)
		free(run[i]);
	(void)malloc_trim(0);
	if ((n = mappings()) > NSMALL) {
		diag("%d mappings with all runs freed", n);
		return (1);
	}
	return (0);
}

/*
 * realloc moves pages rather than copy them, and a page that was moved cannot
 * share a mapping with its new neighbours. That must stop in time, long before
 * all runs have been moved.
 */
static int
moved_runs(void)
{
	enum { N = NRUN / 20, SIZE = 270000 };
	int i, n;

	for (i = 0; i < N; i++) {
		must((run[i] = malloc(SIZE)) != NULL);
		memcpy(run[i], &i, sizeof(i));
	}
	for (i = 0; i < N; i++)
		must((run[i] = realloc(run[i], 2 * SIZE)) != NULL);
	n = mappings();
	for (i = 0; i < N; i++)
		must(memcmp(run[i], &i, sizeof(i)) == 0);
	for (i = 0; i < 1000; i++) {
		char *p = malloc((size_t)i * 1000);

		must(p != NULL);
		memset(p, 1, (size_t)i * 1000);
		free(p);
	}
	must((run[N] = malloc((size_t)100 << 20)) != NULL);
	memset(run[N], 1, (size_t)1 << 20);
	for (i = 0; i <= N; i++) {
		errno = 4711;
		free(run[i]);
		must(errno == 4711);
	}
	(void)malloc_trim(0);
	diag("%d mappings with %d runs moved, %d with all freed", n, N,
	    mappings());
	if (mappings() > NSMALL)
		return (1);
	return (n > N / 2);
}

static int
small_runs(void)
{
	return (live_runs(12288));
}

static int
odd_runs(void)
{
	return (live_runs(20480 + 100));
}

static int
big_runs(void)
{
	return (live_runs(270000));
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 200);
	ok(tap_run_child(small_runs) == 0, "%d runs of 12288 bytes", NRUN);
	ok(tap_run_child(odd_runs) == 0, "%d runs of 20580 bytes", NRUN);
	ok(tap_run_child(big_runs) == 0, "%d runs of 270000 bytes", NRUN);
	ok(tap_run_child(moved_runs) == 0,
	    "%d runs grown by realloc", NRUN / 20);
	return (tap_end());
}
