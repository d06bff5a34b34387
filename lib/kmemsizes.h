/*
 * kmemsizes.h - the arena and its page table.
 *
 * Layer 2.  The arena is one range of addresses, [kmembase, kmemlimit); its
 * first kmempages pages, less holes, are mapped, and each page has
 *
 *	kmemsizes[page]	one byte: its list, or what else it is (param.h);
 *	kmemusage[page]	one word, by what the byte says:
 *	    a page of a cluster		meta number of its struct kmemcluster
 *	    a page of a slab		meta number of its struct slab
 *	    first page of a run		ku_pagecnt, the pages in the run
 *	    first, last of a free run	meta number of its struct pagerun
 *	    any other page		nothing
 *
 * Inside an allocated run, the bytes of the pages that are neither first nor
 * last still say whether the page was clean or dirty when it was last free:
 * that is how calloc knows what is zero.
 *
 *	kmembase                                          kmempages
 *	| cluster   | free    | run of 4        | run   |
 *	| 9 9 9 9   | 2 2 1 1 | 4  (2)(2) 3     | 57    | 0 0 0 ...   kmemsizes
 *
 * A block carries no header: free finds its size here, from its address.
 */
#ifndef KMA_KMEMSIZES_H
#define KMA_KMEMSIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blocktag.h"
#include "cdefs.h"
#include "param.h"

/*
 * kmempages grows (and shrinks) under the page run lock and is read without
 * any: the tables behind it are there before it grows.
 */
extern KMA_HIDDEN uintptr_t kmembase;
extern KMA_HIDDEN size_t	 kmempages;
extern KMA_HIDDEN uint8_t	*kmemsizes;
extern KMA_HIDDEN uint32_t *kmemusage;
extern KMA_HIDDEN uintptr_t kmemlimit;
/* Bytes of the tables in use. */
extern KMA_HIDDEN size_t kmemsizes_mapped, kmemusage_mapped;

/*
 * Where a mode watches all blocks, a third table: of page runs, and of pages
 * that one left filled (bt_filled).  NULL: there is none.
 */
extern KMA_HIDDEN struct blocktag *kmemtags;

/*
 * Finds a place for an arena of up to reserve bytes (0: chosen from the
 * machine) and for its tables.  0, or an errno: then there is no heap.
 */
int	kmemsizes_init(size_t reserve);

/* Makes kmemtags, now and as the arena grows.  0 or an errno. */
int	kmemsizes_watch(void);

/*
 * The mode hardened: the tables are at no known distance from the blocks, and
 * pages that nobody may touch lie before and behind each.  Before init.
 */
void	kmemsizes_harden(void);

/*
 * Maps at least npages more pages after the first kmempages; more than that
 * if it costs nothing.  Stores the first new page and how many there are.
 * Part of the range may turn out to be somebody else's: then the new pages
 * do not adjoin the old.  Their kmemsizes are KU_CLEAN.  0 or an errno.  The
 * caller holds the page run lock.
 */
int	kmemsizes_extend(size_t npages, page_t *first, size_t *got);

/* Unmaps the last pages, from first on, which become holes. */
int	kmemsizes_retract(page_t first);

/* The page of an address inside the arena, and the address of a page. */
static inline page_t
addr_to_page(const void *addr)
{
	return ((page_t)btop((uintptr_t)addr - kmembase));
}

static inline void *
page_to_addr(page_t page)
{
	return ((void *)(kmembase + ptob(page)));
}

/* Pages are taken for something else than a run: what they hold will change. */
static inline void
kmemtags_forget(page_t page, size_t npages)
{
	for (size_t i = 0; kmemtags != NULL && i < npages; i++)
		kmemtags[page + i].bt_filled = 0;
}

#endif /* KMA_KMEMSIZES_H */
