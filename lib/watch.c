/*
 * watch.c - blocks of which a mode keeps a record out of line.
 *
 * Layer 7.  No state but the records, no lock.  Calls kmem.h, bucket.h,
 * pagerun.h, memtype.h, blame.h.
 *
 *	bt_state:  FREE -> USED	whoever took the block off a list
 *		   USED -> FREE	whoever frees it: by compare-and-swap, so that
 *				of two who free it at once one is told
 *
 * Invariants: a block that is in use has o_canary from bt_size on; one that is
 * free and bt_filled has o_fill all over.  Where these are the same, a block
 * that is found as it should be needs no canary written.
 */
#include "watch.h"

#include <errno.h>
#include <string.h>

#include "blame.h"
#include "fill.h"
#include "guard.h"
#include "memtype.h"
#include "options.h"
#include "os.h"
#include "pagerun.h"
#include "quarantine.h"
#include "report.h"

#define RUN_MIN		(3 * PAGESIZE)	/* see typed.c */
#define ZERO_FILL_MAX	((size_t)256 * 1024)	/* a longer one is given back */
#define HELD_COST	((size_t)64 * 1024)	/* and waits as so many bytes */

bool
watch_start(void)
{
	if (!kmem_init() || (bucket_tagbytes == 1 &&
	    (kmemsizes_watch() != 0 || !bucket_watch()))) {
		report_warn("KMA_OPTIONS: blocks cannot be watched");
		return (false);
	}
	if (options.o_hardened && !guard_wanted)
		guard_start();
	if (options.o_quarantine > 0)
		quarantine_init(options.o_quarantine, options.o_hardened);
	return (true);
}

/*
 * Messages.
 */

/* The byte from at on that is not what it should be. */
static struct blame_byte
find_byte(const void *p, size_t at, size_t n, uint64_t bytes)
{
	struct blame_byte bb;

	bb.bb_at = fill_differs(p, at, n, bytes);
	bb.bb_expected = (uint8_t)bytes;
	bb.bb_found = ((const uint8_t *)p)[bb.bb_at];
	return (bb);
}

static KMA_COLD void
say_modified(const void *p, size_t n, uint64_t bytes, const char *func,
    const void *start, const struct blocktag *bt)
{
	struct blame_byte bb = find_byte(p, 0, n, bytes);

	bb.bb_at += (uintptr_t)p - (uintptr_t)start;
	blame_misuse(func, start, REASON_MODIFIED, &bb, start, bt);
}

static KMA_COLD void
say_beyond(const void *p, size_t n, const char *func, const struct blocktag *bt)
{
	struct blame_byte bb = find_byte(p, blocktag_size(bt), n,
	    options.o_canary);
	struct blocktag now = *bt;

	now.bt_free = 0;		/* that was the block before */
	blame_misuse(func, p, REASON_BEYOND, &bb, p, &now);
}

/*
 * Records.
 */

static inline bool
is_watched_list(unsigned indx)
{
	return (indx - bucket_typed < KU_LIST - bucket_typed);
}

static inline bool
is_run(const void *p)
{
	return (kmemsizes[addr_to_page(p)] == KU_TYPEDRUN);
}

static inline struct blocktag *
tag_of(unsigned indx, const void *p)
{
	return (bucket_tag(indx, p, sizeof(struct blocktag)));
}

/* The record of a watched block. */
static struct blocktag *
get_tag(const void *p)
{
	page_t page = addr_to_page(p);

	return (is_run(p) ? &kmemtags[page] : tag_of(kmemsizes[page], p));
}

/* The block is the caller's: who freed it gave it away before. */
static inline void
hand_out(struct blocktag *bt, size_t size, unsigned type, const void *caller)
{
	bt->bt_alloc = (uintptr_t)caller;
	blocktag_setsize(bt, size);
	bt->bt_filled = 0;
	bt->bt_type = (uint8_t)type;
	__atomic_store_n(&bt->bt_state, BLOCK_USED, __ATOMIC_RELEASE);
}

/* The block is nobody's any more; false: it was not in use. */
static inline bool
take_back(struct blocktag *bt)
{
	uint8_t was = BLOCK_USED;

	return (__atomic_compare_exchange_n(&bt->bt_state, &was, BLOCK_FREE,
	    false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

/* Does a watched run begin with the page, or did one before it was free? */
static bool
is_or_was_run(page_t page, unsigned indx)
{
	switch (indx) {
	case KU_HOLE:
	case KU_CONT:
	case KU_GUARD:
	case KU_SLAB:
		return (false);
	case KU_CLEAN:
	case KU_DIRTY:
		if (!pagerun_isfree(page))
			return (false);
		break;
	default:
		if (bucket_typed <= indx && !bucket_isruns(indx))
			return (false);
	}
	return (kmemtags[page].bt_alloc != 0);
}

/*
 * Why p is no block in use; NULL if it is one.  Where it is, or was, a watched
 * one, or lies in one, *bt is the record, and *start where the block begins;
 * else *bt is NULL.
 */
static const char *
why_not(const void *p, const void **start, struct blocktag **bt)
{
	unsigned indx;
	const char *reason = kmem_why_not(p, &indx);
	page_t page = addr_to_page(p);

	*bt = NULL;
	*start = p;
	if (is_watched_list(indx)) {
		*start = bucket_blockof(indx, p);
		if (*start != NULL)
			*bt = tag_of(indx, p);
	} else if (((uintptr_t)p & PAGEMASK) == 0 && is_or_was_run(page, indx))
		*bt = &kmemtags[page];
	if (*bt == NULL || *start != p)
		return (reason);
	return (relaxed_load(&(*bt)->bt_state) != BLOCK_USED ?
	    REASON_DUPLICATE : NULL);
}

/*
 * Is p a block in use that func may work on, as one of a type unless that is
 * 0?  False: after a message.  *bt is its record; NULL: it has none, since it
 * was there before the mode.
 */
static bool
check(const void *p, unsigned type, const char *func, struct blocktag **bt)
{
	const void *start;
	const char *reason = why_not(p, &start, bt);

	if (reason == NULL && type != 0 &&
	    (*bt == NULL || (*bt)->bt_type != type))
		reason = REASON_TYPE;
	if (likely(reason == NULL))
		return (true);
	blame_misuse(func, p, reason, NULL, *bt != NULL ? start : NULL, *bt);
	return (false);
}

/*
 * Blocks of lists.
 */

/* Looks at a block off a list, and makes it ready for use. */
static void
get_ready(void *p, struct blocktag *bt, size_t room, size_t size,
    const char *func)
{
	uint64_t fill = options.o_fill;

	if (bt->bt_filled && unlikely(!fill_holds(p, room, fill)))
		say_modified(p, room, fill, func, p, bt);
	fill_end(p, size, room, options.o_canary);
}

static void release_run(void *p);

/* The last thing that is done with a block, at once or after a while. */
static void
release(void *p, size_t size)
{
	unsigned indx = kmemsizes[addr_to_page(p)];

	(void)size;
	if (unlikely(indx == KU_TYPEDRUN)) {
		release_run(p);
		return;
	}
	kmem_free_list(indx, p, "free");
}

/* Lets a freed block go, or wait first. */
static inline void
let_go(void *p, size_t size)
{
	if (options.o_quarantine > 0)
		quarantine_put(p, size, release);
	else
		release(p, size);
}

/* Memory is short, perhaps: true if some that waited may be used now. */
bool
watch_trim(void)
{
	return (options.o_quarantine > 0 && quarantine_drain(release));
}

static void *
get_block(const struct typed_request *tr, unsigned indx)
{
	char *p = kmem_alloc_list(indx);
	struct blocktag *bt;

	if (unlikely(p == NULL) && watch_trim())
		p = kmem_alloc_list(indx);
	if (unlikely(p == NULL))
		return (NULL);
	bt = tag_of(indx, p);
	get_ready(p, bt, bucket[indx].kb_size, tr->tr_size, tr->tr_func);
	hand_out(bt, tr->tr_size, tr->tr_type, tr->tr_caller);
	return (tr->tr_flags & M_ZERO ? memset(p, 0, tr->tr_size) : p);
}

/* A block that take_back() was true for. */
static void
put_block(unsigned indx, void *p, struct blocktag *bt, const char *func,
    const void *caller)
{
	size_t room = bucket[indx].kb_size;

	if (unlikely(!fill_end_holds(p, blocktag_size(bt), room,
	    options.o_canary)))
		say_beyond(p, room, func, bt);
	fill_block(p, room, options.o_fill);
	bt->bt_free = (uintptr_t)caller;
	bt->bt_filled = 1;
	if (unlikely(bt->bt_type != 0))
		memtype_discharge(bt->bt_type, room);
	let_go(p, room);
}

/*
 * Page runs.
 */

static size_t
run_size(size_t size)
{
	size = round_page(size + 1);
	return (size > RUN_MIN ? size : RUN_MIN);
}

/*
 * A page that is filled may have been given back since, and reads as zero:
 * what most of it holds tells.
 */
static void
check_page(page_t page, const char *func, const void *start,
    const struct blocktag *bt)
{
	const uint64_t *p = page_to_addr(page);
	uint64_t fill = options.o_fill;

	if (p[0] == 0 && p[PAGESIZE / sizeof(*p) - 1] == 0)
		fill = 0;
	if (unlikely(!fill_holds(p, PAGESIZE, fill)))
		say_modified(p, PAGESIZE, fill, func, start, bt);
}

/* Looks at pages that were free, unless look is false. */
static void
take_pages(void *p, size_t npages, bool look, const char *func)
{
	page_t first = addr_to_page(p);

	for (page_t page = first; page < first + npages; page++) {
		if (!kmemtags[page].bt_filled)
			continue;
		if (look)
			check_page(page, func, p, &kmemtags[first]);
		kmemtags[page].bt_filled = 0;
	}
}

/* Where the system's zero will do, it is cheaper soon. */
static inline size_t
fill_max(void)
{
	return (options.o_fill == 0 ? ZERO_FILL_MAX : WATCH_FILL_MAX);
}

/*
 * Fills the pages of a run that is freed, or gives them back.  Returns as how
 * many bytes it may wait.
 */
static size_t
leave_pages(void *p, size_t bytes)
{
	page_t first = addr_to_page(p);

	if (bytes > fill_max() && os_purge((uintptr_t)p, bytes) == 0)
		return (HELD_COST);
	fill_block(p, bytes, options.o_fill);
	for (size_t i = 0; i < btop(bytes); i++)
		kmemtags[first + i].bt_filled = 1;
	return (bytes);
}

/* Makes a run one of ours; or one like any other. */
static void
tag_run(void *p)
{
	page_t page = addr_to_page(p);

	bucket_retype(kmemsizes[page], KU_TYPEDRUN);
	kmemsizes[page] = KU_TYPEDRUN;
}

static void
untag_run(void *p)
{
	page_t page = addr_to_page(p);
	unsigned kind = bucket_runindx(pagerun_size(page));

	kmemsizes[page] = (uint8_t)kind;
	bucket_retype(KU_TYPEDRUN, kind);
}

/*
 * A run that need not wait any more.  One that cannot be allowed again stays as
 * it is.
 */
static void
release_run(void *p)
{
	struct blocktag *bt = get_tag(p);

	if (relaxed_load(&bt->bt_state) == BLOCK_HELD) {
		if (guard_lift((uintptr_t)p, kmem_size(p)) != 0)
			return;
		relaxed_store(&bt->bt_state, BLOCK_FREE);
	}
	untag_run(p);
	kmem_free_slow(p, "free");
}

/* Makes one ready for use. */
static void
own_run(void *p, const struct typed_request *tr, unsigned type, size_t bytes)
{
	fill_end(p, tr->tr_size, bytes, options.o_canary);
	hand_out(&kmemtags[addr_to_page(p)], tr->tr_size, type, tr->tr_caller);
	tag_run(p);
}

static void *
new_run(size_t align, size_t bytes, bool zeroed)
{
	return (zeroed ? kmem_zalloc(bytes) : kmem_memalign(align, bytes));
}

/* Long runs that are to be zero are best left alone where they are. */
static void *
get_run(const struct typed_request *tr, size_t bytes)
{
	bool zero = (tr->tr_flags & M_ZERO) != 0;
	bool zeroed = zero && bytes > MAXCACHED && tr->tr_align <= PAGESIZE;
	void *p = new_run(tr->tr_align, bytes, zeroed);

	if (unlikely(p == NULL) && watch_trim())
		p = new_run(tr->tr_align, bytes, zeroed);
	if (unlikely(p == NULL))
		return (NULL);
	take_pages(p, btop(bytes), !zeroed, tr->tr_func);
	if (zero && !zeroed)
		memset(p, 0, tr->tr_size);
	own_run(p, tr, tr->tr_type, bytes);
	return (p);
}

static void
put_run(void *p, struct blocktag *bt, const char *func, const void *caller)
{
	size_t bytes = kmem_size(p), cost;
	unsigned type = bt->bt_type;

	if (unlikely(!fill_end_holds(p, blocktag_size(bt), bytes,
	    options.o_canary)))
		say_beyond(p, bytes, func, bt);
	bt->bt_free = (uintptr_t)caller;
	cost = leave_pages(p, bytes);
	if (type != 0)
		memtype_discharge(type, bytes);
	if (options.o_hardened && guard_set((uintptr_t)p, bytes))
		relaxed_store(&bt->bt_state, BLOCK_HELD);
	let_go(p, cost);
}

/*
 * The interface.
 */

/* The list for a request; 0: it gets a run. */
static unsigned
list_of(const struct typed_request *tr)
{
	size_t size = tr->tr_size + 1;

	if (tr->tr_align > MAXALLOCSAVE || size > MAXALLOCSAVE)
		return (0);
	return (tr->tr_align <= MINALLOCSIZE ? bucket_watchedindx(size) :
	    bucket_typedindx(size > tr->tr_align ? size : tr->tr_align));
}

int
watch_alloc(const struct typed_request *tr, void **p)
{
	unsigned indx;
	size_t bytes;
	int error = 0;

	if (tr->tr_size > BLOCKTAG_SIZE_MAX || !kmem_init())
		return (ENOMEM);
	indx = list_of(tr);
	bytes = indx != 0 ? bucket[indx].kb_size : run_size(tr->tr_size);
	if (tr->tr_type != 0)
		error = memtype_charge(tr->tr_type, bytes, tr->tr_flags,
		    tr->tr_deadline, tr->tr_func);
	if (unlikely(error != 0))
		return (error);
	*p = indx != 0 ? get_block(tr, indx) : get_run(tr, bytes);
	if (likely(*p != NULL))
		return (0);
	if (tr->tr_type != 0)
		memtype_cancel(tr->tr_type, bytes);
	return (ENOMEM);
}

/*
 * The frequent cases: no type, and a block off the thread's own stack, that is
 * found as it was left, or goes there.  They call nothing but the rest, and
 * that in the last place, which is half of what they cost.
 */
static KMA_NOINLINE void *
malloc_slow(size_t size, const void *caller)
{
	struct typed_request tr = {
		.tr_align = 1, .tr_size = size, .tr_flags = M_NOWAIT,
		.tr_func = "malloc", .tr_caller = caller,
	};
	void *p;

	return (watch_alloc(&tr, &p) == 0 ? p : NULL);
}

static KMA_COLD void *
malloc_modified(void *p, struct blocktag *bt, size_t size, const void *caller)
{
	get_ready(p, bt, kmem_size(p), size, "malloc");
	hand_out(bt, size, 0, caller);
	return (p);
}

/* A block that needs its canary. */
static KMA_NOINLINE void *
malloc_unready(void *p, struct blocktag *bt, size_t size, const void *caller)
{
	unsigned indx = kmemsizes[addr_to_page(p)];
	size_t room = bucket[indx].kb_size;
	void *next = kmem_peek_list(indx);

	/* It is long since anybody looked at the next one. */
	if (likely(next != NULL)) {
		__builtin_prefetch(next, 1);
		__builtin_prefetch(tag_of(indx, next), 1);
	}
	if (bt->bt_filled && unlikely(!fill_holds(p, room, options.o_fill)))
		return (malloc_modified(p, bt, size, caller));
	fill_end(p, size, room, options.o_canary);
	hand_out(bt, size, 0, caller);
	return (p);
}

/* The canary is there already if the block was filled with the same. */
static inline bool
is_ready(const void *p, const struct blocktag *bt, size_t room)
{
	return (likely(bt->bt_filled) &&
	    likely(options.o_fill == options.o_canary) &&
	    likely(fill_holds(p, room, options.o_fill)));
}

/* A thread that has a stack needs no kmem_init(). */
void *
watch_malloc(size_t size, const void *caller)
{
	struct blocktag *bt;
	unsigned indx;
	void *p;

	if (unlikely(size >= MAXALLOCSAVE))
		return (malloc_slow(size, caller));
	indx = bucket_watchedindx(size + 1);
	/* Too high as long as there are no lists. */
	if (unlikely(indx >= KU_LIST) ||
	    unlikely((p = kmem_pop_list(indx)) == NULL))
		return (malloc_slow(size, caller));
	bt = tag_of(indx, p);
	if (unlikely(!is_ready(p, bt, bucket[indx].kb_size)))
		return (malloc_unready(p, bt, size, caller));
	hand_out(bt, size, 0, caller);
	return (p);
}

/* All but a block of a list that is in use. */
static KMA_NOINLINE void
free_other(void *p, unsigned type, const char *func, const void *caller)
{
	struct blocktag *bt;

	if (p == NULL || !check(p, type, func, &bt))
		return;
	if (bt == NULL)
		kmem_free_slow(p, func);
	else if (unlikely(!take_back(bt)))
		blame_misuse(func, p, REASON_DUPLICATE, NULL, p, bt);
	else if (is_run(p))
		put_run(p, bt, func, caller);
	else
		put_block(kmemsizes[addr_to_page(p)], p, bt, func, caller);
}

/* Where a block of a list may start. */
static KMA_NOINLINE void
free_listed(void *p, unsigned type, const char *func, const void *caller)
{
	unsigned indx = kmemsizes[addr_to_page(p)];
	struct blocktag *bt = tag_of(indx, p);

	if (likely(type == 0 || bt->bt_type == type) && likely(take_back(bt)))
		put_block(indx, p, bt, func, caller);
	else
		free_other(p, type, func, caller);
}

/*
 * A short block that has to wait, which is frequent too.  When it is the
 * quarantine's, this thread has it no more, so all that is done before.
 */
static KMA_NOINLINE void
free_waiting(void *p, struct blocktag *bt, unsigned indx, const char *func,
    const void *caller)
{
	size_t room = bucket[indx].kb_size;

	if (unlikely(!take_back(bt))) {
		free_listed(p, 0, func, caller);
		return;
	}
	if (unlikely(!fill_end_holds(p, blocktag_size(bt), room,
	    options.o_canary))) {
		put_block(indx, p, bt, func, caller);
		return;
	}
	fill_short(p, room, options.o_fill);
	bt->bt_free = (uintptr_t)caller;
	bt->bt_filled = 1;
	quarantine_put(p, room, release);
}

/* May the block go on the thread's stack without more ado? */
static inline bool
is_simple(const void *p, const struct blocktag *bt, unsigned indx,
    unsigned type)
{
	return (likely((type | bt->bt_type) == 0) &&
	    likely(options.o_fill == options.o_canary) &&
	    likely(!kmem_list_isfull(indx)) &&
	    likely(fill_end_holds(p, blocktag_size(bt), bucket[indx].kb_size,
	    options.o_canary)));
}

/* Or into the quarantine? */
static inline bool
is_waiting(const struct blocktag *bt, unsigned indx, unsigned type)
{
	return (options.o_quarantine > 0 && likely((type | bt->bt_type) == 0) &&
	    likely(bucket[indx].kb_size < FILL_LONG));
}

/* The size is the old one if the block is free: then it holds the fill. */
void
watch_free(void *p, unsigned type, const char *func, const void *caller)
{
	size_t page = btop((uintptr_t)p - kmembase);
	struct blocktag *bt;
	unsigned indx;

	if (unlikely(page >= relaxed_load(&kmempages)) ||
	    unlikely(!is_watched_list(indx = kmemsizes[page])) ||
	    unlikely(!bucket_startsat(indx, p))) {
		free_other(p, type, func, caller);
		return;
	}
	bt = tag_of(indx, p);
	if (is_waiting(bt, indx, type)) {
		free_waiting(p, bt, indx, func, caller);
		return;
	}
	if (unlikely(!is_simple(p, bt, indx, type)) ||
	    unlikely(!take_back(bt))) {
		free_listed(p, type, func, caller);
		return;
	}
	bt->bt_free = (uintptr_t)caller;
	kmem_push_list(indx, p);
	/* Nobody else can have it yet, but for the child of a fork. */
	fill_block(p, (blocktag_size(bt) + MINALLOCSIZE - 1) &
	    ~(MINALLOCSIZE - 1), options.o_fill);
	__atomic_store_n(&bt->bt_filled, 1, __ATOMIC_RELEASE);
}

bool
watch_is_sized(const void *p, size_t size, size_t align, const char *func)
{
	struct blocktag *bt;
	const void *start;
	const char *reason = NULL;

	if (p == NULL || why_not(p, &start, &bt) != NULL || bt == NULL)
		return (true);
	if (((uintptr_t)p & (align - 1)) != 0)
		reason = REASON_ALIGN;
	else if (size != SIZE_MAX && size != blocktag_size(bt))
		reason = REASON_SIZE;
	if (likely(reason == NULL))
		return (true);
	blame_misuse(func, p, reason, NULL, p, bt);
	return (false);
}

size_t
watch_usable(const void *p, const char *func)
{
	struct blocktag *bt;

	if (!check(p, 0, func, &bt))
		return (0);
	return (bt != NULL ? blocktag_size(bt) : kmem_usable(p, func));
}

/*
 * Reallocation.
 */

/* The block has room for the size, and keeps it. */
static void
resize(void *p, const struct typed_request *tr, struct blocktag *bt,
    size_t room)
{
	if (tr->tr_size < blocktag_size(bt))
		fill_end(p, tr->tr_size, room, options.o_canary);
	bt->bt_alloc = (uintptr_t)tr->tr_caller;
	blocktag_setsize(bt, tr->tr_size);
}

/*
 * The pages may move, and then whoever finds the old place free may write the
 * record there: so it says that the run is free before.
 */
static int
realloc_run(const struct typed_request *tr, struct blocktag *bt, void **p)
{
	size_t from = kmem_size(*p), to = run_size(tr->tr_size);
	unsigned type = bt->bt_type;
	void *new;
	int error = 0;

	if (type != 0 && to > from)
		error = memtype_grow(type, from, to, tr->tr_flags,
		    tr->tr_func);
	if (error != 0)
		return (error);
	if (options.o_hardened && to < from)
		(void)leave_pages((char *)*p + to, from - to);
	bt->bt_free = (uintptr_t)tr->tr_caller;
	relaxed_store(&bt->bt_state, BLOCK_FREE);
	untag_run(*p);
	new = kmem_realloc(*p, to, tr->tr_func);
	if (new == NULL) {
		if (type != 0 && to > from)
			memtype_cancel_grow(type, from, to);
		tag_run(*p);
		relaxed_store(&bt->bt_state, BLOCK_USED);
		return (ENOMEM);
	}
	if (type != 0 && to <= from)
		memtype_shrink(type, from, to);
	take_pages(new, btop(to), false, tr->tr_func);
	own_run(new, tr, type, to);
	*p = new;
	return (0);
}

static int
realloc_moved(const struct typed_request *tr, size_t old, void **p)
{
	void *new;
	int error = watch_alloc(tr, &new);

	if (error != 0)
		return (error);
	memmove(new, *p, tr->tr_size < old ? tr->tr_size : old);
	watch_free(*p, 0, tr->tr_func, tr->tr_caller);
	*p = new;
	return (0);
}

/* A block that becomes much smaller moves if there is room for both. */
static int
realloc_watched(const struct typed_request *tr, struct blocktag *bt, void **p)
{
	struct typed_request mine = *tr;
	size_t old = blocktag_size(bt), room = kmem_size(*p);
	bool fits = tr->tr_size < room;
	int error;

	mine.tr_type = bt->bt_type;
	if (fits)
		mine.tr_flags &= ~M_WAITOK;
	if (fits && tr->tr_size >= room / 4)
		error = ENOMEM;		/* here is best */
	else if (is_run(*p) && list_of(&mine) == 0 &&
	    (fits || !options.o_hardened))
		error = realloc_run(&mine, bt, p);
	else
		error = realloc_moved(&mine, old, p);
	if (error == 0 || !fits)
		return (error);
	resize(*p, tr, bt, room);
	return (0);
}

int
watch_realloc(const struct typed_request *tr, void **p)
{
	struct blocktag *bt;
	size_t room, old;

	if (!check(*p, tr->tr_type, tr->tr_func, &bt))
		return (EINVAL);
	if (tr->tr_size > BLOCKTAG_SIZE_MAX)
		return (ENOMEM);
	if (bt == NULL) {
		old = kmem_usable(*p, tr->tr_func);
		return (old == 0 ? EINVAL : realloc_moved(tr, old, p));
	}
	old = blocktag_size(bt);
	room = kmem_size(*p);
	if (unlikely(!fill_end_holds(*p, old, room, options.o_canary))) {
		say_beyond(*p, room, tr->tr_func, bt);
		fill_end(*p, old, room, options.o_canary);
	}
	return (realloc_watched(tr, bt, p));
}

/*
 * All blocks.
 */

/* Those of the cluster whose first page it is, in use or not. */
static void
each_of_cluster(page_t page, unsigned indx, watch_visit *visit, void *arg)
{
	const struct kmembuckets *kb = &bucket[indx];
	const struct kmemcluster *c = meta_ptr(kmemusage[page]);
	const struct blocktag *bt;
	char *p = page_to_addr(page);

	/* It may be on its way home. */
	if ((uintptr_t)c + kb->kb_clbytes > relaxed_load(&meta_next) ||
	    c->c_page != page)
		return;
	bt = (const struct blocktag *)((const char *)c + kb->kb_tags);
	for (uint32_t i = 0; i < kb->kb_elmpercl; i++, p += kb->kb_size)
		visit(arg, p, &bt[i]);
}

void
watch_each(watch_visit *visit, void *arg)
{
	size_t npages = relaxed_load(&kmempages);

	for (page_t page = 0; page < npages;) {
		unsigned indx = kmemsizes[page];
		page_t pages = 1;

		if (is_watched_list(indx)) {
			each_of_cluster(page, indx, visit, arg);
			pages = bucket[indx].kb_clpages;
		} else if (indx == KU_TYPEDRUN) {
			visit(arg, page_to_addr(page), &kmemtags[page]);
			pages = (page_t)pagerun_size(page);
		}
		page += pages > 0 ? pages : 1;
	}
}

static void
check_block(void *arg, const void *p, const struct blocktag *bt)
{
	size_t size = blocktag_size(bt), room = kmem_size(p);

	(void)arg;
	KMA_ASSERT(get_tag(p) == bt);
	KMA_ASSERT(bt->bt_state <= BLOCK_HELD);
	if (bt->bt_state == BLOCK_USED) {
		KMA_ASSERT(size < room && !bt->bt_filled);
		KMA_ASSERT(fill_end_holds(p, size, room, options.o_canary));
		return;
	}
	KMA_ASSERT(!is_run(p));
	if (bt->bt_filled)
		KMA_ASSERT(fill_holds(p, room, options.o_fill));
}

void
watch_check(void)
{
	watch_each(check_block, NULL);
}
