/*
 * mem-maps - 200,000 live page runs of odd sizes, and the holes between
 * them, do not use up the mappings that a process may have.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

#define N	200000

static struct { unsigned char *p; size_t size; } b[N];

static int
touch_all(void)
{
	int bad, i;

	for (i = bad = 0; i < N; i++)
		if (b[i].p != NULL)
			bad += b[i].p[0] != (unsigned char)i;
	return (bad);
}

static void
make(int i, uint64_t *rng)
{
	b[i].size = (size_t)rnd_range(rng, 9, 29) * 1000;
	must((b[i].p = (unsigned char *)malloc(b[i].size)) != NULL);
	b[i].p[0] = (unsigned char)i;
}

int
main(int argc, char **argv)
{
	uint64_t rng;
	size_t most, n;
	int i, k;

	(void)argc;
	tap_begin(argv, 120);
	rng = 21;
	for (i = 0; i < N; i++)
		make(i, &rng);
	n = maps();
	ok(n < 1000, "%d runs of 9 to 29 KB: %zu mappings", N, n);
	for (i = 0; i < N; i += 2) {
		free(b[i].p);
		b[i].p = NULL;
	}
	n = maps();
	ok(n < 1000, "every second one freed: %zu mappings", n);
	sleep_ms(tap_kma ? 1500 : 0);
	malloc_trim(0);
	n = maps();
	ok(n < 1000, "and given back: %zu mappings", n);
	ok(touch_all() == 0, "the others are untouched");
	most = 0;
	for (k = 0; k < 3 * N; k++) {
		i = (int)rnd_range(&rng, 0, N - 1);
		free(b[i].p);
		make(i, &rng);
		if (k % 10000 == 0) {
			if (k % 50000 == 0)
				malloc_trim(0);
			n = maps();
			most = n > most ? n : most;
		}
	}
	ok(most < 1000, "%d random replacements: at most %zu mappings", k,
	    most);
	ok(touch_all() == 0, "the contents are right");
	for (i = 0; i < N; i++)
		if (b[i].p == NULL)
			make(i, &rng);
	/* Large ones that grow move their pages about. */
	most = 0;
	for (k = 0; k < 2000; k++) {
		i = (int)rnd_range(&rng, 0, 999);
		b[i].size = rnd_range(&rng, 1, 30) * MB / 8;
		b[i].p = (unsigned char *)realloc(b[i].p, b[i].size);
		must(b[i].p != NULL && b[i].p[0] == (unsigned char)i);
		if (k % 100 == 0) {
			n = maps();
			most = n > most ? n : most;
		}
	}
	ok(most < 4000, "1000 blocks change size up to 4 MB: %zu mappings",
	    most);
	ok(touch_all() == 0, "the contents are right");
	for (i = 0; i < N; i++)
		free(b[i].p);
	n = maps();
	ok(n < 4000, "all freed: %zu mappings", n);
	return (tap_end());
}
