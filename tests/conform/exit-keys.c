/*
 * exit-keys - thread-specific data: destructors that allocate and free, and
 * set their value again for as many rounds as there are; all keys are the
 * program's to use.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define KEYS	40

static pthread_key_t key[KEYS];
static int rounds;

static void
destroy(void *value)
{
	static __thread int calls;
	void *p;
	size_t k;

	must(intact(value, 500, 8));
	free(value);
	for (size_t size = 1; size < 100000; size *= 7) {
		must((p = malloc(size)) != NULL);
		memset(p, 1, size);
		free(p);
	}
	__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	if (calls++ >= KEYS * (PTHREAD_DESTRUCTOR_ITERATIONS - 1))
		return;
	for (k = 0; k < KEYS; k++)
		if (pthread_getspecific(key[k]) == NULL) {
			must((p = malloc(500)) != NULL);
			fill(p, 500, 8);
			pthread_setspecific(key[k], p);
			return;
		}
}

static void *
worker(void *arg)
{
	void *p;
	int i;

	for (i = 0; i < KEYS; i++) {
		must((p = malloc(500)) != NULL);
		fill(p, 500, 8);
		pthread_setspecific(key[i], p);
	}
	return (arg);
}

static int
key_count(void)
{
	pthread_key_t k;
	int n;

	for (n = 0; pthread_key_create(&k, free) == 0; n++)
		pthread_setspecific(k, malloc(100));
	return (n);
}

static void *
take_all(void *arg)
{
	*(int *)arg = key_count();
	return (NULL);
}

int
main(int argc, char **argv)
{
	pthread_t t[20];
	size_t base;
	int i, n, round;

	(void)argc;
	tap_begin(argv, 60);
	for (i = 0; i < KEYS; i++)
		must(pthread_key_create(&key[i], destroy) == 0);
	base = 0;
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 20; i++)
			must(pthread_create(&t[i], NULL, worker, NULL) == 0);
		for (i = 0; i < 20; i++)
			pthread_join(t[i], NULL);
		if (round == 4)
			base = rss();
	}
	ok(rounds >= 1000 * KEYS * 2, "%d destructor calls in 1000 threads",
	    rounds);
	ok(rss() < base + 4 * MB, "%zu KB resident after 100 threads, "
	    "%zu after 1000", base / KB, rss() / KB);
	for (i = 0; i < KEYS; i++)
		pthread_key_delete(key[i]);
	n = 0;
	must(pthread_create(&t[0], NULL, take_all, &n) == 0);
	pthread_join(t[0], NULL);
	ok(n == PTHREAD_KEYS_MAX, "a program can have %d of %d keys", n,
	    PTHREAD_KEYS_MAX);
	must(pthread_create(&t[0], NULL, worker, NULL) != 0 ||
	    pthread_join(t[0], NULL) == 0);
	ok(malloc(100) != NULL, "and threads still start without one");
	return (tap_end());
}
