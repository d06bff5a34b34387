/*
 * param.h - the constants of the allocator, each with its constraint.
 *
 * Owns no state but the page size, which os_linux.c reads at run time.
 * Sources: McKusick and Karels (USENIX 1988) for the names and for the
 * two-page threshold.
 */
#ifndef KMA_PARAM_H
#define KMA_PARAM_H

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

/*
 * The page.  x86-64 has had one base page size since it exists, so the shift
 * is a constant there and costs the fast path nothing; elsewhere it is read
 * at start (4K, 16K and 64K kernels exist for AArch64).
 */
#if defined(KMA_PAGESHIFT)	/* a test plays a machine with longer pages */
#define PAGESHIFT	KMA_PAGESHIFT
#elif defined(__x86_64__)
#define PAGESHIFT	12
#else
extern KMA_HIDDEN unsigned kmem_pageshift;
#define PAGESHIFT	kmem_pageshift
#endif
#undef PAGESIZE		/* musl's <limits.h> has one as well */
#define PAGESIZE	((size_t)1 << PAGESHIFT)
#define PAGEMASK	(PAGESIZE - 1)
#define MAXPAGESHIFT	16		/* 64K */

/* Bytes to pages and back, as in the kernel. */
#define btop(n)		((size_t)(n) >> PAGESHIFT)
#define ptob(n)		((size_t)(n) << PAGESHIFT)
#define round_page(n)	(((size_t)(n) + PAGEMASK) & ~PAGEMASK)

static inline _Bool
is_power_of_2(size_t n)
{
	return (n != 0 && (n & (n - 1)) == 0);
}

/* The smallest block: 2^MINBUCKET bytes, which is also malloc's alignment. */
#define MINBUCKET	4
#define MINALLOCSIZE	((size_t)1 << MINBUCKET)
static_assert(MINALLOCSIZE >= _Alignof(max_align_t), "blocks suit any type");

/*
 * Up to two pages a request is served from a list of blocks cut from
 * clusters; above, it gets whole pages.  A request of one to two pages takes
 * two pages under either strategy, so that is where they part.
 */
#define MAXALLOCSAVE	(2 * PAGESIZE)

/*
 * The size table knows sizes up to here.  Between MAXALLOCSAVE and MAXCACHED
 * the lists hold page runs, one list for each count of pages, so that small
 * runs too have a cache in front of the first-fit search.
 */
#define MAXCACHED	((size_t)256 * 1024)
static_assert(MAXCACHED >= 2 * ((size_t)1 << MAXPAGESHIFT),
    "the table reaches two pages of the largest kind");

/*
 * What a page is: the value of its kmemsizes entry.  From KU_LIST up, the
 * page belongs to the list of that index.  The values below it are lists too
 * in the eyes of the fast path: lists that are always empty and always full
 * (the paper's trick), so that they need no test of their own.  Below, from
 * KU_TYPED on, are lists whose every call has to be seen.
 */
enum {
	KU_HOLE = 0,	/* not ours: untouched table memory reads as this */
	KU_CLEAN,	/* free; reads as zero, holds no memory */
	KU_DIRTY,	/* free; holds memory, and old data */
	KU_CONT,	/* last page of an allocated run of two pages or more */
	KU_RUN,		/* first page of an allocated run beyond MAXCACHED */
	KU_HELD,	/* the same, but freed, and held by a cache */
	KU_SLAB,	/* any page of a slab of objects: see objcache.h */
	KU_GUARD,	/* behind a run: nobody may touch it (guard.h) */
	KU_TYPEDRUN,	/* first page of a run that is charged to a type */
	KU_TYPED,	/* lists of blocks that are charged to a type */
	KU_LIST = KU_TYPED + 14		/* the first of all other lists */
};
static_assert(KU_LIST - KU_TYPED >= MAXPAGESHIFT + 1 - MINBUCKET + 1,
    "one for each power of two from 2^MINBUCKET to two pages");

/*
 * Lists: at spacing 4 up to 32 (48 with 64K pages) lists of blocks, and one
 * for each page count from 3 up to MAXCACHED (62 with 4K pages, 2 with 64K).
 */
#define NLIST		121
static_assert(NLIST <= 256, "a kmemsizes entry is one byte");
static_assert(KU_LIST + 32 + 62 <= NLIST, "lists with 4K pages");
static_assert(KU_LIST + 40 + 14 <= NLIST, "lists with 16K pages");
static_assert(KU_LIST + 48 + 2 <= NLIST, "lists with 64K pages");

/* A count or number of pages.  2^32 pages of 4K are 16 TiB. */
typedef uint32_t page_t;
#define MAXPAGES	((size_t)1 << 31)

#endif /* KMA_PARAM_H */
