/*
 * thread-exit - a thread that ends gives back what it held, for other threads
 * to use and to the system.
 */
#include "tap.h"

#include <malloc.h>
#include <pthread.h>

#include "measure.h"

#define BLOCKS	4000

static void *left[BLOCKS];

/* Fills and empties its caches of every size. */
static void *
churn(void *arg)
{
	static __thread void *p[256];
	size_t size;
	int i;

	for (size = 16; size <= 256 * KB; size *= 2) {
		for (i = 0; i < 256; i++) {
			must((p[i] = malloc(size)) != NULL);
			memset(p[i], 1, size < 8 * KB ? size : 8 * KB);
		}
		for (i = 0; i < 256; i++)
			free(p[i]);
	}
	return (arg);
}

static void *
leave(void *arg)
{
	int i;

	for (i = 0; i < BLOCKS; i++) {
		must((left[i] = malloc(16 * KB)) != NULL);
		memset(left[i], 1, 16 * KB);
	}
	return (arg);
}

static void
run(void *(*fn)(void *))
{
	pthread_t t;

	must(pthread_create(&t, NULL, fn, NULL) == 0);
	pthread_join(t, NULL);
}

int
main(int argc, char **argv)
{
	size_t base, after;
	int i;

	(void)argc;
	tap_begin(argv, 120);
	run(churn);
	malloc_trim(0);
	base = rss();
	for (i = 0; i < 50; i++)
		run(churn);
	malloc_trim(0);
	after = rss();
	ok(after < base + 2 * MB, "%zu KB after one thread, %zu after 50 more",
	    base / KB, after / KB);
	ok_kma(after < 8 * MB, "nothing of theirs is left");
	run(leave);
	for (i = 0; i < BLOCKS; i++)
		free(left[i]);
	ok_kma(mallinfo2().uordblks < 4 * MB,
	    "64 MB left by a thread and freed by another are not in use");
	malloc_trim(0);
	ok(rss() < base + 4 * MB, "nor resident: %zu KB", rss() / KB);
	for (i = 0; i < 10; i++) {
		run(leave);
		run(churn);
		after = rss();
		for (int k = 0; k < BLOCKS; k++)
			free(left[k]);
	}
	ok(after < base + 110 * MB, "ten times over: %zu KB", after / KB);
	return (tap_end());
}
