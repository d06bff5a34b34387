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
#include "report.h"

static_assert(NOLIMIT == OPTION_NOLIMIT, "one says so to the other");

#define ADVANCE	(MEMTYPE_SPARE / 2)	/* taken at once */

struct waiter {
	struct waiter	*w_next;
	size_t		 w_bytes;
	bool		 w_forever;	/* no deadline */
	const uint32_t	*w_word;	/* memtype_charge_unless()'s, or NULL */
	uint32_t	 w_val;
	uint32_t	 w_granted;	/* has got them; it sleeps on this */
};
#define KICKED	2	/* w_granted: has not, but need not wait */

struct kmemstats memtype[NTYPE];
unsigned memtype_ntypes = 1;
static struct lock memtype_lock;
static unsigned nforever;	/* threads asleep without a deadline */

void
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

/* Where the calling thread counts; NULL when it cannot. */
static struct memtype_count *
my_count(unsigned type)
{
	struct kmemcache *kc = cache_get();

	if (unlikely(kc == NULL))
		return (NULL);
	if (unlikely(kc->kc_types == NULL))
		__atomic_store_n(&kc->kc_types, meta_alloc(NTYPE *
		    sizeof(struct memtype_count), KMA_CACHELINE),
		    __ATOMIC_RELEASE);
	return (kc->kc_types == NULL ? NULL : &kc->kc_types[type]);
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
	size_t taken = relaxed_load(&ks->ks_taken), limit;

	do {
		limit = __atomic_load_n(&ks->ks_limit, __ATOMIC_SEQ_CST);
		if (bytes > limit || taken > limit - bytes)
			return (false);
	} while (!__atomic_compare_exchange_n(&ks->ks_taken, &taken,
	    taken + bytes, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return (true);
}

/* Gives room to those who wait, in their order; the lock is held. */
static void
grant(struct kmemstats *ks)
{
	struct waiter *w;

	while ((w = ks->ks_waiters) != NULL && take(ks, w->w_bytes)) {
		uint32_t *word = &w->w_granted;

		__atomic_store_n(&ks->ks_waiters, w->w_next, __ATOMIC_SEQ_CST);
		nforever -= w->w_forever;
		/* From here on, w may be gone. */
		__atomic_store_n(word, 1, __ATOMIC_RELEASE);
		os_wake(word, 1);
	}
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
	if (spare - bytes < tc->tc_low)
		relaxed_store(&tc->tc_low, spare - bytes);
	return (true);
}

/* Gives back what is to spare beyond keep. */
static bool
give_spare(struct kmemstats *ks, struct memtype_count *tc, size_t keep)
{
	size_t spare = relaxed_load(&tc->tc_spare);

	note_max(ks, tc);
	do {
		if (spare <= keep)
			return (true);
	} while (!__atomic_compare_exchange_n(&tc->tc_spare, &spare, keep,
	    true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
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

	/* What else would end the wait must be of the type too. */
	if (w->w_bytes > relaxed_load(&ks->ks_limit) &&
	    (w->w_word == NULL || relaxed_load(&ks->ks_taken) == 0))
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
unlink_waiter(struct kmemstats *ks, struct waiter *w)
{
	struct waiter **at = &ks->ks_waiters;

	while (*at != w)
		at = &(*at)->w_next;
	__atomic_store_n(at, w->w_next, __ATOMIC_SEQ_CST);
	nforever -= w->w_forever;
}

static void
dequeue(struct kmemstats *ks, struct waiter *w)
{
	unlink_waiter(ks, w);
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
	struct waiter *w, *next;

	if (__atomic_load_n(&ks->ks_waiters, __ATOMIC_SEQ_CST) == NULL)
		return;
	lock_acquire(&memtype_lock);
	for (w = ks->ks_waiters; w != NULL; w = next) {
		uint32_t *word = &w->w_granted;

		next = w->w_next;
		if (!is_kicked(w))
			continue;
		unlink_waiter(ks, w);
		/* From here on, w may be gone. */
		__atomic_store_n(word, KICKED, __ATOMIC_RELEASE);
		os_wake(word, 1);
	}
	grant(ks);		/* they may have stood in others' way */
	lock_release(&memtype_lock);
}

/* Sleeps until w is granted or kicked, or the deadline has passed. */
static int
sleep_on(struct kmemstats *ks, struct waiter *w,
    const struct timespec *deadline)
{
	int error = 0;

	while (__atomic_load_n(&w->w_granted, __ATOMIC_ACQUIRE) == 0) {
		if (os_wait_until(&w->w_granted, 0, deadline) != ETIMEDOUT)
			continue;
		lock_acquire(&memtype_lock);
		if (w->w_granted == 0) {
			dequeue(ks, w);
			error = ETIMEDOUT;
		}
		lock_release(&memtype_lock);
		break;
	}
	return (w->w_granted == KICKED ? EAGAIN : error);
}

static KMA_COLD int
wait_for(struct kmemstats *ks, struct waiter *w,
    const struct timespec *deadline, const char *func)
{
	bool kicked = false, hopeless = false;

	note_max(ks, NULL);
	lock_acquire(&memtype_lock);
	enqueue(ks, w);
	grant(ks);
	if (w->w_granted == 0) {
		kicked = is_kicked(w);
		hopeless = !kicked && is_hopeless(ks, w);
		if (kicked || hopeless)
			dequeue(ks, w);
		else
			ks->ks_limblocks++;
	}
	lock_release(&memtype_lock);
	if (kicked)
		return (EAGAIN);
	if (!hopeless)
		return (sleep_on(ks, w, deadline));
	report_fault("%s(): a wait for %zu bytes of type %s cannot end: "
	    "%zu of %zu are in use", func, w->w_bytes, ks->ks_name,
	    relaxed_load(&ks->ks_taken), relaxed_load(&ks->ks_limit));
	return (EDEADLK);
}

/*
 * Charges: of so many bytes, blocks and requests.
 */

static void
count(struct kmemstats *ks, struct memtype_count *tc, int blocks, int calls)
{
	if (likely(tc != NULL)) {
		relaxed_store(&tc->tc_inuse, tc->tc_inuse + blocks);
		relaxed_store(&tc->tc_calls, tc->tc_calls + (uint64_t)calls);
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

static int
charge(unsigned type, size_t bytes, int blocks, int flags,
    const struct timespec *deadline, const char *func)
{
	struct kmemstats *ks = &memtype[type];
	struct memtype_count *tc = my_count(type);
	struct waiter w = { .w_bytes = bytes, .w_forever = deadline == NULL };

	if (flags & M_FORCE)
		__atomic_add_fetch(&ks->ks_taken, bytes, __ATOMIC_SEQ_CST);
	else if ((tc == NULL || !use_spare(tc, bytes)) &&
	    (relaxed_load(&ks->ks_waiters) != NULL ||
	    !take_ahead(ks, tc, bytes))) {
		int error = !(flags & M_WAITOK) ? ENOMEM :
		    wait_for(ks, &w, deadline, func);

		if (error != 0)
			return (error);
	}
	count(ks, tc, blocks, 1);
	return (0);
}

static bool
uncharge(unsigned type, size_t bytes, int blocks, int calls)
{
	struct kmemstats *ks = &memtype[type];
	struct memtype_count *tc = my_count(type);
	size_t spare;

	count(ks, tc, -blocks, -calls);
	if (unlikely(tc == NULL)) {
		note_max(ks, NULL);
		return (give(ks, bytes));
	}
	spare = __atomic_add_fetch(&tc->tc_spare, bytes, __ATOMIC_SEQ_CST);
	if (is_limited(ks))
		return (give_spare(ks, tc, 0));
	return (spare <= MEMTYPE_SPARE || give_spare(ks, tc, ADVANCE));
}

int
memtype_charge(unsigned type, size_t bytes, int flags,
    const struct timespec *deadline, const char *func)
{
	note_size(&memtype[type], bytes);
	return (charge(type, bytes, 1, flags, deadline, func));
}

int
memtype_charge_unless(unsigned type, size_t bytes, const uint32_t *word,
    uint32_t val, const char *func)
{
	struct kmemstats *ks = &memtype[type];
	struct waiter w = { .w_bytes = bytes, .w_forever = true,
	    .w_word = word, .w_val = val };
	int error = memtype_charge(type, bytes, M_NOWAIT, NULL, func);

	if (error == 0)
		return (0);
	error = wait_for(ks, &w, NULL, func);
	if (error == 0)
		count(ks, my_count(type), 1, 1);
	return (error);
}

bool
memtype_discharge(unsigned type, size_t bytes)
{
	return (uncharge(type, bytes, 1, 0));
}

void
memtype_cancel(unsigned type, size_t bytes)
{
	uncharge(type, bytes, 1, 1);
}

int
memtype_grow(unsigned type, size_t from, size_t to, int flags,
    const char *func)
{
	note_size(&memtype[type], to);
	return (charge(type, to - from, 0, flags, NULL, func));
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
	uncharge(type, to - from, 0, 1);
}

void
memtype_setlimit(unsigned type, size_t bytes)
{
	struct kmemstats *ks = &memtype[type];

	__atomic_store_n(&ks->ks_limit, bytes, __ATOMIC_SEQ_CST);
	for (struct kmemcache *kc = cache_first(); kc != NULL;
	    kc = kc->kc_next) {
		struct memtype_count *tc = __atomic_load_n(&kc->kc_types,
		    __ATOMIC_ACQUIRE);

		if (tc != NULL && bytes != NOLIMIT)
			give_spare(ks, &tc[type], 0);
	}
	lock_acquire(&memtype_lock);
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
