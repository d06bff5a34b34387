/*
 * thread-queues - 64 threads allocate, fill, and hand blocks to each other
 * through queues; each block is checked and freed, or resized and sent on,
 * by whoever receives it.
 */
#include "tap.h"

#include <pthread.h>
#include <sched.h>

#include "measure.h"
#include "pattern.h"

#define THREADS	64
#define SLOTS	128
#define ROUNDS	20000

struct item {
	unsigned char	*p;
	size_t		 size;
	uint64_t	 seed;
};

/* Slots [tail, head) modulo SLOTS are full. */
static struct queue {
	pthread_mutex_t	lock;
	unsigned	head, tail;
	struct item	slot[SLOTS];
} queues[THREADS];

static pthread_barrier_t start;
static long sent, received, damaged;

static int
put(struct queue *q, const struct item *it)
{
	int done;

	pthread_mutex_lock(&q->lock);
	done = q->head - q->tail < SLOTS;
	if (done)
		q->slot[q->head++ % SLOTS] = *it;
	pthread_mutex_unlock(&q->lock);
	return (done);
}

static int
get(struct queue *q, struct item *it)
{
	int done;

	pthread_mutex_lock(&q->lock);
	done = q->head != q->tail;
	if (done)
		*it = q->slot[q->tail++ % SLOTS];
	pthread_mutex_unlock(&q->lock);
	return (done);
}

static void
finish(struct item *it)
{
	if (!intact(it->p, it->size, it->seed))
		__atomic_add_fetch(&damaged, 1, __ATOMIC_RELAXED);
	free(it->p);
}

static void *
worker(void *arg)
{
	struct item it;
	struct queue *mine;
	uint64_t rng;
	size_t size;
	long in, out;
	int i;

	mine = (struct queue *)arg;
	rng = (uint64_t)(mine - queues) * 77 + 1;
	in = out = 0;
	pthread_barrier_wait(&start);
	for (i = 0; i < ROUNDS; i++) {
		if (i % 32 == 0)
			sched_yield();
		it.seed = rnd(&rng);
		it.size = rnd_size(&rng, it.seed % 97 == 0 ? 17 : 11);
		switch (it.seed % 3) {
		case 0:
			it.p = (unsigned char *)calloc(1, it.size);
			must(it.p != NULL && zeroed(it.p, it.size));
			break;
		case 1:
			it.p = (unsigned char *)aligned_alloc(64, it.size);
			break;
		default:
			it.p = (unsigned char *)malloc(it.size);
		}
		must(it.p != NULL);
		fill(it.p, it.size, it.seed);
		if (put(&queues[rnd(&rng) % THREADS], &it))
			out++;
		else
			finish(&it);
		if (!get(mine, &it))
			continue;
		in++;
		if (rnd(&rng) % 4 != 0) {
			finish(&it);
			continue;
		}
		size = rnd_size(&rng, 12);
		it.p = (unsigned char *)realloc(it.p, size + 1);
		must(it.p != NULL);
		if (!intact(it.p, size < it.size ? size : it.size, it.seed))
			__atomic_add_fetch(&damaged, 1, __ATOMIC_RELAXED);
		it.size = size;
		fill(it.p, it.size, it.seed);
		if (put(&queues[rnd(&rng) % THREADS], &it))
			out++;
		else
			finish(&it);
	}
	__atomic_add_fetch(&received, in, __ATOMIC_RELAXED);
	__atomic_add_fetch(&sent, out, __ATOMIC_RELAXED);
	return (NULL);
}

int
main(int argc, char **argv)
{
	static pthread_t t[THREADS];
	struct item it;
	int i, round;

	(void)argc;
	tap_begin(argv, 300);
	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		pthread_mutex_init(&queues[i].lock, NULL);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < THREADS; i++)
			must(pthread_create(&t[i], NULL, worker,
			    &queues[i]) == 0);
		for (i = 0; i < THREADS; i++)
			pthread_join(t[i], NULL);
	}
	for (i = 0; i < THREADS; i++)
		while (get(&queues[i], &it)) {
			received++;
			finish(&it);
		}
	ok(sent > THREADS * ROUNDS, "%ld blocks changed hands", sent);
	ok(sent == received, "and all of them arrived");
	ok(damaged == 0, "with their contents: %ld damaged", damaged);
	return (tap_end());
}
