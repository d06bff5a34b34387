/*
 * cache.c - thread caches and depots.
 *
 * Layer 5.  Owns each thread's cache (which only its thread touches), the
 * register of caches (RANK_CACHES) and a depot for each list (RANK_DEPOT).
 * Calls bucket.h, pagerun.h, meta.h, os.h.
 *
 * Bounds.  A batch is BATCH_BYTES at most (or one block), and a stack may grow
 * to have room for two: it starts with STACK_FIRST bytes, that of an earned
 * list with STACK_EARNED, and doubles when it overflows while the depot keeps
 * batches.  All stacks of threads and the batches of depots hold at most
 * held_limit() bytes, and a thread at most its share.  A list that gets no
 * stack does without: single blocks come from the list itself.
 *
 * The depot of a list keeps d_max batches.  It starts with none, grows by
 * each that was emptied into the clusters and then missed, and shrinks by
 * what no one used for a period.
 *
 * Threads that end.  Their caches stay as they are until another thread needs
 * one, and takes it over with all its blocks, or until the next reaping, which
 * empties it and makes it an orphan.  The kernel tells who is gone: see
 * os_life_claim().
 */
#include "cache.h"

#include <string.h>

#include "bucket.h"
#include "kmemsizes.h"
#include "lock.h"
#include "meta.h"
#include "options.h"
#include "pagerun.h"
#include "probe.h"
#include "report.h"

#define BATCH_MAX	94		/* blocks */
#define BATCH_BYTES(size) \
	((size) <= 2048 ? (size_t)16 << 10 : \
	    (size) < 4096 ? (size_t)64 << 10 : (size_t)256 << 10)
#define STACK_FIRST	((size_t)16 << 10)
#define STACK_EARNED	((size_t)64 << 10)
#define STACKS		32		/* that a thread's share has room for */
#define HELD_MIN	((size_t)64 << 20)
#define HELD_SHARE	128		/* of physical memory */
#define HELD_INUSE	4		/* of what the program has in use */
#define THREAD_MIN	((size_t)1 << 20)
#define THREAD_MAX	((size_t)8 << 20)
/*
 * What a depot may learn to keep: of small blocks about a thousand.  They come
 * back in the order in which they were freed, so that a long list would
 * scatter what is allocated together; where each block is a page or more,
 * that is no loss.
 */
#define DEPOT_BLOCKS	1024
#define DEPOT_BYTES(size) \
	((size) <= 2048 ? DEPOT_BLOCKS * (size) : (size_t)64 << 20)
/*
 * Bytes that a thread takes and leaves in batches between two sweeps, and a
 * part of what is in use.  What was not touched meanwhile costs less to take
 * again than what it pins.
 */
#define SWEEP_MIN	((size_t)1 << 20)
#define SWEEP_INUSE	32
#define ADOPT_LOOKS	8		/* caches looked at for a dead owner */

/* Blocks on their way from a thread's stack to another's. */
struct batch {
	struct batch	*b_next;
	uint32_t	 b_count;
	void		*b_block[];
};

static struct depot	  depot[NLIST];
static size_t		  nslots;	/* of a cache */
static struct lock	  caches_lock;
static struct kmemcache	 *caches;	/* all, the newest first */
static struct kmemcache	 *caches_hand;	/* where the search goes on */
static size_t		  ncaches;
static size_t		  ndead;	/* of them: those that are orphans */
static size_t		  held, held_max;

struct kmemcache cache_none = {
	.kc_word = { [0 ... NLIST - 1] = NOSTACK },
	.kc_typed = { [0 ... KU_LIST - KU_TYPED - 1] = NOSTACK },
	.kc_indx = bucketindx,
	.kc_slot = { NULL, STACK_END },
};
KMA_TLS struct kmemcache *kmem_cache = &cache_none;
KMA_TLS struct kmemcache *cache_mine = &cache_none;
static bool hidden;		/* all threads' caches */
static KMA_TLS bool hiding;	/* the thread's own */
/* The name under which <kma.h> has it. */
extern KMA_EXPORT KMA_TLS struct kmemcache *kma_cache
    __attribute__((alias("kmem_cache")));

/* The names under which root.c has them. */
extern KMA_HIDDEN struct depot cache_depot[NLIST]
    __attribute__((alias("depot")));
extern KMA_HIDDEN struct kmemcache *cache_list
    __attribute__((alias("caches")));
extern KMA_HIDDEN size_t cache_count __attribute__((alias("ncaches")));

/*
 * What is held.
 */

/* It follows what the program has in use. */
static size_t
held_limit(void)
{
	size_t limit = ptob(pagerun_inuse()) / HELD_INUSE;

	limit = limit < HELD_MIN ? HELD_MIN : limit;
	return (limit < held_max ? limit : held_max);
}

static bool
hold(size_t bytes)
{
	size_t now = __atomic_add_fetch(&held, bytes, __ATOMIC_RELAXED);

	if (likely(now <= HELD_MIN) || now <= held_limit())
		return (true);
	__atomic_sub_fetch(&held, bytes, __ATOMIC_RELAXED);
	return (false);
}

static void
unhold(size_t bytes)
{
	__atomic_sub_fetch(&held, bytes, __ATOMIC_RELAXED);
}

/*
 * Stacks.
 */

static inline bool
has_stack(struct kmemcache *kc, unsigned indx)
{
	return (stack_top(*stack_word(kc, indx)) != NOSTACK);
}

static inline unsigned
stack_count(struct kmemcache *kc, unsigned indx)
{
	return ((unsigned)stack_top(*stack_word(kc, indx)) -
	    depot[indx].d_first);
}

static inline size_t
stack_bytes(const struct kmemcache *kc, unsigned indx)
{
	return (kc->kc_room[indx] * bucket[indx].kb_size);
}

/* Where the blocks of a stack begin. */
static inline void **
stack_blocks(struct kmemcache *kc, unsigned indx)
{
	return (slot(kc, depot[indx].d_first + 1));
}

/* Takes a list's stack away from a thread's cache. */
static void
detach(struct kmemcache *kc, unsigned indx)
{
	unsigned n = stack_count(kc, indx);

	*stack_word(kc, indx) -= stack_top(*stack_word(kc, indx)) - NOSTACK;
	PROBE3(flush, bucket[indx].kb_size, n, 1);
	bucket_put(indx, stack_blocks(kc, indx), n);
	kc->kc_bytes -= stack_bytes(kc, indx);
	unhold(stack_bytes(kc, indx));
	if (bucket_isadded(indx))
		bucket_detach(indx);
}

static void
detach_run(struct kmemcache *kc, struct cached_run *cr)
{
	page_t npages = cr->cr_npages;

	/* Forget it first: a fork may come while it is freed. */
	relaxed_store(&cr->cr_npages, 0);
	if (npages != 0)
		pagerun_free(cr->cr_page);
	kc->kc_bytes -= cr->cr_bytes;
	unhold(cr->cr_bytes);
	cr->cr_bytes = 0;
}

static void
detach_all(struct kmemcache *kc)
{
	for (unsigned i = 0; i < NCACHEDRUN; i++)
		detach_run(kc, &kc->kc_run[i]);
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		if (has_stack(kc, indx))
			detach(kc, indx);
}

/* What a thread's stacks and runs may hold: a small program stays small. */
static size_t
thread_share(void)
{
	size_t nthreads = relaxed_load(&ncaches) - relaxed_load(&ndead) + 1;
	size_t share = ptob(pagerun_inuse()) / HELD_INUSE / nthreads;
	size_t most = held_limit() / nthreads;

	share = share < THREAD_MIN ? THREAD_MIN : share;
	most = most < THREAD_MAX ? most : THREAD_MAX;
	return (share < most ? share : most);
}

/* Makes room for bytes in the thread's share by taking runs and stacks. */
static bool
evict(struct kmemcache *kc, size_t bytes)
{
	size_t share = thread_share();

	if (bytes > share)
		return (false);
	for (unsigned i = 0; i < NCACHEDRUN; i++)
		if (kc->kc_bytes + bytes > share)
			detach_run(kc, &kc->kc_run[i]);
	for (unsigned i = 0; kc->kc_bytes + bytes > share; i++) {
		if (i == NLIST)
			return (false);
		if (++kc->kc_hand >= bucket_limit)
			kc->kc_hand = bucket_typed;
		if (has_stack(kc, kc->kc_hand))
			detach(kc, kc->kc_hand);
	}
	return (true);
}

/* Sets how many blocks a list's stack may hold. */
static void
set_room(struct kmemcache *kc, unsigned indx, size_t room)
{
	kc->kc_bytes += (room - kc->kc_room[indx]) * bucket[indx].kb_size;
	kc->kc_room[indx] = (uint16_t)room;
	*slot(kc, depot[indx].d_first + room + 1) = STACK_END;
}

/*
 * Blocks in a stack at first: more of a list that has earned it, and fewer
 * where there are very many threads, so that each has room for some stacks.
 */
static size_t
first_room(unsigned indx)
{
	size_t bytes = bucket_isadded(indx) ? STACK_EARNED : STACK_FIRST;
	size_t share = thread_share() / STACKS, room;

	room = (bytes < share ? bytes : share) / bucket[indx].kb_size;

	if (room > depot[indx].d_room)
		room = depot[indx].d_room;
	return (room < 1 ? 1 : room);
}

/*
 * Gives a thread's list an empty stack, within the bounds.  What would take
 * half of the share is not worth that others go: with many threads, it is the
 * long blocks that do without.
 */
static bool
attach(struct kmemcache *kc, unsigned indx)
{
	size_t room, bytes;

	if (bucket_isadded(indx) && !bucket_attach(indx))
		return (false);
	room = first_room(indx);
	bytes = room * bucket[indx].kb_size;
	if (bytes > thread_share() / 2 || !evict(kc, bytes) || !hold(bytes)) {
		if (bucket_isadded(indx))
			bucket_detach(indx);
		return (false);
	}
	kc->kc_room[indx] = 0;
	set_room(kc, indx, room);
	kc->kc_mask[indx] = bucket[indx].kb_mask;
	kc->kc_start[indx] = bucket[indx].kb_start;
	kc->kc_bound[indx] = bucket[indx].kb_bound;
	*stack_word(kc, indx) += depot[indx].d_first - NOSTACK;
	return (true);
}

/*
 * Lets a stack hold twice as much, if what the list gave up before was missed,
 * and the bounds allow without eviction.
 */
static bool
grow(struct kmemcache *kc, unsigned indx)
{
	size_t old = kc->kc_room[indx], room = 2 * old;
	size_t more;

	if (room > depot[indx].d_room)
		room = depot[indx].d_room;
	more = (room - old) * bucket[indx].kb_size;
	if (relaxed_load(&depot[indx].d_max) == 0 || more == 0 ||
	    kc->kc_bytes + more > thread_share() || !hold(more))
		return (false);
	set_room(kc, indx, room);
	return (true);
}

/*
 * Thread caches.
 */

static struct kmemcache *
new_cache(void)
{
	struct kmemcache *kc = meta_alloc(nslots * sizeof(kc->kc_slot[0]),
	    KMA_CACHELINE);

	if (kc == NULL)
		return (NULL);
	kc->kc_slot[1] = STACK_END;
	for (unsigned i = 0; i < NLIST; i++)
		kc->kc_word[i] = NOSTACK;
	for (unsigned i = 0; i < KU_LIST - KU_TYPED; i++)
		kc->kc_typed[i] = NOSTACK;
	kc->kc_indx = bucketindx;
	kc->kc_sizes = kmemsizes;
	kc->kc_base = kmembase;
	os_life_init(&kc->kc_life);
	os_life_claim(&kc->kc_life);
	lock_acquire(&caches_lock);
	kc->kc_next = caches;
	__atomic_store_n(&caches, kc, __ATOMIC_RELEASE);
	relaxed_store(&ncaches, ncaches + 1);
	lock_release(&caches_lock);
	return (kc);
}

/* It has no thread, and is empty; or it has one again.  The lock is held. */
static void
set_orphan(struct kmemcache *kc, bool orphan)
{
	relaxed_store(&ndead, ndead + orphan - kc->kc_orphan);
	relaxed_store(&kc->kc_orphan, orphan);
}

/* The cache of a thread that has ended, or NULL. */
static struct kmemcache *
adopt_cache(void)
{
	struct kmemcache *kc = NULL;

	lock_acquire(&caches_lock);
	for (int i = 0; i < ADOPT_LOOKS && kc == NULL && caches != NULL; i++) {
		if (caches_hand == NULL)
			caches_hand = caches;
		if (os_life_claim(&caches_hand->kc_life))
			kc = caches_hand;
		caches_hand = caches_hand->kc_next;
	}
	if (kc != NULL)
		set_orphan(kc, false);
	lock_release(&caches_lock);
	return (kc);
}

struct kmemcache *
cache_get(void)
{
	struct kmemcache *kc = cache_mine;

	if (unlikely(kc == &cache_none)) {
		kc = adopt_cache();
		if (kc == NULL)
			kc = new_cache();
		if (kc == NULL)
			return (NULL);
		cache_mine = kc;
		if (!hidden && !hiding)
			kmem_cache = kc;
	}
	return (kc);
}

void
cache_hide_all(void)
{
	hidden = true;
}

void
cache_hide(bool hide)
{
	hiding = hide;
	kmem_cache = hide || hidden ? &cache_none : cache_mine;
}

struct kmemcache *
cache_first(void)
{
	return (__atomic_load_n(&caches, __ATOMIC_ACQUIRE));
}

/*
 * A child that fork makes while another thread is between these leaves that
 * thread's cache alone: a batch may be in two places, or in none.
 */
static inline void
busy(struct kmemcache *kc)
{
	relaxed_store(&kc->kc_busy, 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void
idle(struct kmemcache *kc)
{
	kc->kc_npages = relaxed_load(&kmempages);
	__atomic_store_n(&kc->kc_busy, 0, __ATOMIC_RELEASE);
}

/*
 * Batches between a stack and its depot.
 */

static struct batch *
push(struct batch **list, struct batch *b)
{
	b->b_next = *list;
	return (*list = b);
}

static struct batch *
pop(struct batch **list)
{
	struct batch *b = *list;

	if (b != NULL)
		*list = b->b_next;
	return (b);
}

/* A list that was added may become another's, and its batches too. */
static inline size_t
batch_most(unsigned indx)
{
	return (bucket_isadded(indx) ? BATCH_MAX : depot[indx].d_batch);
}

/* Takes the first full batch off; the lock is held. */
static struct batch *
pop_full(struct depot *d)
{
	struct batch *b = pop(&d->d_full);

	if (b != NULL && --d->d_nfull < d->d_min)
		d->d_min = d->d_nfull;
	return (b);
}

/* Takes a batch of the depot, or part of one, into an empty stack. */
static bool
take_batch(struct kmemcache *kc, unsigned indx)
{
	struct depot *d = &depot[indx];
	struct batch *b;
	uint32_t n = 0;

	if (relaxed_load(&d->d_nfull) == 0)
		return (false);
	lock_acquire(&d->d_lock);
	b = d->d_full;
	if (b != NULL) {
		n = b->b_count < kc->kc_room[indx] ? b->b_count :
		    kc->kc_room[indx];
		b->b_count -= n;
		d->d_blocks -= n;
		memmove(stack_blocks(kc, indx), b->b_block + b->b_count,
		    n * sizeof(b->b_block[0]));
		if (b->b_count == 0)
			push(&d->d_empty, pop_full(d));
	}
	lock_release(&d->d_lock);
	if (n == 0)
		return (false);
	PROBE3(refill, bucket[indx].kb_size, n, 0);
	unhold(n * bucket[indx].kb_size);
	*stack_word(kc, indx) += n;
	kc->kc_moved += n * bucket[indx].kb_size;
	return (true);
}

/* Leaves n blocks at the depot as a batch, if it is wanted. */
static bool
leave_batch(unsigned indx, void *const *blocks, uint32_t n)
{
	struct depot *d = &depot[indx];
	size_t bytes = n * bucket[indx].kb_size;
	struct batch *b = NULL;

	if (relaxed_load(&d->d_nfull) >= relaxed_load(&d->d_max) ||
	    !hold(bytes))
		return (false);
	lock_acquire(&d->d_lock);
	if (d->d_nfull < d->d_max) {
		b = pop(&d->d_empty);
		if (b == NULL)
			b = meta_alloc(sizeof(*b) + batch_most(indx) *
			    sizeof(b->b_block[0]), 16);
	}
	if (b != NULL) {
		memmove(b->b_block, blocks, n * sizeof(b->b_block[0]));
		b->b_count = n;
		d->d_blocks += n;
		push(&d->d_full, b);
		d->d_nfull++;
	}
	lock_release(&d->d_lock);
	if (b == NULL)
		unhold(bytes);
	return (b != NULL);
}

/*
 * The depot gives a batch up, and will learn if that is missed: it may keep
 * twice as much then, not all of a heap that comes and goes once.
 */
static void
regret(unsigned indx)
{
	struct depot *d = &depot[indx];

	if (relaxed_load(&d->d_flushed) <= relaxed_load(&d->d_max))
		__atomic_fetch_add(&d->d_flushed, 1, __ATOMIC_RELAXED);
}

/* The depot lacked what it had given up: let it keep more. */
static void
learn(unsigned indx)
{
	struct depot *d = &depot[indx];
	size_t size = bucket[indx].kb_size;

	if (relaxed_load(&d->d_flushed) == 0)
		return;
	lock_acquire(&d->d_lock);
	if (relaxed_load(&d->d_flushed) > 0) {
		__atomic_fetch_sub(&d->d_flushed, 1, __ATOMIC_RELAXED);
		if ((d->d_max + 1) * d->d_batch * size <= DEPOT_BYTES(size))
			relaxed_store(&d->d_max, d->d_max + 1);
	}
	lock_release(&d->d_lock);
}

/*
 * Allocation and freeing, when the stack is empty or full.
 */

/*
 * Fills a quarter of an empty stack from the clusters; runs one by one.  A
 * little less now and then, so that a program that asks for sizes in turn does
 * not come here with the same one each time (see learn.c).  When memory is so
 * short that there are not as many, it takes none.
 */
static bool
refill(struct kmemcache *kc, unsigned indx, unsigned *taken)
{
	unsigned want = (kc->kc_room[indx] + 3u) / 4, got;
	void **blocks = stack_blocks(kc, indx);

	want -= kc->kc_ops % 4 % want;
	if (bucket_isruns(indx))
		want = 1;
	learn(indx);
	got = bucket_get(indx, blocks, want);
	if (got == want) {
		PROBE3(refill, bucket[indx].kb_size, got, 1);
		*stack_word(kc, indx) += got;
		kc->kc_moved += got * bucket[indx].kb_size;
		*taken = got;
		return (true);
	}
	bucket_put(indx, blocks + want - got, got);
	return (false);
}

/* Takes up to n batches from a depot and empties them. */
static void
depot_return(unsigned indx, uint32_t n)
{
	struct depot *d = &depot[indx];

	for (; n > 0; n--) {
		struct batch *b;

		lock_acquire(&d->d_lock);
		b = pop_full(d);
		if (b != NULL)
			d->d_blocks -= b->b_count;
		lock_release(&d->d_lock);
		if (b == NULL)
			return;
		unhold(b->b_count * bucket[indx].kb_size);
		bucket_put(indx, b->b_block, b->b_count);
		lock_acquire(&d->d_lock);
		push(&d->d_empty, b);
		lock_release(&d->d_lock);
	}
}

/* Does what a list has cached here keep memory from other uses? */
static bool
is_left(struct kmemcache *kc, unsigned indx)
{
	size_t out = bucket_inuse(indx), cached = stack_count(kc, indx) +
	    relaxed_load(&depot[indx].d_nfull) * depot[indx].d_batch;

	return (bucket_isruns(indx) ||
	    out < cached + relaxed_load(&bucket[indx].kb_total) / 4);
}

/* Lets go of the runs that stayed since the last sweep. */
static void
sweep_runs(struct kmemcache *kc)
{
	for (unsigned i = 0; i < NCACHEDRUN; i++) {
		struct cached_run *cr = &kc->kc_run[i];

		if (cr->cr_npages != 0 && cr->cr_swept)
			detach_run(kc, cr);
		cr->cr_swept = true;
	}
}

/*
 * Empties the stacks that were not touched since the last sweep, and their
 * depots, where the program holds little else: it has turned to other sizes.
 * A few blocks here and there would each pin a cluster, a run its own pages.
 */
static KMA_NOINLINE void
sweep(struct kmemcache *kc)
{
	kc->kc_moved = 0;
	sweep_runs(kc);
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++) {
		uint64_t word = *stack_word(kc, indx);

		if (stack_top(word) == NOSTACK)
			continue;
		if ((word == kc->kc_seen[indx] && is_left(kc, indx)) ||
		    relaxed_load(&bucket[indx].kb_retired)) {
			detach(kc, indx);
			depot_return(indx, UINT32_MAX);
			bucket_reap(indx, true);
		} else
			kc->kc_seen[indx] = word;
	}
}

static inline bool
is_sweep_due(const struct kmemcache *kc)
{
	return (unlikely(kc->kc_moved >= SWEEP_MIN) &&
	    kc->kc_moved >= SWEEP_MIN + ptob(pagerun_inuse()) / SWEEP_INUSE);
}

/*
 * The list is in use, though its word may not tell: a full stack that gives
 * blocks up for those that come is as full as before.
 */
static inline void
touch(struct kmemcache *kc, unsigned indx)
{
	kc->kc_seen[indx] = 0;
	if (is_sweep_due(kc))
		sweep(kc);
}

static void *
alloc_uncached(unsigned indx, unsigned *taken)
{
	void *p;

	*taken = bucket_get(indx, &p, 1);
	if (*taken == 0)
		return (NULL);
	__atomic_fetch_add(&bucket[indx].kb_calls, 1, __ATOMIC_RELAXED);
	return (p);
}

void *
cache_alloc(unsigned indx, unsigned *taken)
{
	struct kmemcache *kc = cache_get();
	void *p = NULL;

	*taken = 0;
	if (kc == NULL)
		return (alloc_uncached(indx, taken));
	busy(kc);
	touch(kc, indx);
	if ((has_stack(kc, indx) || attach(kc, indx)) &&
	    (stack_count(kc, indx) > 0 || take_batch(kc, indx) ||
	    refill(kc, indx, taken))) {
		p = *slot(kc, stack_top(*stack_word(kc, indx)));
		*stack_word(kc, indx) += STACK_POP;
	}
	idle(kc);
	return (p != NULL ? p : alloc_uncached(indx, taken));
}

/* Makes room in a full stack: a larger one, or the upper half goes. */
static void
make_room(struct kmemcache *kc, unsigned indx, void **twice)
{
	uint32_t n = (kc->kc_room[indx] + 1u) / 2;
	void **blocks = stack_blocks(kc, indx) + kc->kc_room[indx] - n, *found;

	if (grow(kc, indx))
		return;
	*stack_word(kc, indx) -= n;
	kc->kc_moved += n * bucket[indx].kb_size;
	if (leave_batch(indx, blocks, n)) {
		PROBE3(flush, bucket[indx].kb_size, n, 0);
		return;
	}
	PROBE3(flush, bucket[indx].kb_size, n, 1);
	regret(indx);
	found = bucket_put(indx, blocks, n);
	if (found != NULL)
		*twice = found;
}

/*
 * Is it the first block of a list that a thread sees, which it did not ask for
 * itself?  Others write to the cache line that it lies in.
 */
static bool
is_foreign(struct kmemcache *kc, unsigned indx)
{
	if (likely(has_stack(kc, indx) || kc->kc_room[indx] != 0))
		return (false);
	kc->kc_room[indx] = 1;
	return (bucket[indx].kb_size < KMA_CACHELINE);
}

void
cache_free(unsigned indx, void *p, void **twice)
{
	struct kmemcache *kc = cache_get();
	bool room = false;
	void *found;

	if (kc != NULL) {
		busy(kc);
		touch(kc, indx);
		room = !is_foreign(kc, indx) &&
		    (has_stack(kc, indx) || attach(kc, indx));
		if (room) {
			if (stack_count(kc, indx) == kc->kc_room[indx])
				make_room(kc, indx, twice);
			*stack_word(kc, indx) += STACK_PUSH;
			*slot(kc, stack_top(*stack_word(kc, indx))) = p;
		}
		idle(kc);
	}
	if (!room && (found = bucket_put(indx, &p, 1)) != NULL)
		*twice = found;
}

/*
 * Long runs.
 */

/* The place of runs of this length, or NULL: shorter ones have lists. */
static inline struct cached_run *
place_of(struct kmemcache *kc, size_t npages)
{
	size_t length = (npages - 1) / btop(MAXCACHED);

	return (length == 0 || length > NCACHEDRUN ? NULL :
	    &kc->kc_run[length - 1]);
}

bool
cache_alloc_run(size_t npages, page_t *page)
{
	struct cached_run *cr = place_of(cache_mine, npages);

	if (cr == NULL || cr->cr_npages != npages)
		return (false);
	*page = cr->cr_page;
	cr->cr_npages = 0;
	kmemsizes[*page] = KU_RUN;
	return (true);
}

/* Counts the room for a place's longest run as held, if the bounds allow. */
static bool
attach_run(struct kmemcache *kc, struct cached_run *cr)
{
	size_t bytes = (size_t)(cr - kc->kc_run + 2) * MAXCACHED;

	if (!evict(kc, bytes) || !hold(bytes))
		return (false);
	cr->cr_bytes = bytes;
	kc->kc_bytes += bytes;
	return (true);
}

bool
cache_free_run(page_t page, size_t npages)
{
	struct kmemcache *kc = cache_get();
	struct cached_run *cr = kc == NULL ? NULL : place_of(kc, npages);
	page_t old;

	if (cr == NULL)
		return (false);
	if (unlikely(cr->cr_bytes == 0)) {
		bool room;

		busy(kc);
		room = attach_run(kc, cr);
		idle(kc);
		if (!room)
			return (false);
	}
	old = cr->cr_npages != 0 ? cr->cr_page : page;
	relaxed_store(&cr->cr_npages, 0);
	cr->cr_swept = false;
	kmemsizes[page] = KU_HELD;
	cr->cr_page = page;
	__atomic_store_n(&cr->cr_npages, (page_t)npages, __ATOMIC_RELEASE);
	if (unlikely(old != page))
		pagerun_free(old);
	return (true);
}

/*
 * Returning what is not needed.
 */

static void
depot_reap(unsigned indx)
{
	struct depot *d = &depot[indx];
	uint32_t surplus, less;

	lock_acquire(&d->d_lock);
	surplus = d->d_min;
	less = surplus < d->d_max ? surplus : d->d_max;
	relaxed_store(&d->d_max, d->d_max - less);
	d->d_min = d->d_nfull - surplus;
	relaxed_store(&d->d_flushed, 0);
	lock_release(&d->d_lock);
	depot_return(indx, surplus);
}

/*
 * Gives the slots of an empty cache back.  A stack's lower sentinel reads as it
 * should afterwards, and the upper one comes with the stack.
 */
static void
purge_slots(struct kmemcache *kc)
{
	uintptr_t from = round_page((uintptr_t)&kc->kc_slot[2]);
	uintptr_t to = (uintptr_t)slot(kc, nslots) & ~PAGEMASK;

	if (from < to)
		os_purge(from, to - from);
}

/* Empties the cache of a thread that has ended, which is ours meanwhile. */
static void
make_orphan(struct kmemcache *kc)
{
	busy(kc);
	detach_all(kc);
	idle(kc);
	purge_slots(kc);
	lock_acquire(&caches_lock);
	os_life_release(&kc->kc_life);
	set_orphan(kc, true);
	lock_release(&caches_lock);
}

static void
scavenge(void)
{
	struct kmemcache *kc;

	lock_acquire(&caches_lock);
	kc = caches;
	lock_release(&caches_lock);
	for (; kc != NULL; kc = kc->kc_next)
		if (!relaxed_load(&kc->kc_orphan) &&
		    os_life_claim(&kc->kc_life))
			make_orphan(kc);
}

void
cache_reap(void)
{
	struct kmemcache *kc = cache_mine;

	if (kc != &cache_none) {
		busy(kc);
		sweep(kc);
		idle(kc);
	}
	scavenge();
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		if (relaxed_load(&depot[indx].d_nfull) > 0 ||
		    relaxed_load(&depot[indx].d_flushed) > 0)
			depot_reap(indx);
}

void
cache_drain(void)
{
	struct kmemcache *kc = cache_mine;

	if (kc != &cache_none) {
		busy(kc);
		detach_all(kc);
		idle(kc);
	}
	scavenge();
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		depot_return(indx, UINT32_MAX);
}

uint64_t
cache_calls(unsigned indx)
{
	uint64_t calls = 0;

	for (struct kmemcache *kc = cache_first(); kc != NULL;
	    kc = kc->kc_next)
		calls += relaxed_load(stack_word(kc, indx)) >> 16;
	return (calls);
}

/*
 * Start, and fork.
 */

void
cache_add(unsigned indx, size_t size)
{
	struct depot *d = &depot[indx];
	size_t batch = BATCH_BYTES(size) / size;

	lock_acquire(&d->d_lock);
	d->d_batch = (uint16_t)(batch > BATCH_MAX ? BATCH_MAX :
	    batch < 1 ? 1 : batch);
	d->d_room = (uint16_t)(2 * d->d_batch);
	lock_release(&d->d_lock);
}

void
cache_retire(unsigned indx)
{
	struct depot *d = &depot[indx];

	lock_acquire(&d->d_lock);
	d->d_max = 0;
	relaxed_store(&d->d_flushed, 0);
	lock_release(&d->d_lock);
	depot_return(indx, UINT32_MAX);
}

/*
 * The stacks of lists that will be added later have room for the most that
 * there can be: addresses, which cost nothing until they are touched.
 */
void
cache_init(void)
{
	lock_init(&caches_lock, RANK_CACHES);
	lock_init_array(&depot[0].d_lock, NLIST, sizeof(depot[0]), RANK_DEPOT);
	held_max = os_physmem() / HELD_SHARE;
	if (held_max < HELD_MIN)
		held_max = HELD_MIN;
	nslots = NOSTACK + 2;
	for (unsigned indx = bucket_typed; indx < NLIST; indx++) {
		uint32_t room = 2 * BATCH_MAX;

		if (indx < bucket_limit) {
			cache_add(indx, bucket[indx].kb_size);
			room = depot[indx].d_room;
		}
		depot[indx].d_first = (uint32_t)nslots;
		nslots += room + 2;
	}
}
static_assert(NOSTACK + 2 + (NLIST - KU_TYPED) * (2 * BATCH_MAX + 2) <=
    UINT16_MAX, "a slot's number has 16 bits");

void
cache_postfork_child(void)
{
	struct kmemcache *own = cache_mine;

	for (struct kmemcache *kc = caches; kc != NULL; kc = kc->kc_next) {
		/* What is written to is copied: not thousands of orphans. */
		if (kc == own)
			os_life_go_on(&kc->kc_life);
		else if (!kc->kc_busy && !kc->kc_orphan)
			os_life_init(&kc->kc_life);
	}
}

static void
check_depot(struct depot *d)
{
	uint32_t nfull = 0;
	size_t blocks = 0;

	lock_acquire(&d->d_lock);
	for (struct batch *b = d->d_full; b != NULL; b = b->b_next) {
		KMA_ASSERT(b->b_count > 0 && b->b_count <= d->d_batch);
		blocks += b->b_count;
		nfull++;
	}
	KMA_ASSERT(nfull == d->d_nfull);
	KMA_ASSERT(blocks == d->d_blocks);
	KMA_ASSERT(d->d_min <= d->d_nfull);
	lock_release(&d->d_lock);
}

static void
check_stack(struct kmemcache *kc, unsigned indx)
{
	size_t first = depot[indx].d_first, room = kc->kc_room[indx];
	size_t top = stack_top(*stack_word(kc, indx));

	KMA_ASSERT(room >= 1 && room <= depot[indx].d_room);
	KMA_ASSERT(*slot(kc, first) == NULL);
	KMA_ASSERT(*slot(kc, first + room + 1) == STACK_END);
	KMA_ASSERT(top >= first && top <= first + room);
	KMA_ASSERT(kc->kc_mask[indx] == bucket[indx].kb_mask);
	KMA_ASSERT(kc->kc_start[indx] == bucket[indx].kb_start);
	KMA_ASSERT(kc->kc_bound[indx] == bucket[indx].kb_bound);
	for (; top > first; top--)
		KMA_ASSERT(bucket_isblock(indx, *slot(kc, top)));
}

void
cache_check(void)
{
	struct kmemcache *kc = cache_mine;
	size_t bytes = 0;

	KMA_ASSERT(kc->kc_slot[0] == NULL && kc->kc_slot[1] == STACK_END);
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++) {
		check_depot(&depot[indx]);
		if (has_stack(kc, indx)) {
			check_stack(kc, indx);
			bytes += stack_bytes(kc, indx);
		}
	}
	for (unsigned i = 0; i < NCACHEDRUN; i++)
		bytes += kc->kc_run[i].cr_bytes;
	KMA_ASSERT(bytes == kc->kc_bytes);
}
