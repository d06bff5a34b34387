/*
 * kmem.c - the allocator's slow paths.
 *
 * Layer 6.  Owns the start, and when what lies idle is returned; no lock.
 * Calls everything below.
 */
#include "kmem.h"

#include <string.h>

#include "guard.h"
#include "learn.h"
#include "lock.h"
#include "memtype.h"
#include "options.h"
#include "os.h"
#include "pagerun.h"
#include "probe.h"
#include "report.h"

/* From here on, moving a run's pages is cheaper than copying them. */
#define MOVE_MIN	btop((size_t)256 * 1024)
#define PERIOD_MIN	100	/* ms between two reapings, at least */
#define PEAK_SHARE	16	/* a new peak is so much higher than the last */
#define PEAK_MIN	btop((size_t)256 * 1024)	/* and so much */
#define PEAK_CLUSTERS	4096	/* of a list: a pause of some milliseconds */

static uint32_t kmem_state;	/* 0 untouched, 1 starting, 2 ready */
static uint64_t kmem_reaped;	/* when */
static size_t	kmem_peak;	/* pages in use when last squeezed */

static bool
start(void)
{
	if (!os_init())
		return (false);
	options_read();
	if (options.o_watch) {
		(void)kmemsizes_watch();
		(void)bucket_watch();
	}
	if (options.o_hardened) {
		kmemsizes_harden();
		guard_start();
	}
	if (pagerun_init(options.o_reserve, options.o_decay) != 0)
		return (false);
	bucket_init(options.o_spacing == SPACING_LEARN ? 1 : options.o_spacing);
	cache_init();
	memtype_init();
	if (options.o_modes)
		cache_hide_all();
	if (options.o_trace)
		bucket_see_all();
	if (options.o_spacing == SPACING_LEARN)
		learn_init();
	return (true);
}

KMA_COLD bool
kmem_init(void)
{
	uint32_t was = __atomic_load_n(&kmem_state, __ATOMIC_ACQUIRE);

	if (likely(was == 2))
		return (true);
	was = 0;
	if (__atomic_compare_exchange_n(&kmem_state, &was, 1, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		lock_depth++;		/* a handler's fork takes nothing */
		was = start() ? 2 : 0;	/* better luck next time */
		__atomic_store_n(&kmem_state, was, __ATOMIC_RELEASE);
		lock_depth--;
	}
	while (was == 1) {
		os_yield();
		was = __atomic_load_n(&kmem_state, __ATOMIC_ACQUIRE);
	}
	return (was == 2);
}

static inline bool
ready(void)
{
	return (likely(__atomic_load_n(&kmem_state, __ATOMIC_ACQUIRE) == 2) ||
	    kmem_init());
}

static uint64_t
period(void)
{
	return (options.o_decay > PERIOD_MIN ? options.o_decay : PERIOD_MIN);
}

/* Lets go of all that is cached. */
static void
drain(void)
{
	cache_drain();
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		bucket_reap(indx, true);
}

/* And of the pages that lie free inside so many clusters of each list. */
static void
squeeze(size_t nclusters)
{
	drain();
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		bucket_purge(indx, nclusters);
}

/*
 * The program is about to need more memory than it ever did: what lies idle
 * goes before that.  True once for each sixteenth more.  Watched blocks stay,
 * since a page that has gone cannot tell which blocks it had.
 */
static bool
is_peak(void)
{
	size_t peak = pagerun_peak(), last = relaxed_load(&kmem_peak);

	return (!options.o_watch &&
	    peak >= last + last / PEAK_SHARE + PEAK_MIN &&
	    __atomic_compare_exchange_n(&kmem_peak, &last, peak, false,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

/* Once in a while, one thread returns what went unused for a period. */
static KMA_NOINLINE void
tick(void)
{
	uint64_t now = os_now(), last = relaxed_load(&kmem_reaped);

	if (is_peak())
		squeeze(PEAK_CLUSTERS);
	if (now - last < period() || !__atomic_compare_exchange_n(&kmem_reaped,
	    &last, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	cache_reap();
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++) {
		bucket_reap(indx, false);
		bucket_age(indx);
	}
	pagerun_tick(now);
}

/*
 * Memory is short.  Under a limit on address space, the books too can grow
 * only when the end of the arena is unmapped.  False: it is hopeless.
 */
static KMA_COLD bool
scrape_together(size_t size)
{
	if (os_physmem() != 0 && size > os_physmem())
		return (false);
	drain();
	pagerun_trim();
	return (true);
}

bool
kmem_trim(void)
{
	if (!ready())
		return (false);
	squeeze(SIZE_MAX);
	return (pagerun_trim());
}

/*
 * Allocation.
 */

static inline void
count_run(void)
{
	__atomic_fetch_add(&bucket[KU_RUN].kb_calls, 1, __ATOMIC_RELAXED);
}

/* As pagerun_alloc(), when the allocator is ready; true if there was memory. */
static bool
get_pages(size_t npages, size_t align, unsigned kind, page_t *page,
    size_t *dirty)
{
	if (cache_due())
		tick();
	if (pagerun_alloc(npages, align, kind, page, dirty) != 0 &&
	    (!scrape_together(ptob(npages)) ||
	    pagerun_alloc(npages, align, kind, page, dirty) != 0))
		return (false);
	pagerun_settle();
	return (true);
}

bool
kmem_alloc_pages(size_t npages, size_t align, unsigned kind, page_t *page)
{
	if (!ready() || !get_pages(npages, align, kind, page, NULL))
		return (false);
	kmemtags_forget(*page, npages);
	return (true);
}

/* A run of its own.  *dirty: how many of its pages may not read as zero. */
static void *
alloc_run(size_t size, size_t align, size_t *dirty)
{
	size_t npages = btop(round_page(size));
	page_t page;

	if (size > PTRDIFF_MAX)
		return (NULL);
	if (align == 1 && cache_alloc_run(npages, &page)) {
		*dirty = npages;
		count_run();
		return (page_to_addr(page));
	}
	if (!ready() || !get_pages(npages, align, KU_RUN, &page, dirty))
		return (NULL);
	count_run();
	return (page_to_addr(page));
}

/*
 * A block of a list.  One that was added may have been retired since it was
 * looked up, and another made under its number: see bucket.h.
 */
static void *
take_block(unsigned *indx, size_t size, unsigned *taken)
{
	for (;;) {
		void *p = cache_alloc(*indx, taken), *twice = NULL;
		unsigned now;

		if (likely(!bucket_isadded(*indx)) ||
		    (p != NULL && bucket[*indx].kb_size >= size))
			return (p);
		if (p != NULL)
			cache_free(*indx, p, &twice);
		now = __atomic_load_n(&BUCKETINDX(size), __ATOMIC_ACQUIRE);
		if (p == NULL && now == *indx)
			return (NULL);
		*indx = now;
	}
}

/* A block of a list, for a request of size bytes. */
static void *
alloc_block(unsigned indx, size_t size)
{
	unsigned taken;
	void *p;

	p = take_block(&indx, size, &taken);
	if (unlikely(p == NULL) && scrape_together(bucket[indx].kb_size))
		p = take_block(&indx, size, &taken);
	if (taken > 0) {
		PROBE3(sample, p, size, taken * bucket[indx].kb_size);
		if (indx >= KU_LIST)
			learn_sample(indx, size, taken);
	}
	if (cache_due())
		tick();
	return (p);
}

/* Like kmem_alloc_fast(), of a stack that the fast path does not see. */
void *
kmem_alloc_list(unsigned indx)
{
	void *p = kmem_pop_list(indx);

	return (likely(p != NULL) ? p :
	    alloc_block(indx, bucket[indx].kb_size));
}

KMA_NOINLINE void *
kmem_alloc_slow(size_t size)
{
	size_t dirty;

	if (size > MAXCACHED)
		return (alloc_run(size, 1, &dirty));
	return (ready() ? alloc_block(BUCKETINDX(size), size) : NULL);
}

static void *
alloc(size_t size)
{
	void *p;

	return (kmem_alloc_fast(size, &p) ? p : kmem_alloc_slow(size));
}

void *
kmem_zalloc(size_t size)
{
	size_t dirty;
	void *p;

	if (size <= MAXCACHED) {
		p = alloc(size);
		return (p != NULL ? memset(p, 0, size) : NULL);
	}
	if ((p = alloc_run(size, 1, &dirty)) == NULL)
		return (NULL);
	if (dirty > 0)
		pagerun_zero(addr_to_page(p), size,
		    dirty < pagerun_size(addr_to_page(p)));
	return (p);
}

/*
 * The first list for size whose blocks all lie at multiples of align: at
 * worst that of the next power of two.
 */
static unsigned
aligned_list(size_t align, size_t size)
{
	unsigned indx = KU_LIST;

	while (bucket[indx].kb_size < size || bucket[indx].kb_size % align != 0)
		indx++;
	return (indx);
}

void *
kmem_memalign(size_t align, size_t size)
{
	size_t dirty;

	if (align <= MINALLOCSIZE)
		return (alloc(size));
	if (!ready())
		return (NULL);
	/* No list of blocks serves a whole number of pages above two. */
	if (align <= PAGESIZE && size > MAXALLOCSAVE)
		return (alloc(size <= MAXCACHED ? round_page(size) : size));
	if (align <= MAXALLOCSAVE && size <= MAXALLOCSAVE) {
		unsigned indx = aligned_list(align, size);

		/* What alignment costs no list could save. */
		return (alloc_block(indx, bucket[indx].kb_size));
	}
	return (alloc_run(size > 0 ? size : 1, btop(align), &dirty));
}

size_t
kmem_rounded(size_t align, size_t size)
{
	if (align > MINALLOCSIZE && align <= MAXALLOCSAVE &&
	    size <= MAXALLOCSAVE)
		return (bucket[aligned_list(align, size)].kb_size);
	if (align > MAXALLOCSAVE || size > MAXALLOCSAVE)
		return (round_page(size > 0 ? size : 1));
	return (bucket[BUCKETINDX(size)].kb_size);
}

/*
 * Blocks.
 */

const char *
kmem_why_not(const void *p, unsigned *indx)
{
	size_t page = btop((uintptr_t)p - kmembase);

	*indx = kmem_kind(p);
	switch (*indx) {
	case KU_HOLE:
	case KU_GUARD:
	case KU_SLAB:		/* an object, perhaps, but no block */
		return (REASON_FOREIGN);
	case KU_CLEAN:
	case KU_DIRTY:
		/* Inside a run, the bytes say what it was when it was free. */
		return (pagerun_isfree((page_t)page) ? REASON_FREEPAGE :
		    REASON_UNALIGNED);
	case KU_CONT:
		return (REASON_UNALIGNED);
	case KU_HELD:
		return ((uintptr_t)p & PAGEMASK ? REASON_UNALIGNED :
		    REASON_DUPLICATE);
	case KU_RUN:
	case KU_TYPEDRUN:
		return ((uintptr_t)p & PAGEMASK ? REASON_UNALIGNED : NULL);
	default:
		return (bucket_isblock(*indx, p) ? NULL : REASON_UNALIGNED);
	}
}

static void
free_run(page_t page)
{
	if (cache_free_run(page, pagerun_size(page)))
		return;
	pagerun_free(page);
	if (cache_due())
		tick();
}

/* A block of a list. */
static KMA_NOINLINE void
put_block(unsigned indx, void *p, const char *func)
{
	void *twice = NULL;

	cache_free(indx, p, &twice);
	if (unlikely(twice != NULL))
		report_misuse(func, twice, REASON_DUPLICATE);
	if (cache_due())
		tick();
}

void
kmem_free_list(unsigned indx, void *p, const char *func)
{
	if (unlikely(kmem_list_isfull(indx)))
		put_block(indx, p, func);
	else
		kmem_push_list(indx, p);
}

/* A block of a list, or no block. */
static KMA_NOINLINE void
free_block(void *p, const char *func)
{
	const char *reason;
	unsigned indx;

	reason = kmem_why_not(p, &indx);
	if (reason == NULL && cache_freed_last(indx, p))
		reason = REASON_DUPLICATE;
	if (unlikely(reason != NULL)) {
		report_misuse(func, p, reason);
		return;
	}
	put_block(indx, p, func);
}

KMA_NOINLINE void
kmem_free_kind(void *p, unsigned kind, const char *func)
{
	/* Long runs always come this way. */
	if (kind == KU_RUN && ((uintptr_t)p & PAGEMASK) == 0)
		free_run(addr_to_page(p));
	else if (p != NULL)
		free_block(p, func);
}

static size_t
size_of(unsigned indx, const void *p)
{
	return (indx == KU_RUN || indx == KU_TYPEDRUN ?
	    ptob(pagerun_size(addr_to_page(p))) : bucket[indx].kb_size);
}

size_t
kmem_size(const void *p)
{
	return (size_of(kmemsizes[addr_to_page(p)], p));
}

/* Like kmem_why_not(), of a block that is to be used rather than freed. */
static const char *
why_not_used(const void *p, unsigned *indx)
{
	const char *reason = kmem_why_not(p, indx);

	if (reason == NULL && *indx >= bucket_typed &&
	    (cache_freed_last(*indx, p) || bucket_isfree(*indx, p)))
		reason = REASON_DUPLICATE;
	return (reason);
}

size_t
kmem_usable(const void *p, const char *func)
{
	unsigned indx;
	const char *reason = why_not_used(p, &indx);

	if (unlikely(reason != NULL)) {
		report_misuse(func, p, reason);
		return (0);
	}
	return (size_of(indx, p));
}

/* Tries to give a block the size where it is. */
static bool
resize_in_place(unsigned indx, void *p, size_t old, size_t size)
{
	size_t npages = btop(round_page(size));

	if (indx != KU_RUN && size <= old && size >= bucket[indx].kb_least)
		return (true);
	if (indx != KU_RUN && !bucket_isruns(indx))
		return (false);
	if (npages == btop(old))
		return (true);
	if (size <= MAXALLOCSAVE || size > PTRDIFF_MAX || pagerun_resize(
	    addr_to_page(p), npages, bucket_runindx(npages)) != 0)
		return (false);
	bucket_retype(indx, bucket_runindx(npages));
	return (true);
}

/*
 * Moves a long run to a new run: its pages, or where the new one holds memory
 * already, the bytes, which is cheaper, and the pages of both stay for others.
 */
static void *
move_run(void *p, size_t size)
{
	page_t from = addr_to_page(p);
	size_t old = pagerun_size(from), dirty;
	void *new = alloc_run(size, 1, &dirty);

	if (new == NULL)
		return (NULL);
	if (pagerun_better_moved(from, dirty))
		return (pagerun_move(from, addr_to_page(new)) == 0 ? new :
		    NULL);
	memmove(new, p, ptob(old));
	free_run(from);
	return (new);
}

void *
kmem_realloc(void *p, size_t size, const char *func)
{
	unsigned indx;
	const char *reason = why_not_used(p, &indx);
	size_t old;
	void *new;

	if (unlikely(reason != NULL)) {
		report_misuse(func, p, reason);
		return (NULL);
	}
	old = size_of(indx, p);
	if (resize_in_place(indx, p, old, size))
		return (p);
	if (indx == KU_RUN && btop(old) >= MOVE_MIN && size > old &&
	    (new = move_run(p, size)) != NULL)
		return (new);
	new = alloc(size);
	if (new == NULL)
		return (size <= old ? p : NULL);
	memmove(new, p, size < old ? size : old);
	if (!kmem_free_fast(p))
		kmem_free_slow(p, func);
	return (new);
}

void *
kmem_realloc_cached(unsigned indx, void *p, size_t size, const char *func)
{
	size_t old = bucket[indx].kb_size, bytes = size < old ? size : old;
	void *new;

	/* A typed block is not ours to move: its type is to be told. */
	if (indx < KU_LIST || old > MAXALLOCSAVE ||
	    bucket[indx].kb_fastleast == SIZE_MAX || bucket_isfree(indx, p) ||
	    !kmem_alloc_fast(size, &new))
		return (NULL);
	/* Of bytes known to be few the compiler makes a slow loop. */
	forget_reg(bytes);
	memmove(new, p, bytes);
	if (!kmem_free_fast(p))
		kmem_free_slow(p, func);
	return (new);
}

/*
 * Fork.
 */

void
kmem_prefork(void)
{
	/* The child of a half-made allocator would wait for it for ever. */
	while (lock_depth == 0 &&
	    __atomic_load_n(&kmem_state, __ATOMIC_ACQUIRE) == 1)
		os_yield();
	if (lock_depth == 0 && kmem_state == 2)
		pagerun_prefork();
	lock_prefork();
}

void
kmem_postfork_parent(void)
{
	lock_postfork_parent();
}

void
kmem_postfork_child(void)
{
	if (kmem_state == 2) {
		cache_postfork_child();
		if (lock_depth & LOCK_FORKING)
			pagerun_postfork_child();
	}
	lock_postfork_child();
}

void
kmem_check(void)
{
	pagerun_check();
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		bucket_check(indx);
	cache_check();
	learn_check();
}
