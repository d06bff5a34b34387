/*
 * thread-caches - 500 threads that wait: what their caches hold is bounded,
 * each by itself and all together.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"

#define THREADS	500

static pthread_barrier_t before, between, after;

static void
touch(size_t size, int n)
{
	void *p[64];
	int i;

	for (i = 0; i < n; i++) {
		must((p[i] = malloc(size)) != NULL);
		memset(p[i], 1, size);
	}
	for (i = 0; i < n; i++)
		free(p[i]);
}

static void *
worker(void *arg)
{
	size_t size;

	pthread_barrier_wait(&before);
	touch(100, 1);
	pthread_barrier_wait(&between);
	pthread_barrier_wait(&between);
	for (size = 16; size <= 64 * KB; size *= 2)
		touch(size, size < 8 * KB ? 64 : 8);
	pthread_barrier_wait(&after);
	pthread_barrier_wait(&after);
	return (arg);
}

int
main(int argc, char **argv)
{
	static pthread_t t[THREADS];
	size_t base, little, much;
	int i;

	(void)argc;
	tap_begin(argv, 120);
	pthread_barrier_init(&before, NULL, THREADS + 1);
	pthread_barrier_init(&between, NULL, THREADS + 1);
	pthread_barrier_init(&after, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, worker, NULL) == 0);
	sleep_ms(300);
	base = rss();
	pthread_barrier_wait(&before);
	pthread_barrier_wait(&between);
	little = rss();
	ok(little < base + THREADS * 24 * KB,
	    "%d threads with one malloc each: %zu KB", THREADS,
	    (little - base) / KB);
	pthread_barrier_wait(&between);
	pthread_barrier_wait(&after);
	sleep_ms(tap_kma ? 2000 : 0);
	much = rss();
	ok_kma(much < base + 80 * MB,
	    "after 1.5 MB in each, %zu KB are resident two seconds later",
	    (much - base) / KB);
	pthread_barrier_wait(&after);
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	/* Whoever works on returns what they held. */
	for (i = 0; i < 6; i++) {
		sleep_ms(tap_kma ? 500 : 0);
		touch(100 * KB, 64);
	}
	/* What a mode notes of each block stays with the lists. */
	ok_kma(rss() < base + (getenv("KMA_TEST_MODE") != NULL ? 24 : 16) * MB,
	    "%zd KB after the threads have ended",
	    ((ssize_t)rss() - (ssize_t)base) / (ssize_t)KB);
	return (tap_end());
}
