/*
 * kmem.h - the allocator: allocate, free, reallocate, usable size.
 *
 * Layer 6.  The fast paths stand here, for the faces to contain; each has one
 * slow way down.  No errno: NULL means that there is no memory.
 */
#ifndef KMA_KMEM_H
#define KMA_KMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bucket.h"
#include "cache.h"
#include "cdefs.h"
#include "kmemsizes.h"
#include "param.h"

/*
 * Makes the allocator ready; once, whoever comes first.  Called by the slow
 * paths, so that nobody else needs to.  False: no arena could be had.
 */
bool	kmem_init(void);

/* The slow ways: as the functions below, whatever the state. */
void	*kmem_alloc_slow(size_t size);
void	 kmem_free_kind(void *p, unsigned kind, const char *func);

/*
 * What the page of an address is.  The program may have read the address
 * without an acquire, which is enough for what lies behind it, but kmempages
 * does not: on AArch64 it could have been read before.
 */
static inline unsigned
kmem_kind(const void *p)
{
	size_t page = btop((uintptr_t)p - kmembase);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (page < relaxed_load(&kmempages) ? kmemsizes[page] : KU_HOLE);
}

static inline void
kmem_free_slow(void *p, const char *func)
{
	kmem_free_kind(p, kmem_kind(p), func);
}

/* As kmem_alloc(), and the block's first size bytes are zero. */
void	*kmem_zalloc(size_t size);

/*
 * As kmem_alloc(), at a multiple of align, a power of two.
 */
void	*kmem_memalign(size_t align, size_t size);

/*
 * npages pages that are no block's, the first at a multiple of align pages,
 * and its kmemsizes kind; whatever the state.  pagerun_free() takes them back.
 * False: no memory.
 */
bool	kmem_alloc_pages(size_t npages, size_t align, unsigned kind,
	    page_t *page);

/*
 * Makes the block p, not NULL, hold size > 0 bytes, here or elsewhere.  NULL:
 * no memory, and the block is as before.  func is the caller's name, for
 * messages about p; on misuse (and abort=no) the answer is NULL.
 */
void	*kmem_realloc(void *p, size_t size, const char *func);

/*
 * The same of a short block that is to move, size > 0, if the thread has a
 * block of the size at hand: most blocks that grow.  NULL: kmem_realloc().
 * indx is what kmem_list_of() says.
 */
void	*kmem_realloc_cached(unsigned indx, void *p, size_t size,
	    const char *func);

/* A block of a typed list; and back, without a look. */
void	*kmem_alloc_list(unsigned indx);
void	 kmem_free_list(unsigned indx, void *p, const char *func);

/*
 * The bytes of the block that kmem_memalign() would make now, with an align of
 * 1 kmem_alloc(); and those of a block that is in use, without a check.
 */
size_t	kmem_rounded(size_t align, size_t size);
size_t	kmem_size(const void *p);

/*
 * The same of the thread's own stack only, in line; NULL, or false: take the
 * functions.
 */
static inline void *
kmem_peek_list(unsigned indx)
{
	struct kmemcache *kc = cache_mine;

	return (*slot(kc, stack_top(kc->kc_typed[indx - KU_TYPED])));
}

static inline void *
kmem_pop_list(unsigned indx)
{
	struct kmemcache *kc = cache_mine;
	uint64_t *word = &kc->kc_typed[indx - KU_TYPED];
	void *p = *slot(kc, stack_top(*word));

	if (likely(p != NULL))
		*word += STACK_POP;
	return (p);
}

static inline bool
kmem_list_isfull(unsigned indx)
{
	struct kmemcache *kc = cache_mine;

	return (*slot(kc, stack_top(kc->kc_typed[indx - KU_TYPED]) + 1) ==
	    STACK_END);
}

static inline void
kmem_push_list(unsigned indx, void *p)
{
	struct kmemcache *kc = cache_mine;
	uint64_t *word = &kc->kc_typed[indx - KU_TYPED];

	*slot(kc, stack_top(*word) + 1) = p;
	*word += STACK_PUSH;
}

/* Why p is no block that may be freed; NULL if it is one.  Stores its list. */
const char *kmem_why_not(const void *p, unsigned *indx);

/* Bytes that the block p, not NULL, has room for; 0 on misuse. */
size_t	kmem_usable(const void *p, const char *func);

/* Gives all memory that is not in use back; true if there was any. */
bool	kmem_trim(void);

/* Before fork, and after it on both sides. */
void	kmem_prefork(void);
void	kmem_postfork_parent(void);
void	kmem_postfork_child(void);

/* All modules' _check(). */
void	kmem_check(void);

/*
 * Allocation: compute the list, pop.  The macro MALLOC of 1988.  False: take
 * the slow way.
 */
static inline bool
kmem_alloc_fast(size_t size, void **p)
{
	struct kmemcache *kc;
	size_t indx, top;

	if (unlikely(size > MAXCACHED))
		return (false);
	indx = BUCKETINDX(size);
	kc = kmem_cache;
	top = stack_top(kc->kc_word[indx]);
	if (unlikely(is_null(slot(kc, top))))
		return (false);
	forget(kc->kc_word[indx]);
	kc->kc_word[indx] += STACK_POP;
	forget_reg(top);
	*p = *slot(kc, top);
	return (true);
}

/*
 * Freeing: look the list up by the page, check the address, push.  The macro
 * FREE of 1988.  False: take the slow way.  It is taken by a foreign address
 * (no page of ours), an interior one (a bit of the mask is set), NULL, any
 * page that is no list's and a full stack (all "full"), and by a block that
 * was freed just before.
 */
static inline bool
kmem_free_fast(void *p)
{
	uintptr_t page = ((uintptr_t)p - kmembase) >> PAGESHIFT;
	struct kmemcache *kc;
	size_t indx, top;

	if (unlikely(page >= kmempages))
		return (false);
	indx = kmemsizes[page];
	kc = kmem_cache;
	/* Of sizes between the powers of two, the mask is all bits. */
	if (unlikely(any_bit((uintptr_t)p, &kc->kc_mask[indx])) &&
	    !bucket_starts(p, kc->kc_start, kc->kc_bound, indx))
		return (false);
	top = stack_top(kc->kc_word[indx]);
	if (unlikely(*slot(kc, top + 1) == STACK_END) ||
	    unlikely(*slot(kc, top) == p))
		return (false);
	forget_reg(top);
	*slot(kc, top + 1) = p;
	forget(kc->kc_word[indx]);
	kc->kc_word[indx] += STACK_PUSH;
	return (true);
}

/*
 * The list of a block that the thread has not just freed; of all else, a list
 * whose blocks have no bytes.
 */
static inline unsigned
kmem_list_of(const void *p)
{
	const struct kmembuckets *kb;
	uintptr_t page = ((uintptr_t)p - kmembase) >> PAGESHIFT;
	unsigned indx;

	if (unlikely(page >= kmempages))
		return (KU_HOLE);
	indx = kmemsizes[page];
	kb = &bucket[indx];
	if (kb->kb_size == 0 || (((uintptr_t)p & kb->kb_mask) != 0 &&
	    !bucket_starts(p, &kb->kb_start, &kb->kb_bound, 0)) ||
	    cache_freed_last(indx, p))
		return (KU_HOLE);
	return (indx);
}

/*
 * Is p, of that list, a block that suits the size already?  True only if p is
 * not free, as far as can be seen; all else takes the slow way,
 * kmem_realloc(): NULL and a size of 0 too.
 */
static inline bool
kmem_suits(unsigned indx, const void *p, size_t size)
{
	return (size - 1 < bucket[indx].kb_size &&
	    size >= bucket[indx].kb_fastleast && !bucket_isfree(indx, p));
}

/*
 * The bytes in a block, or 0: kmem_usable() is to be asked.  Some programs ask
 * for each block, before they free it, say: its cluster is not looked at.
 */
static inline size_t
kmem_usable_fast(const void *p)
{
	const struct kmembuckets *kb = &bucket[kmem_list_of(p)];

	return (likely(kb->kb_fastleast != SIZE_MAX) ? kb->kb_size : 0);
}

#endif /* KMA_KMEM_H */
