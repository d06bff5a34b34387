/*
 * mem-trim - malloc_trim(0) gives nearly everything back, at once, and takes
 * nothing that is in use.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

#define N	40000

static struct { unsigned char *p; size_t size; } b[N];

static size_t
allocate(unsigned shift)
{
	uint64_t rng;
	size_t total;
	int i;

	rng = shift;
	for (i = 0, total = 0; i < N; i++) {
		b[i].size = rnd_size(&rng, shift) + 1;
		must((b[i].p = (unsigned char *)malloc(b[i].size)) != NULL);
		fill(b[i].p, b[i].size, (uint64_t)i);
		total += b[i].size;
	}
	return (total);
}

static void
release(int from, int step)
{
	int i;

	for (i = from; i < N; i += step) {
		free(b[i].p);
		b[i].p = NULL;
	}
}

int
main(int argc, char **argv)
{
	size_t after, base, kept, total;
	unsigned shift;
	int bad, i;

	(void)argc;
	tap_begin(argv, 60);
	malloc_trim(0);
	base = rss();
	for (shift = 6; shift <= 16; shift += 5) {
		total = allocate(shift);
		release(0, 1);
		malloc_trim(0);
		after = rss();
		ok(after < base + 2 * MB + total / 50,
		    "%zu MB freed, %zd KB more than before resident",
		    total / MB, ((ssize_t)after - (ssize_t)base) / 1024);
	}
	total = allocate(16);
	for (i = 0, kept = 0; i < N; i++)
		if (i % 8 == 0)
			kept += b[i].size;
		else {
			free(b[i].p);
			b[i].p = NULL;
		}
	malloc_trim(0);
	after = rss();
	ok_kma(after < base + total / 2, "an eighth of the blocks kept, "
	    "%zu of %zu MB resident", after / MB, total / MB);
	for (i = bad = 0; i < N; i += 8)
		bad += !intact(b[i].p, b[i].size, (uint64_t)i);
	ok(bad == 0, "and their contents, %zu MB, are untouched", kept / MB);
	release(0, 8);
	for (i = 0; i < 100; i++) {
		free(malloc(100 * KB));
		malloc_trim(0);
	}
	ok(rss() < base + 4 * MB, "100 times over");
	return (tap_end());
}
