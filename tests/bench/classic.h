/*
 * classic.h: what the classic workloads share: random numbers, blocks that tell
 * when they were damaged, and threads.
 *
 * Each workload does a fixed amount of work, the same at each run but for how
 * its threads take turns, and ends with status 1 when its memory is not what
 * it wrote.
 */
#ifndef CLASSIC_H
#define CLASSIC_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOUCH	4096	/* bytes from one mark in a block to the next */

static inline void
require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

/* The argument at index, or what it is when none was given. */
static inline size_t
argument(int argc, char *argv[], int index, size_t otherwise)
{
	return (index < argc ? strtoul(argv[index], NULL, 10) : otherwise);
}

/* Random numbers: xorshift64*. */
struct random {
	uint64_t	state;
};

static inline struct random
random_start(uint64_t seed)
{
	return ((struct random){ (seed + 1) * 0x9e3779b97f4a7c15u });
}

static inline uint64_t
random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (r->state * 0x2545f4914f6cdd1du >> 16);
}

static inline size_t
random_below(struct random *r, size_t bound)
{
	return (random_next(r) % bound);
}

static inline size_t
random_between(struct random *r, size_t least, size_t most)
{
	return (least + random_below(r, most - least + 1));
}

/* Each doubling from least to least << doublings is as likely as the next. */
static inline size_t
random_skewed(struct random *r, size_t least, unsigned doublings)
{
	size_t low = least << random_below(r, doublings);

	return (random_between(r, low, 2 * low - 1));
}

static inline void *
obtain(size_t size)
{
	void *p = malloc(size);

	require(p != NULL, "malloc returned NULL");
	return (p);
}

/*
 * A block knows its size and carries a mark in its first bytes, its last one,
 * and one in each page, so that its memory is really there.
 */
struct block {
	uint32_t	size;
	uint32_t	mark;
	char		bytes[];
};

#define BLOCK_LEAST	(sizeof(struct block) + 1)

static inline struct block *
block_new(size_t size, uint32_t mark)
{
	struct block *b = obtain(size);
	char *start = (char *)b;

	b->size = size;
	b->mark = mark;
	for (size_t at = TOUCH; at < size; at += TOUCH)
		start[at] = mark;
	start[size - 1] = mark;
	return (b);
}

static inline void
block_check(const struct block *b)
{
	require(((const char *)b)[b->size - 1] == (char)b->mark,
	    "a block was damaged");
}

/* NULL is no block, and may be freed too. */
static inline void
block_free(struct block *b)
{
	if (b != NULL)
		block_check(b);
	free(b);
}

/* Threads: each is told its number and what all share. */
struct worker {
	pthread_t	thread;
	size_t		number;
	void		*shared;
};

static inline void
worker_start(struct worker *w, void *(*work)(void *))
{
	require(pthread_create(&w->thread, NULL, work, w) == 0,
	    "pthread_create failed");
}

static inline void
worker_wait(struct worker *w)
{
	require(pthread_join(w->thread, NULL) == 0, "pthread_join failed");
}

/* All of them at once, until the last has ended. */
static inline void
workers_run(size_t count, void *(*work)(void *), void *shared)
{
	struct worker *all = obtain(count * sizeof(*all));

	for (size_t i = 0; i < count; i++) {
		all[i].number = i;
		all[i].shared = shared;
		worker_start(&all[i], work);
	}
	for (size_t i = 0; i < count; i++)
		worker_wait(&all[i]);
	free(all);
}

#endif /* CLASSIC_H */
