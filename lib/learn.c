/*
 * learn.c - lists that a program earns.
 *
 * Layer 6.  Owns the histogram of requested sizes and the register of learned
 * lists (RANK_LEARN).  Calls bucket.h, cache.h, pagerun.h.
 *
 * Only the slow path comes here, and of that only requests for which a list
 * takes blocks out of its clusters: their sizes, weighted by the blocks, are
 * a sample of what the program holds.  Now and then a list is looked at: if
 * its share of one range of sizes, moved to a list of their largest, would
 * save LEARN_WASTE bytes and a 1/LEARN_SHARE of all that is in use, that list
 * is made.  The requests split it again later where that saves as much.
 *
 * Counting is not locked: a count that two threads add to at once may lose
 * one of the two.
 */
#include "learn.h"

#include "bucket.h"
#include "cache.h"
#include "cdefs.h"
#include "kmemsizes.h"
#include "lock.h"
#include "pagerun.h"

#define LEARN_EVERY	32	/* samples of a list between two looks */
#define LEARN_WASTE	((size_t)128 << 10)
#define LEARN_SHARE	256
#define LEARN_STEP	16	/* at least 1/16 of the size is to be gained */

static struct lock	learn_lock;
static bool		learning;
static uint32_t		seen[LEARN_UNITS];
static uint32_t		samples[NLIST];
static struct learned	learned[NLEARNED];
static unsigned		nlearned;

/* The names under which root.c has them. */
extern KMA_HIDDEN uint32_t learn_seen[LEARN_UNITS]
    __attribute__((alias("seen")));
extern KMA_HIDDEN struct learned learn_lists[NLEARNED]
    __attribute__((alias("learned")));
extern KMA_HIDDEN unsigned learn_nlists __attribute__((alias("nlearned")));

void
learn_init(void)
{
	lock_init(&learn_lock, RANK_LEARN);
	learning = true;
}

size_t
learn_choose(const uint32_t *weight, size_t lo, size_t hi, uint32_t *part)
{
	uint64_t sum = 0, saved, best = 0;
	size_t size = 0;

	for (size_t at = lo + MINALLOCSIZE; at <= hi; at += MINALLOCSIZE) {
		uint32_t here = relaxed_load(&weight[at / MINALLOCSIZE]);

		sum += here;
		saved = sum * (hi - at);
		if (here > 0 && saved > best &&
		    hi - at >= hi / LEARN_STEP) {
			best = saved;
			size = at;
		}
	}
	*part = size == 0 ? 0 : (uint32_t)((best << 16) / (sum * hi));
	return (size);
}

/* The largest size below the list's that another one serves. */
static size_t
lower_bound(unsigned indx)
{
	size_t at = bucket[indx].kb_size / MINALLOCSIZE;

	while (at > 0 && bucketindx[at] == indx)
		at--;
	return (at * MINALLOCSIZE);
}

static void
add(unsigned from, size_t lo, size_t size, size_t waste)
{
	struct learned *l = &learned[nlearned];
	unsigned indx;

	if (nlearned == NLEARNED || !bucket_add(size, &indx))
		return;
	cache_add(indx);
	*l = (struct learned){ indx, size, bucket[from].kb_size,
	    ptob(pagerun_inuse()), waste };
	__atomic_store_n(&nlearned, nlearned + 1, __ATOMIC_RELEASE);
	bucket_use(indx, lo);
}

/* Would a list between lo and this one's size save enough? */
static void
consider(unsigned indx)
{
	size_t hi = bucket[indx].kb_size, lo = lower_bound(indx), size, waste;
	size_t held = bucket_inuse(indx) * hi;
	uint32_t part;

	if (held < LEARN_WASTE)
		return;
	size = learn_choose(seen, lo, hi, &part);
	waste = (held >> 16) * part;
	if (waste >= LEARN_WASTE &&
	    waste >= ptob(pagerun_inuse()) / LEARN_SHARE)
		add(indx, lo, size, waste);
	/* What was asked for lately counts most. */
	for (size_t at = lo + MINALLOCSIZE; at <= hi; at += MINALLOCSIZE)
		relaxed_store(&seen[at / MINALLOCSIZE],
		    relaxed_load(&seen[at / MINALLOCSIZE]) / 2);
}

void
learn_sample(unsigned indx, size_t size, unsigned blocks)
{
	uint32_t *count, n;

	if (!learning || size > LEARN_MAX || bucket[indx].kb_size > LEARN_MAX)
		return;
	count = &seen[(size + MINALLOCSIZE - 1) / MINALLOCSIZE];
	relaxed_store(count, relaxed_load(count) + blocks);
	n = relaxed_load(&samples[indx]) + 1;
	relaxed_store(&samples[indx], n);
	if (n % LEARN_EVERY != 0)
		return;
	lock_acquire(&learn_lock);
	consider(indx);
	lock_release(&learn_lock);
}

unsigned
learn_count(void)
{
	return (__atomic_load_n(&nlearned, __ATOMIC_ACQUIRE));
}

const struct learned *
learn_get(unsigned n)
{
	return (&learned[n]);
}
