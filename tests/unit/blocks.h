/*
 * blocks.h - malloc and free as the faces have them: fast, or else slow.
 */
#ifndef KMA_TEST_BLOCKS_H
#define KMA_TEST_BLOCKS_H

#include "kmem.h"

static inline void *
block_get(size_t size)
{
	void *p;

	return (kmem_alloc_fast(size, &p) ? p : kmem_alloc_slow(size));
}

static inline void
block_put(void *p)
{
	if (!kmem_free_fast(p))
		kmem_free_slow(p, "free");
}

#endif /* KMA_TEST_BLOCKS_H */
