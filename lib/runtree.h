/*
 * runtree.h - the free page runs in order of address.
 *
 * Layer 3, below pagerun.c, which owns the lock that guards everything here.
 *
 * A treap: a search tree by address that is a heap by random priority, which
 * keeps it balanced (Seidel and Aragon, 1996).  Each node also knows the
 * longest run below it and whether any page there is dirty, so that the first
 * fit and the last dirty run are found in O(log n) steps.  A change tells the
 * nodes above for as long as they learn something: a few, mostly.
 *
 * Invariants, for every node r with children l and r':
 *	l < r < r' by pr_page, and no two runs touch
 *	pr_prio >= the children's; r is their pr_parent
 *	pr_max = max(pr_npages, the children's pr_max)
 *	pr_anydirty = pr_ndirty > 0, or a child's pr_anydirty
 *	pr_ndirty = the pages of the run whose kmemsizes is KU_DIRTY
 *	pr_dirtyend, where pr_ndirty > 0, is above all of these
 *	rt_ndirty = the sum of all pr_ndirty
 */
#ifndef KMA_RUNTREE_H
#define KMA_RUNTREE_H

#include <stdbool.h>
#include <stddef.h>

#include "cdefs.h"
#include "param.h"

struct KMA_ALIGNED(16) pagerun {	/* a meta number needs that */
	struct pagerun	*pr_parent, *pr_left, *pr_right;
	page_t		 pr_page;	/* the first page */
	page_t		 pr_npages;
	page_t		 pr_ndirty;
	page_t		 pr_dirtyend;	/* no dirty page from here on */
	page_t		 pr_max;	/* of the subtree */
	uint32_t	 pr_prio : 31;
	uint32_t	 pr_anydirty : 1; /* of the subtree */
};

struct runtree {
	struct pagerun	*rt_root;
	size_t		 rt_ndirty;	/* pages */
	uint32_t	 rt_seed;	/* of the priorities */
};

/* A run whose pr_page, pr_npages and pr_ndirty are set; pr_dirtyend is the
 * owner's. */
void	runtree_insert(struct runtree *rt, struct pagerun *run);
void	runtree_remove(struct runtree *rt, struct pagerun *run);
/* Gives a run other pages, between the same neighbours. */
void	runtree_update(struct runtree *rt, struct pagerun *run, page_t page,
	    page_t npages, page_t ndirty);

/* The lowest run of at least npages pages, or NULL. */
struct pagerun *runtree_firstfit(const struct runtree *rt, size_t npages);
/*
 * The lowest run that has room for npages pages of which the first is at a
 * multiple of align, a power of two, when page 0 is at base.  It looks at some
 * runs only, and at last takes the first that has room wherever it begins.
 */
struct pagerun *runtree_alignedfit(const struct runtree *rt, size_t npages,
	    size_t align, size_t base);
/* The first such page in a run, or behind its end. */
static inline size_t
runtree_aligned(const struct pagerun *run, size_t align, size_t base)
{
	return (((base + run->pr_page + align - 1) & ~(align - 1)) - base);
}
/* The highest run with a dirty page, or NULL. */
struct pagerun *runtree_lastdirty(const struct runtree *rt);
/* The run that page lies in, or NULL. */
struct pagerun *runtree_find(const struct runtree *rt, page_t page);

/* Checks the invariants above but those of kmemsizes, and counts. */
void	runtree_check(const struct runtree *rt, size_t *nruns, size_t *npages);

#endif /* KMA_RUNTREE_H */
