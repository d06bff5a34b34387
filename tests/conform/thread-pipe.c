/*
 * thread-pipe - one thread allocates, another frees, for millions of blocks:
 * memory stays constant.  An argument is the number of millions.
 */
#include "tap.h"

#include <pthread.h>
#include <sched.h>

#include "measure.h"
#include "pattern.h"

#define RING	1024
#define SAMPLES	10

/* Blocks [taken, given) are in the ring; each index has one writer. */
static _Atomic(unsigned long) given, taken;
static unsigned char *ring[RING];
static unsigned long total;
static size_t first, most;
static int damaged;

static void *
consumer(void *arg)
{
	unsigned char *p;
	unsigned long i;
	size_t now_rss;

	for (i = 0; i < total; i++) {
		while (given == i)
			sched_yield();
		p = ring[i % RING];
		damaged += p[0] != (unsigned char)i;
		free(p);
		taken = i + 1;
		if ((i + 1) % (total / SAMPLES) == 0) {
			now_rss = rss();
			if (i + 1 == total / SAMPLES)
				first = now_rss;
			if (now_rss > most)
				most = now_rss;
		}
	}
	return (arg);
}

static void
flow(unsigned long n, size_t lo, size_t hi)
{
	pthread_t t;
	uint64_t rng;
	unsigned long i;
	size_t limit;

	total = n;
	given = taken = 0;
	first = most = 0;
	damaged = 0;
	rng = 5;
	must(pthread_create(&t, NULL, consumer, NULL) == 0);
	for (i = 0; i < n; i++) {
		while (i - taken == RING)
			sched_yield();
		ring[i % RING] = (unsigned char *)malloc(lo == hi ? lo :
		    rnd_range(&rng, lo, hi));
		must(ring[i % RING] != NULL);
		ring[i % RING][0] = (unsigned char)i;
		given = i + 1;
	}
	pthread_join(t, NULL);
	ok(damaged == 0, "%lu blocks of %zu to %zu bytes", n, lo, hi);
	/* What can be live, and a few megabytes for the caches. */
	limit = first + RING * hi / 2 + 4 * MB;
	ok(most <= limit, "first %zu KB resident, never above %zu KB",
	    first / KB, most / KB);
	ok_kma(most <= 2 * RING * hi + 24 * MB, "which is little");
}

int
main(int argc, char **argv)
{
	unsigned long million;

	tap_begin(argv, 3000);
	million = argc > 1 ? strtoul(argv[1], NULL, 10) * 1000000 : 1000000;
	flow(2 * million, 64, 64);
	flow(million, 16, 1039);
	flow(million / 2, 16 * KB, 16 * KB);
	flow(million / 20, 100 * KB, 600 * KB);
	return (tap_end());
}
