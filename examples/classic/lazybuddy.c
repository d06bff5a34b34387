/*
 * lazybuddy.c - the buddy system that merges only as necessary.
 *
 * Source: the lecture "Advanced Memory Management Techniques", lazy buddy;
 * the slack is Barkley's and Lee's ("A Lazy Buddy System Bounded by Two
 * Coalescing Delays per Class", 1989, the allocator of System V Release 4).
 *
 * Blocks of buddies.h in a class for each size.  A block that is freed may be
 * freed locally: it goes to its class's own list, ready to be used again, and
 * its bits say that it is in use, so that nothing merges with it.  Or it is
 * freed globally: given to the buddy system, which merges.  Which of both
 * depends on the class's slack = active - local:
 *
 *	lazy		slack >= 2: use is steady; free locally
 *	reclaiming	slack == 1: borderline; free globally
 *	accelerated	slack == 0: use goes down; free globally, and one of
 *			the local blocks with it
 *
 * So at most as many blocks are local as are active, and no call merges more
 * than two blocks.  What is left when memory runs out: all local blocks are
 * given to the buddy system, and the request is tried again.
 *
 * Invariants of each class:
 * (1) local <= active, which is slack >= 0.
 * (2) Local blocks are in use as buddies.h sees it, in no list twice.
 * (3) All blocks of the class that buddies.h gave = active + local.
 *
 * Costs: as the buddy system's, but for the merges and splits that a steady
 * use saves; up to twice the memory in use.
 */
#include <stdlib.h>

#include "buddies.h"

#define UNIT	32

struct class {
	struct stack	c_local;
	uint64_t	c_active;
};

struct lazy {
	struct classic_report l_report;
	struct held	l_held;
	struct buddies	l_blocks;
	struct class	l_class[BUDDY_ORDERS];
};

static void lazy_destroy(void *);

static void *
lazy_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	struct lazy *l = calloc(1, sizeof(*l));
	size_t unit = options != NULL && options->cx_unit != 0 ?
	    options->cx_unit : UNIT;

	if (l == NULL)
		return (NULL);
	l->l_held.h_report = &l->l_report;
	l->l_held.h_pageshift = log2_down(memory->cm_pagesize);
	l->l_held.h_blocks = calloc(memory->cm_pages, sizeof(uint32_t));
	if (l->l_held.h_blocks == NULL || !buddies_init(&l->l_blocks, 0,
	    (uint64_t)memory->cm_pages * memory->cm_pagesize, log2_down(unit),
	    0, &l->l_held)) {
		lazy_destroy(l);
		return (NULL);
	}
	/* The tables, and each class's slack and list. */
	report_outband(&l->l_report, buddies_tables(&l->l_blocks) +
	    (l->l_blocks.bd_maxorder + 1) * 2 * sizeof(uint64_t));
	return (l);
}

static uint64_t
slack(const struct class *class)
{
	return (class->c_active - class->c_local.s_count);
}

/* Gives the class's block that became local last to the buddy system. */
static void
give_local(struct lazy *l, struct class *class)
{
	l->l_report.cr_steps++;
	buddies_give(&l->l_blocks, stack_pop(&class->c_local));
}

/* Gives all local blocks away; false when there are none. */
static bool
give_all(struct lazy *l)
{
	bool any = false;

	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		while (l->l_class[order].c_local.s_count != 0) {
			give_local(l, &l->l_class[order]);
			any = true;
		}
	}
	return (any);
}

static uint64_t
take(struct lazy *l, unsigned order)
{
	struct class *class;
	uint64_t addr;

	if (order >= BUDDY_ORDERS)
		return (CLASSIC_FAIL);
	class = &l->l_class[order];
	l->l_report.cr_steps++;
	if (class->c_local.s_count != 0) {
		addr = stack_pop(&class->c_local);
	} else {
		addr = buddies_take(&l->l_blocks, order);
		if (addr == CLASSIC_FAIL && give_all(l))
			addr = buddies_take(&l->l_blocks, order);
	}
	if (addr != CLASSIC_FAIL)
		class->c_active++;
	return (addr);
}

static uint64_t
lazy_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct lazy *l = arg;
	size_t size = size_of(request), align = align_of(request);
	unsigned order = log2_up(size > align ? size : align);
	uint64_t addr;

	order = order > l->l_blocks.bd_unitshift ?
	    order - l->l_blocks.bd_unitshift : 0;
	addr = take(l, order);
	if (addr == CLASSIC_FAIL)
		return (report_failure(&l->l_report));
	*granted = buddies_size(&l->l_blocks, order);
	report_alloc(&l->l_report, request->cr_size, *granted);
	return (addr);
}

static void
lazy_free(void *arg, uint64_t addr, size_t size)
{
	struct lazy *l = arg;
	unsigned order = buddies_order(&l->l_blocks, addr);
	struct class *class = &l->l_class[order];
	uint64_t before = slack(class);

	report_free(&l->l_report, size, buddies_size(&l->l_blocks, order));
	l->l_report.cr_steps++;
	class->c_active--;
	if (before >= 2) {
		stack_push(&class->c_local, addr);
		l->l_report.cr_lazy++;
		return;
	}
	buddies_give(&l->l_blocks, addr);
	if (before == 0)
		give_local(l, class);
}

static const struct classic_report *
lazy_report(const void *arg)
{
	return (&((const struct lazy *)arg)->l_report);
}

/* (1) and (2) of a class; marks its local blocks. */
static bool
check_class(const struct lazy *l, unsigned order, uint8_t *seen)
{
	const struct stack *local = &l->l_class[order].c_local;
	uint32_t unit;

	if (local->s_count > l->l_class[order].c_active)
		return (false);
	for (size_t i = 0; i < local->s_count; i++) {
		if (!buddies_have(&l->l_blocks, local->s_addr[i]))
			return (false);
		unit = buddies_unit(&l->l_blocks, local->s_addr[i]);
		if (seen[unit] != 0 ||
		    (l->l_blocks.bd_bitmap[unit / 64] >> unit % 64 & 1) == 0 ||
		    l->l_blocks.bd_order[unit] != order + 1)
			return (false);
		seen[unit] = 1;
	}
	return (true);
}

static bool
lazy_check(const void *arg)
{
	const struct lazy *l = arg;
	uint64_t used = 0, active = 0, local = 0;
	uint8_t *seen = calloc(1, l->l_blocks.bd_units);
	bool right = seen != NULL && buddies_check(&l->l_blocks, &used);

	for (unsigned order = 0; right && order < BUDDY_ORDERS; order++) {
		const struct class *class = &l->l_class[order];
		uint64_t size = buddies_size(&l->l_blocks, order);

		right = check_class(l, order, seen);
		active += class->c_active * size;
		local += class->c_local.s_count * size;
	}
	free(seen);
	return (right && active == l->l_report.cr_granted &&
	    active + local == used);
}

static size_t
lazy_largest(void *arg)
{
	struct lazy *l = arg;

	give_all(l);
	return (buddies_largest(&l->l_blocks));
}

static void
lazy_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	const struct lazy *l = arg;

	buddies_map(&l->l_blocks, paint, paint_arg);
	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		const struct stack *local = &l->l_class[order].c_local;

		for (size_t i = 0; i < local->s_count; i++)
			paint(paint_arg, local->s_addr[i],
			    buddies_size(&l->l_blocks, order), CLASSIC_KEPT);
	}
}

static void
lazy_destroy(void *arg)
{
	struct lazy *l = arg;

	for (unsigned order = 0; order < BUDDY_ORDERS; order++)
		stack_free(&l->l_class[order].c_local);
	buddies_fini(&l->l_blocks);
	free(l->l_held.h_blocks);
	free(l);
}

const struct classic_ops classic_lazy_buddy = {
	.co_name = "lazy-buddy",
	.co_title = "lazy buddy",
	.co_create = lazy_create,
	.co_alloc = lazy_alloc,
	.co_free = lazy_free,
	.co_report = lazy_report,
	.co_check = lazy_check,
	.co_largest = lazy_largest,
	.co_map = lazy_map,
	.co_destroy = lazy_destroy
};
