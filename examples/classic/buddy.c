/*
 * buddy.c - the buddy system.
 *
 * Source: the lecture "Advanced Memory Management Techniques", buddy method;
 * its run on 1024 bytes is a test.
 *
 * The whole memory is one part of buddies.h, which has the mechanism: blocks
 * of 2^k of the smallest unit (32 bytes), split when they are too large,
 * merged as soon as both buddies are free, and a bitmap of the units.
 *
 * Invariants: those of buddies.h, and
 * (1) What is granted is the sum of the blocks in use.
 *
 * Costs: a request is rounded up to a power of two, a quarter of each block is
 * unused on average.  Every free that is followed by a request of that size
 * may merge a block up to the top only to split it down again: lazybuddy.c is
 * the cure.  No part of a block can be freed.
 */
#include <stdlib.h>

#include "buddies.h"

#define UNIT	32

struct buddy {
	struct classic_report b_report;
	struct held	b_held;
	struct buddies	b_blocks;
};

static void buddy_destroy(void *);

static void *
buddy_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	struct buddy *b = calloc(1, sizeof(*b));
	size_t unit = options != NULL && options->cx_unit != 0 ?
	    options->cx_unit : UNIT;

	if (b == NULL)
		return (NULL);
	b->b_held.h_report = &b->b_report;
	b->b_held.h_pageshift = log2_down(memory->cm_pagesize);
	b->b_held.h_blocks = calloc(memory->cm_pages, sizeof(uint32_t));
	if (b->b_held.h_blocks == NULL || !buddies_init(&b->b_blocks, 0,
	    (uint64_t)memory->cm_pages * memory->cm_pagesize, log2_down(unit),
	    0, &b->b_held)) {
		buddy_destroy(b);
		return (NULL);
	}
	report_outband(&b->b_report, buddies_tables(&b->b_blocks));
	return (b);
}

static uint64_t
buddy_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct buddy *b = arg;
	size_t size = size_of(request), align = align_of(request);
	unsigned order = log2_up(size > align ? size : align);
	uint64_t addr;

	order = order > b->b_blocks.bd_unitshift ?
	    order - b->b_blocks.bd_unitshift : 0;
	addr = buddies_take(&b->b_blocks, order);
	if (addr == CLASSIC_FAIL)
		return (report_failure(&b->b_report));
	*granted = buddies_size(&b->b_blocks, order);
	report_alloc(&b->b_report, request->cr_size, *granted);
	return (addr);
}

static void
buddy_free(void *arg, uint64_t addr, size_t size)
{
	struct buddy *b = arg;

	report_free(&b->b_report, size,
	    buddies_size(&b->b_blocks, buddies_order(&b->b_blocks, addr)));
	buddies_give(&b->b_blocks, addr);
}

static const struct classic_report *
buddy_report(const void *arg)
{
	return (&((const struct buddy *)arg)->b_report);
}

static bool
buddy_check(const void *arg)
{
	const struct buddy *b = arg;
	uint64_t used = 0;

	return (buddies_check(&b->b_blocks, &used) &&
	    used == b->b_report.cr_granted);
}

static size_t
buddy_largest(void *arg)
{
	return (buddies_largest(&((struct buddy *)arg)->b_blocks));
}

static void
buddy_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	buddies_map(&((const struct buddy *)arg)->b_blocks, paint, paint_arg);
}

static void
buddy_destroy(void *arg)
{
	struct buddy *b = arg;

	buddies_fini(&b->b_blocks);
	free(b->b_held.h_blocks);
	free(b);
}

const struct classic_ops classic_buddy = {
	.co_name = "buddy",
	.co_title = "buddy system",
	.co_create = buddy_create,
	.co_alloc = buddy_alloc,
	.co_free = buddy_free,
	.co_report = buddy_report,
	.co_check = buddy_check,
	.co_largest = buddy_largest,
	.co_map = buddy_map,
	.co_destroy = buddy_destroy
};
