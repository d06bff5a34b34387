/*
 * learn.h - lists that a program earns.
 *
 * Layer 6.  The allocator starts with the powers of two.  A size whose
 * rounding to one of them wastes enough gets a list of its own in between:
 * bucketindx is a table, and free asks the page and not the size, so a list
 * can be added while the program runs, and retired when its size is out of
 * use.
 */
#ifndef KMA_LEARN_H
#define KMA_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "param.h"

/* Sizes above are not looked at: whole pages are little waste there. */
#define LEARN_MAX	(4 * PAGESIZE < (size_t)16 * 1024 ? 4 * PAGESIZE : \
			    (size_t)16 * 1024)
#define LEARN_UNITS	(16 * 1024 / 16 + 1)

/* After bucket_init() and cache_init(). */
void	learn_init(void);

/*
 * A request of size bytes has made list indx take blocks from its clusters:
 * a sample of what the program asks for, weighted by what it holds.
 */
void	learn_sample(unsigned indx, size_t size, unsigned blocks);

/*
 * The decision, by itself.  seen[u] is the weight of requests of 16 * u bytes
 * (rounded up); those in (lo, hi] are served by one list of hi bytes.  Returns
 * the size of the list that would save most, or 0, and stores what part of
 * the list's bytes it saves, in 1/65536.
 */
size_t	learn_choose(const uint32_t *seen, size_t lo, size_t hi,
	    uint32_t *part);

/*
 * A list that was learned.  One that was retired serves no size, but still has
 * blocks or stacks; one that is gone has none, and its number is free.
 */
enum learn_state { LEARNED_GONE, LEARNED_USED, LEARNED_RETIRED };
struct learned {
	enum learn_state l_state;
	unsigned	l_indx;
	size_t		l_size;		/* of its blocks */
	size_t		l_from;		/* of those it took requests from */
	size_t		l_born;		/* bytes in use at the time */
	size_t		l_waste;	/* bytes, by its requests then */
};
#define NLEARNED	26

/*
 * How many there have been at once, at most; the n-th of them.  l_state says
 * whether it is there now.
 */
unsigned learn_count(void);
struct learned learn_get(unsigned n);

/* How many were ever made, or came back after they had been retired. */
unsigned learn_births(void);

/* Walks and checks all invariants. */
void	learn_check(void);

#endif /* KMA_LEARN_H */
