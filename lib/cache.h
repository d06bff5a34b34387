/*
 * cache.h - what makes the fast path lock-free: lists of each thread's own.
 *
 * Layer 5.  For each list a thread has a stack of free blocks, which malloc
 * pops and free pushes.  A stack that is full leaves half of its blocks at
 * the list's depot, and one that is empty takes as many there: so blocks that
 * one thread allocates and another frees travel back in batches, untouched
 * (after the magazines and depots of Bonwick and Adams, USENIX 2001).
 */
#ifndef KMA_CACHE_H
#define KMA_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "lock.h"
#include "os.h"
#include "param.h"

struct batch;
struct memtype_count;

/*
 * A thread keeps the last freed run of each of these lengths: more than
 * MAXCACHED, twice or three times that, and up to one MAXCACHED longer.
 */
#define NCACHEDRUN	3
struct cached_run {
	page_t	cr_npages;	/* 0: none */
	page_t	cr_page;	/* the first, KU_HELD */
	bool	cr_swept;	/* the run, if any, stayed for a sweep */
	size_t	cr_bytes;	/* room for them counted in kc_bytes, or 0 */
};

/*
 * A thread's cache.  All its stacks lie in kc_slot, each between two
 * sentinels: NULL below the first block and STACK_END above the last.  One
 * word tells a list's state: its low 16 bits are the slot of the top block,
 * and so hold the count and, by the sentinels, both bounds; the bits above
 * count requests.  One addition pops and counts.  Slots are numbered from the
 * start of the structure.
 *
 *	kc_slot   | NULL END | NULL b b b . . . END | NULL b . . END | ...
 *	            NOSTACK    ^first   ^top
 *
 * A list whose top is NOSTACK has no stack: it is empty and full at once.  So
 * is each kind of page that is no list.  So are the lists of typed blocks, as
 * far as kc_word tells, so that each call for one comes to the slow path: the
 * words of their stacks are in kc_typed.
 *
 * Invariants, for a list i with a stack:
 *	first[i] <= top <= first[i] + kc_room[i]
 *	kc_mask[i] = kb_mask, kc_start[i] = kb_start, kc_bound[i] = kb_bound
 * kmemsizes is there for kc_npages pages, since it never shrinks.
 *	kc_bytes = the sum of what its stacks, and kc_run, have room for
 *	kc_bytes = 0 if kc_orphan, which changes under the register's lock
 */
struct kmemcache {
	uint64_t	  kc_word[NLIST];
	uintptr_t	  kc_mask[NLIST];

	/* What MALLOC and FREE of <kma.h> cannot name: see kma.c. */
	const uint8_t	 *kc_indx;		/* bucketindx */
	const uint8_t	 *kc_sizes;		/* kmemsizes */
	uintptr_t	  kc_base;		/* kmembase */
	size_t		  kc_npages;		/* <= kmempages at some time */

	uint64_t	  kc_typed[KU_LIST - KU_TYPED];
	uint32_t	  kc_start[NLIST];	/* kb_start */
	uint32_t	  kc_bound[NLIST];	/* kb_bound */
	uint16_t	  kc_room[NLIST];	/* blocks a stack may hold */
	uint64_t	  kc_seen[NLIST];	/* kc_word at a sweep, or 0 */
	struct cached_run kc_run[NCACHEDRUN];
	size_t		  kc_bytes;
	size_t		  kc_moved;		/* bytes since the last sweep */
	unsigned	  kc_hand;		/* where eviction goes on */
	unsigned	  kc_ops;		/* slow operations */
	uint32_t	  kc_busy;		/* in the slow path: see fork */
	uint32_t	  kc_orphan;		/* nobody's: see scavenge() */
	struct kmemcache *kc_next;		/* of all caches */
	struct os_life	  kc_life;		/* the owner's */
	struct memtype_count *kc_types;		/* what it counted; or NULL */

	void		 *kc_slot[2];		/* and more */
};
#define STACK_END	((void *)1)
#define STACK_POP	(((uint64_t)1 << 16) - 1)	/* and count it */
#define STACK_PUSH	((uint64_t)1)

#define NOSTACK		(offsetof(struct kmemcache, kc_slot) / sizeof(void *))

static inline size_t
stack_top(uint64_t word)
{
	return ((uint16_t)word);
}

static inline void **
slot(struct kmemcache *kc, size_t number)
{
	return ((void **)kc + number);
}

/*
 * The cache of a thread that has none: no list has a stack.  A mode that
 * wants to see each call leaves threads with it, as far as the fast path can
 * see.
 */
extern KMA_HIDDEN struct kmemcache cache_none;
extern KMA_HIDDEN KMA_TLS struct kmemcache *kmem_cache;
/* The thread's cache all the same, for the slow path; or cache_none. */
extern KMA_HIDDEN KMA_TLS struct kmemcache *cache_mine;

/*
 * A thread that hides its cache, until it shows it again, takes the slow path
 * at each call; so does every thread from cache_hide_all() on, which is called
 * before any has a cache.
 */
void	cache_hide(bool hide);
void	cache_hide_all(void);

/* The calling thread's cache, made if need be; NULL without memory. */
struct kmemcache *cache_get(void);
/* The newest of all caches, dead threads' too; kc_next leads to the others. */
struct kmemcache *cache_first(void);

static inline uint64_t *
stack_word(struct kmemcache *kc, unsigned indx)
{
	return (indx - KU_TYPED < KU_LIST - KU_TYPED ?
	    &kc->kc_typed[indx - KU_TYPED] : &kc->kc_word[indx]);
}

/*
 * What is shared of a list.  The first three never change.  Invariants, under
 * d_lock:
 *	d_nfull = the length of d_full
 *	d_blocks = the sum of b_count over d_full
 *	d_min = the least d_nfull since the last reaping
 */
struct depot {
	KMA_ALIGNED(KMA_CACHELINE)
	uint16_t	 d_batch;	/* blocks in a batch, at most */
	uint16_t	 d_room;	/* and in a stack */
	uint32_t	 d_first;	/* slot of a stack's lower sentinel */
	struct lock	 d_lock;
	struct batch	*d_full;
	struct batch	*d_empty;
	uint32_t	 d_nfull;
	uint32_t	 d_min;
	uint32_t	 d_max;
	uint32_t	 d_flushed;	/* batches emptied into the clusters */
	size_t		 d_blocks;
};
static_assert(sizeof(struct depot) == KMA_CACHELINE, "one line each");

/* After bucket_init(). */
void	cache_init(void);
/* Before bucket_add(): makes the depot for blocks of size bytes. */
void	cache_add(unsigned indx, size_t size);
/* After bucket_retire(): empties it. */
void	cache_retire(unsigned indx);

/*
 * The slow path of both: a block of a list, or NULL; a block back.  *taken is
 * set to how many blocks came out of clusters for it.  *twice is set to a
 * block that was found to be free already, else left alone.
 */
void	*cache_alloc(unsigned indx, unsigned *taken);
void	cache_free(unsigned indx, void *p, void **twice);

/* Is p the block of a list that the thread freed last? */
static inline bool
cache_freed_last(unsigned indx, const void *p)
{
	struct kmemcache *kc = cache_mine;

	return (*slot(kc, stack_top(*stack_word(kc, indx))) == p);
}

/*
 * The same for page runs beyond MAXCACHED.  False: the thread has none of
 * npages, or does not want the run.
 */
bool	cache_alloc_run(size_t npages, page_t *page);
bool	cache_free_run(page_t page, size_t npages);

/* Requests that all threads' caches have counted for a list. */
uint64_t cache_calls(unsigned indx);

/* Counts the thread's slow operations; true once in a while. */
#define DUE_OPS		64
static inline bool
cache_due(void)
{
	struct kmemcache *kc = cache_mine;

	if (kc == &cache_none || ++kc->kc_ops < DUE_OPS)
		return (false);
	kc->kc_ops = 0;
	return (true);
}
/* Returns what went unused since the last time, and what dead threads held. */
void	cache_reap(void);
/* Returns all that can be: the depots, and the calling thread's cache. */
void	cache_drain(void);

/* In the child of a fork: the other threads are gone. */
void	cache_postfork_child(void);

/* Walks and checks the calling thread's cache and the depots. */
void	cache_check(void);

#endif /* KMA_CACHE_H */
