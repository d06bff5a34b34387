/*
 * quarantine.c - freed blocks that wait before they are used again.
 *
 * Layer 6.  Owns the shards, each with a lock of RANK_QUARANTINE.  Calls
 * meta.h, random.h.  A thread uses the shard that its address hashes to, so
 * that few meet at a lock.  The books are never in the blocks.
 */
#include "quarantine.h"

#include <stdint.h>

#include "cdefs.h"
#include "lock.h"
#include "meta.h"
#include "random.h"
#include "report.h"

#define NSHARD		4
#define BATCH		16	/* released between two looks at the shard */
#define SLACK		32	/* part of the bytes that comes out at once */
#define MEAN_SIZE	128	/* the ring has room for blocks like that */
#define RING_MIN	64
#define RING_MAX	((size_t)1 << 18)

struct held {
	void	*h_addr;
	size_t	 h_size;
};

/*
 * A ring of ring_size slots, s_count of them in use from s_first on, the
 * oldest first.  Invariants, under s_lock:
 *	s_bytes = the sum of their h_size
 *	s_count < ring_size, so that one more has room
 *	s_ring is NULL until there was memory for it, and s_count is 0 then
 */
struct shard {
	KMA_ALIGNED(KMA_CACHELINE)
	struct lock	 s_lock;
	struct held	*s_ring;
	size_t		 s_first;
	size_t		 s_count;
	size_t		 s_bytes;
};

static struct shard shards[NSHARD];
static size_t shard_bytes;	/* that may wait in each; 0: no quarantine */
static size_t ring_size;	/* a power of two */
static size_t stay_bytes;	/* what stays when some had to go */
static size_t stay_count;
static bool in_random_order;

void
quarantine_init(size_t bytes, bool random)
{
	shard_bytes = bytes / NSHARD;
	in_random_order = random;
	for (ring_size = RING_MIN; ring_size < RING_MAX &&
	    ring_size < shard_bytes / MEAN_SIZE; ring_size *= 2)
		continue;
	stay_bytes = shard_bytes - (random ? shard_bytes / SLACK : 0);
	stay_count = ring_size - (random ? BATCH : 1);
	lock_init_array(&shards[0].s_lock, NSHARD, sizeof(shards[0]),
	    RANK_QUARANTINE);
}

static struct shard *
my_shard(void)
{
	uint64_t hash = ((uintptr_t)&lock_depth >> 4) * 0x9e3779b97f4a7c15u;

	return (&shards[hash >> 32 & (NSHARD - 1)]);
}

static inline struct held *
slot_of(const struct shard *s, size_t n)
{
	return (&s->s_ring[(s->s_first + n) & (ring_size - 1)]);
}

/* Adds the newest; in random order, where another of the newer half was. */
static inline void
add(struct shard *s, void *p, size_t size)
{
	size_t count = s->s_count;
	struct held *newest = slot_of(s, count), *at = newest;

	if (likely(in_random_order))
		at = slot_of(s, count -
		    random_scale(random_step(), (count + 1) / 2 + 1));
	*newest = *at;
	at->h_addr = p;
	at->h_size = size;
	s->s_count = count + 1;
	relaxed_store(&s->s_bytes, s->s_bytes + size);
}

/* Do the bounds not hold?  Then some are due. */
static inline bool
is_over(const struct shard *s)
{
	return (s->s_bytes > shard_bytes || s->s_count >= ring_size);
}

/*
 * Where order does not matter, a few go before they have to, so that not
 * each block that is freed has another released.
 */
static inline bool
may_stay(const struct shard *s)
{
	return (s->s_bytes <= stay_bytes && s->s_count <= stay_count);
}

/* Takes out up to BATCH of the oldest: all, or those that may not stay. */
static unsigned
take(struct shard *s, bool all, struct held *out)
{
	unsigned n = 0;

	for (; n < BATCH && s->s_count > 0; n++) {
		if (!all && may_stay(s))
			break;
		out[n] = *slot_of(s, 0);
		s->s_first = (s->s_first + 1) & (ring_size - 1);
		s->s_count--;
		relaxed_store(&s->s_bytes, s->s_bytes - out[n].h_size);
	}
	return (n);
}

static void
release_batch(const struct held *out, unsigned n, quarantine_release *release)
{
	for (unsigned i = 0; i < n; i++)
		release(out[i].h_addr, out[i].h_size);
}

/* Releases what is due, or all.  The lock is held, and is given up. */
static KMA_NOINLINE bool
release_due(struct shard *s, bool all, quarantine_release *release)
{
	struct held out[BATCH];
	bool any = false, more;
	unsigned n;

	for (;;) {
		n = take(s, all, out);
		more = s->s_count > 0 && (all || !may_stay(s));
		lock_release(&s->s_lock);
		release_batch(out, n, release);
		any |= n > 0;
		if (!more)
			return (any);
		lock_acquire(&s->s_lock);
	}
}

/* Takes the block in, or not; the lock is held, and is given up. */
static inline void
put_locked(struct shard *s, void *p, size_t size, quarantine_release *release)
{
	add(s, p, size);
	if (unlikely(is_over(s)))
		(void)release_due(s, false, release);
	else
		lock_release(&s->s_lock);
}

static KMA_NOINLINE void
put_slow(struct shard *s, void *p, size_t size, quarantine_release *release)
{
	if (size > shard_bytes || shard_bytes == 0) {
		release(p, size);
		return;
	}
	(void)random_next();		/* seeds it */
	lock_acquire(&s->s_lock);
	if (s->s_ring == NULL)
		relaxed_store(&s->s_ring, meta_alloc(ring_size *
		    sizeof(struct held), KMA_CACHELINE));
	if (s->s_ring != NULL) {
		put_locked(s, p, size, release);
		return;
	}
	lock_release(&s->s_lock);
	release(p, size);
}

/* In the frequent case, all that is called is called in the last place. */
void
quarantine_put(void *p, size_t size, quarantine_release *release)
{
	struct shard *s = my_shard();

	if (unlikely(relaxed_load(&s->s_ring) == NULL) ||
	    unlikely(size > shard_bytes) || unlikely(random_state == 0) ||
	    unlikely(!lock_try(&s->s_lock)))
		put_slow(s, p, size, release);
	else
		put_locked(s, p, size, release);
}

bool
quarantine_drain(quarantine_release *release)
{
	bool any = false;

	for (unsigned i = 0; i < NSHARD; i++) {
		lock_acquire(&shards[i].s_lock);
		any |= release_due(&shards[i], true, release);
	}
	return (any);
}

size_t
quarantine_held(size_t *count)
{
	size_t bytes = 0;

	*count = 0;
	for (unsigned i = 0; i < NSHARD; i++) {
		lock_acquire(&shards[i].s_lock);
		bytes += shards[i].s_bytes;
		*count += shards[i].s_count;
		lock_release(&shards[i].s_lock);
	}
	return (bytes);
}

void
quarantine_check(void)
{
	for (unsigned i = 0; i < NSHARD; i++) {
		struct shard *s = &shards[i];
		size_t bytes = 0;

		lock_acquire(&s->s_lock);
		KMA_ASSERT(s->s_ring != NULL || s->s_count == 0);
		KMA_ASSERT(s->s_count == 0 || s->s_count < ring_size);
		for (size_t n = 0; n < s->s_count; n++)
			bytes += slot_of(s, n)->h_size;
		KMA_ASSERT(bytes == s->s_bytes);
		lock_release(&s->s_lock);
	}
}
