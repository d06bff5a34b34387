/*
 * pairs.h - pairs of numbers in order, as a tree that knows how many there
 * are and the largest second number below each node.
 *
 * The resource map is a list that is searched from its beginning.  With tens
 * of thousands of entries nobody wants to wait for that; this tree finds the
 * same entry and says how many the list's search would have visited.
 */
#ifndef CLASSIC_PAIRS_H
#define CLASSIC_PAIRS_H

#include "common.h"

/*
 * (1) In order of the tree the pairs rise, by first, then by second.
 * (2) A node's priority is at least its children's: a treap.
 * (3) pn_count is the nodes of the tree below and with it, pn_max the largest
 *     second number among them.
 */
struct pair_node {
	uint64_t	pn_first, pn_second;
	uint64_t	pn_max;
	uint32_t	pn_left, pn_right;	/* 0: none */
	uint32_t	pn_priority;
	uint32_t	pn_count;
};

struct pairs {
	struct pair_node *ps_node;	/* [0] stands for none */
	uint32_t	ps_room, ps_made;	/* nodes: room, used so far */
	uint32_t	ps_root;
	uint32_t	ps_spare;	/* nodes free again, by pn_left */
	uint32_t	ps_random;
};

/* A pair that was found; p_second == 0: none was. */
struct pair {
	uint64_t	p_first, p_second;
};

void	pairs_init(struct pairs *);
void	pairs_fini(struct pairs *);
void	pairs_insert(struct pairs *, struct pair);
void	pairs_remove(struct pairs *, struct pair);
/* Another pair in the place of a pair; the order must stay. */
void	pairs_change(struct pairs *, struct pair from, struct pair to);
/*
 * The last pair whose first is below a number, and the first pair from there
 * on; returns how many are below.
 */
uint64_t pairs_around(const struct pairs *, uint64_t first,
	    struct pair *below, struct pair *above);
/* The first pair that is not below this one. */
struct pair pairs_from(const struct pairs *, struct pair);
/*
 * The first pair in which room for size bytes begins at a multiple of align,
 * as <base, size>; adds to *visited what a search from the first pair on
 * visits.
 */
struct pair pairs_fit(const struct pairs *, uint64_t size, uint64_t align,
	    uint64_t *visited);
bool	pairs_check(const struct pairs *);
/* Calls for each pair in order. */
void	pairs_each(const struct pairs *, void (*)(void *arg, struct pair),
	    void *arg);

static inline uint64_t
pairs_count(const struct pairs *pairs)
{
	return (pairs->ps_node[pairs->ps_root].pn_count);
}

/* The largest second number. */
static inline uint64_t
pairs_max(const struct pairs *pairs)
{
	return (pairs->ps_node[pairs->ps_root].pn_max);
}

/* Whether size bytes from a multiple of align on lie in <base, size>. */
static inline bool
pair_fits(struct pair hole, uint64_t size, uint64_t align)
{
	uint64_t skip = round_up(hole.p_first, align) - hole.p_first;

	return (skip <= hole.p_second && size <= hole.p_second - skip);
}

#endif /* CLASSIC_PAIRS_H */
