/*
 * pagerun.c - runs of pages: first fit, coalescing, and giving back.
 *
 * Layer 3.  Owns the tree of free runs, the count of everything in the arena
 * and one lock, RANK_PAGERUN, which guards these and the tables of
 * kmemsizes.h.  Calls retain.h, runtree.h, kmemsizes.h, meta.h, zero.h,
 * options.h, os.h.
 *
 * Invariants, under the lock:
 *	inuse + free pages + purged now + holes + guards = kmempages
 *	dirty = the tree's sum of dirty pages
 *	nodes made >= runs + holes + guards + 1, so that freeing needs no
 *		memory: between two free runs there is one of these
 *	every free run's first and last kmemusage is its node's number
 *
 * How many dirty pages may stay, retain.h says.  It is asked when pages are
 * freed, and also when clean ones are taken, before the program touches them.
 * Highest addresses go first, since first fit uses the lowest.
 */
#include "pagerun.h"

#include <errno.h>
#include <string.h>

#include "cdefs.h"
#include "guard.h"
#include "kmemsizes.h"
#include "lock.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "probe.h"
#include "report.h"
#include "retain.h"
#include "runtree.h"
#include "zero.h"

#define SLACK		256	/* pages that go beyond the excess */
#define PURGE_MOST	4096	/* pages in one system call */
#define NPURGE		64	/* threads that give back at once */
#define PATIENCE	100	/* ms, with one of them */
#define RETRACT_MIN	btop((size_t)64 << 20)	/* unmapped when unused */

/* Nodes come in chunks, each twice the one before, untouched until used. */
#define FIRST_CHUNK	64
#define NCHUNK		26

/* A moved run keeps this in the kmemusage of its last page. */
#define KU_MOVED	1u
#define KU_UNGUARDED	(1u << 8)	/* and an unforbidden guard this */
#define MOVED_MAX	1024	/* of them: each splits a mapping twice */

static struct lock	pr_lock;
static struct runtree	pr_tree;

static struct pagerun  *node_chunk[NCHUNK];
static size_t		node_made;	/* room in the chunks */
static size_t		node_carved;	/* ever taken from them */
static struct pagerun  *node_free;	/* given back, by pr_left */

static size_t		pr_nruns;
static size_t		pr_nmoved;
static size_t		pr_nfree;	/* free runs */
static size_t		pr_nholes;
static size_t		pr_nguards;
static size_t		pr_inuse;
static size_t		pr_mapped;
static size_t		pr_maxused;
static size_t		pr_calls;
static size_t		pr_purged;
bool			pagerun_excess;	/* more is dirty than may stay */

/* The names under which root.c has them. */
extern KMA_HIDDEN struct runtree pagerun_tree
    __attribute__((alias("pr_tree")));
extern KMA_HIDDEN size_t pagerun_nruns __attribute__((alias("pr_nruns")));
extern KMA_HIDDEN size_t pagerun_nfree __attribute__((alias("pr_nfree")));
extern KMA_HIDDEN size_t pagerun_used __attribute__((alias("pr_inuse")));
extern KMA_HIDDEN size_t pagerun_mapped __attribute__((alias("pr_mapped")));
extern KMA_HIDDEN size_t pagerun_maxused __attribute__((alias("pr_maxused")));
extern KMA_HIDDEN size_t pagerun_purged __attribute__((alias("pr_purged")));

/* The pages that are free and hold memory. */
static inline size_t
dirty_pages(void)
{
	return (pr_tree.rt_ndirty);
}

/*
 * Does the option limit allow so many more in use?  It is asked each time: a
 * malloc may come before there is an environment to read options from.
 */
static inline bool
within_limit(size_t npages)
{
	size_t limit = btop(options.o_limit);

	if (likely(options.o_limit == 0) ||
	    (npages <= limit && pr_inuse <= limit - npages))
		return (true);
	PROBE3(limit, "", ptob(npages), options.o_limit);
	return (false);
}

static inline bool
is_free_kind(page_t page)
{
	return (page < kmempages && (kmemsizes[page] == KU_CLEAN ||
	    kmemsizes[page] == KU_DIRTY));
}

/*
 * Nodes of the tree.
 */

/* Makes sure that the books hold one more run than now. */
static int
reserve_node(void)
{
	unsigned chunk = 0;

	if (node_made >= pr_nruns + pr_nholes + pr_nguards + 4)
		return (0);
	while (node_chunk[chunk] != NULL)
		chunk++;
	node_chunk[chunk] = meta_alloc(sizeof(struct pagerun) *
	    ((size_t)FIRST_CHUNK << chunk), KMA_CACHELINE);
	if (node_chunk[chunk] == NULL)
		return (ENOMEM);
	node_made += (size_t)FIRST_CHUNK << chunk;
	return (0);
}

static struct pagerun *
node_get(void)
{
	struct pagerun *run = node_free;
	size_t at = node_carved;
	unsigned chunk = 0;

	pr_nfree++;
	if (run != NULL) {
		node_free = run->pr_left;
		return (run);
	}
	node_carved++;
	while (at >= (size_t)FIRST_CHUNK << chunk)
		at -= (size_t)FIRST_CHUNK << chunk++;
	return (&node_chunk[chunk][at]);
}

static void
node_put(struct pagerun *run)
{
	run->pr_left = node_free;
	node_free = run;
	pr_nfree--;
}

/*
 * Free runs.
 */

/* Writes a free run's number where its neighbours look for it. */
static void
tag(const struct pagerun *run)
{
	uint32_t id = meta_id(run);

	kmemusage[run->pr_page] = id;
	kmemusage[run->pr_page + run->pr_npages - 1] = id;
}

/*
 * How many of eight free pages are dirty: eight at a time, since runs may be
 * gigabytes.
 */
static inline unsigned
dirty_of_8(page_t page)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t word;

	static_assert(KU_CLEAN == 1 && KU_DIRTY == 2, "one bit tells");
	memcpy(&word, kmemsizes + page, sizeof(word));
	return ((unsigned)((word >> 1 & ones) * ones >> 56));
}

/* The dirty pages among n of a free run. */
static page_t
count_dirty(const struct pagerun *run, page_t page, size_t n)
{
	page_t dirty = 0;
	size_t i = 0;

	if (run->pr_ndirty == 0 || page >= run->pr_dirtyend)
		return (0);
	if (run->pr_ndirty == run->pr_npages)
		return ((page_t)n);
	for (; i + 8 <= n; i += 8)
		dirty += dirty_of_8(page + (page_t)i);
	for (; i < n; i++)
		dirty += kmemsizes[page + i] == KU_DIRTY;
	return (dirty);
}

/*
 * Puts pages that belong to nobody, ndirty of them dirty and kmemsizes
 * already saying so, among the free runs, joined with their neighbours.
 */
static void
release(page_t page, size_t npages, size_t ndirty)
{
	struct pagerun *prev = NULL, *next = NULL, *run;
	page_t n = (page_t)npages, dirty = (page_t)ndirty;
	page_t end = ndirty > 0 ? page + n : 0;

	if (page > 0 && is_free_kind(page - 1))
		prev = meta_ptr(kmemusage[page - 1]);
	if (is_free_kind(page + n))
		next = meta_ptr(kmemusage[page + n]);
	if (next != NULL) {
		n += next->pr_npages;
		dirty += next->pr_ndirty;
		if (next->pr_ndirty > 0)
			end = next->pr_dirtyend;
	}
	if (prev != NULL) {
		run = prev;
		if (end == 0)
			end = prev->pr_dirtyend;
		if (next != NULL) {
			runtree_remove(&pr_tree, next);
			node_put(next);
		}
		runtree_update(&pr_tree, run, run->pr_page,
		    run->pr_npages + n, run->pr_ndirty + dirty);
	} else if (next != NULL) {
		run = next;
		runtree_update(&pr_tree, run, page, n, dirty);
	} else {
		run = node_get();
		run->pr_page = page;
		run->pr_npages = n;
		run->pr_ndirty = dirty;
		runtree_insert(&pr_tree, run);
	}
	run->pr_dirtyend = end;
	tag(run);
}

/*
 * The dirty pages of a free run behind the npages from page on, ndirty of
 * which are dirty.  The shorter side is counted: alignment skips few pages of
 * a run that may be all the rest of the arena.
 */
static page_t
dirty_behind(const struct pagerun *run, page_t page, size_t npages,
    page_t ndirty)
{
	page_t end = page + (page_t)npages;
	page_t before = page - run->pr_page;
	page_t after = run->pr_npages - before - (page_t)npages;

	if (ndirty == run->pr_ndirty || end >= run->pr_dirtyend)
		return (0);
	if (after <= before)
		return (count_dirty(run, end, after));
	return (run->pr_ndirty - ndirty -
	    count_dirty(run, run->pr_page, before));
}

/*
 * Takes npages from page on out of the free run that they lie in.  Returns
 * how many of them were dirty.
 */
static size_t
carve(struct pagerun *run, page_t page, size_t npages)
{
	page_t end = page + (page_t)npages, dirtyend = run->pr_dirtyend;
	page_t before = page - run->pr_page;
	page_t after = run->pr_npages - before - (page_t)npages;
	page_t dirty = count_dirty(run, page, npages);
	page_t dirty_after = 0;

	if (before == 0 && after == 0) {
		runtree_remove(&pr_tree, run);
		node_put(run);
		return (dirty);
	}
	if (before == 0) {
		runtree_update(&pr_tree, run, end, after,
		    run->pr_ndirty - dirty);
		tag(run);
		return (dirty);
	}
	if (after > 0)
		dirty_after = dirty_behind(run, page, npages, dirty);
	if (dirtyend > page)
		run->pr_dirtyend = page;
	runtree_update(&pr_tree, run, run->pr_page, before,
	    run->pr_ndirty - dirty - dirty_after);
	tag(run);
	if (after > 0) {
		run = node_get();
		run->pr_page = end;
		run->pr_npages = after;
		run->pr_ndirty = dirty_after;
		run->pr_dirtyend = dirtyend;
		runtree_insert(&pr_tree, run);
		tag(run);
	}
	return (dirty);
}

/*
 * Maps more of the arena, enough for a run of npages, and frees it.
 */
static int
grow(size_t npages)
{
	size_t tail = 0, got;
	page_t first;
	int error;

	if (kmempages > 0 && is_free_kind((page_t)kmempages - 1)) {
		struct pagerun *last = meta_ptr(kmemusage[kmempages - 1]);

		tail = last->pr_npages;
	}
	do {
		size_t old = kmempages;

		error = kmemsizes_extend(npages - tail, &first, &got);
		if (error != 0)
			return (error);
		pr_nholes += first != old;
		pr_mapped += got;
		release(first, got, 0);
		tail = 0;
	} while (runtree_firstfit(&pr_tree, npages) == NULL);
	return (0);
}

/*
 * Giving back.
 */

/* Fewer are dirty. */
static void
note_dirty(void)
{
	retain_dirty(dirty_pages());
}

/* Pages were taken, ndirty of them dirty. */
static void
taken(size_t npages, size_t ndirty)
{
	size_t grown = 0;

	pr_inuse += npages;
	if (pr_inuse > pr_maxused) {
		grown = pr_inuse - pr_maxused;
		relaxed_store(&pr_maxused, pr_inuse);
	}
	note_dirty();
	retain_taken(npages, npages - ndirty, grown, pr_inuse + dirty_pages(),
	    pr_maxused);
}

static void
gave_back(size_t npages)
{
	pr_purged += npages;
	retain_gave(npages);
}

/*
 * Pages on their way back to the system: some of them are clean already.
 * pg_owner is the lock_depth of the thread that purges, which is another's in
 * another thread; NULL: the record is free.
 */
static struct purge {
	page_t		 pg_page;
	size_t		 pg_npages;
	size_t		 pg_ndirty;
	const uint32_t	*pg_owner;
} pr_purges[NPURGE];

static struct purge *
free_record(void)
{
	for (unsigned i = 0; i < NPURGE; i++)
		if (pr_purges[i].pg_owner == NULL)
			return (&pr_purges[i]);
	return (NULL);
}

/*
 * Takes the upper end of the highest dirty run out, with up to max dirty
 * pages.  Nobody finds a neighbour in it while it is away.  NULL: there is
 * none, or enough others are giving back.
 */
static struct purge *
take_dirty(size_t max)
{
	struct pagerun *run = runtree_lastdirty(&pr_tree);
	struct purge *pg = free_record();
	page_t first, last;

	if (max == 0 || run == NULL || pg == NULL || reserve_node() != 0)
		return (NULL);
	last = run->pr_dirtyend - 1;
	while (last - run->pr_page >= 8 && dirty_of_8(last - 7) == 0)
		last -= 8;
	while (kmemsizes[last] != KU_DIRTY)
		last--;
	pg->pg_ndirty = 0;
	for (page_t at = first = last;; at--) {
		if (kmemsizes[at] == KU_DIRTY) {
			first = at;
			pg->pg_ndirty++;
		}
		if (at == run->pr_page || pg->pg_ndirty == max ||
		    last - at == PURGE_MOST - 1)
			break;
	}
	run->pr_dirtyend = last + 1;
	pg->pg_page = first;
	pg->pg_npages = last - first + 1;
	pg->pg_owner = &lock_depth;
	carve(run, first, pg->pg_npages);
	pr_nruns++;
	kmemsizes[first] = kmemsizes[last] = KU_CONT;
	note_dirty();
	return (pg);
}

/* Puts them among the free runs again, all dirty or all clean. */
static void
put_back(struct purge *pg, bool dirty)
{
	pg->pg_owner = NULL;
	pr_nruns--;
	memset(kmemsizes + pg->pg_page, dirty ? KU_DIRTY : KU_CLEAN,
	    pg->pg_npages);
	release(pg->pg_page, pg->pg_npages, dirty ? pg->pg_npages : 0);
}

static void
put_purged(struct purge *pg, int error)
{
	put_back(pg, error != 0);
	if (error == 0)
		gave_back(pg->pg_ndirty);
	else	/* Locked memory, say: do not try each time. */
		retain_refused(dirty_pages(), pr_maxused);
}

/*
 * Gives dirty pages back until no more than target are left.  The lock is
 * not held while the system works: the pages belong to nobody meanwhile.
 */
static void
purge(size_t target)
{
	struct purge *pg;
	int error = 0;

	while (error == 0) {
		lock_acquire(&pr_lock);
		pg = take_dirty(dirty_pages() > target ?
		    dirty_pages() - target : 0);
		lock_release(&pr_lock);
		if (pg == NULL)
			return;
		error = os_purge((uintptr_t)page_to_addr(pg->pg_page),
		    ptob(pg->pg_npages));
		lock_acquire(&pr_lock);
		put_purged(pg, error);
		lock_release(&pr_lock);
	}
}

/*
 * Memory is short, but another thread is giving pages back, which may be in
 * the way: lets it put them among the free runs.  Not for ever, since it may
 * have been stopped; *until is 0 at first.  The lock is held.
 */
static bool
wait_for_others(uint64_t *until)
{
	const struct purge *pg = pr_purges;

	while (pg->pg_owner == NULL || pg->pg_owner == &lock_depth)
		if (++pg == pr_purges + NPURGE)
			return (false);
	if (*until == 0)
		*until = os_now() + PATIENCE;
	else if (os_now() > *until)
		return (false);
	lock_release(&pr_lock);
	os_yield();
	lock_acquire(&pr_lock);
	return (true);
}

/* How far below the limit it is worth going, once pages go. */
static size_t
slack(size_t limit)
{
	return (limit / 4 < SLACK ? limit / 4 : SLACK + limit / 16);
}

static inline bool
is_excess(void)
{
	return (dirty_pages() > retain_limit(pr_inuse, pr_maxused));
}

/* Releases the lock, and gives back what the limit does not allow. */
static void
unlock_and_purge(void)
{
	size_t limit = retain_limit(pr_inuse, pr_maxused);
	size_t dirty = dirty_pages();

	relaxed_store(&pagerun_excess, false);
	lock_release(&pr_lock);
	if (unlikely(dirty > limit))
		purge(limit - slack(limit));
}

void
pagerun_settle_excess(void)
{
	lock_acquire(&pr_lock);
	unlock_and_purge();
}

/*
 * Unmaps the free end of the arena if it is at least min pages, of which up to
 * dirty hold memory.  Under the lock, since the mapping and kmempages have to
 * agree; nobody asks for this often.
 */
static void
retract(size_t min, size_t dirty)
{
	struct pagerun *last = NULL;
	page_t first;

	lock_acquire(&pr_lock);
	if (kmempages > 0 && is_free_kind((page_t)kmempages - 1))
		last = meta_ptr(kmemusage[kmempages - 1]);
	if (last != NULL && last->pr_npages >= min &&
	    last->pr_ndirty <= dirty) {
		size_t npages = last->pr_npages, ndirty = last->pr_ndirty;

		first = last->pr_page;
		if (kmemsizes_retract(first) == 0) {
			runtree_remove(&pr_tree, last);
			node_put(last);
			pr_mapped -= npages;
			note_dirty();
			gave_back(ndirty);
		}
	}
	lock_release(&pr_lock);
}

/*
 * The interface.
 */

int
pagerun_init(size_t reserve, unsigned decay_ms)
{
	int error = kmemsizes_init(reserve);

	if (error != 0)
		return (error);
	lock_init(&pr_lock, RANK_PAGERUN);
	retain_init(decay_ms);
	return (0);
}

static void
debug_check(void)
{
	if (KMA_DEBUGGING)
		pagerun_check();
}

/* The kmemsizes and kmemusage of an allocated run. */
static void
mark(page_t page, size_t npages, unsigned kind)
{
	kmemsizes[page] = (uint8_t)kind;
	if (npages > 1) {
		kmemsizes[page + npages - 1] = KU_CONT;
		kmemusage[page + npages - 1] = 0;
	}
	kmemusage[page] = (uint32_t)npages;
}

/*
 * Guards.  In the mode hardened, the page behind a run is its guard: nobody's,
 * and of no run; kmemusage is what its kmemsizes will be when it is lifted.
 * It may lack the guard's only virtue, when there are too many.
 */

/* Without the lock: the page is another's, and may change, if it is none. */
static inline bool
has_guard(page_t page, size_t npages)
{
	return (unlikely(guard_wanted) &&
	    page + npages < relaxed_load(&kmempages) &&
	    relaxed_load(&kmemsizes[page + npages]) == KU_GUARD);
}

/* Makes a page one, that is nobody's but was dirty or not; under the lock. */
static void
mark_guard(page_t guard, bool dirty)
{
	relaxed_store(&kmemsizes[guard], KU_GUARD);
	kmemusage[guard] = dirty ? KU_DIRTY : KU_CLEAN;
	pr_nguards++;
	pr_mapped--;
}

/* And forbids it; without the lock. */
static void
set_guard(page_t guard)
{
	uintptr_t addr = (uintptr_t)page_to_addr(guard);

	if (kmemusage[guard] == KU_DIRTY && os_purge(addr, PAGESIZE) == 0)
		kmemusage[guard] = KU_CLEAN;
	if (!guard_set(addr, PAGESIZE))
		kmemusage[guard] |= KU_UNGUARDED;
}

/* Allows it again, or it is a hole from now on: true if not. */
static bool
lift_guard(page_t guard)
{
	if (kmemusage[guard] & KU_UNGUARDED ||
	    guard_lift((uintptr_t)page_to_addr(guard), PAGESIZE) == 0)
		return (true);
	lock_acquire(&pr_lock);
	relaxed_store(&kmemsizes[guard], KU_HOLE);
	pr_nguards--;
	pr_nholes++;
	lock_release(&pr_lock);
	return (false);
}

/* It has been lifted: frees it; under the lock. */
static void
release_guard(page_t guard)
{
	bool dirty = (kmemusage[guard] & ~KU_UNGUARDED) == KU_DIRTY;

	relaxed_store(&kmemsizes[guard], dirty ? KU_DIRTY : KU_CLEAN);
	pr_nguards--;
	pr_mapped++;
	release(guard, 1, dirty);
}

static struct pagerun *
find_room(size_t npages, size_t align, size_t base)
{
	return (align == 1 ? runtree_firstfit(&pr_tree, npages) :
	    runtree_alignedfit(&pr_tree, npages, align, base));
}

/* The same, in a larger arena if need be; NULL if memory is short. */
static struct pagerun *
make_room(size_t npages, size_t align, size_t base)
{
	uint64_t until = 0;
	struct pagerun *run;

	do {
		if (reserve_node() != 0)
			return (NULL);
		run = find_room(npages, align, base);
		if (run == NULL && grow(npages + align - 1) == 0)
			run = runtree_firstfit(&pr_tree, npages + align - 1);
	} while (run == NULL && wait_for_others(&until));
	return (run);
}

int
pagerun_alloc(size_t npages, size_t align, unsigned kind, page_t *page,
    size_t *dirty)
{
	size_t guards = guard_wanted, base = btop(kmembase), ndirty;
	size_t need = npages + guards + align - 1;
	struct pagerun *run;
	page_t first;

	if (need >= MAXPAGES || need < npages)
		return (ENOMEM);
	lock_acquire(&pr_lock);
	run = !within_limit(npages) ? NULL :
	    make_room(npages + guards, align, base);
	if (run == NULL) {
		lock_release(&pr_lock);
		return (ENOMEM);
	}
	first = (page_t)runtree_aligned(run, align, base);
	ndirty = carve(run, first, npages + guards);
	if (guards > 0)
		mark_guard(first + (page_t)npages,
		    kmemsizes[first + npages] == KU_DIRTY);
	mark(first, npages, kind);
	pr_nruns++;
	pr_calls++;
	taken(npages, ndirty);
	if (ndirty < npages)
		relaxed_store(&pagerun_excess, is_excess());
	lock_release(&pr_lock);
	if (guards > 0)
		set_guard(first + (page_t)npages);
	*page = first;
	if (dirty != NULL)
		*dirty = ndirty;
	PROBE2(run_alloc, page_to_addr(first), ptob(npages));
	debug_check();
	return (0);
}

/* The run's memory was moved in: a fresh mapping joins its neighbours'. */
static bool
was_moved(page_t page, size_t npages)
{
	return (npages > 1 && kmemusage[page + npages - 1] == KU_MOVED);
}

void
pagerun_free(page_t page)
{
	size_t npages = kmemusage[page];
	page_t next = page + (page_t)npages;
	bool moved = was_moved(page, npages);
	bool clean = moved &&
	    os_remap((uintptr_t)page_to_addr(page), ptob(npages)) == 0;
	bool guard = has_guard(page, npages) && lift_guard(next);

	PROBE2(run_free, page_to_addr(page), ptob(npages));
	lock_acquire(&pr_lock);
	relaxed_store(&pr_nmoved, pr_nmoved - moved);
	memset(kmemsizes + page, clean ? KU_CLEAN : KU_DIRTY, npages);
	release(page, npages, clean ? 0 : npages);
	if (guard)
		release_guard(next);
	if (clean)
		gave_back(npages);
	pr_nruns--;
	pr_inuse -= npages;
	unlock_and_purge();
	debug_check();
}

/* Takes the pages behind a run; the lock is held. */
static int
grow_in_place(page_t page, size_t old, size_t npages)
{
	size_t extra = npages - old, dirty;
	page_t next = page + (page_t)old;
	struct pagerun *run = NULL;

	if (!within_limit(extra))
		return (ENOMEM);
	if (is_free_kind(next)) {
		run = meta_ptr(kmemusage[next]);
		if (run->pr_npages < extra &&
		    next + run->pr_npages < kmempages)
			return (ENOMEM);
	} else if (next < kmempages)
		return (ENOMEM);
	if (run == NULL || run->pr_npages < extra) {
		/* The run is at the end of the arena: let that grow. */
		if (grow(extra) != 0 || !is_free_kind(next))
			return (ENOMEM);
		run = meta_ptr(kmemusage[next]);
		if (run->pr_npages < extra)
			return (ENOMEM);
	}
	dirty = carve(run, next, extra);
	taken(extra, dirty);
	return (0);
}

/* Its guard comes nearer. */
static void
shrink_guarded(page_t page, size_t old, size_t npages, unsigned kind)
{
	page_t tail = page + (page_t)npages, guard = page + (page_t)old;
	bool moved = was_moved(page, old), lifted = lift_guard(guard);
	size_t ntail = old - npages;

	lock_acquire(&pr_lock);
	mark(page, npages, kind);
	if (moved && npages > 1)
		kmemusage[tail - 1] = KU_MOVED;
	else
		relaxed_store(&pr_nmoved, pr_nmoved - moved);
	memset(kmemsizes + tail, KU_DIRTY, ntail);
	pr_inuse -= ntail;
	if (lifted) {
		mark_guard(tail, true);
		if (ntail > 1)
			release(tail + 1, ntail - 1, ntail - 1);
		release_guard(guard);
	} else
		release(tail, ntail, ntail);
	unlock_and_purge();
	if (lifted)
		set_guard(tail);
	debug_check();
}

int
pagerun_resize(page_t page, size_t npages, unsigned kind)
{
	size_t old = kmemusage[page];
	bool moved = was_moved(page, old), clean = false;
	int error = 0;

	if (npages >= MAXPAGES || (npages > old && has_guard(page, old)))
		return (ENOMEM);
	if (npages < old && has_guard(page, old)) {
		shrink_guarded(page, old, npages, kind);
		return (0);
	}
	if (npages < old && moved)
		clean = os_remap((uintptr_t)page_to_addr(page) + ptob(npages),
		    ptob(old - npages)) == 0;
	lock_acquire(&pr_lock);
	if (npages > old)
		error = grow_in_place(page, old, npages);
	if (error == 0) {
		if (old > 1)
			kmemsizes[page + old - 1] = KU_DIRTY;
		mark(page, npages, kind);
		if (moved && npages > 1)
			kmemusage[page + npages - 1] = KU_MOVED;
		else
			relaxed_store(&pr_nmoved, pr_nmoved - moved);
	}
	if (npages < old) {
		memset(kmemsizes + page + npages, clean ? KU_CLEAN : KU_DIRTY,
		    old - npages);
		release(page + (page_t)npages, old - npages,
		    clean ? 0 : old - npages);
		if (clean)
			gave_back(old - npages);
		pr_inuse -= old - npages;
	}
	unlock_and_purge();
	debug_check();
	return (error);
}

/* An allocated run is not ours any more: it becomes a hole; its guard stays. */
static void
lose(page_t page)
{
	size_t npages = kmemusage[page];

	memset(kmemsizes + page, KU_HOLE, npages);
	pr_nholes++;
	pr_nruns--;
	pr_mapped -= npages;
	pr_inuse -= npages;
}

/* The run's contents are where they should be; what is left behind is zero. */
static void
moved(page_t from, page_t to, bool lost)
{
	size_t npages = kmemusage[from];
	bool guard = !lost && has_guard(from, npages) &&
	    lift_guard(from + (page_t)npages);

	lock_acquire(&pr_lock);
	if (kmemusage[to] > 1 && !was_moved(to, kmemusage[to])) {
		relaxed_store(&pr_nmoved, pr_nmoved + 1);
		kmemusage[to + kmemusage[to] - 1] = KU_MOVED;
	}
	if (lost) {
		lose(from);
	} else {
		memset(kmemsizes + from, KU_CLEAN, npages);
		release(from, npages, 0);
		if (guard)
			release_guard(from + (page_t)npages);
		pr_nruns--;
		pr_inuse -= npages;
	}
	lock_release(&pr_lock);
}

/* One that was moved before may lie in several mappings by now. */
static bool
movable(page_t page)
{
	return (relaxed_load(&pr_nmoved) < MOVED_MAX &&
	    !was_moved(page, kmemusage[page]));
}

/*
 * A page that is copied into a dirty one is in the cache, and one that is
 * moved is lost when it is freed: the next run of this kind has to fault in
 * all of its own.  Where as many pages as these would stay, they had better.
 */
bool
pagerun_better_moved(page_t page, size_t dirty)
{
	size_t npages = kmemusage[page], learned;

	lock_acquire(&pr_lock);
	learned = retain_earned(pr_maxused);
	lock_release(&pr_lock);
	return (movable(page) && dirty < npages / 2 && npages > learned);
}

int
pagerun_move(page_t from, page_t to)
{
	int error = ENOMEM;

	if (movable(from))
		error = os_move((uintptr_t)page_to_addr(from),
		    ptob(kmemusage[from]), (uintptr_t)page_to_addr(to));
	if (error == 0 || error == EEXIST) {
		moved(from, to, error == EEXIST);
		error = 0;
	} else if (error == ENXIO) {
		lock_acquire(&pr_lock);
		lose(to);
		lock_release(&pr_lock);
	} else
		pagerun_free(to);
	debug_check();
	return (error);
}

/* Is page i of a run known to be zero?  The first and last byte do not tell. */
static inline bool
known_zero(page_t page, size_t i)
{
	return (i > 0 && i < kmemusage[page] - 1 &&
	    kmemsizes[page + i] == KU_CLEAN);
}

void
pagerun_zero(page_t page, size_t len, bool fresh)
{
	size_t npages = btop(round_page(len));
	uintptr_t addr = (uintptr_t)page_to_addr(page);

	if (!fresh) {
		zero_pages(addr, npages);
		return;
	}
	for (size_t i = 0, n; i < npages; i += n) {
		bool zero = known_zero(page, i);

		for (n = 1; i + n < npages; n++)
			if (known_zero(page, i + n) != zero)
				break;
		if (!zero)
			zero_pages(addr + ptob(i), n);
	}
}

bool
pagerun_isfree(page_t page)
{
	bool isfree;

	lock_acquire(&pr_lock);
	isfree = runtree_find(&pr_tree, page) != NULL;
	lock_release(&pr_lock);
	return (isfree);
}

void
pagerun_tick(uint64_t now)
{
	size_t dirty, unused, away;

	lock_acquire(&pr_lock);
	dirty = dirty_pages();
	unused = retain_unused(now, dirty, &away);
	lock_release(&pr_lock);
	if (unused == 0)
		return;
	purge(dirty - unused);
	lock_acquire(&pr_lock);
	retain_forgo(away);
	lock_release(&pr_lock);
	retract(RETRACT_MIN, 0);
}

/*
 * Whoever writes to a page after a fork has to fault it in anyway, or to copy
 * it: what stays for speed only goes before that.
 */
void
pagerun_prefork(void)
{
	size_t limit;

	lock_acquire(&pr_lock);
	limit = retain_usual(pr_inuse, pr_maxused);
	lock_release(&pr_lock);
	purge(limit);
}

/*
 * The threads that were purging are not in the child.  What the forking thread
 * itself purges, interrupted by a signal, it goes on to give back.
 */
void
pagerun_postfork_child(void)
{
	lock_acquire(&pr_lock);
	for (unsigned i = 0; i < NPURGE; i++)
		if (pr_purges[i].pg_owner != NULL &&
		    pr_purges[i].pg_owner != &lock_depth)
			put_back(&pr_purges[i], true);
	lock_release(&pr_lock);
}

bool
pagerun_trim(void)
{
	size_t before = pr_purged;

	purge(0);
	/* To give back what lies among others takes a node; this does not. */
	retract(1, SIZE_MAX);
	return (relaxed_load(&pr_purged) != before);
}

size_t
pagerun_inuse(void)
{
	return (relaxed_load(&pr_inuse));
}

size_t
pagerun_peak(void)
{
	return (relaxed_load(&pr_maxused));
}

void
pagerun_stats(struct pagerun_stats *ps)
{
	lock_acquire(&pr_lock);
	ps->ps_mapped = pr_mapped;
	ps->ps_inuse = pr_inuse;
	ps->ps_free = pr_mapped - pr_inuse;
	ps->ps_dirty = dirty_pages();
	ps->ps_runs = pr_nruns;
	ps->ps_freeruns = pr_nfree;
	ps->ps_maxused = pr_maxused;
	ps->ps_calls = pr_calls;
	ps->ps_largest = pr_tree.rt_root ? pr_tree.rt_root->pr_max : 0;
	ps->ps_purged = pr_purged;
	lock_release(&pr_lock);
}

/* A free run's own invariants, and its neighbours': called on each. */
static void
check_run(const struct pagerun *run)
{
	uint32_t id = meta_id(run);
	page_t dirty = 0;

	if (run == NULL)
		return;
	check_run(run->pr_left);
	for (page_t i = 0; i < run->pr_npages; i++) {
		KMA_ASSERT(is_free_kind(run->pr_page + i));
		KMA_ASSERT(kmemsizes[run->pr_page + i] == KU_CLEAN ||
		    run->pr_page + i < run->pr_dirtyend);
		dirty += kmemsizes[run->pr_page + i] == KU_DIRTY;
	}
	KMA_ASSERT(dirty == run->pr_ndirty);
	KMA_ASSERT(kmemusage[run->pr_page] == id);
	KMA_ASSERT(kmemusage[run->pr_page + run->pr_npages - 1] == id);
	check_run(run->pr_right);
}

void
pagerun_check(void)
{
	size_t nruns, npages, purged = 0;

	lock_acquire(&pr_lock);
	runtree_check(&pr_tree, &nruns, &npages);
	KMA_ASSERT(nruns == pr_nfree);
	KMA_ASSERT(node_made >=
	    pr_nruns + pr_nholes + pr_nguards + (kmempages > 0));
	KMA_ASSERT(node_carved <= node_made);
	for (unsigned i = 0; i < NPURGE; i++)
		if (pr_purges[i].pg_owner != NULL)
			purged += pr_purges[i].pg_npages;
	KMA_ASSERT(npages + purged + pr_inuse == pr_mapped);
	KMA_ASSERT(pr_mapped <= kmempages);
	check_run(pr_tree.rt_root);
	lock_release(&pr_lock);
}
