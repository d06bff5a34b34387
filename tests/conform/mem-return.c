/*
 * mem-return - 500 MB of 64-byte blocks are allocated and freed; then the
 * process only sleeps.  Two seconds later the memory is the system's again.
 */
#include "tap.h"

#include <sys/mman.h>

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define TOTAL	(500 * MB)

static void **block;
static size_t count, size;

/* The addresses are kept out of the heap. */
static void
open_table(size_t n)
{
	count = n;
	block = (void **)mmap(NULL, n * sizeof(*block),
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED)
		bail("mmap");
}

static void
close_table(void)
{
	munmap(block, count * sizeof(*block));
}

static void
allocate(void)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if ((block[i] = malloc(size)) == NULL)
			bail("malloc(%zu)", size);
		memset(block[i], 1, size);
	}
}

static void
release(void)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(block[i]);
}

static void *
release_in_thread(void *arg)
{
	release();
	sleep_ms(2500);
	return (arg);
}

static void
shuffle(void)
{
	uint64_t rng;
	size_t i, k;
	void *p;

	rng = 11;
	for (i = count - 1; i > 0; i--) {
		k = rnd_range(&rng, 0, i);
		p = block[i];
		block[i] = block[k];
		block[k] = p;
	}
}

/* One case, in a process of its own. */
static int
run(size_t blocksize, int order)
{
	pthread_t t;
	size_t left, peak;

	size = blocksize;
	open_table(TOTAL / size);
	allocate();
	peak = rss() - count * sizeof(*block);
	if (order == 'r')
		shuffle();
	if (order == 't') {
		must(pthread_create(&t, NULL, release_in_thread, NULL) == 0);
		sleep_ms(600);
		pthread_join(t, NULL);
	} else
		release();
	close_table();
	sleep_ms(tap_kma ? 2000 : 1);
	left = rss();
	diag("peak %zu MB, %zu KB two seconds later", peak / MB, left / KB);
	return (tap_kma && (peak > 530 * MB || left > 10 * MB));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *size, *order, *what;
	} cases[] = {
		{ "64", "o", "64 B, freed in order" },
		{ "64", "r", "64 B, freed in random order" },
		{ "1024", "o", "1 KB, freed in order" },
		{ "102400", "r", "100 KB, freed in random order" },
		{ "64", "t", "64 B, freed by another thread" },
	};
	size_t i;

	tap_begin(argv, 120);
	if (argc > 2)
		return (run(strtoul(argv[1], NULL, 10), argv[2][0]));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok_kma(tap_run_self(cases[i].size, cases[i].order) == 0,
		    "%s: at most 530 MB for 500, and 10 MB at last",
		    cases[i].what);
	return (tap_end());
}
