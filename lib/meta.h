/*
 * meta.h - memory for the allocator's own books.
 *
 * Layer 2.  One range of addresses of its own, away from user pages.  Pieces
 * are never returned; the modules keep free lists of theirs.  Invariant:
 * meta_base <= meta_next <= meta_mapped <= meta_limit.
 */
#ifndef KMA_META_H
#define KMA_META_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

/* Gives the module its range; before anything else here is called. */
void	meta_init(uintptr_t base, size_t len);

/*
 * Zeroed memory, aligned to align (a power of two, 16 at least).  NULL when
 * the system has none.
 */
void	*meta_alloc(size_t size, size_t align);

/*
 * A piece has a number of 32 bits, for tables that cannot afford a pointer.
 * 0 is no piece.
 */
extern KMA_HIDDEN uintptr_t meta_base;
/* What was handed out ends here. */
extern KMA_HIDDEN uintptr_t meta_next;

static inline uint32_t
meta_id(const void *p)
{
	return ((uint32_t)(((uintptr_t)p - meta_base) >> 4));
}

static inline void *
meta_ptr(uint32_t id)
{
	return ((void *)(meta_base + ((uintptr_t)id << 4)));
}

#endif /* KMA_META_H */
