/*
 * objcache.h - object caches: memory that stays constructed between uses.
 *
 * Layer 8.  After Bonwick, "The Slab Allocator" (USENIX 1994), with magazines
 * of Bonwick and Adams (USENIX 2001).  A cache has objects of one size, in
 * slabs: runs of pages, cut up.  The constructor runs once for each object,
 * when its slab is made, and the destructor when the slab is given back.
 *
 * Nothing is ever written to a free object, and no object has a header: what
 * is free stands in the slab's maps, out of line, and an object finds its slab
 * by its page (KU_SLAB; kmemusage is the slab's number), whatever the slab's
 * length.
 */
#ifndef KMA_OBJCACHE_H
#define KMA_OBJCACHE_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "lock.h"
#include "param.h"

typedef int objcache_ctor(void *obj, void *arg);
typedef void objcache_dtor(void *obj, void *arg);

/*
 * A slab.  s_map has s_words words of free bits, then as many of out bits:
 *
 *	free  out
 *	1     0		in the slab
 *	0     0		in a magazine, or on its way
 *	0     1		the program has it
 *
 * The free bits and s_nfree are the cache's lock's; the out bits change by
 * atomic operations, so that of two threads that free one object, one is told.
 *
 * Invariants, under oc_lock:
 *	s_nfree = the set free bits
 *	no bit is set in both maps, none from oc_nobj on
 *	no free bit is set in a word below s_hint
 */
struct slab {
	struct kma_objcache *s_cache;	/* NULL: none now */
	struct slab	*s_next, *s_prev;
	page_t		 s_page;	/* the first */
	uint16_t	 s_nfree;
	uint16_t	 s_hint;
	uint16_t	 s_words;
	uint64_t	 s_map[];
};

/* Objects that need not go to their slabs; for the threads that hash here. */
#define MAG_ROUNDS	61
struct magazine {
	KMA_ALIGNED(KMA_CACHELINE)
	struct lock	 m_lock;
	uint32_t	 m_count;
	void		*m_obj[MAG_ROUNDS];
};

#define NMAGAZINE	16
enum { SLAB_EMPTY, SLAB_PARTIAL, SLAB_FULL, NSLABLIST };

/*
 * A cache.  The first fields never change while it lives.  The structure is
 * never given back, and oc_next never changes: a reaper may walk all caches
 * without a lock, and find a dead one empty.
 *
 * Invariants, under oc_lock:
 *	a slab is on the list that its s_nfree says
 *	oc_nslabs, oc_nempty = the slabs on all lists, on SLAB_EMPTY
 *	oc_nfree = the sum of s_nfree
 *	oc_nempty <= 1 when nobody is about to give slabs back
 */
struct kma_objcache {
	size_t		 oc_stride;	/* bytes from object to object */
	size_t		 oc_npages;	/* in a slab */
	size_t		 oc_align;	/* of a slab, in pages */
	uint32_t	 oc_nobj;	/* in a slab */
	uint32_t	 oc_rounds;	/* a magazine's room; 0: none is used */
	unsigned	 oc_class;	/* of its struct slabs */
	unsigned	 oc_type;
	objcache_ctor	*oc_ctor;
	objcache_dtor	*oc_dtor;
	void		*oc_arg;
	struct kma_objcache *oc_next;	/* of all that were ever made */
	struct kma_objcache *oc_spare;	/* of those that do not live */
	bool		 oc_lives;	/* both by the register's lock */
	uint32_t	 oc_waiting;	/* threads that wait for room: atomic */
	uint32_t	 oc_freed;	/* changes when they should look */

	KMA_ALIGNED(KMA_CACHELINE)
	struct lock	 oc_lock;
	struct slab	*oc_slabs[NSLABLIST];
	size_t		 oc_nslabs;
	size_t		 oc_nempty;
	size_t		 oc_nfree;
	size_t		 oc_retiring;	/* slabs being given back, on no list */

	struct magazine	 oc_mag[NMAGAZINE];
};

/* Before there is a second thread. */
void	objcache_init(void);

/*
 * As kma_cache_create(3) and so on, but what went wrong comes as an errno in
 * *error.  The functions that may make or give back a slab may call the
 * constructor or destructor; no lock is held then.
 */
struct kma_objcache *objcache_create(const char *name, size_t size,
	    size_t align, objcache_ctor *ctor, objcache_dtor *dtor, void *arg,
	    int *error);
int	objcache_destroy(struct kma_objcache *oc);
void	*objcache_alloc(struct kma_objcache *oc, int flags, int *error);
void	objcache_free(struct kma_objcache *oc, void *obj, const char *func);
size_t	objcache_reap(struct kma_objcache *oc);
size_t	objcache_reap_all(void);

/* In the child of a fork: the other threads are gone. */
void	objcache_postfork_child(void);

/* A cache's figures: racy where threads use it, exact when quiet. */
struct objcache_stats {
	size_t	os_slabs;
	size_t	os_bytes;	/* of the slabs */
	size_t	os_objects;	/* in use, in magazines, and free */
	size_t	os_inuse;
	size_t	os_cached;
	size_t	os_free;
};
void	objcache_stats(struct kma_objcache *oc, struct objcache_stats *os);

/* Walks and checks all invariants of a cache. */
void	objcache_check(struct kma_objcache *oc);

#endif /* KMA_OBJCACHE_H */
