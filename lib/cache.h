/*
 * cache.h - what makes the fast path lock-free: lists of each thread's own.
 *
 * Layer 5.  For each list a thread has a loaded magazine, an array of blocks
 * that malloc pops and free pushes, and a previous one, which is full or
 * empty.  Full and empty magazines change hands at the list's depot, whole:
 * blocks that one thread allocates and another frees travel back a magazine
 * at a time, untouched (magazines and depots: Bonwick and Adams, USENIX 2001).
 */
#ifndef KMA_CACHE_H
#define KMA_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "os.h"
#include "param.h"

/*
 * A magazine's slots, from m_slot[1] to m_slot[m_rounds], stand between two
 * sentinels: m_slot[0] is NULL and m_slot[m_rounds + 1] is MAG_END.  So one
 * cursor, which points at the last block in, holds the count and both bounds:
 * the magazine is empty if *cursor is NULL and full if cursor[1] is MAG_END.
 */
struct magazine {
	struct magazine	*m_next;	/* in the depot */
	uint32_t	 m_rounds;
	uint32_t	 m_full;	/* of the previous magazine: or empty */
	void		*m_slot[];
};
#define MAG_END		((void *)1)

/*
 * A thread's cache.  The lists' arrays that the fast path reads come first,
 * indexed by kmemsizes' byte.  A list that has no magazine (and each kind of
 * page that is no list) has its cursor in one that is empty and full at once.
 *
 * Invariants:
 *	kc_cursor[i] points into kc_loaded[i], or is cache_none's
 *	kc_prev[i] is NULL unless kc_loaded[i] is not
 *	kc_bytes = the sum of what its magazines, and kc_run, can hold
 */
#define NCACHEDRUN	4
struct cached_run {
	page_t	cr_npages;	/* 0: none */
	page_t	cr_page;	/* the first, KU_HELD */
	size_t	cr_bytes;	/* room for them counted in kc_bytes, or 0 */
};

struct kmemcache {
	void		**kc_cursor[NLIST];
	uint64_t	  kc_calls[NLIST];	/* blocks handed out */
	uintptr_t	  kc_mask[NLIST];	/* kb_mask */

	struct magazine	 *kc_loaded[NLIST];
	struct magazine	 *kc_prev[NLIST];
	struct cached_run kc_run[NCACHEDRUN];	/* freed, beyond MAXCACHED */
	size_t		  kc_bytes;
	unsigned	  kc_hand;		/* where eviction goes on */
	unsigned	  kc_ops;		/* slow operations */
	uint32_t	  kc_busy;		/* in the slow path: see fork */
	struct kmemcache *kc_next;		/* of all caches */
	struct os_life	  kc_life;		/* the owner's */
};

/*
 * The cache of a thread that has none: every list empty and full.  A mode
 * that wants to see each call leaves threads with it.
 */
extern KMA_HIDDEN struct kmemcache cache_none;
extern KMA_HIDDEN KMA_TLS struct kmemcache *kmem_cache;

/* After bucket_init(). */
void	cache_init(void);

/*
 * The slow path of both: a block of a list, or NULL; a block back.  *twice is
 * set to a block that was found to be free already, else left alone.
 */
void	*cache_alloc(unsigned indx);
void	cache_free(unsigned indx, void *p, void **twice);

/*
 * The same for page runs beyond MAXCACHED, of which a thread keeps the last
 * of each quarter of the lengths up to four times that.  False: it has none
 * of npages, or does not want the run.
 */
bool	cache_alloc_run(size_t npages, page_t *page);
bool	cache_free_run(page_t page, size_t npages);

/* Counts the thread's slow operations; true once in a while. */
bool	cache_due(void);
/* Returns what went unused since the last time, and what dead threads held. */
void	cache_reap(void);
/* Returns all that can be: the depots, and the calling thread's cache. */
void	cache_drain(void);

/* A list's figures over all threads: racy where they run, exact when quiet. */
struct cache_stats {
	uint64_t	cs_calls;	/* requests, kb_calls apart */
	size_t		cs_cached;	/* blocks in magazines */
};
void	cache_stats(unsigned indx, struct cache_stats *cs);
size_t	cache_threads(void);
/* The same of the cached runs: how many there are, and their pages. */
void	cache_runstats(size_t *nruns, size_t *npages);

/* In the child of a fork: the other threads are gone. */
void	cache_postfork_child(void);

/* Walks and checks the calling thread's cache and the depots. */
void	cache_check(void);

#endif /* KMA_CACHE_H */
