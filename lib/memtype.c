/*
 * memtype.c - malloc types: figures, limits, sleep and wake-up.
 *
 * Layer 6.  Owns memtype[] and the queues of those that wait for room; both
 * are added to under memtype_lock (RANK_MEMTYPE).  Calls cache.h, meta.h,
 * options.h.
 *
 * Whoever waits is given its room by the one who makes it: so it cannot be
 * overtaken, and one wake-up is enough.  That none gets lost takes an order.
 * A sleeper first stands in the queue and then looks for room; the one who
 * makes room does so first and then looks at the queue: one of them sees the
 * other.
 */
#include "memtype.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "lock.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "probe.h"
#include "report.h"

static_assert(NOLIMIT == OPTION_NOLIMIT, "one says so to the other");

#define ADVANCE	(MEMTYPE_SPARE / 2)	/* taken at once */

struct waiter {
	struct waiter	*w_next;
	size_t		 w_bytes;
	size_t		 w_block;	/* of so many: the limit is no less */
	bool		 w_forever;	/* no deadline */
	const uint32_t	*w_word;	/* memtype_charge_unless()'s, or NULL */
	uint32_t	 w_val;
	uint32_t	 w_state;	/* it sleeps on this */
};
#define WAITING		0
#define GRANTED		1	/* it has got them */
#define KICKED		2	/* it has not, but need not wait */
#define REFUSED		3	/* it never will */

struct kmemstats memtype[NTYPE];
unsigned memtype_ntypes = 1;
static struct lock memtype_lock;
static unsigned nforever;	/* threads asleep without a deadline */

KMA_START void
memtype_init(void)
{
	lock_init(&memtype_lock, RANK_MEMTYPE);
}

/*
 * Names.
 */

static bool
same_name(const char *a, const char *b)
{
	for (size_t i = 0; i < KMA_NAMELEN - 1; i++) {
		if (a[i] != b[i])
			return (false);
		if (a[i] == '\0')
			break;
	}
	return (true);
}

static unsigned
find(const char *name)
{
	unsigned count = __atomic_load_n(&memtype_ntypes, __ATOMIC_ACQUIRE);

	for (unsigned type = 1; type < count; type++)
		if (same_name(memtype[type].ks_name, name))
			return (type);
	return (0);
}

static unsigned
make(const char *name)
{
	unsigned type = memtype_ntypes;
	struct kmemstats *ks = &memtype[type];

	if (type == NTYPE)
		return (NTYPE - 1);
	if (type == NTYPE - 1)
		name = "(other)";
	for (size_t i = 0; i < KMA_NAMELEN - 1 && name[i] != '\0'; i++)
		ks->ks_name[i] = name[i];
	ks->ks_limit = options_typelimit(ks->ks_name);
	__atomic_store_n(&memtype_ntypes, type + 1, __ATOMIC_RELEASE);
	return (type);
}

unsigned
memtype_number(const char *name)
{
	unsigned type = find(name);

	if (type != 0)
		return (type);
	lock_acquire(&memtype_lock);
	type = find(name);
	if (type == 0)
		type = make(name);
	lock_release(&memtype_lock);
	return (type);
}

/*
 * Bytes.
 */

static KMA_COLD struct memtype_count *
new_count(unsigned type)
{
	struct kmemcache *kc = cache_get();

	if (unlikely(kc == NULL))
		return (NULL);
	if (kc->kc_types == NULL)
		__atomic_store_n(&kc->kc_types, meta_alloc(NTYPE *
		    sizeof(struct memtype_count), KMA_CACHELINE),
		    __ATOMIC_RELEASE);
	return (kc->kc_types == NULL ? NULL : &kc->kc_types[type]);
}

/* Where the calling thread counts; NULL when it cannot. */
static inline struct memtype_count *
my_count(unsigned type)
{
	struct memtype_count *counts = cache_mine->kc_types;

	return (likely(counts != NULL) ? &counts[type] : new_count(type));
}

static inline bool
is_limited(struct kmemstats *ks)
{
	return (__atomic_load_n(&ks->ks_limit, __ATOMIC_SEQ_CST) != NOLIMIT);
}

static void
raise_max(struct kmemstats *ks, size_t used)
{
	size_t max = relaxed_load(&ks->ks_maxused);

	while (used > max && !__atomic_compare_exchange_n(&ks->ks_maxused,
	    &max, used, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

/* Before the thread changes ks_taken: what was the most until now? */
static void
note_max(struct kmemstats *ks, const struct memtype_count *tc)
{
	size_t taken = relaxed_load(&ks->ks_taken);
	size_t low = tc != NULL ? relaxed_load(&tc->tc_low) : 0;

	raise_max(ks, low < taken ? taken - low : 0);
}

/* Takes bytes if the limit allows. */
static bool
take(struct kmemstats *ks, size_t bytes)
{
	size_t taken = __atomic_load_n(&ks->ks_taken, __ATOMIC_SEQ_CST), limit;

	do {
		limit = __atomic_load_n(&ks->ks_limit, __ATOMIC_SEQ_CST);
		if (bytes > limit || taken > limit - bytes)
			return (false);
	} while (!__atomic_compare_exchange_n(&ks->ks_taken, &taken,
	    taken + bytes, true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return (true);
}

/* Takes a waiter out of the queue, at its place there; the lock is held. */
static void
take_out(struct waiter **at)
{
	struct waiter *w = *at;

	__atomic_store_n(at, w->w_next, __ATOMIC_SEQ_CST);
	nforever -= w->w_forever;
}

/* The same, and ends its sleep. */
static void
wake(struct waiter **at, uint32_t state)
{
	uint32_t *word = &(*at)->w_state;

	take_out(at);
	/* From here on, the waiter may be gone. */
	__atomic_store_n(word, state, __ATOMIC_RELEASE);
	os_wake(word, 1);
}

/* Gives room to those who wait, in their order; the lock is held. */
static void
grant(struct kmemstats *ks)
{
	struct waiter *w;

	while ((w = ks->ks_waiters) != NULL && take(ks, w->w_bytes))
		wake(&ks->ks_waiters, GRANTED);
}

/*
 * Does w wait for more than the limit?  What else would end a wait must be of
 * the type too.
 */
static bool
is_too_much(struct kmemstats *ks, const struct waiter *w)
{
	return (w->w_block > relaxed_load(&ks->ks_limit) &&
	    (w->w_word == NULL || relaxed_load(&ks->ks_taken) == 0));
}

/* Those who wait for more than a new limit will never have it. */
static void
refuse(struct kmemstats *ks)
{
	struct waiter **at = &ks->ks_waiters;

	while (*at != NULL)
		if (is_too_much(ks, *at))
			wake(at, REFUSED);
		else
			at = &(*at)->w_next;
}

/* Gives bytes back; false: there are not as many. */
static bool
give(struct kmemstats *ks, size_t bytes)
{
	size_t taken = relaxed_load(&ks->ks_taken);

	do {
		if (unlikely(taken < bytes))
			return (false);
	} while (!__atomic_compare_exchange_n(&ks->ks_taken, &taken,
	    taken - bytes, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (unlikely(__atomic_load_n(&ks->ks_waiters, __ATOMIC_SEQ_CST) !=
	    NULL)) {
		lock_acquire(&memtype_lock);
		grant(ks);
		lock_release(&memtype_lock);
	}
	return (true);
}

/* Takes bytes out of what the thread has to spare. */
static bool
use_spare(struct memtype_count *tc, size_t bytes)
{
	size_t spare = relaxed_load(&tc->tc_spare);

	do {
		if (spare < bytes)
			return (false);
	} while (!__atomic_compare_exchange_n(&tc->tc_spare, &spare,
	    spare - bytes, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (spare - bytes < relaxed_load(&tc->tc_low))
		relaxed_store(&tc->tc_low, spare - bytes);
	return (true);
}

/* Gives back what is to spare beyond keep. */
static KMA_NOINLINE bool
give_spare(struct kmemstats *ks, struct memtype_count *tc, size_t keep)
{
	size_t spare = __atomic_load_n(&tc->tc_spare, __ATOMIC_SEQ_CST);

	note_max(ks, tc);
	do {
		if (spare <= keep)
			return (true);
	} while (!__atomic_compare_exchange_n(&tc->tc_spare, &spare, keep,
	    true, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	relaxed_store(&tc->tc_low, keep);
	return (give(ks, spare - keep));
}

/*
 * Takes bytes and, without a limit, some in advance.  If a limit is set
 * meanwhile, either this sees it, or who sets it sees what is to spare.
 */
static bool
take_ahead(struct kmemstats *ks, struct memtype_count *tc, size_t bytes)
{
	size_t ahead = tc != NULL && !is_limited(ks) ? ADVANCE : 0;

	note_max(ks, tc);
	if (!take(ks, bytes + ahead))
		return (ahead > 0 && take_ahead(ks, NULL, bytes));
	if (ahead > 0) {
		relaxed_store(&tc->tc_low, __atomic_add_fetch(&tc->tc_spare,
		    ahead, __ATOMIC_SEQ_CST));
		if (unlikely(is_limited(ks)))
			give_spare(ks, tc, 0);
	}
	return (true);
}

/*
 * Waiting.
 */

/* Can nothing that still runs make room?  The lock is held. */
static bool
is_hopeless(struct kmemstats *ks, const struct waiter *w)
{
	unsigned nthreads;

	if (is_too_much(ks, w))
		return (true);
	if (!w->w_forever)
		return (false);
	nthreads = os_nthreads();
	return (nthreads != 0 && nforever >= nthreads);
}

static void
enqueue(struct kmemstats *ks, struct waiter *w)
{
	struct waiter **at = &ks->ks_waiters;

	while (*at != NULL)
		at = &(*at)->w_next;
	__atomic_store_n(at, w, __ATOMIC_SEQ_CST);
	nforever += w->w_forever;
}

static void
dequeue(struct kmemstats *ks, struct waiter *w)
{
	struct waiter **at = &ks->ks_waiters;

	while (*at != w)
		at = &(*at)->w_next;
	take_out(at);
	grant(ks);		/* it may have stood in others' way */
}

/* Did what w waits for happen, though there is no room? */
static bool
is_kicked(const struct waiter *w)
{
	return (w->w_word != NULL &&
	    __atomic_load_n(w->w_word, __ATOMIC_SEQ_CST) != w->w_val);
}

void
memtype_kick(unsigned type)
{
	struct kmemstats *ks = &memtype[type];
	struct waiter **at = &ks->ks_waiters;

	if (__atomic_load_n(&ks->ks_waiters, __ATOMIC_SEQ_CST) == NULL)
		return;
	lock_acquire(&memtype_lock);
	while (*at != NULL)
		if (is_kicked(*at))
			wake(at, KICKED);
		else
			at = &(*at)->w_next;
	grant(ks);		/* they may have stood in others' way */
	lock_release(&memtype_lock);
}

/*
 * Sleeps until somebody ends that, or the deadline has passed, which no
 * interruption says.
 */
static int
sleep_on(struct kmemstats *ks, struct waiter *w,
    const struct timespec *deadline)
{
	uint32_t state;

	while ((state = __atomic_load_n(&w->w_state, __ATOMIC_ACQUIRE)) ==
	    WAITING) {
		int error = os_wait_until(&w->w_state, WAITING, deadline);

		if (error == 0 || error == EAGAIN || error == EINTR)
			continue;
		lock_acquire(&memtype_lock);
		state = w->w_state;
		if (state == WAITING)
			dequeue(ks, w);
		lock_release(&memtype_lock);
		if (state == WAITING)
			return (ETIMEDOUT);
	}
	return (state == GRANTED ? 0 : state == KICKED ? EAGAIN : EDEADLK);
}

/* Stands in the queue; unless that is hopeless, or not needed any more. */
static int
queue_up(struct kmemstats *ks, struct waiter *w)
{
	int error = 0;

	lock_acquire(&memtype_lock);
	enqueue(ks, w);
	grant(ks);
	if (w->w_state == WAITING) {
		if (is_kicked(w))
			error = EAGAIN;
		else if (is_hopeless(ks, w))
			error = EDEADLK;
		if (error != 0)
			dequeue(ks, w);
		else
			relaxed_store(&ks->ks_limblocks, ks->ks_limblocks + 1);
	}
	lock_release(&memtype_lock);
	return (error);
}

static KMA_COLD int
wait_for(struct kmemstats *ks, struct waiter *w,
    const struct timespec *deadline, const char *func)
{
	int error;

	note_max(ks, NULL);
	error = queue_up(ks, w);
	if (error == 0)
		error = sleep_on(ks, w, deadline);
	if (error == EDEADLK)
		report_fault("%s(): a wait for %zu bytes of type %s cannot "
		    "end: %zu of %zu are in use", func, w->w_bytes,
		    ks->ks_name, relaxed_load(&ks->ks_taken),
		    relaxed_load(&ks->ks_limit));
	return (error);
}

/*
 * Charges: of so many bytes, blocks and requests.
 */

static inline void
count(struct kmemstats *ks, struct memtype_count *tc, int blocks, int calls)
{
	if (likely(tc != NULL)) {
		relaxed_store(&tc->tc_inuse,
		    relaxed_load(&tc->tc_inuse) + blocks);
		relaxed_store(&tc->tc_calls,
		    relaxed_load(&tc->tc_calls) + (uint64_t)calls);
	} else {
		__atomic_fetch_add(&ks->ks_inuse, blocks, __ATOMIC_RELAXED);
		__atomic_fetch_add(&ks->ks_calls, calls, __ATOMIC_RELAXED);
	}
}

/* Bit n: there were blocks of more than 2^(n - 1), up to 2^n bytes. */
static void
note_size(struct kmemstats *ks, size_t bytes)
{
	uint64_t bit = bytes <= 1 ? 1 :
	    (uint64_t)1 << (64 - __builtin_clzl(bytes - 1));

	if (unlikely(!(relaxed_load(&ks->ks_sizes) & bit)))
		__atomic_fetch_or(&ks->ks_sizes, bit, __ATOMIC_RELAXED);
}

static KMA_NOINLINE int
charge_slow(unsigned type, size_t from, size_t to, int flags,
    const struct timespec *deadline, const char *func)
{
	struct kmemstats *ks = &memtype[type];
	struct memtype_count *tc = my_count(type);
	struct waiter w = { .w_bytes = to - from, .w_block = to,
	    .w_forever = deadline == NULL };

	if (relaxed_load(&ks->ks_waiters) != NULL ||
	    !take_ahead(ks, tc, to - from)) {
		int error;

		PROBE3(limit, ks->ks_name, to - from,
		    relaxed_load(&ks->ks_limit));
		error = !(flags & M_WAITOK) ? ENOMEM :
		    wait_for(ks, &w, deadline, func);
		if (error != 0)
			return (error);
	}
	note_size(ks, to);
	count(ks, tc, from == 0, 1);
	return (0);
}

/* The frequent case, whose one call is the last thing it does. */
static inline int
charge(unsigned type, size_t from, size_t to, int flags,
    const struct timespec *deadline, const char *func)
{
	struct memtype_count *tc = cache_mine->kc_types;

	if (unlikely(tc == NULL || !use_spare(&tc[type], to - from)))
		return (charge_slow(type, from, to, flags, deadline, func));
	note_size(&memtype[type], to);
	count(&memtype[type], &tc[type], from == 0, 1);
	return (0);
}

/* False, and nothing changes, when the type never had as much. */
static bool
uncharge(unsigned type, size_t bytes, int blocks, int calls)
{
	struct kmemstats *ks = &memtype[type];
	struct memtype_count *tc = my_count(type);
	size_t spare;

	if (unlikely(relaxed_load(&ks->ks_taken) < bytes))
		return (false);
	count(ks, tc, -blocks, -calls);
	if (unlikely(tc == NULL)) {
		note_max(ks, NULL);
		return (give(ks, bytes));
	}
	spare = __atomic_add_fetch(&tc->tc_spare, bytes, __ATOMIC_SEQ_CST);
	if (likely(spare <= MEMTYPE_SPARE && !is_limited(ks)))
		return (true);
	return (give_spare(ks, tc, is_limited(ks) ? 0 : ADVANCE));
}

int
memtype_charge(unsigned type, size_t bytes, int flags,
    const struct timespec *deadline, const char *func)
{
	return (charge(type, 0, bytes, flags, deadline, func));
}

int
memtype_charge_unless(unsigned type, size_t bytes, const uint32_t *word,
    uint32_t val, const char *func)
{
	struct kmemstats *ks = &memtype[type];
	struct waiter w = { .w_bytes = bytes, .w_block = bytes,
	    .w_forever = true, .w_word = word, .w_val = val };
	int error = memtype_charge(type, bytes, M_NOWAIT, NULL, func);

	if (error == 0)
		return (0);
	error = wait_for(ks, &w, NULL, func);
	if (error == 0) {
		note_size(ks, bytes);
		count(ks, my_count(type), 1, 1);
	}
	return (error);
}

bool
memtype_discharge(unsigned type, size_t bytes)
{
	return (uncharge(type, bytes, 1, 0));
}

/*
 * What was more than could be to spare is given back to where it came from:
 * it must not show as the most that was ever in use.
 */
static void
cancel(unsigned type, size_t bytes, int blocks)
{
	struct kmemstats *ks = &memtype[type];

	if (bytes <= MEMTYPE_SPARE && !is_limited(ks)) {
		uncharge(type, bytes, blocks, 1);
		return;
	}
	count(ks, my_count(type), -blocks, -1);
	give(ks, bytes);
}

void
memtype_cancel(unsigned type, size_t bytes)
{
	cancel(type, bytes, 1);
}

int
memtype_grow(unsigned type, size_t from, size_t to, int flags,
    const char *func)
{
	return (charge(type, from, to, flags, NULL, func));
}

void
memtype_shrink(unsigned type, size_t from, size_t to)
{
	note_size(&memtype[type], to);
	uncharge(type, from - to, 0, -1);
}

void
memtype_cancel_grow(unsigned type, size_t from, size_t to)
{
	cancel(type, to - from, 0);
}

void
memtype_correct(unsigned type, size_t from, size_t to)
{
	struct kmemstats *ks = &memtype[type];

	if (to > from)
		__atomic_add_fetch(&ks->ks_taken, to - from, __ATOMIC_SEQ_CST);
	else
		uncharge(type, from - to, 0, 0);
}

void
memtype_setlimit(unsigned type, size_t bytes)
{
	struct kmemstats *ks = &memtype[type];

	__atomic_store_n(&ks->ks_limit, bytes, __ATOMIC_SEQ_CST);
	/* See take_ahead(); an acquire may be read before a store. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (struct kmemcache *kc = cache_first(); kc != NULL;
	    kc = kc->kc_next) {
		struct memtype_count *tc = __atomic_load_n(&kc->kc_types,
		    __ATOMIC_ACQUIRE);

		if (tc != NULL && bytes != NOLIMIT)
			give_spare(ks, &tc[type], 0);
	}
	lock_acquire(&memtype_lock);
	refuse(ks);
	grant(ks);
	lock_release(&memtype_lock);
}

/*
 * Figures.
 */

void
memtype_figures(unsigned type, struct kma_type_figures *figures)
{
	struct kmemstats *ks = &memtype[type];
	int64_t inuse = relaxed_load(&ks->ks_inuse);
	uint64_t calls = relaxed_load(&ks->ks_calls);
	size_t spare = 0, low = 0, taken, limit;

	for (struct kmemcache *kc = cache_first(); kc != NULL;
	    kc = kc->kc_next) {
		struct memtype_count *tc = __atomic_load_n(&kc->kc_types,
		    __ATOMIC_ACQUIRE);

		if (tc == NULL)
			continue;
		inuse += relaxed_load(&tc[type].tc_inuse);
		calls += relaxed_load(&tc[type].tc_calls);
		spare += relaxed_load(&tc[type].tc_spare);
		low += relaxed_load(&tc[type].tc_low);
	}
	taken = relaxed_load(&ks->ks_taken);
	limit = relaxed_load(&ks->ks_limit);
	raise_max(ks, taken > low ? taken - low : 0);
	memcpy(figures->ks_name, ks->ks_name, sizeof(ks->ks_name));
	figures->ks_inuse = inuse > 0 ? (uint64_t)inuse : 0;
	figures->ks_memuse = taken > spare ? taken - spare : 0;
	figures->ks_maxused = relaxed_load(&ks->ks_maxused);
	figures->ks_limit = limit == NOLIMIT ? 0 : limit;
	figures->ks_calls = calls;
	figures->ks_limblocks = relaxed_load(&ks->ks_limblocks);
	figures->ks_sizes = relaxed_load(&ks->ks_sizes);
}

void
memtype_postfork_child(void)
{
	nforever = 0;
	for (unsigned type = 1; type < memtype_ntypes; type++)
		memtype[type].ks_waiters = NULL;
}
