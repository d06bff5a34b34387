/*
 * classic.h - the classic kernel allocators, behind one interface.
 *
 * Each manages a simulated memory of pages.  An address is an offset into it.
 * What an allocator knows about the memory is real and is counted; the bytes
 * of its user are never touched, so that gigabytes are managed in megabytes.
 * What the literature writes into the memory itself (headers, links through
 * free blocks) takes its place there, and its contents stand in a table at
 * the side.
 *
 * Nothing here is for threads.
 */
#ifndef CLASSIC_H
#define CLASSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLASSIC_FAIL	UINT64_MAX	/* no address: there is no room */
#define CLASSIC_WORD	8	/* every block is aligned to this at least */

/* The zones of the page allocator, from the lowest address. */
enum classic_zone {
	CLASSIC_DMA,
	CLASSIC_NORMAL,
	CLASSIC_HIGHMEM,
	CLASSIC_ZONES
};

/*
 * The memory.  A page has a power of two of bytes, 64 at least; there are
 * fewer than 2^26 of them.  Where the zones end, in bytes; all 0: everything
 * is NORMAL.  Only the page allocator has zones, and those who take their
 * pages from it: slab and slob.
 */
struct classic_memory {
	size_t		cm_pages;
	size_t		cm_pagesize;
	uint64_t	cm_zone_end[CLASSIC_ZONES];
};

/* 16 MB, 896 MB, and all the rest. */
extern const uint64_t classic_zone_end[CLASSIC_ZONES];
extern const char *const classic_zone_name[CLASSIC_ZONES];

/* What may be chosen; 0 is the default. */
struct classic_options {
	/* pow2: bytes of the header (8; the lectures have 4, with which
	 * addresses are odd multiples of 4) */
	size_t		cx_word;
	/* rmap: what requests are rounded to (8; 1: exact bytes, aligned to
	 * nothing); buddy, lazy-buddy: the smallest block (32); a power of
	 * two, a page at most */
	size_t		cx_unit;
	/* mk: clusters of a list that may stay empty (1) */
	size_t		cx_highwat;
	/* pages, slab, slob: the largest block has 2^this pages (as many as
	 * the memory has) */
	unsigned	cx_maxorder;
	/* slab: a cache for each type and size, for types other than 0 */
	bool		cx_bytype;
	/* slab: objects of successive slabs begin in other cache lines */
	bool		cx_colour;
};

struct classic_request {
	size_t		cr_size;	/* 0 counts as 1 */
	size_t		cr_align;	/* a power of two; 0: CLASSIC_WORD */
	unsigned	cr_type;	/* what for; 0: anything */
	/*
	 * The zones to try, in order of preference, and CLASSIC_ZONES after
	 * the last; NULL: HIGHMEM, NORMAL, DMA.  slab and slob take new
	 * pages by it, but serve from any page that they have.
	 */
	const enum classic_zone *cr_order;
};

/*
 * The figures of an allocator.
 *
 * (1) cr_requested <= cr_granted
 * (2) cr_granted + cr_inband <= cr_required
 *
 * Utilisation is requested / required; internal fragmentation is
 * granted - requested, external is required - granted - inband.
 *
 * Required is what the allocator could not do without at this moment: the
 * pages that hold any part of a block, and those that it keeps for its own
 * lists because its literature does not give them back.
 */
struct classic_report {
	uint64_t	cr_required;	/* now: bytes, whole pages */
	uint64_t	cr_required_peak;
	uint64_t	cr_extent;	/* end of the highest page ever used */
	uint64_t	cr_requested;	/* live bytes as they were asked for */
	uint64_t	cr_requested_peak;
	uint64_t	cr_granted;	/* live bytes as they were given */
	uint64_t	cr_inband;	/* headers and such in the memory */
	uint64_t	cr_outband;	/* tables and such besides it */
	uint64_t	cr_outband_peak;
	uint64_t	cr_live;	/* blocks */

	uint64_t	cr_allocs;	/* calls that succeeded */
	uint64_t	cr_frees;
	uint64_t	cr_failures;	/* requests for which no room was */
	uint64_t	cr_steps;	/* nodes of lists visited, splits and
					 * merges: what all calls cost */
	uint64_t	cr_splits;
	uint64_t	cr_merges;
	uint64_t	cr_lazy;	/* lazy-buddy: freed without a merge */
	uint64_t	cr_constructed;	/* slab: objects made ready */
	uint64_t	cr_destroyed;	/* slab: objects undone */
	uint64_t	cr_reaped;	/* pages taken back from lists */
	uint64_t	cr_zone[CLASSIC_ZONES];	/* bytes of each in use */
};

/* What a piece of the memory is used for. */
enum classic_use {
	CLASSIC_FREE,
	CLASSIC_KEPT,	/* free, on a list that keeps its page */
	CLASSIC_USED,	/* a live block's, as granted */
	CLASSIC_META	/* a header */
};
typedef void classic_paint(void *arg, uint64_t addr, uint64_t length,
    enum classic_use use);

struct classic_ops {
	const char *co_name;		/* one word */
	const char *co_title;
	/* options may be NULL; NULL when there is no memory for the tables. */
	void	*(*co_create)(const struct classic_memory *,
		    const struct classic_options *);
	/* The address, or CLASSIC_FAIL; *granted is the room there. */
	uint64_t (*co_alloc)(void *, const struct classic_request *,
		    size_t *granted);
	/* size is what was asked for. */
	void	(*co_free)(void *, uint64_t addr, size_t size);
	/*
	 * Frees a part of a block, in whole units; the last part that is left
	 * is freed with co_free, as a block of what it then has.  NULL where
	 * the literature has no such thing.
	 */
	void	(*co_release)(void *, uint64_t addr, size_t size);
	/* Always up to date: read it before and after a call. */
	const struct classic_report *(*co_report)(const void *);
	/* Every invariant, and the figures counted anew. */
	bool	(*co_check)(const void *);
	/*
	 * The largest request that would now succeed (type 0, any zone).
	 * Gives back first what such a request would make it give back.
	 */
	size_t	(*co_largest)(void *);
	/*
	 * Calls paint for pieces of the memory that are not free.  A later
	 * piece covers an earlier one.
	 */
	void	(*co_map)(const void *, classic_paint *, void *arg);
	void	(*co_destroy)(void *);
};

extern const struct classic_ops classic_rmap_first, classic_rmap_best,
    classic_rmap_worst, classic_pow2, classic_mk, classic_mk_keep,
    classic_buddy, classic_lazy_buddy, classic_pages, classic_slab,
    classic_slob;

/* All of them, with NULL after the last. */
extern const struct classic_ops *const classic_all[];

/* By co_name; NULL when there is none. */
const struct classic_ops *classic_find(const char *name);

#endif /* CLASSIC_H */
