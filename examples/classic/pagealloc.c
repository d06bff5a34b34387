/*
 * pagealloc.c - the page allocator: blocks of contiguous pages, in zones.
 *
 * Source: the lecture "Page allocator" (P. Krzyzanowski, after Linux).
 *
 * Memory is divided into zones: DMA below 16 MB, NORMAL, and HIGHMEM.  Each
 * zone has its free areas: the first lists free single pages, the second free
 * blocks of 2 contiguous pages, and so on, up to the tenth with blocks of 512
 * and beyond.  In a zone blocks split and merge as buddies do (buddies.h).  A
 * request names the zones that it can use, from the most to the least
 * preferred; the first that has a block serves it.
 *
 * Invariants: those of buddies.h in each zone, and
 * (1) No block crosses the end of a zone.
 * (2) The blocks in use are the bytes of cr_zone, and cr_required.
 *
 * Costs: the buddy system's, for each zone tried; a bit for each page.  As an
 * allocator by itself it gives a page at least, and a power of two of them:
 * what slab and slob are for.
 */
#include "pagealloc.h"

#include <stdlib.h>

static const enum classic_zone default_order[] = {
	CLASSIC_HIGHMEM, CLASSIC_NORMAL, CLASSIC_DMA, CLASSIC_ZONES
};

static bool
zone_has_pages(const struct buddies *zone)
{
	return (zone->bd_units != 0);
}

bool
pagealloc_init(struct pagealloc *pa, const struct classic_memory *memory,
    const struct classic_options *options, struct classic_report *report)
{
	uint64_t all = (uint64_t)memory->cm_pages * memory->cm_pagesize;
	uint64_t begin = 0, end;
	const uint64_t *ends = memory->cm_zone_end;
	bool zones = (ends[0] | ends[1] | ends[2]) != 0;
	unsigned maxorder = options != NULL ? options->cx_maxorder : 0;

	*pa = (struct pagealloc){ .pa_report = report };
	pa->pa_pageshift = log2_down(memory->cm_pagesize);
	pa->pa_held = (struct held){ report,
		calloc(memory->cm_pages, sizeof(uint32_t)), pa->pa_pageshift };
	if (pa->pa_held.h_blocks == NULL)
		return (false);
	for (unsigned i = 0; i < CLASSIC_ZONES; i++, begin = end) {
		end = zones ? ends[i] : i == CLASSIC_DMA ? 0 : all;
		end = end < all ? end & ~(memory->cm_pagesize - 1) : all;
		if (end <= begin) {
			end = begin;
			continue;
		}
		if (!buddies_init(&pa->pa_zone[i], begin, end,
		    pa->pa_pageshift, maxorder, &pa->pa_held)) {
			pagealloc_fini(pa);
			return (false);
		}
		report_outband(report, buddies_tables(&pa->pa_zone[i]));
	}
	return (true);
}

void
pagealloc_fini(struct pagealloc *pa)
{
	for (unsigned i = 0; i < CLASSIC_ZONES; i++)
		buddies_fini(&pa->pa_zone[i]);
	free(pa->pa_held.h_blocks);
	pa->pa_held.h_blocks = NULL;
}

/* The zone that has this address. */
static unsigned
zone_at(const struct pagealloc *pa, uint64_t addr)
{
	unsigned i = 0;

	while (!buddies_have(&pa->pa_zone[i], addr))
		i++;
	return (i);
}

unsigned
pagealloc_order(const struct pagealloc *pa, uint64_t bytes)
{
	unsigned shift = log2_up(bytes);

	return (shift > pa->pa_pageshift ? shift - pa->pa_pageshift : 0);
}

unsigned
pagealloc_order_at(const struct pagealloc *pa, uint64_t addr)
{
	return (buddies_order(&pa->pa_zone[zone_at(pa, addr)], addr));
}

uint64_t
pagealloc_take(struct pagealloc *pa, unsigned order,
    const struct classic_request *request)
{
	const enum classic_zone *zone = request->cr_order;
	uint64_t addr;

	if (zone == NULL)
		zone = default_order;
	for (; *zone < CLASSIC_ZONES; zone++) {
		if (!zone_has_pages(&pa->pa_zone[*zone]))
			continue;
		addr = buddies_take(&pa->pa_zone[*zone], order);
		if (addr != CLASSIC_FAIL) {
			pa->pa_report->cr_zone[*zone] +=
			    buddies_size(&pa->pa_zone[*zone], order);
			return (addr);
		}
	}
	return (CLASSIC_FAIL);
}

unsigned
pagealloc_give(struct pagealloc *pa, uint64_t addr)
{
	unsigned zone = zone_at(pa, addr);
	unsigned order = buddies_order(&pa->pa_zone[zone], addr);

	pa->pa_report->cr_zone[zone] -=
	    buddies_size(&pa->pa_zone[zone], order);
	buddies_give(&pa->pa_zone[zone], addr);
	return (order);
}

uint64_t
pagealloc_largest(const struct pagealloc *pa)
{
	uint64_t most = 0, size;

	for (unsigned i = 0; i < CLASSIC_ZONES; i++) {
		size = buddies_largest(&pa->pa_zone[i]);
		if (size > most)
			most = size;
	}
	return (most);
}

bool
pagealloc_check(const struct pagealloc *pa, uint64_t *used)
{
	for (unsigned i = 0; i < CLASSIC_ZONES; i++) {
		uint64_t zone = 0;

		if (zone_has_pages(&pa->pa_zone[i]) &&
		    !buddies_check(&pa->pa_zone[i], &zone))
			return (false);
		if (zone != pa->pa_report->cr_zone[i])
			return (false);
		*used += zone;
	}
	return (*used == pa->pa_report->cr_required);
}

void
pagealloc_map(const struct pagealloc *pa, classic_paint *paint, void *arg)
{
	for (unsigned i = 0; i < CLASSIC_ZONES; i++) {
		if (zone_has_pages(&pa->pa_zone[i]))
			buddies_map(&pa->pa_zone[i], paint, arg);
	}
}

/*
 * And the page allocator by itself, for requests in bytes.
 */

struct pages {
	struct classic_report p_report;
	struct pagealloc p_pages;
};

static void *
pages_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	struct pages *p = calloc(1, sizeof(*p));

	if (p != NULL && !pagealloc_init(&p->p_pages, memory, options,
	    &p->p_report)) {
		free(p);
		return (NULL);
	}
	return (p);
}

static uint64_t
pages_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct pages *p = arg;
	size_t size = size_of(request), align = align_of(request);
	unsigned order = pagealloc_order(&p->p_pages,
	    size > align ? size : align);
	uint64_t addr = pagealloc_take(&p->p_pages, order, request);

	if (addr == CLASSIC_FAIL)
		return (report_failure(&p->p_report));
	*granted = (size_t)1 << (order + p->p_pages.pa_pageshift);
	report_alloc(&p->p_report, request->cr_size, *granted);
	return (addr);
}

static void
pages_free(void *arg, uint64_t addr, size_t size)
{
	struct pages *p = arg;
	unsigned order = pagealloc_give(&p->p_pages, addr);

	report_free(&p->p_report, size,
	    (size_t)1 << (order + p->p_pages.pa_pageshift));
}

static const struct classic_report *
pages_report(const void *arg)
{
	return (&((const struct pages *)arg)->p_report);
}

static bool
pages_check(const void *arg)
{
	const struct pages *p = arg;
	uint64_t used = 0;

	return (pagealloc_check(&p->p_pages, &used) &&
	    used == p->p_report.cr_granted);
}

static size_t
pages_largest(void *arg)
{
	return (pagealloc_largest(&((struct pages *)arg)->p_pages));
}

static void
pages_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	pagealloc_map(&((const struct pages *)arg)->p_pages, paint, paint_arg);
}

static void
pages_destroy(void *arg)
{
	struct pages *p = arg;

	pagealloc_fini(&p->p_pages);
	free(p);
}

const struct classic_ops classic_pages = {
	.co_name = "pages",
	.co_title = "page allocator (2^k pages, zones)",
	.co_create = pages_create,
	.co_alloc = pages_alloc,
	.co_free = pages_free,
	.co_report = pages_report,
	.co_check = pages_check,
	.co_largest = pages_largest,
	.co_map = pages_map,
	.co_destroy = pages_destroy
};
