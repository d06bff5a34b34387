/*
 * exit-handlers - allocation after main has returned: in atexit and
 * at_quick_exit handlers, many of them, in destructors, and from threads that
 * still run while the process ends.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define RUNS	100

static void *kept[200];
static int handlers;

static void
churn(void)
{
	uint64_t rng;
	int i;

	rng = (uint64_t)handlers + 1;
	for (i = 0; i < 200; i++) {
		kept[i] = realloc(kept[i], rnd_size(&rng, 16) + 1);
		must(kept[i] != NULL);
		*(char *)kept[i] = 1;
	}
	for (i = handlers % 2; i < 200; i += 2) {
		free(kept[i]);
		kept[i] = NULL;
	}
}

static void
handler(void)
{
	handlers++;
	churn();
	if (handlers == 50)
		atexit(handler);
}

/* The last to run: the exit status tells that all the others did. */
static void
last(void)
{
	churn();
	_exit(handlers == 101 ? 0 : 90);
}

static void
last_quick(void)
{
	churn();
	_exit(handlers == 32 ? 0 : 90);
}

static void __attribute__((destructor))
destructor(void)
{
	churn();
	churn();
}

static void *
worker(void *arg)
{
	void *b[32] = { NULL };
	uint64_t rng;
	int i;

	rng = (uint64_t)(uintptr_t)arg + 1;
	for (;;) {
		i = (int)rnd_range(&rng, 0, 31);
		free(b[i]);
		b[i] = malloc(rnd_size(&rng, 16) + 1);
		must(b[i] != NULL);
		*(char *)b[i] = 1;
	}
	return (NULL);
}

static void
start_threads(void)
{
	pthread_t t;
	uintptr_t i;

	for (i = 0; i < 3; i++) {
		must(pthread_create(&t, NULL, worker, (void *)i) == 0);
		pthread_detach(t);
	}
	sleep_ms(3);
}

static int
child(const char *how)
{
	int i;

	if (strcmp(how, "atexit") == 0) {
		atexit(last);
		for (i = 0; i < 100; i++)
			atexit(handler);
		churn();
		exit(1);
	}
	if (strcmp(how, "quick") == 0) {
		at_quick_exit(last_quick);
		for (i = 0; i < 32; i++)
			at_quick_exit(handler);
		churn();
		quick_exit(1);
	}
	if (strcmp(how, "threads") == 0) {
		start_threads();
		atexit(churn);
		return (0);
	}
	if (strcmp(how, "threads-quick") == 0) {
		start_threads();
		at_quick_exit(churn);
		quick_exit(0);
	}
	if (strcmp(how, "thread-exit") == 0) {
		/* The process ends with its last thread, not with main. */
		atexit(churn);
		pthread_exit(NULL);
	}
	return (0);
}

static void
runs(const char *how, int n, const char *what)
{
	int failed, i;

	for (i = failed = 0; i < n; i++)
		failed += tap_run_self(how, NULL) != 0;
	ok(failed == 0, "%s: %d of %d failed", what, failed, n);
}

int
main(int argc, char **argv)
{
	tap_begin(argv, 120);
	if (argc > 1)
		return (child(argv[1]));
	runs("plain", 2, "destructors");
	runs("atexit", 2, "101 atexit handlers");
	runs("quick", 2, "at_quick_exit handlers");
	runs("thread-exit", 2, "main ends by pthread_exit");
	runs("threads", RUNS, "exit while detached threads allocate");
	runs("threads-quick", RUNS, "quick_exit while threads allocate");
	return (tap_end());
}
