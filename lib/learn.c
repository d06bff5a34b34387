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
 * And now and then, after as many bytes as a part of what is in use have left
 * the clusters, the learned lists are looked at.  One that served next to
 * nothing of that, twice, is retired: its sizes go back to the next larger
 * list, the pages that are free inside its clusters to the system, and its
 * blocks home, one by one, as they are freed.  Then its number is free.  If
 * requests of about its size come again before that, it serves them again.
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
#include "report.h"

#define LEARN_EVERY	32	/* samples of a list between two looks, or */
#define LEARN_SELDOM	(4 * LEARN_EVERY)	/* where they find nothing, */
#define LEARN_NARROW	2048	/* and sizes above, so many, are looked at */
#define LEARN_PRICE	((size_t)32 << 20)	/* bytes that earn a birth */
#define LEARN_BURST	32	/* births that may come at once */
#define LEARN_WASTE	((size_t)128 << 10)
#define LEARN_SHARE	256
#define LEARN_FORGET	(64 * LEARN_EVERY)	/* a list that holds little */
#define LEARN_STEP	16	/* at least 1/16 of the size is to be gained */

#define LOOK_BYTES	((size_t)4 << 20)	/* or a 1/LOOK_INUSE: */
#define LOOK_INUSE	4	/* left the clusters, between two looks */
#define LOOK_SHARE	512	/* a list that serves less of it is idle */
#define LOOK_IDLE	2	/* times, and it is retired; or more, if it */
#define LOOK_PATIENCE	64	/* came back, twice as many each time */

static struct lock	learn_lock;
static size_t		learn_most;	/* sizes up to it; 0: not learning */
static uint32_t		seen[LEARN_UNITS];
static uint32_t		samples[NLIST];
static struct turn {
	uint32_t	t_at;		/* samples, at the next */
	uint32_t	t_every;	/* samples from one to the next */
	size_t		t_held;		/* blocks, at the last */
}			turns[NLIST];

static uint64_t		left_clusters;	/* bytes, ever */
static uint64_t		look_at;	/* when there are as many */
static uint64_t		looked;		/* how many there were */
static uint64_t		paid;		/* what births have cost */

/*
 * The register: the n-th has the list bucket_first_limit + n.  Invariants,
 * under the lock:
 *	a list in use serves its own size
 *	one that is retired serves none
 *	one that is gone has no blocks and no stacks
 */
static struct learned	learned[NLEARNED];
static unsigned		nlearned;
static unsigned		nbirths;
static uint64_t		calls_gone;	/* requests to lists that are gone */
static uint64_t		calls[NLEARNED];	/* requests, at the last look */
static unsigned		idle[NLEARNED];		/* looks without many */
static unsigned		patience[NLEARNED];	/* as many, and it goes */
static size_t		kept[NLEARNED];		/* in use, at the last purge */

/* The names under which root.c has them. */
extern KMA_HIDDEN uint32_t learn_seen[LEARN_UNITS]
    __attribute__((alias("seen")));
extern KMA_HIDDEN struct learned learn_lists[NLEARNED]
    __attribute__((alias("learned")));
extern KMA_HIDDEN unsigned learn_nlists __attribute__((alias("nlearned")));
extern KMA_HIDDEN uint64_t learn_callsgone
    __attribute__((alias("calls_gone")));

void
learn_init(void)
{
	lock_init(&learn_lock, RANK_LEARN);
	look_at = LOOK_BYTES;
	learn_most = LEARN_MAX;
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

/* Requests to the list, ever. */
static uint64_t
list_calls(unsigned indx)
{
	return (cache_calls(indx) + relaxed_load(&bucket[indx].kb_calls));
}

/* The number had another list: its requests are not the next one's. */
static void
forget_calls(unsigned indx)
{
	uint64_t had = list_calls(indx);

	relaxed_store(&calls_gone, calls_gone + had);
	__atomic_fetch_sub(&bucket[indx].kb_calls, had, __ATOMIC_RELAXED);
}

static bool
is_gone(unsigned n)
{
	struct learned *l = &learned[n];

	if (l->l_state == LEARNED_RETIRED && bucket_drop(l->l_indx))
		l->l_state = LEARNED_GONE;
	return (l->l_state == LEARNED_GONE);
}

/* The n-th list takes the sizes up to its own from another one. */
static void
enter(unsigned n, unsigned from, size_t waste)
{
	struct learned *l = &learned[n];

	l->l_state = LEARNED_USED;
	l->l_from = bucket[from].kb_size;
	l->l_born = ptob(pagerun_inuse());
	l->l_waste = waste;
	paid += LEARN_PRICE;
	calls[n] = list_calls(l->l_indx);
	idle[n] = 0;
	nbirths++;
	if (n == nlearned)
		__atomic_store_n(&nlearned, n + 1, __ATOMIC_RELEASE);
	bucket_use(l->l_indx, bucket_lower(from));
}

/* One that was retired and has about that size: its free blocks are back. */
static bool
revive(unsigned from, size_t size, size_t waste)
{
	size_t hi = bucket[from].kb_size;

	for (unsigned n = 0; n < nlearned; n++) {
		size_t had = learned[n].l_size;

		if (!is_gone(n) && learned[n].l_state == LEARNED_RETIRED &&
		    had >= size && had - size <= size / LEARN_STEP &&
		    hi >= had + hi / LEARN_STEP) {
			if (patience[n] < LOOK_PATIENCE)
				patience[n] *= 2;
			enter(n, from, waste);
			return (true);
		}
	}
	return (false);
}

static void
retire(unsigned n)
{
	unsigned indx = learned[n].l_indx;

	bucket_retire(indx);
	cache_retire(indx);
	learned[n].l_state = LEARNED_RETIRED;
	kept[n] = SIZE_MAX;
}

static bool
is_empty(unsigned indx)
{
	return (relaxed_load(&bucket[indx].kb_total) == 0 &&
	    relaxed_load(&bucket[indx].kb_stacks) == 0);
}

/* A number for one more list: a free one, or that of an empty list. */
static unsigned
find_number(void)
{
	unsigned most = NLIST - bucket_first_limit, n;

	most = most < NLEARNED ? most : NLEARNED;
	for (n = 0; n < nlearned; n++)
		if (is_gone(n))
			return (n);
	if (nlearned < most)
		return (nlearned);
	for (n = 0; n < most; n++)
		if (is_empty(learned[n].l_indx)) {
			retire(n);
			if (is_gone(n))
				break;
		}
	return (n);
}

/*
 * A birth costs time, so that it has to be earned by what leaves the clusters:
 * some may come at once.  False: not now.
 */
static bool
afford(void)
{
	uint64_t left = relaxed_load(&left_clusters);

	if (paid < left)
		paid = left;
	return (paid - left <= (LEARN_BURST - 1) * LEARN_PRICE);
}

static bool
make(unsigned from, size_t size, size_t waste)
{
	unsigned n = find_number(), indx = bucket_first_limit + n;

	if (n == NLEARNED || indx >= NLIST)
		return (false);
	learned[n].l_indx = indx;
	learned[n].l_size = size;
	patience[n] = LOOK_IDLE;
	forget_calls(indx);
	cache_add(indx, size);
	bucket_add(indx, size);
	enter(n, from, waste);
	return (true);
}

/* Forgets half of what was seen: what was asked for lately counts most. */
static void
forget_half(size_t lo, size_t hi)
{
	for (size_t at = lo + MINALLOCSIZE; at <= hi; at += MINALLOCSIZE)
		relaxed_store(&seen[at / MINALLOCSIZE],
		    relaxed_load(&seen[at / MINALLOCSIZE]) / 2);
}

/*
 * Would a list between lo and this one's size save enough?  All of its blocks
 * are taken to be for sizes like those seen lately: those from before another
 * list took some of its sizes too, so that the next is made a little early,
 * which saves more than it costs.
 */
static bool
consider(unsigned indx)
{
	size_t hi = bucket[indx].kb_size, lo = bucket_lower(indx), size, waste;
	size_t held = bucket_inuse(indx) * hi;
	uint32_t part;
	bool made;

	if (held < LEARN_WASTE) {
		if (relaxed_load(&samples[indx]) % LEARN_FORGET == 0)
			forget_half(lo, hi);
		return (false);
	}
	size = learn_choose(seen, lo, hi, &part);
	waste = (held >> 16) * part;
	made = waste >= LEARN_WASTE &&
	    waste >= ptob(pagerun_inuse()) / LEARN_SHARE && afford() &&
	    (revive(indx, size, waste) || make(indx, size, waste));
	forget_half(lo, hi);
	return (made);
}

/*
 * Is it a list's turn to be looked at?  Where a look through many sizes found
 * nothing, the next one comes after twice as many samples, or when the list
 * holds a quarter more.
 */
static bool
is_due(unsigned indx, uint32_t n)
{
	const struct turn *t = &turns[indx];
	size_t held = relaxed_load(&t->t_held);

	return (n % LEARN_EVERY == 0 &&
	    ((int32_t)(n - relaxed_load(&t->t_at)) >= 0 ||
	    bucket_inuse(indx) > held + held / 4));
}

/* Looks at a list. */
static void
take_turn(unsigned indx)
{
	struct turn *t = &turns[indx];
	uint32_t every = 2 * t->t_every;

	if (consider(indx) || bucket[indx].kb_size <= LEARN_NARROW ||
	    every < LEARN_EVERY)
		every = LEARN_EVERY;
	else if (every > LEARN_SELDOM)
		every = LEARN_SELDOM;
	t->t_every = every;
	relaxed_store(&t->t_at, relaxed_load(&samples[indx]) + every);
	relaxed_store(&t->t_held, bucket_inuse(indx));
}

/* Has the list served next to nothing, once more? */
static bool
out_of_use(unsigned n, uint64_t bytes)
{
	uint64_t had = calls[n];

	calls[n] = list_calls(learned[n].l_indx);
	if ((calls[n] - had) * learned[n].l_size > bytes / LOOK_SHARE)
		idle[n] = 0;
	else
		idle[n]++;
	return (idle[n] >= patience[n]);
}

/* Are there enough free blocks, since the last time, to look for pages? */
static bool
to_be_purged(unsigned n)
{
	size_t inuse = bucket_inuse(learned[n].l_indx);

	if (inuse > kept[n] - kept[n] / 4)
		return (false);
	kept[n] = inuse;
	return (inuse > 0);
}

/* What must leave the clusters before the next look. */
static size_t
look_period(void)
{
	size_t bytes = ptob(pagerun_inuse()), unused = 0;

	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		unused += bucket_unused(indx);
	bytes = (bytes > unused ? bytes - unused : 0) / LOOK_INUSE;
	return (bytes > LOOK_BYTES ? bytes : LOOK_BYTES);
}

/* Looks at all of them.  Returns those to be purged, a bit each. */
static uint32_t
look(void)
{
	uint64_t now = relaxed_load(&left_clusters), bytes = now - looked;
	uint32_t purge = 0;

	static_assert(NLEARNED <= 32, "a bit for each");
	if (now < look_at)
		return (0);
	looked = now;
	relaxed_store(&look_at, now + look_period());
	for (unsigned n = 0; n < nlearned; n++) {
		if (learned[n].l_state == LEARNED_USED && out_of_use(n, bytes))
			retire(n);
		if (learned[n].l_state == LEARNED_RETIRED && !is_gone(n) &&
		    to_be_purged(n))
			purge |= (uint32_t)1 << n;
	}
	return (purge);
}

/* A list's turn may have come, or that of all that were learned. */
static KMA_NOINLINE void
decide(unsigned indx, uint32_t n)
{
	uint32_t purge;
	bool due = is_due(indx, n);

	if (!due && relaxed_load(&left_clusters) < relaxed_load(&look_at))
		return;
	lock_acquire(&learn_lock);
	if (due && !relaxed_load(&bucket[indx].kb_retired))
		take_turn(indx);
	purge = look();
	lock_release(&learn_lock);
	for (; purge != 0; purge &= purge - 1)
		bucket_purge(bucket_first_limit +
		    (unsigned)__builtin_ctz(purge), SIZE_MAX);
}

void
learn_sample(unsigned indx, size_t size, unsigned blocks)
{
	uint32_t *count, n;
	uint64_t left;

	if (size - 1 >= learn_most)
		return;
	count = &seen[(size + MINALLOCSIZE - 1) / MINALLOCSIZE];
	relaxed_store(count, relaxed_load(count) + blocks);
	left = relaxed_load(&left_clusters) + blocks * bucket[indx].kb_size;
	relaxed_store(&left_clusters, left);
	n = relaxed_load(&samples[indx]) + 1;
	relaxed_store(&samples[indx], n);
	if (n % LEARN_EVERY == 0)
		decide(indx, n);
}

unsigned
learn_count(void)
{
	return (__atomic_load_n(&nlearned, __ATOMIC_ACQUIRE));
}

unsigned
learn_births(void)
{
	return (relaxed_load(&nbirths));
}

struct learned
learn_get(unsigned n)
{
	struct learned l;

	lock_acquire(&learn_lock);
	l = learned[n];
	lock_release(&learn_lock);
	return (l);
}

void
learn_check(void)
{
	lock_acquire(&learn_lock);
	for (unsigned n = 0; n < nlearned; n++) {
		const struct learned *l = &learned[n];
		bool serves = BUCKETINDX(l->l_size) == l->l_indx;

		KMA_ASSERT(l->l_indx == bucket_first_limit + n);
		KMA_ASSERT(serves == (l->l_state == LEARNED_USED));
		KMA_ASSERT(l->l_size == bucket[l->l_indx].kb_size);
		KMA_ASSERT((bucket[l->l_indx].kb_elmpercl == 0) ==
		    (l->l_state == LEARNED_GONE));
	}
	lock_release(&learn_lock);
}
