/*
 * bucket.h - the lists: blocks of one size, cut from clusters of pages.
 *
 * Layer 4.  A list (a bucket, in 1988) hands out blocks of one size.  Up to
 * MAXALLOCSAVE they are cut from clusters; the lists above hold page runs of
 * one length each.  Blocks move in batches.
 *
 * A cluster's free blocks are known by a bitmap out of line, not by links in
 * the blocks: a free block is never read nor written, so that a batch costs
 * no cache misses on its blocks, there is no link to corrupt, a block that is
 * freed twice is seen by its bit, and the lowest free block is always next.
 */
#ifndef KMA_BUCKET_H
#define KMA_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "kmemsizes.h"
#include "lock.h"
#include "meta.h"
#include "param.h"

/*
 * A cluster: pages cut into blocks of one list.
 *
 * Invariants, under the list's lock:
 *	c_nfree = the bits set in c_map
 *	the cluster is on kb_next's list if and only if c_nfree > 0
 *	bits from kb_elmpercl on are clear
 *	c_purged pages at least, that are free as a whole, hold no memory
 *	c_idle pages at least have been free since bucket_age() looked last
 * Behind the map, a cluster of a typed list has a tag for each block.
 */
#define MANY_PAGES	15	/* in four bits: so many, or more */
struct kmemcluster {
	uint32_t	c_next, c_prev;	/* numbers of clusters; 0 none */
	page_t		c_page;		/* the first page */
	uint16_t	c_nfree;
	uint8_t		c_hint;		/* no bit is set in a word below this */
	uint8_t		c_purged : 4;	/* pages, up to MANY_PAGES */
	uint8_t		c_idle : 4;	/* the same */
	uint64_t	c_map[];	/* a set bit: a free block */
};

/*
 * A list.  The first fields never change while it has a block or a stack.
 *
 * Invariants, under the lock:
 *	kb_total = kb_elmpercl * its clusters
 *	kb_totalfree = the sum of c_nfree
 *	kb_nempty = its clusters with all blocks free
 *	kb_stacks = the threads that have a stack of it, of a list that was
 *	    added
 *	kb_elmpercl = 0 if there is no list of that number; then kb_total and
 *	    kb_stacks are 0 too
 */
#define RECIPSHIFT	40
struct kmembuckets {
	size_t		kb_size;	/* bytes in a block */
	uintptr_t	kb_mask;	/* address bits clear in every block */
	uint64_t	kb_recip;	/* 2^RECIPSHIFT / kb_size, rounded up */
	uint32_t	kb_start;	/* see bucket_starts(); 0: by kb_mask */
	uint32_t	kb_bound;	/* the same */
	uint32_t	kb_elmpercl;	/* blocks in a cluster; 1: a page run */
	uint32_t	kb_clpages;	/* pages in a cluster */
	uint32_t	kb_clbytes;	/* in a struct kmemcluster */
	uint32_t	kb_tags;	/* where in it its tags begin */
	size_t		kb_least;	/* a smaller request leaves its block */
	size_t		kb_fastleast;	/* the same, or beyond all requests */

	KMA_ALIGNED(KMA_CACHELINE)
	struct lock	kb_lock;
	uint32_t	kb_next;	/* clusters with free blocks */
	uint32_t	kb_hand;	/* where bucket_age() goes on */
	uint32_t	kb_spare;	/* unused kmemclusters, by c_next */
	uint32_t	kb_nempty;
	uint32_t	kb_stacks;
	uint8_t		kb_highwat;	/* empty clusters kept */
	bool		kb_retired;	/* bucketindx does not lead to it */
	size_t		kb_total;
	size_t		kb_totalfree;
	uint64_t	kb_calls;	/* requests that no cache has counted */
};
/* An element of bucket[] is found by a shift. */
static_assert(sizeof(struct kmembuckets) == 2 * KMA_CACHELINE,
    "a list is longer than two lines");

extern KMA_HIDDEN struct kmembuckets bucket[NLIST];
/*
 * Lists in use are bucket_typed up to bucket_limit - 1.  Below KU_LIST are
 * those of typed blocks, from bucket_powers on one for each power of two.  From
 * there up to bucket_first_limit they ascend in kb_size: first those of blocks
 * in clusters, then, from bucket_runs on, those of page runs.  Behind are
 * those that were added later, of blocks again.
 */
extern KMA_HIDDEN unsigned bucket_typed;
extern KMA_HIDDEN unsigned bucket_limit;
extern KMA_HIDDEN unsigned bucket_runs;
extern KMA_HIDDEN unsigned bucket_first_limit;

static inline bool
bucket_isruns(unsigned indx)
{
	return (indx - bucket_runs < bucket_first_limit - bucket_runs);
}

/*
 * The list that serves a size: one byte for each 16 bytes of size, up to
 * MAXCACHED.  A table and not code, so that it can change.
 */
extern KMA_HIDDEN uint8_t bucketindx[MAXCACHED / MINALLOCSIZE + 1];
#define BUCKETINDX(size) \
	(bucketindx[((size) + MINALLOCSIZE - 1) / MINALLOCSIZE])

/* The list of typed blocks for a size up to MAXALLOCSAVE. */
extern KMA_HIDDEN unsigned bucket_powers;
static inline unsigned
bucket_typedindx(size_t size)
{
	return (size <= MINALLOCSIZE ? bucket_powers : bucket_powers +
	    (64 - MINBUCKET) - (unsigned)__builtin_clzl(size - 1));
}

/*
 * The same where blocks are watched: there are a few lists more, below that of
 * the first power of two.
 */
#define WATCHED_MAX	256	/* none of them is for longer blocks */
extern KMA_HIDDEN uint8_t bucket_watched[WATCHED_MAX / MINALLOCSIZE + 1];
static inline unsigned
bucket_watchedindx(size_t size)
{
	return (size > WATCHED_MAX ? bucket_typedindx(size) :
	    bucket_watched[(size + MINALLOCSIZE - 1) / MINALLOCSIZE]);
}

/* What a run of npages is in the page table: of a list, or KU_RUN. */
static inline unsigned
bucket_runindx(size_t npages)
{
	return (npages <= btop(MAXCACHED) ? BUCKETINDX(ptob(npages)) : KU_RUN);
}

/* Makes the lists: spacing (1, 2 or 4) of them for each doubling. */
void	bucket_init(unsigned spacing);

/*
 * From now on realloc(3) takes the slow way, also where a block stays what it
 * is: there is a mode that wants to see it.
 */
void	bucket_see_all(void);

/*
 * From now on the tags of typed lists are struct blocktags, and each call for
 * one of their blocks, realloc(3) too, takes the slow way.  False: too late,
 * some have clusters.
 */
bool	bucket_watch(void);

/*
 * Lists that come and go: numbers from bucket_first_limit on, one thread at a
 * time.
 *
 * bucket_add() makes one of blocks of size bytes, bucket_use() makes it serve
 * the sizes from lo bytes on, lo not included; so it does after it was retired
 * too.  bucket_retire() leaves its sizes to the next larger list.  Its blocks
 * stay as they are.  When all are home and no thread has a stack,
 * bucket_drop() succeeds: then there is no list of that number.
 *
 * Whoever looked bucketindx up before it changed may come late: to a list that
 * was retired, which still works; to one that is gone, which has no blocks and
 * attaches no stacks; or to another with that number, whose blocks may be too
 * small.  So, when it has a block, it has to look at kb_size (see
 * take_block()), which cannot change then.  A stack that is not empty, where
 * the fast path takes blocks, is of the list of now, since its blocks are; and
 * the thread that filled it saw what bucketindx was before that list was made:
 * it took the list's lock.
 */
static inline bool
bucket_isadded(unsigned indx)
{
	return (indx >= bucket_first_limit);
}
void	bucket_add(unsigned indx, size_t size);
void	bucket_use(unsigned indx, size_t lo);
void	bucket_retire(unsigned indx);
bool	bucket_drop(unsigned indx);

/*
 * A thread gets a stack for a list that was added, or gives it up.  False:
 * there is no such list any more.
 */
bool	bucket_attach(unsigned indx);
void	bucket_detach(unsigned indx);

/* The largest size below the list's that another one serves. */
size_t	bucket_lower(unsigned indx);

/* Blocks of a list that are not in its clusters; racy. */
size_t	bucket_inuse(unsigned indx);
/* Bytes of those that are; racy. */
size_t	bucket_unused(unsigned indx);

/*
 * Blocks of a size d that is no power of two lie in clusters that are aligned
 * to CHUNK bytes and no longer than that.  So the offset of p in its chunk
 * tells whether p is the start of a block: start = 2^32 / d, rounded up, is
 * too large by e / d, and the low 32 bits of offset * start are k * e at block
 * k, and at least start between two blocks (Lemire, Kaser and Kurz 2019).
 * They have to be less than bound = e * kb_elmpercl, which is less than start:
 * behind the last block there may be room for no other.
 */
#define CHUNK		((size_t)64 * 1024)
static inline bool
bucket_starts(const void *p, const uint32_t start[], const uint32_t bound[],
    size_t indx)
{
	return ((uint16_t)(uintptr_t)p * start[indx] < bound[indx]);
}

/* The same by the list's books, in line: see bucket_isblock(). */
static inline bool
bucket_startsat(unsigned indx, const void *p)
{
	const struct kmembuckets *kb = &bucket[indx];

	return (!any_bit((uintptr_t)p, &kb->kb_mask) ||
	    bucket_starts(p, &kb->kb_start, &kb->kb_bound, 0));
}

/*
 * Takes up to n blocks off a list, lowest first in slot[n - 1] and upwards
 * from there to lower slots.  Returns how many it got, in the last slots;
 * fewer than n only when memory is short.
 */
unsigned bucket_get(unsigned indx, void **slot, unsigned n);

/*
 * Puts blocks back, each onto its own cluster.  Returns the first that was
 * free already, if any; the others are put back all the same.
 */
void	*bucket_put(unsigned indx, void *const *slot, unsigned n);

/*
 * A page run changed its length in place: it counts for list to now, not for
 * list from.  Either may be KU_RUN, which is no list.
 */
void	bucket_retype(unsigned from, unsigned to);

/* Gives empty clusters back, down to the high-water mark; or all of them. */
void	bucket_reap(unsigned indx, bool all);

/*
 * Is p the start of a block of list indx?  kmemsizes says that p's page is
 * the list's.
 */
bool	bucket_isblock(unsigned indx, const void *p);

/* The block of the list that p is in; NULL: p is behind a cluster's last. */
void	*bucket_blockof(unsigned indx, const void *p);

/*
 * Is the block free, as far as its cluster knows?  Takes no lock: the bit of
 * a block that is in use does not change.
 */
bool	bucket_isfree(unsigned indx, const void *p);

/*
 * The tag of the block of a typed list that p is in: bucket_tagbytes bytes
 * for the block's owner to use, 1 or those of a struct blocktag.  They are 0
 * when the cluster is new.
 */
extern KMA_HIDDEN size_t bucket_tagbytes;

static inline void *
bucket_tag(unsigned indx, const void *p, size_t tagbytes)
{
	const struct kmembuckets *kb = &bucket[indx];
	char *c = meta_ptr(kmemusage[addr_to_page(p)]);
	page_t first = ((struct kmemcluster *)c)->c_page;
	size_t off = (uintptr_t)p - (uintptr_t)page_to_addr(first);

	return (c + kb->kb_tags + (off * kb->kb_recip >> RECIPSHIFT) *
	    tagbytes);
}

/*
 * Gives back the pages on which no block is in use, of up to so many clusters
 * that have free blocks: nobody gets any of the list meanwhile.
 */
void	bucket_purge(unsigned indx, size_t nclusters);
/*
 * Goes on with a round through these clusters, and gives back the pages on
 * which no block was in use since the last round.
 */
void	bucket_age(unsigned indx);

/* Walks and checks all invariants of a list. */
void	bucket_check(unsigned indx);

#endif /* KMA_BUCKET_H */
