/*
 * rmap.c - the resource map, with first, best and worst fit.
 *
 * Source: the lecture "Advanced Memory Management Techniques", resource map
 * allocation; rmalloc() and rmfree() of the early Unix kernels.
 *
 * The free memory as a list of <base, size>, in order of base.  A request
 * takes the beginning of a hole: of the first that is large enough (first
 * fit), of the smallest (best fit) or of the largest (worst fit).  What is
 * freed becomes a hole, which merges with a hole before and one after it.
 * What lies in a block is nowhere written down, so any part of one can be
 * freed by itself: co_release.
 *
 * Costs: nothing is lost to rounding (requests come in whole words) or to
 * headers, but free memory gets scattered; the map takes 16 bytes for each
 * hole and grows as it does.  First fit visits the holes up to the one it
 * takes, best and worst fit all; freeing visits those below.
 *
 * Here: a tree finds what the list's search finds (pairs.h), and cr_steps has
 * the nodes that the list's search visits.  Best fit keeps a second tree, in
 * order of size.  Neither is part of what the map is said to take.
 *
 * Invariants:
 * (1) Holes rise, are not empty, and never touch.
 * (2) What is granted and the holes are the memory.
 * (3) A page is required unless it lies in one hole.
 * (4) The trees of best fit have the same holes.
 */
#include <stdlib.h>

#include "pairs.h"

#define ENTRY	16	/* bytes of <base, size> */

enum fit { FIRST, BEST, WORST };

struct rmap {
	struct classic_report r_report;
	struct pairs	r_holes;	/* <base, size> */
	struct pairs	r_sizes;	/* <size, base>, for best fit */
	enum fit	r_fit;
	uint64_t	r_unit;
	uint64_t	r_page;		/* bytes of one */
	uint64_t	r_bytes;	/* of the memory */
};

/* Bytes of the pages that are all in the hole. */
static uint64_t
whole_pages(const struct rmap *r, struct pair hole)
{
	uint64_t begin = round_up(hole.p_first, r->r_page);
	uint64_t end = (hole.p_first + hole.p_second) & ~(r->r_page - 1);

	return (end > begin ? end - begin : 0);
}

/*
 * Holes come, go and change.  Each says what becomes of whole pages.
 */

static void
hole_insert(struct rmap *r, struct pair hole)
{
	pairs_insert(&r->r_holes, hole);
	if (r->r_fit == BEST)
		pairs_insert(&r->r_sizes,
		    (struct pair){ hole.p_second, hole.p_first });
	report_outband(&r->r_report, ENTRY);
}

static void
hole_remove(struct rmap *r, struct pair hole)
{
	pairs_remove(&r->r_holes, hole);
	if (r->r_fit == BEST)
		pairs_remove(&r->r_sizes,
		    (struct pair){ hole.p_second, hole.p_first });
	r->r_report.cr_outband -= ENTRY;
}

static void
hole_change(struct rmap *r, struct pair from, struct pair to)
{
	pairs_change(&r->r_holes, from, to);
	if (r->r_fit != BEST)
		return;
	pairs_remove(&r->r_sizes, (struct pair){ from.p_second, from.p_first });
	pairs_insert(&r->r_sizes, (struct pair){ to.p_second, to.p_first });
}

static void *
create(const struct classic_memory *memory,
    const struct classic_options *options, enum fit fit)
{
	struct rmap *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return (NULL);
	r->r_fit = fit;
	r->r_unit = options != NULL && options->cx_unit != 0 ?
	    options->cx_unit : CLASSIC_WORD;
	r->r_page = memory->cm_pagesize;
	r->r_bytes = (uint64_t)memory->cm_pages * memory->cm_pagesize;
	pairs_init(&r->r_holes);
	pairs_init(&r->r_sizes);
	hole_insert(r, (struct pair){ 0, r->r_bytes });
	return (r);
}

static void *
create_first(const struct classic_memory *memory,
    const struct classic_options *options)
{
	return (create(memory, options, FIRST));
}

static void *
create_best(const struct classic_memory *memory,
    const struct classic_options *options)
{
	return (create(memory, options, BEST));
}

static void *
create_worst(const struct classic_memory *memory,
    const struct classic_options *options)
{
	return (create(memory, options, WORST));
}

/* The smallest hole that fits, the lowest of several. */
static struct pair
best_fit(const struct rmap *r, uint64_t size, uint64_t align)
{
	struct pair from = { size, 0 }, hole;

	for (;;) {
		struct pair found = pairs_from(&r->r_sizes, from);

		hole = (struct pair){ found.p_second, found.p_first };
		if (hole.p_second == 0 || pair_fits(hole, size, align))
			return (hole);
		from = (struct pair){ found.p_first, found.p_second + 1 };
	}
}

/* The hole that the request is taken from; size 0: none. */
static struct pair
find(struct rmap *r, uint64_t size, uint64_t align)
{
	uint64_t visited = 0;
	struct pair hole;

	if (r->r_fit == FIRST) {
		hole = pairs_fit(&r->r_holes, size, align, &visited);
		r->r_report.cr_steps += visited;
		return (hole);
	}
	r->r_report.cr_steps += pairs_count(&r->r_holes);
	if (r->r_fit == BEST)
		return (best_fit(r, size, align));
	hole = pairs_fit(&r->r_holes, pairs_max(&r->r_holes), 1, &visited);
	if (hole.p_second != 0 && !pair_fits(hole, size, align))
		hole = pairs_fit(&r->r_holes, size, align, &visited);
	return (hole);
}

/* Takes [addr, addr + size) out of a hole. */
static void
take(struct rmap *r, struct pair hole, uint64_t addr, uint64_t size)
{
	struct pair before = { hole.p_first, addr - hole.p_first };
	struct pair after = { addr + size, hole.p_second - size -
		    before.p_second };
	uint64_t pages = whole_pages(r, hole) - whole_pages(r, before) -
	    whole_pages(r, after);
	uint64_t end = round_up(addr + size, r->r_page);

	if (before.p_second == 0 && after.p_second == 0) {
		hole_remove(r, hole);
	} else if (before.p_second == 0) {
		hole_change(r, hole, after);
	} else {
		hole_change(r, hole, before);
		if (after.p_second != 0)
			hole_insert(r, after);
	}
	if (size != hole.p_second) {
		r->r_report.cr_splits++;
		r->r_report.cr_steps++;
	}
	report_take(&r->r_report, end - pages, pages);
}

static uint64_t
rmap_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct rmap *r = arg;
	uint64_t size = 0, addr;
	uint64_t align = request->cr_align > r->r_unit ? request->cr_align :
	    r->r_unit;
	struct pair hole = { 0, 0 };

	if (request->cr_size <= r->r_bytes && align <= r->r_bytes) {
		size = round_up(size_of(request), r->r_unit);
		hole = find(r, size, align);
	}
	if (hole.p_second == 0)
		return (report_failure(&r->r_report));
	addr = round_up(hole.p_first, align);
	take(r, hole, addr, size);
	*granted = size;
	report_alloc(&r->r_report, request->cr_size, size);
	return (addr);
}

/* Makes a hole, or holes larger. */
static void
put(struct rmap *r, uint64_t addr, uint64_t size)
{
	struct pair below, above, hole = { addr, size };
	uint64_t pages = 0;
	bool down, up;

	r->r_report.cr_steps += pairs_around(&r->r_holes, addr, &below, &above);
	r->r_report.cr_steps++;
	down = below.p_second != 0 && below.p_first + below.p_second == addr;
	up = above.p_second != 0 && addr + size == above.p_first;
	if (down) {
		hole.p_first = below.p_first;
		hole.p_second += below.p_second;
		pages += whole_pages(r, below);
	}
	if (up) {
		hole.p_second += above.p_second;
		pages += whole_pages(r, above);
	}
	if (up && down)
		hole_remove(r, above);
	if (down)
		hole_change(r, below, hole);
	else if (up)
		hole_change(r, above, hole);
	else
		hole_insert(r, hole);
	r->r_report.cr_merges += (unsigned)up + (unsigned)down;
	r->r_report.cr_steps += (unsigned)up + (unsigned)down;
	report_return(&r->r_report, whole_pages(r, hole) - pages);
}

static void
rmap_free(void *arg, uint64_t addr, size_t size)
{
	struct rmap *r = arg;
	uint64_t granted = round_up(size != 0 ? size : 1, r->r_unit);

	report_free(&r->r_report, size, granted);
	put(r, addr, granted);
}

static void
rmap_release(void *arg, uint64_t addr, size_t size)
{
	struct rmap *r = arg;

	r->r_report.cr_granted -= size;
	r->r_report.cr_requested -= size;
	put(r, addr, size);
}

static const struct classic_report *
rmap_report(const void *arg)
{
	return (&((const struct rmap *)arg)->r_report);
}

struct recount {
	const struct rmap *rc_map;
	uint64_t	rc_end;		/* of the hole before */
	uint64_t	rc_bytes, rc_pages;
	bool		rc_right;
};

static void
recount(void *arg, struct pair hole)
{
	struct recount *rc = arg;
	struct pair turned = { hole.p_second, hole.p_first }, found = turned;

	if (rc->rc_map->r_fit == BEST)
		found = pairs_from(&rc->rc_map->r_sizes, turned);
	if (hole.p_second == 0 ||
	    (rc->rc_bytes != 0 && hole.p_first <= rc->rc_end) ||
	    found.p_first != turned.p_first ||
	    found.p_second != turned.p_second)
		rc->rc_right = false;
	rc->rc_end = hole.p_first + hole.p_second;
	rc->rc_bytes += hole.p_second;
	rc->rc_pages += whole_pages(rc->rc_map, hole);
}

static bool
rmap_check(const void *arg)
{
	const struct rmap *r = arg;
	struct recount rc = { .rc_map = r, .rc_right = true };

	pairs_each(&r->r_holes, recount, &rc);
	return (pairs_check(&r->r_holes) && pairs_check(&r->r_sizes) &&
	    rc.rc_right && rc.rc_end <= r->r_bytes &&
	    pairs_count(&r->r_sizes) ==
	    (r->r_fit == BEST ? pairs_count(&r->r_holes) : 0) &&
	    r->r_report.cr_granted + rc.rc_bytes == r->r_bytes &&
	    r->r_report.cr_required + rc.rc_pages == r->r_bytes &&
	    r->r_report.cr_outband == ENTRY * pairs_count(&r->r_holes));
}

static size_t
rmap_largest(void *arg)
{
	return (pairs_max(&((struct rmap *)arg)->r_holes));
}

struct painter {
	classic_paint	*pt_paint;
	void		*pt_arg;
	uint64_t	pt_end;		/* of the hole before */
};

static void
paint_gap(void *arg, struct pair hole)
{
	struct painter *pt = arg;

	if (hole.p_first > pt->pt_end)
		pt->pt_paint(pt->pt_arg, pt->pt_end,
		    hole.p_first - pt->pt_end, CLASSIC_USED);
	pt->pt_end = hole.p_first + hole.p_second;
}

static void
rmap_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	const struct rmap *r = arg;
	struct painter pt = { paint, paint_arg, 0 };

	pairs_each(&r->r_holes, paint_gap, &pt);
	paint_gap(&pt, (struct pair){ r->r_bytes, 0 });
}

static void
rmap_destroy(void *arg)
{
	struct rmap *r = arg;

	pairs_fini(&r->r_holes);
	pairs_fini(&r->r_sizes);
	free(r);
}

const struct classic_ops classic_rmap_first = {
	.co_name = "rmap-first",
	.co_title = "resource map, first fit",
	.co_create = create_first,
	.co_alloc = rmap_alloc,
	.co_free = rmap_free,
	.co_release = rmap_release,
	.co_report = rmap_report,
	.co_check = rmap_check,
	.co_largest = rmap_largest,
	.co_map = rmap_map,
	.co_destroy = rmap_destroy
};

const struct classic_ops classic_rmap_best = {
	.co_name = "rmap-best",
	.co_title = "resource map, best fit",
	.co_create = create_best,
	.co_alloc = rmap_alloc,
	.co_free = rmap_free,
	.co_release = rmap_release,
	.co_report = rmap_report,
	.co_check = rmap_check,
	.co_largest = rmap_largest,
	.co_map = rmap_map,
	.co_destroy = rmap_destroy
};

const struct classic_ops classic_rmap_worst = {
	.co_name = "rmap-worst",
	.co_title = "resource map, worst fit",
	.co_create = create_worst,
	.co_alloc = rmap_alloc,
	.co_free = rmap_free,
	.co_release = rmap_release,
	.co_report = rmap_report,
	.co_check = rmap_check,
	.co_largest = rmap_largest,
	.co_map = rmap_map,
	.co_destroy = rmap_destroy
};
