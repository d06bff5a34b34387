/*
 * slob.c - SLOB, a simple list of blocks.
 *
 * Source: the lecture "SLOB: Simple List Of Blocks" (P. Krzyzanowski, after
 * Linux), for systems that have little memory.
 *
 * Three lists of pages: for small blocks (below 256 bytes), medium (below
 * 1024) and large (below a page).  A request goes through its list from the
 * page that served last, round to where it began; a page with that much free
 * is searched for the first free block that is large enough, of which the
 * beginning is taken.  When no page has room, the page allocator gives one
 * more.  Blocks are multiples of 8 bytes, aligned to 8.  Each begins with a
 * header of 8 bytes: its size, and where the next free one is.  A block that
 * is freed merges with free ones next to it, and a page that is all free goes
 * back.  A request of a page or more takes pages from the page allocator and
 * is written down in a list, which is searched from the newest on to free it.
 *
 * Costs: a search of pages, then of blocks, for each request; of blocks for
 * each that is freed.  8 bytes a block, and nothing more for rounding.
 *
 * Here: the free blocks of a page stand in sp_hole, in order of address.  The
 * list of large ones is a tree by age that tells how far its search would
 * have gone (pairs.h).
 *
 * Invariants:
 * (1) A page's free blocks rise, are not empty, and never touch; sp_free is
 *     their sum.
 * (2) A page that has free blocks is in its list, and no other page is.
 * (3) No page is all free.
 * (4) Headers, granted and free blocks are the pages.
 */
#include <stdlib.h>
#include <string.h>

#include "pagealloc.h"
#include "pairs.h"

#define HEADER	8
#define NLIST	3
#define BREAK1	256
#define BREAK2	1024
#define BIG	24	/* bytes of a large block's entry in its list */
#define NOPAGE	UINT32_MAX

struct hole {
	uint32_t	ho_begin, ho_size;
};

struct slobpage {
	struct hole	*sp_hole;	/* NULL: not a page of blocks */
	uint32_t	sp_holes, sp_room;
	uint32_t	sp_free;
	uint32_t	sp_next, sp_prev;	/* pages, in a ring */
	uint32_t	sp_list;
};

struct slob {
	struct classic_report o_report;
	struct pagealloc o_pages;
	uint32_t	o_npages;
	struct slobpage	*o_page;
	uint32_t	o_list[NLIST];	/* where to begin */
	struct pairs	o_big;		/* <age, 1> */
	uint64_t	*o_age;		/* of the large block on a page */
	uint64_t	o_ages;
};

static void slob_destroy(void *);

static void *
slob_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	struct slob *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return (NULL);
	pairs_init(&o->o_big);
	o->o_npages = (uint32_t)memory->cm_pages;
	o->o_page = calloc(memory->cm_pages, sizeof(*o->o_page));
	o->o_age = calloc(memory->cm_pages, sizeof(*o->o_age));
	if (o->o_page == NULL || o->o_age == NULL ||
	    !pagealloc_init(&o->o_pages, memory, options, &o->o_report)) {
		slob_destroy(o);
		return (NULL);
	}
	for (unsigned list = 0; list < NLIST; list++)
		o->o_list[list] = NOPAGE;
	report_outband(&o->o_report, NLIST * sizeof(uint64_t));
	return (o);
}

/* A page comes to the beginning of its list. */
static void
ring_insert(struct slob *o, uint32_t page)
{
	struct slobpage *sp = &o->o_page[page], *head;
	uint32_t *list = &o->o_list[sp->sp_list];

	if (*list == NOPAGE) {
		sp->sp_next = sp->sp_prev = page;
	} else {
		head = &o->o_page[*list];
		sp->sp_next = *list;
		sp->sp_prev = head->sp_prev;
		o->o_page[head->sp_prev].sp_next = page;
		head->sp_prev = page;
	}
	*list = page;
}

static void
ring_remove(struct slob *o, uint32_t page)
{
	struct slobpage *sp = &o->o_page[page];
	uint32_t *list = &o->o_list[sp->sp_list];

	o->o_page[sp->sp_prev].sp_next = sp->sp_next;
	o->o_page[sp->sp_next].sp_prev = sp->sp_prev;
	if (*list == page)
		*list = sp->sp_next != page ? sp->sp_next : NOPAGE;
}

static void
hole_insert(struct slobpage *sp, uint32_t at, struct hole hole)
{
	struct hole *more;

	if (sp->sp_holes == sp->sp_room) {
		more = must_alloc(2 * sp->sp_room * sizeof(*more));
		memcpy(more, sp->sp_hole, sp->sp_holes * sizeof(*more));
		free(sp->sp_hole);
		sp->sp_hole = more;
		sp->sp_room *= 2;
	}
	memmove(&sp->sp_hole[at + 1], &sp->sp_hole[at],
	    (sp->sp_holes - at) * sizeof(hole));
	sp->sp_hole[at] = hole;
	sp->sp_holes++;
}

static void
hole_remove(struct slobpage *sp, uint32_t at)
{
	sp->sp_holes--;
	memmove(&sp->sp_hole[at], &sp->sp_hole[at + 1],
	    (sp->sp_holes - at) * sizeof(sp->sp_hole[0]));
}

/* A new page, all free; NOPAGE when there is none. */
static uint32_t
new_page(struct slob *o, unsigned list, const struct classic_request *request)
{
	uint64_t addr = pagealloc_take(&o->o_pages, 0, request);
	struct slobpage *sp;

	if (addr == CLASSIC_FAIL)
		return (NOPAGE);
	sp = &o->o_page[addr >> o->o_pages.pa_pageshift];
	sp->sp_room = 4;
	sp->sp_hole = must_alloc(sp->sp_room * sizeof(struct hole));
	sp->sp_free = (uint32_t)1 << o->o_pages.pa_pageshift;
	sp->sp_hole[0] = (struct hole){ 0, sp->sp_free };
	sp->sp_holes = 1;
	sp->sp_list = list;
	ring_insert(o, (uint32_t)(addr >> o->o_pages.pa_pageshift));
	return ((uint32_t)(addr >> o->o_pages.pa_pageshift));
}

/* The first block of a page in which size bytes fit: its place, or 0. */
static uint32_t
page_alloc(struct slob *o, struct slobpage *sp, uint32_t size, uint32_t align)
{
	uint32_t begin = 0, end = 0, at;
	struct hole hole;

	for (at = 0; at < sp->sp_holes; at++) {
		o->o_report.cr_steps++;
		hole = sp->sp_hole[at];
		begin = (uint32_t)round_up(hole.ho_begin + HEADER, align);
		end = begin + size;
		if (end <= hole.ho_begin + hole.ho_size)
			break;
	}
	if (at == sp->sp_holes)
		return (0);
	sp->sp_free -= HEADER + size;
	sp->sp_hole[at] = (struct hole){ end,
		hole.ho_begin + hole.ho_size - end };
	if (sp->sp_hole[at].ho_size == 0)
		hole_remove(sp, at);
	else
		o->o_report.cr_splits++;
	if (begin - HEADER != hole.ho_begin)
		hole_insert(sp, at, (struct hole){ hole.ho_begin,
			begin - HEADER - hole.ho_begin });
	return (begin);
}

/* A block from a page of the list, or CLASSIC_FAIL. */
static uint64_t
list_alloc(struct slob *o, unsigned list, uint32_t size, uint32_t align,
    const struct classic_request *request)
{
	uint32_t page = o->o_list[list], place = 0;

	if (page != NOPAGE) {
		do {
			o->o_report.cr_steps++;
			if (o->o_page[page].sp_free >= size + HEADER)
				place = page_alloc(o, &o->o_page[page], size,
				    align);
			if (place != 0)
				break;
			page = o->o_page[page].sp_next;
		} while (page != o->o_list[list]);
	}
	if (place == 0) {
		page = new_page(o, list, request);
		if (page == NOPAGE)
			return (CLASSIC_FAIL);
		place = page_alloc(o, &o->o_page[page], size, align);
	}
	o->o_list[list] = page;
	if (o->o_page[page].sp_free == 0)
		ring_remove(o, page);
	return (((uint64_t)page << o->o_pages.pa_pageshift) + place);
}

/* Pages for a large block, or CLASSIC_FAIL. */
static uint64_t
big_alloc(struct slob *o, unsigned order, const struct classic_request *request)
{
	uint64_t addr = pagealloc_take(&o->o_pages, order, request);

	if (addr == CLASSIC_FAIL)
		return (addr);
	o->o_age[addr >> o->o_pages.pa_pageshift] = ++o->o_ages;
	pairs_insert(&o->o_big, (struct pair){ o->o_ages, 1 });
	report_outband(&o->o_report, BIG);
	o->o_report.cr_steps++;
	return (addr);
}

static uint64_t
slob_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct slob *o = arg;
	size_t size = size_of(request), align = align_of(request);
	uint64_t page = (uint64_t)1 << o->o_pages.pa_pageshift, addr;
	unsigned order;

	if (size < page && align < page &&
	    round_up(HEADER, align) + round_up(size, CLASSIC_WORD) <= page) {
		*granted = round_up(size, CLASSIC_WORD);
		addr = list_alloc(o, size < BREAK1 ? 0 : size < BREAK2 ? 1 : 2,
		    (uint32_t)*granted, (uint32_t)align, request);
		if (addr != CLASSIC_FAIL)
			o->o_report.cr_inband += HEADER;
	} else {
		order = pagealloc_order(&o->o_pages,
		    size > align ? size : align);
		*granted = order < BUDDY_ORDERS ? (size_t)1 <<
		    (order + o->o_pages.pa_pageshift) : 0;
		addr = big_alloc(o, order, request);
	}
	if (addr == CLASSIC_FAIL)
		return (report_failure(&o->o_report));
	report_alloc(&o->o_report, request->cr_size, *granted);
	return (addr);
}

/* A part of a page becomes free. */
static void
page_free(struct slob *o, struct slobpage *sp, struct hole hole)
{
	uint32_t at = 0;

	while (at < sp->sp_holes && sp->sp_hole[at].ho_begin < hole.ho_begin)
		at++;
	o->o_report.cr_steps += at + 1;
	sp->sp_free += hole.ho_size;
	if (at < sp->sp_holes &&
	    hole.ho_begin + hole.ho_size == sp->sp_hole[at].ho_begin) {
		hole.ho_size += sp->sp_hole[at].ho_size;
		hole_remove(sp, at);
		o->o_report.cr_merges++;
	}
	if (at != 0 && sp->sp_hole[at - 1].ho_begin +
	    sp->sp_hole[at - 1].ho_size == hole.ho_begin) {
		sp->sp_hole[at - 1].ho_size += hole.ho_size;
		o->o_report.cr_merges++;
	} else {
		hole_insert(sp, at, hole);
	}
}

static void
small_free(struct slob *o, uint64_t addr, uint32_t size)
{
	uint32_t page = (uint32_t)(addr >> o->o_pages.pa_pageshift);
	uint64_t base = (uint64_t)page << o->o_pages.pa_pageshift;
	struct slobpage *sp = &o->o_page[page];
	bool full = sp->sp_free == 0;

	page_free(o, sp, (struct hole){ (uint32_t)(addr - base) - HEADER,
		size + HEADER });
	o->o_report.cr_inband -= HEADER;
	if (sp->sp_free == 1u << o->o_pages.pa_pageshift) {
		if (!full)
			ring_remove(o, page);
		free(sp->sp_hole);
		*sp = (struct slobpage){ 0 };
		pagealloc_give(&o->o_pages, base);
	} else if (full) {
		ring_insert(o, page);
	}
}

static void
slob_free(void *arg, uint64_t addr, size_t size)
{
	struct slob *o = arg;
	uint64_t page = addr >> o->o_pages.pa_pageshift, age = o->o_age[page];
	size_t granted = round_up(size != 0 ? size : 1, CLASSIC_WORD);
	struct pair below, above;

	/* A small block never begins where a page does: its header does. */
	if ((addr & (((uint64_t)1 << o->o_pages.pa_pageshift) - 1)) != 0) {
		report_free(&o->o_report, size, granted);
		small_free(o, addr, (uint32_t)granted);
		return;
	}
	o->o_report.cr_steps += pairs_count(&o->o_big) -
	    pairs_around(&o->o_big, age, &below, &above);
	pairs_remove(&o->o_big, (struct pair){ age, 1 });
	o->o_age[page] = 0;
	o->o_report.cr_outband -= BIG;
	report_free(&o->o_report, size, (size_t)1 <<
	    (pagealloc_give(&o->o_pages, addr) + o->o_pages.pa_pageshift));
}

static const struct classic_report *
slob_report(const void *arg)
{
	return (&((const struct slob *)arg)->o_report);
}

/* (1) and (3) of a page. */
static bool
check_page(const struct slob *o, const struct slobpage *sp)
{
	uint64_t page = (uint64_t)1 << o->o_pages.pa_pageshift, end = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < sp->sp_holes; i++) {
		struct hole hole = sp->sp_hole[i];

		if (hole.ho_size == 0 || (i != 0 && hole.ho_begin <= end))
			return (false);
		end = (uint64_t)hole.ho_begin + hole.ho_size;
		bytes += hole.ho_size;
	}
	return (end <= page && bytes == sp->sp_free && bytes < page);
}

/* The pages in the lists; UINT64_MAX when a list is wrong. */
static uint64_t
check_lists(const struct slob *o)
{
	uint64_t listed = 0;

	for (unsigned list = 0; list < NLIST; list++) {
		uint32_t page = o->o_list[list];

		if (page == NOPAGE)
			continue;
		do {
			const struct slobpage *sp = &o->o_page[page];

			if (sp->sp_hole == NULL || sp->sp_free == 0 ||
			    sp->sp_list != list || ++listed > o->o_npages ||
			    o->o_page[sp->sp_next].sp_prev != page)
				return (UINT64_MAX);
			page = sp->sp_next;
		} while (page != o->o_list[list]);
	}
	return (listed);
}

static bool
slob_check(const void *arg)
{
	const struct slob *o = arg;
	uint64_t pages = 0, some = 0, free_bytes = 0;

	for (uint32_t page = 0; page < o->o_npages; page++) {
		const struct slobpage *sp = &o->o_page[page];

		if (sp->sp_hole == NULL)
			continue;
		if (!check_page(o, sp))
			return (false);
		some += sp->sp_free != 0;
		free_bytes += sp->sp_free;
	}
	return (some == check_lists(o) && pairs_check(&o->o_big) &&
	    pagealloc_check(&o->o_pages, &pages) &&
	    o->o_report.cr_inband + o->o_report.cr_granted + free_bytes ==
	    pages);
}

/* The largest block that a list's pages have room for. */
static size_t
largest_of(const struct slob *o, unsigned list)
{
	static const size_t from[NLIST] = { 1, BREAK1, BREAK2 };
	static const size_t below[NLIST] = { BREAK1, BREAK2, SIZE_MAX };
	uint32_t page = o->o_list[list];
	size_t most = 0;

	if (page == NOPAGE)
		return (0);
	do {
		const struct slobpage *sp = &o->o_page[page];

		for (uint32_t i = 0; i < sp->sp_holes; i++) {
			if (sp->sp_hole[i].ho_size > most + HEADER)
				most = sp->sp_hole[i].ho_size - HEADER;
		}
		page = sp->sp_next;
	} while (page != o->o_list[list]);
	if (most < from[list])
		return (0);
	return (most < below[list] ? most : below[list] - 1);
}

static size_t
slob_largest(void *arg)
{
	const struct slob *o = arg;
	size_t most = pagealloc_largest(&o->o_pages), size;

	for (unsigned list = 0; list < NLIST; list++) {
		size = largest_of(o, list);
		if (size > most)
			most = size;
	}
	return (most);
}

static void
slob_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	const struct slob *o = arg;

	pagealloc_map(&o->o_pages, paint, paint_arg);
	for (uint32_t page = 0;
	    page < o->o_report.cr_extent >> o->o_pages.pa_pageshift; page++) {
		const struct slobpage *sp = &o->o_page[page];
		uint64_t base = (uint64_t)page << o->o_pages.pa_pageshift;

		for (uint32_t i = 0; i < sp->sp_holes; i++)
			paint(paint_arg, base + sp->sp_hole[i].ho_begin,
			    sp->sp_hole[i].ho_size, CLASSIC_KEPT);
	}
}

static void
slob_destroy(void *arg)
{
	struct slob *o = arg;

	for (uint32_t page = 0; o->o_page != NULL &&
	    page < o->o_report.cr_extent >> o->o_pages.pa_pageshift; page++)
		free(o->o_page[page].sp_hole);
	pagealloc_fini(&o->o_pages);
	pairs_fini(&o->o_big);
	free(o->o_page);
	free(o->o_age);
	free(o);
}

const struct classic_ops classic_slob = {
	.co_name = "slob",
	.co_title = "SLOB (simple list of blocks)",
	.co_create = slob_create,
	.co_alloc = slob_alloc,
	.co_free = slob_free,
	.co_report = slob_report,
	.co_check = slob_check,
	.co_largest = slob_largest,
	.co_map = slob_map,
	.co_destroy = slob_destroy
};
