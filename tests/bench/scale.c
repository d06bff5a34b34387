/*
 * scale.c - what becomes of time and memory as threads are added.
 *
 *	scale time N	nanoseconds on the wall for one replacement of a block,
 *			where N threads do the same work together
 *	scale idle N	KB of resident memory for each of N threads that have
 *			used a few blocks and now wait
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "workload.h"

#define OPERATIONS	16000000L	/* by all threads together */
#define LIVE		100		/* blocks of each thread */
#define MIN		16
#define MAX		1023
#define HANDOVER	8		/* one block in so many is swapped */
#define NSHARED		4096		/* with one of these, anybody's */
#define SMALL		200		/* blocks of an idle thread's past */

static unsigned long nthread;
static pthread_barrier_t gate;

/*
 * When a thread began and ended. The first to begin may be done before the
 * last, or main, has woken up: so each looks at the clock itself.
 */
static struct span {
	double		begun, ended;
} *spans;

static _Atomic(size_t *) shared[NSHARED];

static size_t *
block_new(uint64_t *state)
{
	size_t size = between(state, MIN, MAX);
	size_t *b = get(size);

	b[0] = size;
	b[1] = ~size;
	return (b);
}

static void
block_free(size_t *b)
{
	require(b == NULL || b[0] == ~b[1], "a block has changed");
	free(b);
}

static void
replace(size_t **slot, long count, uint64_t *state)
{
	while (count-- > 0) {
		size_t i = between(state, 0, LIVE - 1);

		if (*state % HANDOVER == 0)
			slot[i] = atomic_exchange(
			    &shared[between(state, 0, NSHARED - 1)], slot[i]);
		block_free(slot[i]);
		slot[i] = block_new(state);
	}
}

static void *
busy(void *arg)
{
	uint64_t state = 88172645463325252u + (size_t)arg;
	struct span *span = &spans[(size_t)arg];
	size_t *slot[LIVE];

	for (size_t i = 0; i < LIVE; i++)
		slot[i] = block_new(&state);
	replace(slot, LIVE, &state);
	(void)pthread_barrier_wait(&gate);
	span->begun = now();
	replace(slot, OPERATIONS / (long)nthread, &state);
	span->ended = now();
	for (size_t i = 0; i < LIVE; i++)
		block_free(slot[i]);
	return (NULL);
}

static pthread_t *
start(void *(*work)(void *))
{
	pthread_t *t = own_pages(nthread * sizeof(*t));

	for (size_t i = 0; i < nthread; i++)
		require(pthread_create(&t[i], NULL, work, (void *)i) == 0,
		    "pthread_create failed");
	return (t);
}

static double
time_all(void)
{
	double first, last;
	pthread_t *t;

	spans = own_pages(nthread * sizeof(*spans));
	require(pthread_barrier_init(&gate, NULL, (unsigned)nthread) == 0,
	    "pthread_barrier_init failed");
	t = start(busy);
	for (size_t i = 0; i < nthread; i++)
		require(pthread_join(t[i], NULL) == 0, "pthread_join failed");
	first = spans[0].begun;
	last = spans[0].ended;
	for (size_t i = 1; i < nthread; i++) {
		first = spans[i].begun < first ? spans[i].begun : first;
		last = spans[i].ended > last ? spans[i].ended : last;
	}
	return ((last - first) /
	    (double)(OPERATIONS / (long)nthread * (long)nthread));
}

static sem_t done;

static void *
idle(void *arg)
{
	uint64_t state = 88172645463325252u + (size_t)arg;
	size_t *slot[SMALL];

	for (size_t i = 0; i < SMALL; i++)
		slot[i] = block_new(&state);
	for (size_t i = 0; i < SMALL; i++)
		block_free(slot[i]);
	(void)sem_post(&done);
	for (;;)
		(void)pause();
	return (NULL);
}

/* The figure has the pages of its stack that a thread touches in it. */
static double
idle_kb(void)
{
	size_t before = resident();

	require(sem_init(&done, 0, 0) == 0, "sem_init failed");
	(void)start(idle);
	for (size_t i = 0; i < nthread; i++)
		while (sem_wait(&done) != 0)
			continue;
	return ((double)(resident() - before) / 1024 / (double)nthread);
}

int
main(int argc, char **argv)
{
	nthread = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	if (nthread > 0 && strcmp(argv[1], "time") == 0)
		figure(time_all());
	else if (nthread > 0 && strcmp(argv[1], "idle") == 0)
		figure(idle_kb());
	else
		die("usage: scale time|idle N");
	return (0);
}
