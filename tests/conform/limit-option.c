/*
 * limit-option - KMA_OPTIONS=limit=BYTES: the pages in use never exceed it,
 * whatever asks for them; beyond it is NULL with ENOMEM, and what is freed
 * can be had again.
 */
#include "tap.h"

#include <malloc.h>
#include <pthread.h>

#define MB	((size_t)1 << 20)
#define LIMIT	(32 * MB)
#define NTHREAD	8
#define NSMALL	1000000

static void *big[64];
static void *small[NSMALL];

/* The most pages that ever were in use, in bytes: this never goes down. */
static int
kept(void)
{
	size_t most = mallinfo2().usmblks;

	if (most > LIMIT)
		diag("%zu bytes were in use", most);
	return (most <= LIMIT);
}

/* Allocates until that fails, for the right reason; how often it did not. */
static size_t
fill(void **p, size_t n, size_t size)
{
	size_t i;

	errno = 0;
	for (i = 0; i < n; i++)
		if ((p[i] = malloc(size)) == NULL)
			break;
	must(i == n || errno == ENOMEM);
	return (i);
}

static void
empty(void **p, size_t n)
{
	while (n-- > 0)
		free(p[n]);
}

static void
megabytes(void)
{
	size_t n = fill(big, 64, MB);

	ok(n >= 24 && n <= 32, "%zu blocks of 1 MB", n);
	free(big[--n]);
	ok((big[n] = malloc(MB)) != NULL, "one is freed: another can be had");
	errno = 0;
	ok(calloc(4, MB) == NULL && errno == ENOMEM, "calloc");
	errno = 0;
	ok(realloc(big[0], 9 * MB) == NULL && errno == ENOMEM, "realloc");
	errno = 0;
	ok(aligned_alloc(4096, 4 * MB) == NULL && errno == ENOMEM,
	    "aligned_alloc");
	errno = 0;
	ok(posix_memalign(&big[63], 4096, 4 * MB) == ENOMEM && errno == 0,
	    "posix_memalign");
	empty(big, n + 1);
	ok(kept(), "never more than the limit");
}

static void
blocks(size_t size)
{
	size_t n = fill(small, NSMALL, size), half, again;

	ok(n > 3 * LIMIT / 4 / (size + 16) && n <= LIMIT / size,
	    "%zu blocks of %zu bytes", n, size);
	half = n / 2;
	empty(small + half, n - half);
	again = fill(small + half, NSMALL - half, size);
	ok(again + half + again / 64 >= n, "half are freed: %zu more", again);
	empty(small, half + again);
	big[0] = malloc(24 * MB);
	ok(big[0] != NULL, "all are freed: one of 24 MB");
	free(big[0]);
	ok(kept(), "never more than the limit");
}

/* Alone at the end of the arena, a block grows where it is. */
static void
growing(void)
{
	size_t size = 300000, got = 0;
	char *p = malloc(size), *q;

	while ((q = realloc(p, size)) != NULL) {
		p = q;
		got = size;
		p[got - 1] = 1;
		size += 100000;
	}
	ok(errno == ENOMEM && got > LIMIT / 3 && got < LIMIT,
	    "realloc grows up to %zu bytes", got);
	ok(p[got - 1] == 1, "the block is as it was");
	free(p);
	ok(malloc(LIMIT + 1) == NULL && errno == ENOMEM, "more than the limit");
	ok(malloc(2 * LIMIT) == NULL && errno == ENOMEM, "twice as much");
	ok(kept(), "never more than the limit");
}

static pthread_barrier_t start;

static void *
thread(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	size_t have = 0, failed = 0;
	void *p[256];

	pthread_barrier_wait(&start);
	for (int i = 0; i < 50000; i++) {
		size_t size = (size_t)rand_r(&seed) % 30 != 0 ?
		    (size_t)rand_r(&seed) % 4000 :
		    (size_t)rand_r(&seed) % (4 * MB);

		if (have < 256)
			p[have] = malloc(size);
		if (have < 256 && p[have] != NULL) {
			*(char *)p[have++] = 1;
			continue;
		}
		failed += have < 256;
		while (have > (size_t)rand_r(&seed) % 200)
			free(p[--have]);
	}
	empty(p, have);
	return ((void *)failed);
}

static void
threads(void)
{
	size_t failed = 0;
	pthread_t t[NTHREAD];
	void *result, *p;

	must(pthread_barrier_init(&start, NULL, NTHREAD) == 0);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		must(pthread_create(&t[i], NULL, thread, (void *)(i + 1)) == 0);
	for (int i = 0; i < NTHREAD; i++) {
		pthread_join(t[i], &result);
		failed += (size_t)result;
	}
	ok(failed > 0, "threads met the limit %zu times", failed);
	ok(kept(), "never more than the limit");
	ok((p = malloc(24 * MB)) != NULL, "they are gone: one of 24 MB");
	free(p);
}

/* What the parent holds counts in its child. */
static int
child(void)
{
	size_t n = fill(big + 16, 48, MB);

	return (n >= 8 && n < 16 && kept() ? 0 : 1);
}

static void
forks(void)
{
	must(fill(big, 16, MB) == 16);
	ok(tap_run_child(child) == 0, "the child of a fork has the rest");
	ok(tap_run_child(child) == 0, "so has the next");
	empty(big, 16);
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (getenv("KMA_TEST_REEXEC") == NULL)
		setenv("KMA_OPTIONS", "limit=32M", 1);
	if (getenv("KMA_TEST_ANY") != NULL)
		skip_all("only libkma has this option");
	tap_begin(argv, 300);
	megabytes();
	blocks(40);
	blocks(1000);
	blocks(5000);
	growing();
	threads();
	forks();
	megabytes();
	return (tap_end());
}
