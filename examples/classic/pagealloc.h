/*
 * pagealloc.h - pages in zones: what slab and slob build on.
 */
#ifndef CLASSIC_PAGEALLOC_H
#define CLASSIC_PAGEALLOC_H

#include "buddies.h"

struct pagealloc {
	struct classic_report *pa_report;
	struct held	pa_held;
	unsigned	pa_pageshift;
	/* Free areas of each zone; a zone that has no pages has no end. */
	struct buddies	pa_zone[CLASSIC_ZONES];
};

bool	pagealloc_init(struct pagealloc *, const struct classic_memory *,
	    const struct classic_options *, struct classic_report *);
void	pagealloc_fini(struct pagealloc *);
/* The block of pages that is large enough for bytes: its order. */
unsigned pagealloc_order(const struct pagealloc *, uint64_t bytes);
/*
 * 2^order pages from the first zone of the request's order of preference that
 * has them, or CLASSIC_FAIL.
 */
uint64_t pagealloc_take(struct pagealloc *, unsigned order,
	    const struct classic_request *);
/* Gives a block back; returns its order. */
unsigned pagealloc_give(struct pagealloc *, uint64_t addr);
/* The order of the block at addr, which is in use. */
unsigned pagealloc_order_at(const struct pagealloc *, uint64_t addr);
/* Bytes of the largest block. */
uint64_t pagealloc_largest(const struct pagealloc *);
bool	pagealloc_check(const struct pagealloc *, uint64_t *used);
void	pagealloc_map(const struct pagealloc *, classic_paint *, void *arg);

#endif /* CLASSIC_PAGEALLOC_H */
