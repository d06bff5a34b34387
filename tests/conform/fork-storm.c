/*
 * fork-storm - thousands of forks while eight threads allocate.  Children
 * check and free what they inherited, allocate, and end or run a program.  An
 * argument is the number of forks.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define THREADS	8
#define FORKS	2000
#define LIVE	200
#define AT_ONCE	4

static volatile int stop;

static struct { unsigned char *p; size_t size; } kept[LIVE];

static void *
worker(void *arg)
{
	static __thread struct { void *p; } b[64];
	uint64_t rng;
	int i, n;

	rng = (uint64_t)(uintptr_t)arg + 1;
	for (n = 0; !stop; n++) {
		if (n % 200 == 0)	/* leaves time for the children */
			usleep(200);
		i = (int)rnd_range(&rng, 0, 63);
		if (rnd(&rng) % 4 == 0)
			b[i].p = realloc(b[i].p, rnd_size(&rng, 16) + 1);
		else {
			free(b[i].p);
			b[i].p = malloc(rnd_size(&rng,
			    rnd(&rng) % 50 == 0 ? 22 : 14) + 1);
		}
		must(b[i].p != NULL);
		*(char *)b[i].p = 1;
	}
	for (i = 0; i < 64; i++)
		free(b[i].p);
	return (NULL);
}

static void *
nested(void *arg)
{
	void *p;

	p = malloc(1000);
	must(p != NULL);
	free(p);
	return (arg);
}

/* A child of a child. */
static int
grandchild(void)
{
	free(kept[1].p);
	return (malloc(5000) == NULL);
}

static void
child(int n)
{
	static char name[] = "true";
	char *args[] = { name, NULL };
	pthread_t t;
	uint64_t rng;
	void *p[50];
	int i;

	alarm(30);
	rng = (uint64_t)n + 1;
	for (i = 0; i < 50; i++) {
		must((p[i] = malloc(rnd_size(&rng, 18) + 1)) != NULL);
		*(char *)p[i] = 1;
	}
	for (i = n % 3; i < LIVE; i += 3) {
		must(intact(kept[i].p, kept[i].size, (uint64_t)i));
		free(kept[i].p);
		must((kept[i].p = malloc(kept[i].size)) != NULL);
	}
	for (i = 0; i < 50; i++)
		free(p[i]);
	if (n % 16 == 1) {
		must(pthread_create(&t, NULL, nested, NULL) == 0);
		pthread_join(t, NULL);
	}
	if (n % 64 == 2) {
		execv("/bin/true", args);
		_exit(95);
	}
	if (n % 64 == 3)
		_exit(tap_run_child(grandchild));
	if (n % 4 == 0)
		exit(0);
	_exit(0);
}

int
main(int argc, char **argv)
{
	static pthread_t t[THREADS];
	pid_t pid;
	int failed, forks, i, n, running;

	tap_begin(argv, 3000);
	forks = argc > 1 ? atoi(argv[1]) : FORKS;
	for (i = 0; i < LIVE; i++) {
		kept[i].size = 100 + (size_t)i * 97;
		kept[i].p = (unsigned char *)malloc(kept[i].size);
		must(kept[i].p != NULL);
		fill(kept[i].p, kept[i].size, (uint64_t)i);
	}
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, worker,
		    (void *)(uintptr_t)i) == 0);
	failed = running = 0;
	for (n = 0; n < forks; n++) {
		if (running == AT_ONCE) {
			failed += tap_wait(-1) != 0;
			running--;
		}
		must((pid = fork()) >= 0);
		if (pid == 0)
			child(n);
		running++;
	}
	while (running-- > 0)
		failed += tap_wait(-1) != 0;
	stop = 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(failed == 0, "%d forks beside %d threads: %d failed", forks,
	    THREADS, failed);
	for (i = n = 0; i < LIVE; i++) {
		n += !intact(kept[i].p, kept[i].size, (uint64_t)i);
		free(kept[i].p);
	}
	ok(n == 0, "the parent's blocks are untouched");
	return (tap_end());
}
