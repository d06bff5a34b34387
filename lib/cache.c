/*
 * cache.c - thread caches, magazines and depots.
 *
 * Layer 5.  Owns each thread's cache (which only its thread touches), the
 * register of caches (RANK_CACHES) and a depot for each list (RANK_DEPOT).
 * Calls bucket.h, meta.h, os.h.
 *
 * Bounds.  A magazine holds at most MAG_BYTES (or one round).  All magazines
 * of threads and the full ones of depots hold at most held_max bytes, and a
 * thread at most its share.  A thread that gets no magazine does without: it
 * takes single blocks from the list itself.
 *
 * The depot of a list keeps d_max full magazines.  It starts with none, grows
 * by each that was emptied into the clusters and then missed, and shrinks by
 * what no one used for a period.
 *
 * Threads that end.  Their caches stay as they are until another thread needs
 * one, and takes it over with its magazines, or until the next reaping.  The
 * kernel tells who is gone: see os_life_claim().
 */
#include "cache.h"

#include <string.h>

#include "bucket.h"
#include "kmemsizes.h"
#include "lock.h"
#include "meta.h"
#include "pagerun.h"
#include "report.h"

#define ROUNDS_MAX	94
#define MAG_BYTES(size)	((size) < 4096 ? (size_t)16 << 10 : (size_t)256 << 10)
#define HELD_MIN	((size_t)64 << 20)
#define HELD_SHARE	32		/* of physical memory */
#define THREAD_MAX	((size_t)8 << 20)
#define DEPOT_BYTES	((size_t)64 << 20)	/* that one depot may learn */
#define RUN_MAX		btop(NCACHEDRUN * MAXCACHED)	/* a cached run */
#define DUE_OPS		64		/* slow operations between two looks */
#define ADOPT_LOOKS	8		/* caches looked at for a dead owner */

/*
 * Invariants, under d_lock:
 *	d_nfull = the length of d_full
 *	d_min = the least d_nfull since the last reaping
 */
struct depot {
	KMA_ALIGNED(KMA_CACHELINE)
	struct lock	 d_lock;
	uint32_t	 d_rounds;	/* of each magazine */
	struct magazine	*d_full;
	struct magazine	*d_empty;
	uint32_t	 d_nfull;
	uint32_t	 d_min;
	uint32_t	 d_max;
	uint32_t	 d_flushed;	/* emptied into the clusters */
};

static struct depot	  depot[NLIST];
static struct lock	  caches_lock;
static struct kmemcache	 *caches;	/* all, the newest first */
static struct kmemcache	 *caches_hand;	/* where the search goes on */
static size_t		  ncaches;
static size_t		  held, held_max;

/* Nobody writes to these: nothing can be popped, and nothing pushed. */
static void *const no_slots[2] = { NULL, MAG_END };
#define NO_CURSOR	((void **)(uintptr_t)no_slots)

/*
 * Until cache_init() has filled in the rest, every size is of list 0, since
 * bucketindx is all zero, and no address is ours.
 */
struct kmemcache cache_none = { .kc_cursor = { NO_CURSOR } };
KMA_TLS struct kmemcache *kmem_cache = &cache_none;

/*
 * Magazines.
 */

static inline size_t
mag_bytes(unsigned indx)
{
	return (depot[indx].d_rounds * bucket[indx].kb_size);
}

static inline void **
cursor_empty(struct magazine *mag)
{
	return (&mag->m_slot[0]);
}

static inline void **
cursor_full(struct magazine *mag)
{
	return (&mag->m_slot[mag->m_rounds]);
}

static struct magazine *
mag_new(unsigned indx)
{
	uint32_t rounds = depot[indx].d_rounds;
	struct magazine *mag = meta_alloc(sizeof(*mag) +
	    (rounds + 2) * sizeof(mag->m_slot[0]), 16);

	if (mag == NULL)
		return (NULL);
	mag->m_rounds = rounds;
	mag->m_slot[rounds + 1] = MAG_END;
	return (mag);
}

static void
push(struct magazine **list, struct magazine *mag)
{
	mag->m_next = *list;
	*list = mag;
}

static struct magazine *
pop(struct magazine **list)
{
	struct magazine *mag = *list;

	if (mag != NULL)
		*list = mag->m_next;
	return (mag);
}

static void
depot_put_empty(unsigned indx, struct magazine *mag)
{
	struct depot *d = &depot[indx];

	lock_acquire(&d->d_lock);
	push(&d->d_empty, mag);
	lock_release(&d->d_lock);
}

static bool
hold(size_t bytes)
{
	if (__atomic_add_fetch(&held, bytes, __ATOMIC_RELAXED) <= held_max)
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
 * Thread caches.
 */

/* Empties a magazine with n blocks into the clusters. */
static void
flush(unsigned indx, struct magazine *mag, size_t n, void **twice)
{
	void *found = bucket_put(indx, &mag->m_slot[1], (unsigned)n);

	if (found != NULL && twice != NULL)
		*twice = found;
}

/* Takes a list's magazines from a thread's cache. */
static void
detach(struct kmemcache *kc, unsigned indx)
{
	struct magazine *loaded = kc->kc_loaded[indx];
	struct magazine *prev = kc->kc_prev[indx];
	size_t n = (size_t)(kc->kc_cursor[indx] - loaded->m_slot);

	kc->kc_cursor[indx] = NO_CURSOR;
	kc->kc_loaded[indx] = kc->kc_prev[indx] = NULL;
	flush(indx, loaded, n, NULL);
	depot_put_empty(indx, loaded);
	kc->kc_bytes -= mag_bytes(indx);
	unhold(mag_bytes(indx));
	if (prev == NULL)
		return;
	flush(indx, prev, prev->m_full ? prev->m_rounds : 0, NULL);
	depot_put_empty(indx, prev);
	kc->kc_bytes -= mag_bytes(indx);
	unhold(mag_bytes(indx));
}

static void
detach_run(struct kmemcache *kc, struct cached_run *cr)
{
	if (cr->cr_npages != 0)
		pagerun_free(cr->cr_page);
	kc->kc_bytes -= cr->cr_bytes;
	unhold(cr->cr_bytes);
	cr->cr_npages = 0;
	cr->cr_bytes = 0;
}

static void
detach_all(struct kmemcache *kc)
{
	for (unsigned i = 0; i < NCACHEDRUN; i++)
		detach_run(kc, &kc->kc_run[i]);
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		if (kc->kc_loaded[indx] != NULL)
			detach(kc, indx);
}

static size_t
thread_share(void)
{
	size_t share = held_max / (relaxed_load(&ncaches) + 1);

	return (share < THREAD_MAX ? share : THREAD_MAX);
}

/* Makes room in the thread's share by taking another list's magazines. */
static bool
evict(struct kmemcache *kc, unsigned but, size_t bytes)
{
	size_t share = thread_share();

	for (unsigned i = 0; i < NCACHEDRUN; i++)
		if (kc->kc_bytes + bytes > share)
			detach_run(kc, &kc->kc_run[i]);
	for (unsigned i = 0; kc->kc_bytes + bytes > share; i++) {
		if (i == NLIST)
			return (false);
		if (++kc->kc_hand >= bucket_limit)
			kc->kc_hand = KU_LIST;
		if (kc->kc_hand != but && kc->kc_loaded[kc->kc_hand] != NULL)
			detach(kc, kc->kc_hand);
	}
	return (true);
}

/* An empty magazine for a thread's list, within the bounds; or NULL. */
static struct magazine *
attach(struct kmemcache *kc, unsigned indx)
{
	struct depot *d = &depot[indx];
	struct magazine *mag;

	if (!evict(kc, indx, mag_bytes(indx)) || !hold(mag_bytes(indx)))
		return (NULL);
	lock_acquire(&d->d_lock);
	mag = pop(&d->d_empty);
	lock_release(&d->d_lock);
	if (mag == NULL && (mag = mag_new(indx)) == NULL) {
		unhold(mag_bytes(indx));
		return (NULL);
	}
	kc->kc_bytes += mag_bytes(indx);
	mag->m_full = false;
	return (mag);
}

static void
load(struct kmemcache *kc, unsigned indx, struct magazine *mag, void **cursor)
{
	kc->kc_loaded[indx] = mag;
	kc->kc_cursor[indx] = cursor;
}

static struct kmemcache *
new_cache(void)
{
	struct kmemcache *kc = meta_alloc(sizeof(*kc), KMA_CACHELINE);

	if (kc == NULL)
		return (NULL);
	for (unsigned i = 0; i < NLIST; i++) {
		kc->kc_cursor[i] = NO_CURSOR;
		kc->kc_mask[i] = bucket[i].kb_mask;
	}
	os_life_init(&kc->kc_life);
	os_life_claim(&kc->kc_life);
	lock_acquire(&caches_lock);
	kc->kc_next = caches;
	caches = kc;
	relaxed_store(&ncaches, ncaches + 1);
	lock_release(&caches_lock);
	return (kc);
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
	lock_release(&caches_lock);
	return (kc);
}

/* The calling thread's cache, made if need be; NULL without memory. */
static struct kmemcache *
own_cache(void)
{
	struct kmemcache *kc = kmem_cache;

	if (likely(kc != &cache_none))
		return (kc);
	kc = adopt_cache();
	if (kc == NULL)
		kc = new_cache();
	if (kc != NULL)
		kmem_cache = kc;
	return (kc);
}

/*
 * A child that fork makes while another thread is between these leaves that
 * thread's cache alone: its magazines may be in two places, or in none.
 */
static inline void
busy(struct kmemcache *kc)
{
	__atomic_store_n(&kc->kc_busy, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void
idle(struct kmemcache *kc)
{
	__atomic_store_n(&kc->kc_busy, 0, __ATOMIC_RELEASE);
}

/*
 * Allocation when the loaded magazine is empty.
 */

/* Trades the empty previous magazine for a full one of the depot. */
static bool
reload(struct kmemcache *kc, unsigned indx)
{
	struct magazine *loaded = kc->kc_loaded[indx], *full;
	struct depot *d = &depot[indx];

	if (relaxed_load(&d->d_nfull) == 0)
		return (false);
	lock_acquire(&d->d_lock);
	full = pop(&d->d_full);
	if (full != NULL) {
		if (--d->d_nfull < d->d_min)
			d->d_min = d->d_nfull;
		push(&d->d_empty, loaded);
	}
	lock_release(&d->d_lock);
	if (full == NULL)
		return (false);
	unhold(mag_bytes(indx));
	load(kc, indx, full, cursor_full(full));
	return (true);
}

/* The depot lacked what it had given up: let it keep more. */
static void
learn(unsigned indx)
{
	struct depot *d = &depot[indx];

	if (relaxed_load(&d->d_flushed) == 0)
		return;
	lock_acquire(&d->d_lock);
	if (d->d_flushed > 0) {
		d->d_flushed--;
		if ((d->d_max + 1) * mag_bytes(indx) <= DEPOT_BYTES)
			d->d_max++;
	}
	lock_release(&d->d_lock);
}

/*
 * Fills the loaded magazine from the clusters: by half, runs one by one.
 * When memory is so short that there are not as many, it takes none.
 */
static bool
refill(struct kmemcache *kc, unsigned indx)
{
	struct magazine *loaded = kc->kc_loaded[indx];
	unsigned want = indx >= bucket_runs ? 1 : (loaded->m_rounds + 1) / 2;
	unsigned got;

	learn(indx);
	got = bucket_get(indx, &loaded->m_slot[1], want);
	if (got == want) {
		kc->kc_cursor[indx] = &loaded->m_slot[got];
		return (true);
	}
	bucket_put(indx, &loaded->m_slot[1 + want - got], got);
	return (false);
}

/* Makes the loaded magazine non-empty. */
static bool
replenish(struct kmemcache *kc, unsigned indx)
{
	struct magazine *loaded = kc->kc_loaded[indx];
	struct magazine *prev = kc->kc_prev[indx];

	if (loaded == NULL) {
		loaded = attach(kc, indx);
		if (loaded == NULL)
			return (false);
		load(kc, indx, loaded, cursor_empty(loaded));
	} else if (prev != NULL && prev->m_full) {
		loaded->m_full = false;
		kc->kc_prev[indx] = loaded;
		load(kc, indx, prev, cursor_full(prev));
		return (true);
	}
	return (reload(kc, indx) || refill(kc, indx));
}

static void *
alloc_uncached(unsigned indx)
{
	void *p;

	if (bucket_get(indx, &p, 1) == 0)
		return (NULL);
	__atomic_fetch_add(&bucket[indx].kb_calls, 1, __ATOMIC_RELAXED);
	return (p);
}

void *
cache_alloc(unsigned indx)
{
	struct kmemcache *kc = own_cache();
	void *p = NULL;

	if (kc == NULL)
		return (alloc_uncached(indx));
	busy(kc);
	if (*kc->kc_cursor[indx] != NULL || replenish(kc, indx)) {
		p = *kc->kc_cursor[indx]--;
		kc->kc_calls[indx]++;
	}
	idle(kc);
	return (p != NULL ? p : alloc_uncached(indx));
}

/*
 * Freeing when the loaded magazine is full.
 */

/* Leaves the full previous magazine at the depot for an empty one. */
static bool
unload(struct kmemcache *kc, unsigned indx)
{
	struct magazine *loaded = kc->kc_loaded[indx], *empty = NULL;
	struct depot *d = &depot[indx];

	if (relaxed_load(&d->d_nfull) >= relaxed_load(&d->d_max) ||
	    !hold(mag_bytes(indx)))
		return (false);
	lock_acquire(&d->d_lock);
	if (d->d_nfull < d->d_max) {
		empty = pop(&d->d_empty);
		if (empty == NULL)
			empty = mag_new(indx);
	}
	if (empty != NULL) {
		push(&d->d_full, kc->kc_prev[indx]);
		d->d_nfull++;
	}
	lock_release(&d->d_lock);
	if (empty == NULL) {
		unhold(mag_bytes(indx));
		return (false);
	}
	loaded->m_full = true;
	kc->kc_prev[indx] = loaded;
	load(kc, indx, empty, cursor_empty(empty));
	return (true);
}

/* Empties a full magazine into the clusters, and loads it. */
static void
spill(struct kmemcache *kc, unsigned indx, void **twice)
{
	struct magazine *loaded = kc->kc_loaded[indx];
	struct magazine *prev = kc->kc_prev[indx];
	struct depot *d = &depot[indx];

	__atomic_fetch_add(&d->d_flushed, 1, __ATOMIC_RELAXED);
	if (prev == NULL) {
		load(kc, indx, loaded, cursor_empty(loaded));
		flush(indx, loaded, loaded->m_rounds, twice);
		return;
	}
	loaded->m_full = true;
	kc->kc_prev[indx] = loaded;
	load(kc, indx, prev, cursor_empty(prev));
	flush(indx, prev, prev->m_rounds, twice);
}

/* Makes room in the loaded magazine; false if there is none to be had. */
static bool
make_room(struct kmemcache *kc, unsigned indx, void **twice)
{
	struct magazine *loaded = kc->kc_loaded[indx];
	struct magazine *prev = kc->kc_prev[indx];

	if (loaded == NULL) {
		loaded = attach(kc, indx);
		if (loaded == NULL)
			return (false);
		load(kc, indx, loaded, cursor_empty(loaded));
		return (true);
	}
	if (prev == NULL)
		kc->kc_prev[indx] = prev = attach(kc, indx);
	if (prev != NULL && !prev->m_full) {
		loaded->m_full = true;
		kc->kc_prev[indx] = loaded;
		load(kc, indx, prev, cursor_empty(prev));
	} else if (prev == NULL || !unload(kc, indx))
		spill(kc, indx, twice);
	return (true);
}

void
cache_free(unsigned indx, void *p, void **twice)
{
	struct kmemcache *kc = own_cache();
	bool room = false;
	void *found;

	if (kc != NULL) {
		busy(kc);
		room = kc->kc_cursor[indx][1] != MAG_END ||
		    make_room(kc, indx, twice);
		if (room)
			*++kc->kc_cursor[indx] = p;
		idle(kc);
	}
	if (!room && (found = bucket_put(indx, &p, 1)) != NULL)
		*twice = found;
}

/*
 * Long runs.
 */

/* Quarter i of the lengths ends at i + 1 times MAXCACHED. */
static inline unsigned
quarter(size_t npages)
{
	return ((unsigned)((npages - 1) / btop(MAXCACHED)));
}

bool
cache_alloc_run(size_t npages, page_t *page)
{
	struct cached_run *cr;

	if (npages > RUN_MAX)
		return (false);
	cr = &kmem_cache->kc_run[quarter(npages)];
	if (cr->cr_npages != npages)
		return (false);
	*page = cr->cr_page;
	cr->cr_npages = 0;
	kmemsizes[*page] = KU_RUN;
	return (true);
}

/* Counts the room for a run of the quarter as held, if the bounds allow. */
static bool
attach_run(struct kmemcache *kc, struct cached_run *cr, unsigned at)
{
	size_t bytes = (at + 1) * MAXCACHED;

	if (!evict(kc, NLIST, bytes) || !hold(bytes))
		return (false);
	cr->cr_bytes = bytes;
	kc->kc_bytes += bytes;
	return (true);
}

bool
cache_free_run(page_t page, size_t npages)
{
	struct kmemcache *kc = npages <= RUN_MAX ? own_cache() : NULL;
	struct cached_run *cr;

	if (kc == NULL)
		return (false);
	cr = &kc->kc_run[quarter(npages)];
	if (unlikely(cr->cr_bytes == 0) &&
	    !attach_run(kc, cr, quarter(npages)))
		return (false);
	if (cr->cr_npages != 0)
		pagerun_free(cr->cr_page);
	kmemsizes[page] = KU_HELD;
	cr->cr_page = page;
	cr->cr_npages = (page_t)npages;
	return (true);
}

/*
 * Returning what is not needed.
 */

bool
cache_due(void)
{
	struct kmemcache *kc = kmem_cache;

	if (kc == &cache_none || ++kc->kc_ops < DUE_OPS)
		return (false);
	kc->kc_ops = 0;
	return (true);
}

/* Takes up to n full magazines from a depot and empties them. */
static void
depot_return(unsigned indx, uint32_t n)
{
	struct depot *d = &depot[indx];

	for (; n > 0; n--) {
		struct magazine *mag;

		lock_acquire(&d->d_lock);
		mag = pop(&d->d_full);
		d->d_nfull -= mag != NULL;
		if (d->d_nfull < d->d_min)
			d->d_min = d->d_nfull;
		lock_release(&d->d_lock);
		if (mag == NULL)
			return;
		unhold(mag_bytes(indx));
		flush(indx, mag, mag->m_rounds, NULL);
		depot_put_empty(indx, mag);
	}
}

static void
depot_reap(unsigned indx)
{
	struct depot *d = &depot[indx];
	uint32_t surplus;

	lock_acquire(&d->d_lock);
	surplus = d->d_min;
	d->d_max -= surplus < d->d_max ? surplus : d->d_max;
	d->d_min = d->d_nfull - surplus;
	d->d_flushed = 0;
	lock_release(&d->d_lock);
	depot_return(indx, surplus);
}

/* Empties the caches of threads that have ended. */
static void
scavenge(void)
{
	struct kmemcache *kc;

	lock_acquire(&caches_lock);
	kc = caches;
	lock_release(&caches_lock);
	for (; kc != NULL; kc = kc->kc_next)
		if (os_life_claim(&kc->kc_life)) {
			detach_all(kc);
			os_life_release(&kc->kc_life);
		}
}

void
cache_reap(void)
{
	scavenge();
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		if (relaxed_load(&depot[indx].d_nfull) > 0 ||
		    relaxed_load(&depot[indx].d_flushed) > 0)
			depot_reap(indx);
}

void
cache_drain(void)
{
	struct kmemcache *kc = kmem_cache;

	if (kc != &cache_none) {
		busy(kc);
		detach_all(kc);
		idle(kc);
	}
	scavenge();
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		depot_return(indx, UINT32_MAX);
}

/*
 * Figures.
 */

static size_t
cached_blocks(const struct kmemcache *kc, unsigned indx)
{
	const struct magazine *loaded = relaxed_load(&kc->kc_loaded[indx]);
	const struct magazine *prev = relaxed_load(&kc->kc_prev[indx]);
	size_t n = 0;

	if (loaded != NULL)
		n = (size_t)(relaxed_load(&kc->kc_cursor[indx]) -
		    (void **)(uintptr_t)loaded->m_slot);
	if (n > depot[indx].d_rounds)	/* its thread changed it meanwhile */
		n = 0;
	if (prev != NULL && prev->m_full)
		n += prev->m_rounds;
	return (n);
}

void
cache_stats(unsigned indx, struct cache_stats *cs)
{
	struct depot *d = &depot[indx];

	cs->cs_calls = cs->cs_cached = 0;
	lock_acquire(&caches_lock);
	for (struct kmemcache *kc = caches; kc != NULL; kc = kc->kc_next) {
		cs->cs_calls += relaxed_load(&kc->kc_calls[indx]);
		cs->cs_cached += cached_blocks(kc, indx);
	}
	lock_release(&caches_lock);
	lock_acquire(&d->d_lock);
	cs->cs_cached += (size_t)d->d_nfull * d->d_rounds;
	lock_release(&d->d_lock);
}

void
cache_runstats(size_t *nruns, size_t *npages)
{
	*nruns = *npages = 0;
	lock_acquire(&caches_lock);
	for (struct kmemcache *kc = caches; kc != NULL; kc = kc->kc_next)
		for (unsigned i = 0; i < NCACHEDRUN; i++) {
			size_t n = relaxed_load(&kc->kc_run[i].cr_npages);

			*nruns += n != 0;
			*npages += n;
		}
	lock_release(&caches_lock);
}

size_t
cache_threads(void)
{
	return (relaxed_load(&ncaches));
}

/*
 * Start, and fork.
 */

void
cache_init(void)
{
	for (unsigned i = 0; i < NLIST; i++)
		cache_none.kc_cursor[i] = NO_CURSOR;
	lock_init(&caches_lock, RANK_CACHES);
	held_max = os_physmem() / HELD_SHARE;
	if (held_max < HELD_MIN)
		held_max = HELD_MIN;
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++) {
		struct depot *d = &depot[indx];
		size_t size = bucket[indx].kb_size;
		size_t rounds = MAG_BYTES(size) / size;

		d->d_rounds = (uint32_t)(rounds > ROUNDS_MAX ? ROUNDS_MAX :
		    rounds < 1 ? 1 : rounds);
		lock_init(&d->d_lock, RANK_DEPOT);
	}
}

void
cache_postfork_child(void)
{
	struct kmemcache *own = kmem_cache;

	for (struct kmemcache *kc = caches; kc != NULL; kc = kc->kc_next) {
		if (kc != own && kc->kc_busy)
			continue;
		os_life_init(&kc->kc_life);
		if (kc == own)
			os_life_claim(&kc->kc_life);
	}
}

void
cache_check(void)
{
	struct kmemcache *kc = kmem_cache;
	size_t bytes = 0;

	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++) {
		struct magazine *mag = kc->kc_loaded[indx];
		struct depot *d = &depot[indx];
		uint32_t nfull = 0;

		lock_acquire(&d->d_lock);
		for (struct magazine *m = d->d_full; m != NULL; m = m->m_next)
			nfull++;
		KMA_ASSERT(nfull == d->d_nfull);
		KMA_ASSERT(d->d_min <= d->d_nfull);
		lock_release(&d->d_lock);
		if (mag == NULL) {
			KMA_ASSERT(*kc->kc_cursor[indx] == NULL);
			KMA_ASSERT(kc->kc_cursor[indx][1] == MAG_END);
			KMA_ASSERT(kc->kc_prev[indx] == NULL);
			continue;
		}
		KMA_ASSERT(mag->m_slot[0] == NULL);
		KMA_ASSERT(mag->m_slot[mag->m_rounds + 1] == MAG_END);
		KMA_ASSERT(kc->kc_cursor[indx] >= cursor_empty(mag));
		KMA_ASSERT(kc->kc_cursor[indx] <= cursor_full(mag));
		for (void **at = kc->kc_cursor[indx]; *at != NULL; at--)
			KMA_ASSERT(bucket_isblock(indx, *at));
		bytes += mag_bytes(indx);
		if (kc->kc_prev[indx] != NULL)
			bytes += mag_bytes(indx);
	}
	for (unsigned i = 0; i < NCACHEDRUN; i++)
		bytes += kc->kc_run[i].cr_bytes;
	KMA_ASSERT(bytes == kc->kc_bytes);
}
