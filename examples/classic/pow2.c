/*
 * pow2.c - power-of-two free lists: malloc of the 4.2BSD C library.
 *
 * Source: McKusick and Karels, "Design of a General Purpose Memory Allocator
 * for the 4.3BSD UNIX Kernel", section 3, and the lecture "Advanced Memory
 * Management Techniques", power-of-two free list allocation.
 *
 * A list for each size 32, 64, 128 ... bytes.  A request and the one-word
 * header before it are rounded up to such a size, and a block is taken from
 * its list.  The header holds the link to the next block while the block is
 * free, and the identity of its list while it is in use.  A list that is
 * empty takes a page from the end of memory in use and cuts it up, or takes
 * whole pages for one block when that is larger than a page.  Blocks are
 * never split or merged, and pages never change lists or come back: a list
 * once large stays large.  When there are no more pages, the next larger
 * block that is free has to do.
 *
 * Costs: a shift and a pop, a push: no search, ever.  A word for each block,
 * which doubles what a request of exactly a power of two takes; a half of
 * each block is unused at worst, a quarter on average.
 *
 * Here: every block of a page is of one list, so the header's contents stand
 * once for a page, in p_page.  4.2BSD has no alignment larger than a word:
 * such a request is made larger by the alignment, and the address moved up in
 * its block.
 *
 * Invariants:
 * (1) A page below p_brk has one list, and so have all pages of its block.
 * (2) What is granted, the headers and the free blocks fill the pages.
 * (3) No address is in a list twice.
 */
#include <stdlib.h>

#include "common.h"

#define MINLIST		5	/* blocks of 32 bytes */
#define NLIST		64

struct page {
	uint32_t	pg_first;	/* page where its block begins */
	uint32_t	pg_list;
};

struct pow2 {
	struct classic_report p_report;
	struct stack	p_list[NLIST];
	size_t		p_word;
	size_t		p_pagesize;
	unsigned	p_pageshift;
	uint32_t	p_pages;
	uint32_t	p_brk;		/* pages in use: those below */
	struct page	*p_page;
};

static void pow2_destroy(void *);

static void *
pow2_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	struct pow2 *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return (NULL);
	p->p_word = options != NULL && options->cx_word != 0 ?
	    options->cx_word : CLASSIC_WORD;
	p->p_pagesize = memory->cm_pagesize;
	p->p_pageshift = log2_down(memory->cm_pagesize);
	p->p_pages = (uint32_t)memory->cm_pages;
	p->p_page = calloc(p->p_pages, sizeof(*p->p_page));
	if (p->p_page == NULL) {
		pow2_destroy(p);
		return (NULL);
	}
	report_outband(&p->p_report, NLIST * sizeof(uint64_t));
	return (p);
}

/* Takes pages for an empty list; false when there are no more. */
static bool
more_core(struct pow2 *p, unsigned list)
{
	size_t size = (size_t)1 << list;
	size_t bytes = size > p->p_pagesize ? size : p->p_pagesize;
	uint64_t addr = (uint64_t)p->p_brk << p->p_pageshift;
	uint32_t first = p->p_brk;

	if (bytes >> p->p_pageshift > p->p_pages - p->p_brk)
		return (false);
	p->p_brk += (uint32_t)(bytes >> p->p_pageshift);
	report_take(&p->p_report, addr, bytes);
	for (uint32_t page = first; page < p->p_brk; page++)
		p->p_page[page] = (struct page){ first, list };
	for (size_t end = bytes; end != 0; end -= size)
		stack_push(&p->p_list[list], addr + end - size);
	return (true);
}

/* The smallest list that holds size bytes and a header. */
static unsigned
list_for(const struct pow2 *p, size_t size)
{
	unsigned list = log2_up(size + p->p_word);

	return (list < MINLIST ? MINLIST : list);
}

static uint64_t
pow2_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct pow2 *p = arg;
	size_t size = size_of(request), align = request->cr_align;
	size_t extra = align > p->p_word ? align : 0;
	unsigned list;
	uint64_t block, addr;

	if (size > SIZE_MAX / 4 || extra > SIZE_MAX / 4)
		return (report_failure(&p->p_report));
	list = list_for(p, size + extra);
	if (p->p_list[list].s_count == 0 && !more_core(p, list)) {
		while (list < NLIST && p->p_list[list].s_count == 0) {
			p->p_report.cr_steps++;
			list++;
		}
		if (list == NLIST)
			return (report_failure(&p->p_report));
	}
	p->p_report.cr_steps++;
	block = stack_pop(&p->p_list[list]);
	addr = extra != 0 ? round_up(block + p->p_word, align) :
	    block + p->p_word;
	*granted = ((size_t)1 << list) - (size_t)(addr - block);
	p->p_report.cr_inband += p->p_word;
	report_alloc(&p->p_report, request->cr_size,
	    ((size_t)1 << list) - p->p_word);
	return (addr);
}

static void
pow2_free(void *arg, uint64_t addr, size_t size)
{
	struct pow2 *p = arg;
	struct page page = p->p_page[addr >> p->p_pageshift];
	uint64_t first = (uint64_t)page.pg_first << p->p_pageshift;
	uint64_t block = addr - ((addr - first) & (((uint64_t)1 <<
	    page.pg_list) - 1));

	p->p_report.cr_steps++;
	stack_push(&p->p_list[page.pg_list], block);
	p->p_report.cr_inband -= p->p_word;
	report_free(&p->p_report, size,
	    ((size_t)1 << page.pg_list) - p->p_word);
}

static const struct classic_report *
pow2_report(const void *arg)
{
	return (&((const struct pow2 *)arg)->p_report);
}

/* Whether the free blocks of a list are of its pages; marks them. */
static bool
check_list(const struct pow2 *p, unsigned list, uint8_t *seen)
{
	const struct stack *stack = &p->p_list[list];

	for (size_t i = 0; i < stack->s_count; i++) {
		uint64_t addr = stack->s_addr[i];
		struct page page = p->p_page[addr >> p->p_pageshift];
		uint64_t first = (uint64_t)page.pg_first << p->p_pageshift;

		if (addr >> p->p_pageshift >= p->p_brk ||
		    page.pg_list != list || seen[addr >> MINLIST] != 0 ||
		    ((addr - first) & (((uint64_t)1 << list) - 1)) != 0)
			return (false);
		seen[addr >> MINLIST] = 1;
	}
	return (true);
}

static bool
pow2_check(const void *arg)
{
	const struct pow2 *p = arg;
	const struct classic_report *report = &p->p_report;
	uint64_t bytes = (uint64_t)p->p_brk << p->p_pageshift, free_bytes = 0;
	uint8_t *seen = calloc(1, (bytes >> MINLIST) + 1);
	bool right = seen != NULL;

	for (unsigned list = 0; right && list < NLIST; list++) {
		right = check_list(p, list, seen);
		free_bytes += (uint64_t)p->p_list[list].s_count << list;
	}
	free(seen);
	return (right && report->cr_required == bytes &&
	    report->cr_inband == report->cr_live * p->p_word &&
	    report->cr_granted + report->cr_inband + free_bytes == bytes);
}

static size_t
pow2_largest(void *arg)
{
	const struct pow2 *p = arg;
	uint64_t room = (uint64_t)(p->p_pages - p->p_brk) << p->p_pageshift;
	unsigned most = room != 0 ? log2_down(room) : 0;

	for (unsigned list = most + 1; list < NLIST; list++) {
		if (p->p_list[list].s_count != 0)
			most = list;
	}
	return (most >= MINLIST ? ((size_t)1 << most) - p->p_word : 0);
}

static void
pow2_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	const struct pow2 *p = arg;
	uint64_t end = (uint64_t)p->p_brk << p->p_pageshift;
	uint64_t size;

	for (uint64_t addr = 0; addr < end; addr += size) {
		size = (uint64_t)1 << p->p_page[addr >> p->p_pageshift].pg_list;
		paint(paint_arg, addr, p->p_word, CLASSIC_META);
		paint(paint_arg, addr + p->p_word, size - p->p_word,
		    CLASSIC_USED);
	}
	for (unsigned list = 0; list < NLIST; list++) {
		const struct stack *stack = &p->p_list[list];

		for (size_t i = 0; i < stack->s_count; i++)
			paint(paint_arg, stack->s_addr[i], (uint64_t)1 << list,
			    CLASSIC_KEPT);
	}
}

static void
pow2_destroy(void *arg)
{
	struct pow2 *p = arg;

	for (unsigned list = 0; list < NLIST; list++)
		stack_free(&p->p_list[list]);
	free(p->p_page);
	free(p);
}

const struct classic_ops classic_pow2 = {
	.co_name = "pow2",
	.co_title = "power-of-two free lists (4.2BSD)",
	.co_create = pow2_create,
	.co_alloc = pow2_alloc,
	.co_free = pow2_free,
	.co_report = pow2_report,
	.co_check = pow2_check,
	.co_largest = pow2_largest,
	.co_map = pow2_map,
	.co_destroy = pow2_destroy
};
