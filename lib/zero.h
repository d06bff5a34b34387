/*
 * zero.h - zeroes pages that may be dirty.
 *
 * Layer 2.  No state, no lock.  Calls fill.h and os.h.
 */
#ifndef KMA_ZERO_H
#define KMA_ZERO_H

#include <stddef.h>
#include <stdint.h>

/*
 * Zeroes npages from addr on.  Those that nobody touched should not be touched
 * for this either, and are given back, which costs next to nothing.
 */
void	zero_pages(uintptr_t addr, size_t npages);

#endif /* KMA_ZERO_H */
