/*
 * common.h - what the classic allocators share: figures, sizes, which pages
 * hold a block, and a stack of addresses, which is what a list of free blocks
 * comes to when its links stand at the side.
 */
#ifndef CLASSIC_COMMON_H
#define CLASSIC_COMMON_H

#include "classic.h"

static inline uint64_t
round_up(uint64_t n, uint64_t to)
{
	return ((n + to - 1) & ~(to - 1));
}

/* The smallest k with 2^k >= n. */
static inline unsigned
log2_up(uint64_t n)
{
	return (n <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(n - 1));
}

/* The largest k with 2^k <= n; n is not 0. */
static inline unsigned
log2_down(uint64_t n)
{
	return (63 - (unsigned)__builtin_clzll(n));
}

static inline size_t
size_of(const struct classic_request *request)
{
	return (request->cr_size != 0 ? request->cr_size : 1);
}

static inline size_t
align_of(const struct classic_request *request)
{
	return (request->cr_align > CLASSIC_WORD ? request->cr_align :
	    CLASSIC_WORD);
}

/* The figures of a block that comes and of one that goes. */
static inline void
report_alloc(struct classic_report *report, size_t size, size_t granted)
{
	report->cr_allocs++;
	report->cr_live++;
	report->cr_granted += granted;
	report->cr_requested += size;
	if (report->cr_requested > report->cr_requested_peak)
		report->cr_requested_peak = report->cr_requested;
}

static inline void
report_free(struct classic_report *report, size_t size, size_t granted)
{
	report->cr_frees++;
	report->cr_live--;
	report->cr_granted -= granted;
	report->cr_requested -= size;
}

static inline uint64_t
report_failure(struct classic_report *report)
{
	report->cr_failures++;
	return (CLASSIC_FAIL);
}

/* The allocator takes the pages from addr on. */
static inline void
report_take(struct classic_report *report, uint64_t addr, uint64_t bytes)
{
	report->cr_required += bytes;
	if (report->cr_required > report->cr_required_peak)
		report->cr_required_peak = report->cr_required;
	if (addr + bytes > report->cr_extent)
		report->cr_extent = addr + bytes;
}

static inline void
report_return(struct classic_report *report, uint64_t bytes)
{
	report->cr_required -= bytes;
}

static inline void
report_outband(struct classic_report *report, uint64_t bytes)
{
	report->cr_outband += bytes;
	if (report->cr_outband > report->cr_outband_peak)
		report->cr_outband_peak = report->cr_outband;
}

/*
 * Pages by the number of blocks in them, for allocators whose blocks lie
 * anywhere.  A block counts in its first and its last page; those between
 * have no other.
 */
struct held {
	struct classic_report *h_report;
	uint32_t	*h_blocks;
	unsigned	h_pageshift;
};

static inline void
held_page(struct held *held, uint64_t page)
{
	if (held->h_blocks[page]++ == 0)
		report_take(held->h_report, page << held->h_pageshift,
		    (uint64_t)1 << held->h_pageshift);
}

static inline void
held_page_less(struct held *held, uint64_t page)
{
	if (--held->h_blocks[page] == 0)
		report_return(held->h_report,
		    (uint64_t)1 << held->h_pageshift);
}

static inline void
held_add(struct held *held, uint64_t addr, uint64_t bytes)
{
	uint64_t first = addr >> held->h_pageshift;
	uint64_t last = (addr + bytes - 1) >> held->h_pageshift;

	held_page(held, first);
	if (last == first)
		return;
	if (last > first + 1)
		report_take(held->h_report, (first + 1) << held->h_pageshift,
		    (last - first - 1) << held->h_pageshift);
	held_page(held, last);
}

static inline void
held_remove(struct held *held, uint64_t addr, uint64_t bytes)
{
	uint64_t first = addr >> held->h_pageshift;
	uint64_t last = (addr + bytes - 1) >> held->h_pageshift;

	held_page_less(held, first);
	if (last == first)
		return;
	report_return(held->h_report,
	    (last - first - 1) << held->h_pageshift);
	held_page_less(held, last);
}

/*
 * Addresses, the last one first.  A simulation that has no memory for its own
 * tables cannot go on: the program ends.
 */
struct stack {
	uint64_t	*s_addr;
	size_t		s_count, s_room;
};

void	stack_grow(struct stack *);
void	stack_free(struct stack *);
/* malloc(), or the end of the program. */
void	*must_alloc(size_t bytes);

static inline void
stack_push(struct stack *stack, uint64_t addr)
{
	if (stack->s_count == stack->s_room)
		stack_grow(stack);
	stack->s_addr[stack->s_count++] = addr;
}

/* Not of an empty one. */
static inline uint64_t
stack_pop(struct stack *stack)
{
	return (stack->s_addr[--stack->s_count]);
}

#endif /* CLASSIC_COMMON_H */
