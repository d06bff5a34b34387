/*
 * bucket.c - the lists: blocks of one size, cut from clusters of pages.
 *
 * Layer 4.  Owns bucket[] and bucketindx[]; each list has a lock, of
 * RANK_BUCKET.  Calls pagerun.h, kmemsizes.h, meta.h.
 *
 * What 1988 named as future work: a cluster whose blocks are all free goes
 * back to the page runs, beyond a high-water mark (kb_highwat) that keeps a
 * list from flapping.  It goes after the lock is released.
 */
#include "bucket.h"

#include <string.h>

#include "options.h"
#include "os.h"
#include "pagerun.h"
#include "probe.h"
#include "random.h"
#include "report.h"

/*
 * Pages in a cluster: enough for CLUSTER_BLOCKS blocks, within these bounds.
 * Small clusters come back sooner, large ones need fewer struct kmemclusters.
 */
#define CLUSTER_BLOCKS	64
#define CLUSTER_MIN	((size_t)8 * 1024)
#define CLUSTER_MAX	((size_t)32 * 1024)
#define HIGHWAT		1	/* empty clusters that a list keeps */

struct kmembuckets bucket[NLIST];
static bool all_seen;		/* by a mode */
unsigned bucket_typed = KU_LIST;
unsigned bucket_powers = KU_LIST;
uint8_t bucket_watched[WATCHED_MAX / MINALLOCSIZE + 1] = {
	[0 ... WATCHED_MAX / MINALLOCSIZE] = KU_LIST
};
unsigned bucket_limit = KU_LIST;
unsigned bucket_runs = KU_LIST;
unsigned bucket_first_limit = KU_LIST;
size_t bucket_tagbytes = 1;
uint8_t bucketindx[MAXCACHED / MINALLOCSIZE + 1];

static inline struct kmemcluster *
cluster_ptr(uint32_t id)
{
	return (meta_ptr(id));
}

/* Clusters of a list that bucket_age() looks at: 10 to 300 ns each. */
#define ROUND		4096

/* Words in the map of a cluster. */
static inline unsigned
map_words(const struct kmembuckets *kb)
{
	return ((kb->kb_elmpercl + 63) / 64);
}

/*
 * The lists.
 */

/*
 * Pages for a cluster of blocks of size bytes.  For a power of two enough for
 * CLUSTER_BLOCKS blocks, within bounds; else the count in the upper half of
 * what a chunk holds whose last block ends nearest its end.
 */
static uint32_t
cluster_pages(size_t size)
{
	size_t want = size * CLUSTER_BLOCKS, pages, best;

	if (is_power_of_2(size)) {
		want = want < CLUSTER_MIN ? CLUSTER_MIN : want;
		want = want > CLUSTER_MAX ? CLUSTER_MAX : want;
		want = want < 4 * size ? 4 * size : want;
		return ((uint32_t)btop(round_page(want)));
	}
	best = pages = btop(CHUNK);
	for (; pages > btop(CHUNK) / 2 && ptob(pages) >= 4 * size; pages--)
		if (ptob(pages) % size * best < ptob(best) % size * pages)
			best = pages;
	return ((uint32_t)best);
}

/* Do its blocks have a struct blocktag? */
static bool
bucket_istagged(unsigned indx)
{
	return (indx < KU_LIST && bucket_tagbytes > 1);
}

static void
add_list(unsigned indx, size_t size)
{
	struct kmembuckets *kb = &bucket[indx];
	bool blocks = size <= MAXALLOCSAVE || size % PAGESIZE != 0;

	kb->kb_size = size;
	kb->kb_recip = (((uint64_t)1 << RECIPSHIFT) + size - 1) / size;
	kb->kb_mask = !blocks ? PAGEMASK : is_power_of_2(size) ? size - 1 :
	    UINTPTR_MAX;	/* no bit tells: kb_start does */
	kb->kb_start = kb->kb_mask != UINTPTR_MAX ? 0 :
	    (uint32_t)((((uint64_t)1 << 32) + size - 1) / size);
	kb->kb_clpages = blocks ? cluster_pages(size) : (uint32_t)btop(size);
	/* A guard behind each is a call of the system, and one more to lift. */
	if (options.o_hardened && bucket_istagged(indx) &&
	    is_power_of_2(size) && size < CHUNK)
		kb->kb_clpages = (uint32_t)btop(CHUNK);
	kb->kb_elmpercl = (uint32_t)(ptob(kb->kb_clpages) / size);
	kb->kb_tags = (uint32_t)(sizeof(struct kmemcluster) +
	    map_words(kb) * sizeof(uint64_t));
	kb->kb_clbytes = kb->kb_tags + (indx >= KU_LIST ? 0 :
	    kb->kb_elmpercl * (uint32_t)bucket_tagbytes);
	kb->kb_bound = kb->kb_start == 0 ? 0 :
	    (uint32_t)(kb->kb_start * size) * kb->kb_elmpercl;
	kb->kb_least = !blocks ? size - PAGEMASK :
	    size == MINALLOCSIZE ? 1 : size / 2 + 1;
	if (bucket_istagged(indx))
		kb->kb_least = SIZE_MAX;
	kb->kb_fastleast = all_seen ? SIZE_MAX : kb->kb_least;
	kb->kb_highwat = HIGHWAT;
}

void
bucket_see_all(void)
{
	all_seen = true;
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		bucket[indx].kb_fastleast = SIZE_MAX;
}

/* One list for each power of two, the last of them just below KU_LIST. */
static void
add_typed_lists(void)
{
	for (size_t size = MAXALLOCSAVE; size >= MINALLOCSIZE; size /= 2)
		add_list(--bucket_typed, size);
	bucket_powers = bucket_typed;
}

/* Points each watched size to the least of these lists that holds it. */
static void
fill_watched(void)
{
	for (size_t at = 0; at <= WATCHED_MAX / MINALLOCSIZE; at++) {
		unsigned best = bucket_typedindx(at * MINALLOCSIZE);

		for (unsigned indx = bucket_typed; indx < bucket_powers; indx++)
			if (bucket[indx].kb_size >= at * MINALLOCSIZE &&
			    bucket[indx].kb_size < bucket[best].kb_size)
				best = indx;
		bucket_watched[at] = (uint8_t)best;
	}
}

/*
 * And for watched blocks, as many others as there are numbers left: programs
 * like powers of two, and a byte more that is to be looked at would double
 * those.
 */
static void
add_watched_lists(void)
{
	static const size_t sizes[] = { 48, 80, 192, 112 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) &&
	    bucket_typed > KU_TYPED; i++)
		add_list(--bucket_typed, sizes[i]);
	fill_watched();
}

void
bucket_init(unsigned spacing)
{
	size_t size = MINALLOCSIZE, filled = 0, step;

	add_typed_lists();
	if (bucket_tagbytes > 1)
		add_watched_lists();
	for (unsigned indx = KU_LIST; size <= MAXCACHED; indx++) {
		add_list(indx, size);
		for (; filled <= size / MINALLOCSIZE; filled++)
			bucketindx[filled] = (uint8_t)indx;
		bucket_limit = indx + 1;
		if (size <= MAXALLOCSAVE)
			bucket_runs = indx + 1;
		step = ((size_t)1 << (63 - __builtin_clzl(size))) / spacing;
		/* A chunk has room for two blocks at least. */
		if (MAXALLOCSAVE > CHUNK / 2 && size >= CHUNK / 2)
			step = size;
		if (size >= MAXALLOCSAVE)
			step = PAGESIZE;
		size += step < MINALLOCSIZE ? MINALLOCSIZE : step;
	}
	bucket_first_limit = bucket_limit;
	lock_init_array(&bucket[0].kb_lock, NLIST, sizeof(bucket[0]),
	    RANK_BUCKET);
}

bool
bucket_watch(void)
{
	for (unsigned indx = bucket_typed; indx < KU_LIST; indx++)
		if (bucket[indx].kb_total > 0 || bucket[indx].kb_spare != 0)
			return (false);
	bucket_tagbytes = sizeof(struct blocktag);
	for (unsigned indx = bucket_typed; indx < KU_LIST; indx++)
		add_list(indx, bucket[indx].kb_size);
	fill_watched();
	return (true);
}

/*
 * Lists that come and go.
 */

/* A cluster of any of them has room for the map of the smallest's. */
#define ADDED_LEAST	(3 * MINALLOCSIZE)	/* between 32 and 64 */
#define ADDED_CLBYTES	(sizeof(struct kmemcluster) + \
			    (CHUNK / ADDED_LEAST + 63) / 64 * sizeof(uint64_t))

void
bucket_add(unsigned indx, size_t size)
{
	struct kmembuckets *kb = &bucket[indx];

	lock_acquire(&kb->kb_lock);
	add_list(indx, size);
	KMA_ASSERT(kb->kb_clbytes <= ADDED_CLBYTES);
	kb->kb_clbytes = ADDED_CLBYTES;
	lock_release(&kb->kb_lock);
}

/* Sets what bucketindx has for the sizes above lo up to the list's. */
static void
serve(unsigned indx, size_t lo, unsigned by)
{
	size_t last = bucket[indx].kb_size / MINALLOCSIZE;

	for (size_t at = lo / MINALLOCSIZE + 1; at <= last; at++)
		__atomic_store_n(&bucketindx[at], (uint8_t)by,
		    __ATOMIC_RELEASE);
}

void
bucket_use(unsigned indx, size_t lo)
{
	struct kmembuckets *kb = &bucket[indx];

	relaxed_store(&kb->kb_retired, false);
	relaxed_store(&kb->kb_highwat, HIGHWAT);
	if (indx >= bucket_limit)
		__atomic_store_n(&bucket_limit, indx + 1, __ATOMIC_RELEASE);
	serve(indx, lo, indx);
}

void
bucket_retire(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];

	serve(indx, bucket_lower(indx),
	    bucketindx[kb->kb_size / MINALLOCSIZE + 1]);
	relaxed_store(&kb->kb_retired, true);
	relaxed_store(&kb->kb_highwat, 0);
	bucket_reap(indx, true);
}

bool
bucket_drop(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];
	bool gone;

	lock_acquire(&kb->kb_lock);
	gone = kb->kb_total == 0 && kb->kb_stacks == 0;
	if (gone)
		kb->kb_elmpercl = 0;
	lock_release(&kb->kb_lock);
	return (gone);
}

bool
bucket_attach(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];
	bool there;

	lock_acquire(&kb->kb_lock);
	there = kb->kb_elmpercl != 0;
	kb->kb_stacks += there;
	lock_release(&kb->kb_lock);
	return (there);
}

void
bucket_detach(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];

	lock_acquire(&kb->kb_lock);
	kb->kb_stacks--;
	lock_release(&kb->kb_lock);
}

size_t
bucket_lower(unsigned indx)
{
	size_t at = bucket[indx].kb_size / MINALLOCSIZE;

	while (at > 0 && bucketindx[at] == indx)
		at--;
	return (at * MINALLOCSIZE);
}

size_t
bucket_inuse(unsigned indx)
{
	size_t total = relaxed_load(&bucket[indx].kb_total);
	size_t nfree = relaxed_load(&bucket[indx].kb_totalfree);

	return (nfree < total ? total - nfree : 0);
}

size_t
bucket_unused(unsigned indx)
{
	return (relaxed_load(&bucket[indx].kb_totalfree) *
	    bucket[indx].kb_size);
}

/*
 * Clusters.
 */

static void
link_cluster(struct kmembuckets *kb, struct kmemcluster *c)
{
	c->c_next = kb->kb_next;
	c->c_prev = 0;
	if (c->c_next != 0)
		cluster_ptr(c->c_next)->c_prev = meta_id(c);
	kb->kb_next = meta_id(c);
}

static void
unlink_cluster(struct kmembuckets *kb, struct kmemcluster *c)
{
	if (c->c_next != 0)
		cluster_ptr(c->c_next)->c_prev = c->c_prev;
	if (c->c_prev != 0)
		cluster_ptr(c->c_prev)->c_next = c->c_next;
	else
		kb->kb_next = c->c_next;
}

/* Marks all blocks free. */
static void
fill_map(const struct kmembuckets *kb, struct kmemcluster *c)
{
	unsigned words = kb->kb_elmpercl / 64, rest = kb->kb_elmpercl % 64;

	memset(c->c_map, 0xff, words * sizeof(uint64_t));
	if (rest != 0)
		c->c_map[words] = ((uint64_t)1 << rest) - 1;
	c->c_nfree = (uint16_t)kb->kb_elmpercl;
	c->c_hint = 0;
	c->c_purged = 0;
	c->c_idle = 0;
}

/* An empty cluster on fresh pages, or NULL; the list's lock is held. */
static struct kmemcluster *
new_cluster(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];
	struct kmemcluster *c;
	size_t align = kb->kb_start != 0 ? btop(CHUNK) :
	    kb->kb_size > PAGESIZE ? btop(kb->kb_size) : 1;
	page_t page;

	if (kb->kb_elmpercl == 0)
		return (NULL);
	if (kb->kb_spare == 0) {
		c = meta_alloc(kb->kb_clbytes, 16);
		if (c == NULL)
			return (NULL);
		c->c_next = 0;
		kb->kb_spare = meta_id(c);
	}
	if (pagerun_alloc(kb->kb_clpages, align, indx, &page, NULL) != 0)
		return (NULL);
	c = cluster_ptr(kb->kb_spare);
	kb->kb_spare = c->c_next;
	c->c_page = page;
	fill_map(kb, c);
	memset(kmemsizes + page, (int)indx, kb->kb_clpages);
	for (uint32_t i = 0; i < kb->kb_clpages; i++)
		kmemusage[page + i] = meta_id(c);
	kmemtags_forget(page, kb->kb_clpages);
	if (bucket_istagged(indx))
		memset((char *)c + kb->kb_tags, 0,
		    kb->kb_elmpercl * sizeof(struct blocktag));
	kb->kb_total += kb->kb_elmpercl;
	kb->kb_totalfree += kb->kb_elmpercl;
	kb->kb_nempty++;
	link_cluster(kb, c);
	PROBE3(cluster_new, page_to_addr(page), kb->kb_size,
	    ptob(kb->kb_clpages));
	return (c);
}

/*
 * Takes an empty cluster off its list.  Its pages are left to the caller,
 * who chains clusters by c_next and frees them without the lock.
 */
static void
retire_cluster(struct kmembuckets *kb, struct kmemcluster *c, uint32_t *chain)
{
	unlink_cluster(kb, c);
	kb->kb_nempty--;
	kb->kb_total -= kb->kb_elmpercl;
	kb->kb_totalfree -= kb->kb_elmpercl;
	c->c_nfree = 0;
	c->c_next = *chain;
	*chain = meta_id(c);
}

/*
 * Frees the pages of retired clusters, clpages each.  The lock is not held,
 * and kb may be another list by now.
 */
static void
free_clusters(struct kmembuckets *kb, uint32_t chain, uint32_t clpages)
{
	while (chain != 0) {
		struct kmemcluster *c = cluster_ptr(chain);

		chain = c->c_next;
		PROBE3(cluster_free, page_to_addr(c->c_page), kb->kb_size,
		    ptob(clpages));
		kmemusage[c->c_page + clpages - 1] = 0;
		kmemusage[c->c_page] = clpages;
		pagerun_free(c->c_page);
		lock_acquire(&kb->kb_lock);
		c->c_next = kb->kb_spare;
		kb->kb_spare = meta_id(c);
		lock_release(&kb->kb_lock);
	}
}

/*
 * In the mode hardened, nobody should guess which block comes next: one of
 * the first few clusters, from a random place in it on.
 */
#define RANDOM_STEPS	4

static struct kmemcluster *
random_cluster(struct kmemcluster *c)
{
	for (size_t n = random_below(RANDOM_STEPS); n > 0 && c->c_next != 0;
	    n--)
		c = cluster_ptr(c->c_next);
	return (c);
}

/* And in no order. */
static void
shuffle(void **blocks, unsigned n)
{
	for (; n > 1; n--) {
		size_t other = random_below(n);
		void *p = blocks[other];

		blocks[other] = blocks[n - 1];
		blocks[n - 1] = p;
	}
}

/* Stores n blocks that lie side by side from p on. */
static inline void
store_row(char *p, size_t size, void **slot, unsigned n)
{
	for (void **end = slot - n; slot > end; p += size)
		*--slot = p;
}

/*
 * Takes up to n of those blocks that bits of a word of the map tell.  In a new
 * cluster they are one row.
 */
static inline unsigned
take_bits(const struct kmembuckets *kb, struct kmemcluster *c, unsigned word,
    uint64_t bits, void **slot, unsigned n)
{
	size_t size = kb->kb_size;
	char *first = (char *)page_to_addr(c->c_page) + word * 64 * size;
	uint64_t left = bits;
	unsigned got = 0;

	if (bits != 0 && (bits & (bits + (bits & -bits))) == 0) {
		unsigned low = (unsigned)__builtin_ctzl(bits);
		unsigned all = 64 - low - (unsigned)__builtin_clzl(bits);

		got = n < all ? n : all;
		store_row(first + low * size, size, slot, got);
		left = got < all ? bits & bits << got : 0;
	} else
		for (; left != 0 && got < n; left &= left - 1, got++)
			*--slot = first +
			    (unsigned)__builtin_ctzl(left) * size;
	relaxed_store(&c->c_map[word], c->c_map[word] & ~(bits ^ left));
	return (got);
}

/* Takes n of a cluster's blocks, from a random bit of its map on. */
static KMA_NOINLINE void
take_random(const struct kmembuckets *kb, struct kmemcluster *c, void **slot,
    unsigned n)
{
	unsigned words = map_words(kb), word = (unsigned)random_below(words);
	uint64_t from = UINT64_MAX << random_below(
	    kb->kb_elmpercl < 64 ? kb->kb_elmpercl : 64);

	for (unsigned got = 0; got < n;
	    word = word + 1 < words ? word + 1 : 0) {
		got += take_bits(kb, c, word, c->c_map[word] & from,
		    slot - got, n - got);
		from = UINT64_MAX;
	}
	shuffle(slot - n, n);
	c->c_hint = 0;
}

/*
 * Of the free blocks that a word of a map tells, those in cache lines of which
 * all blocks are free.
 */
static inline uint64_t
in_free_lines(uint64_t map, size_t size)
{
	if (size == KMA_CACHELINE / 2)
		return ((map & map >> 1 & UINT64_MAX / 3) * 3);
	map &= map >> 1;
	return ((map & map >> 2 & UINT64_MAX / 15) * 15);
}

/*
 * Takes up to n blocks that no other thread's share a cache line with, where
 * lines have several; returns how many.
 */
static inline unsigned
take_lines(const struct kmembuckets *kb, struct kmemcluster *c, void **slot,
    unsigned n)
{
	size_t size = kb->kb_size;
	unsigned got = 0;

	if (size != KMA_CACHELINE / 2 && size != KMA_CACHELINE / 4)
		return (0);
	for (unsigned word = c->c_hint; word < map_words(kb) && got < n; word++)
		got += take_bits(kb, c, word,
		    in_free_lines(c->c_map[word], size), slot - got, n - got);
	return (got);
}

/* Takes the n lowest. */
static inline void
take_lowest(const struct kmembuckets *kb, struct kmemcluster *c, void **slot,
    unsigned n)
{
	unsigned got = take_bits(kb, c, c->c_hint, c->c_map[c->c_hint], slot,
	    n);

	while (got < n) {
		c->c_hint++;
		got += take_bits(kb, c, c->c_hint, c->c_map[c->c_hint],
		    slot - got, n - got);
	}
}

/* Takes up to n blocks of a cluster that has some, into descending slots. */
static unsigned
take_blocks(struct kmembuckets *kb, struct kmemcluster *c, void **slot,
    unsigned n)
{
	unsigned want = n < c->c_nfree ? n : c->c_nfree;

	if (unlikely(options.o_hardened)) {
		c = random_cluster(c);
		want = n < c->c_nfree ? n : c->c_nfree;
		take_random(kb, c, slot, want);
	} else {
		unsigned got = take_lines(kb, c, slot, want);

		take_lowest(kb, c, slot - got, want - got);
	}
	kb->kb_nempty -= c->c_nfree == kb->kb_elmpercl;
	c->c_nfree -= (uint16_t)want;
	c->c_purged = 0;
	c->c_idle = 0;
	kb->kb_totalfree -= want;
	if (c->c_nfree == 0)
		unlink_cluster(kb, c);
	return (want);
}

static inline size_t
offset_in(const struct kmemcluster *c, const void *p)
{
	return ((uintptr_t)p - (uintptr_t)page_to_addr(c->c_page));
}

/* The number of the block at an offset in a cluster. */
static inline unsigned
number_at(const struct kmembuckets *kb, size_t off)
{
	/* Exact, since off * kb_size < 2^RECIPSHIFT in any cluster. */
	return ((unsigned)(off * kb->kb_recip >> RECIPSHIFT));
}

/* The number of a block in its cluster. */
static inline unsigned
block_number(const struct kmembuckets *kb, const struct kmemcluster *c,
    const void *p)
{
	return (number_at(kb, offset_in(c, p)));
}

static inline struct kmemcluster *
cluster_of(const void *p)
{
	return (cluster_ptr(kmemusage[addr_to_page(p)]));
}

/*
 * The interface.
 */

static void
debug_check(unsigned indx)
{
	if (KMA_DEBUGGING)
		bucket_check(indx);
}

static unsigned
get_runs(unsigned indx, void **slot, unsigned n)
{
	struct kmembuckets *kb = &bucket[indx];
	unsigned got = 0;
	page_t page;

	for (; got < n; got++) {
		if (pagerun_alloc(kb->kb_clpages, 1, indx, &page, NULL) != 0)
			break;
		*--slot = page_to_addr(page);
	}
	pagerun_settle();
	__atomic_fetch_add(&kb->kb_total, got, __ATOMIC_RELAXED);
	return (got);
}

unsigned
bucket_get(unsigned indx, void **slot, unsigned n)
{
	struct kmembuckets *kb = &bucket[indx];
	unsigned got = 0;

	slot += n;
	if (bucket_isruns(indx))
		return (get_runs(indx, slot, n));
	lock_acquire(&kb->kb_lock);
	while (got < n) {
		struct kmemcluster *c = kb->kb_next != 0 ?
		    cluster_ptr(kb->kb_next) : new_cluster(indx);

		if (c == NULL)
			break;
		got += take_blocks(kb, c, slot - got, n - got);
	}
	lock_release(&kb->kb_lock);
	pagerun_settle();
	debug_check(indx);
	return (got);
}

static void *
put_runs(unsigned indx, void *const *slot, unsigned n)
{
	void *twice = NULL;

	for (unsigned i = 0; i < n; i++) {
		page_t page = addr_to_page(slot[i]);

		if (unlikely(kmemsizes[page] != indx)) {
			twice = slot[i];
			continue;
		}
		pagerun_free(page);
		bucket_retype(indx, KU_RUN);
	}
	return (twice);
}

/*
 * Frees the blocks at the front that lie in one cluster, and returns how many;
 * one of them that was free already is *twice.  The lock is held.
 */
static inline unsigned
put_some(const struct kmembuckets *kb, struct kmemcluster *c,
    void *const *slot, unsigned n, void **twice)
{
	const uintptr_t base = (uintptr_t)page_to_addr(c->c_page);
	const uint64_t recip = kb->kb_recip;
	const size_t span = ptob(kb->kb_clpages);
	size_t hint = c->c_hint, off = (uintptr_t)*slot - base;
	void *const *first = slot, *const *end = slot + n;
	uint64_t *map = c->c_map;
	unsigned again = 0;

	do {
		size_t number = off * recip >> RECIPSHIFT, word = number / 64;
		uint64_t bits = map[word];

		if (unlikely(bits >> number % 64 & 1)) {
			*twice = *slot;
			again++;
		}
		relaxed_store(&map[word], bits | (uint64_t)1 << number % 64);
		hint = word < hint ? word : hint;
	} while (++slot < end && (off = (uintptr_t)*slot - base) < span);
	n = (unsigned)(slot - first);
	c->c_hint = (uint8_t)hint;
	c->c_nfree = (uint16_t)(c->c_nfree + n - again);
	return (n);
}

void *
bucket_put(unsigned indx, void *const *slot, unsigned n)
{
	struct kmembuckets *kb = &bucket[indx];
	void *twice = NULL;
	uint32_t chain = 0, clpages;

	if (bucket_isruns(indx))
		return (put_runs(indx, slot, n));
	lock_acquire(&kb->kb_lock);
	clpages = kb->kb_clpages;
	for (unsigned i = 0; i < n;) {
		struct kmemcluster *c;
		unsigned nfree;

		/* It may be free already, and its cluster gone. */
		if (unlikely(kmemsizes[addr_to_page(slot[i])] != indx)) {
			twice = slot[i++];
			continue;
		}
		c = cluster_of(slot[i]);
		nfree = c->c_nfree;
		i += put_some(kb, c, slot + i, n - i, &twice);
		kb->kb_totalfree += c->c_nfree - nfree;
		if (nfree == 0 && c->c_nfree > 0)
			link_cluster(kb, c);
		if (c->c_nfree == kb->kb_elmpercl && nfree < c->c_nfree &&
		    ++kb->kb_nempty > kb->kb_highwat)
			retire_cluster(kb, c, &chain);
	}
	lock_release(&kb->kb_lock);
	free_clusters(kb, chain, clpages);
	debug_check(indx);
	return (twice);
}

void
bucket_retype(unsigned from, unsigned to)
{
	if (from >= bucket_typed)
		__atomic_fetch_sub(&bucket[from].kb_total, 1, __ATOMIC_RELAXED);
	if (to >= bucket_typed)
		__atomic_fetch_add(&bucket[to].kb_total, 1, __ATOMIC_RELAXED);
}

void
bucket_reap(unsigned indx, bool all)
{
	struct kmembuckets *kb = &bucket[indx];
	uint32_t keep = all ? 0 : kb->kb_highwat, chain = 0, clpages, id, next;

	if (relaxed_load(&kb->kb_nempty) <= keep)
		return;
	lock_acquire(&kb->kb_lock);
	clpages = kb->kb_clpages;
	for (id = kb->kb_next; id != 0 && kb->kb_nempty > keep; id = next) {
		struct kmemcluster *c = cluster_ptr(id);

		next = c->c_next;
		if (c->c_nfree == kb->kb_elmpercl)
			retire_cluster(kb, c, &chain);
	}
	lock_release(&kb->kb_lock);
	free_clusters(kb, chain, clpages);
}

bool
bucket_isblock(unsigned indx, const void *p)
{
	const struct kmembuckets *kb = &bucket[indx];
	const struct kmemcluster *c;
	size_t off;
	unsigned number;

	if (bucket_isruns(indx))
		return (((uintptr_t)p & PAGEMASK) == 0);
	c = cluster_of(p);
	off = offset_in(c, p);
	number = block_number(kb, c, p);
	return (number < kb->kb_elmpercl && number * kb->kb_size == off);
}

bool
bucket_isfree(unsigned indx, const void *p)
{
	const struct kmemcluster *c;
	unsigned number;

	if (bucket_isruns(indx))
		return (false);
	c = cluster_of(p);
	number = block_number(&bucket[indx], c, p);
	return (relaxed_load(&c->c_map[number / 64]) >> number % 64 & 1);
}

void *
bucket_blockof(unsigned indx, const void *p)
{
	const struct kmembuckets *kb = &bucket[indx];
	const struct kmemcluster *c = cluster_of(p);
	unsigned number = block_number(kb, c, p);

	return (number >= kb->kb_elmpercl ? NULL :
	    (char *)page_to_addr(c->c_page) + number * kb->kb_size);
}

/* Are all blocks that touch bytes [from, to) of the cluster free? */
static bool
range_isfree(const struct kmembuckets *kb, const struct kmemcluster *c,
    size_t from, size_t to)
{
	unsigned first = number_at(kb, from), last = number_at(kb, to - 1);

	for (unsigned i = first; i <= last && i < kb->kb_elmpercl; i++)
		if (!(c->c_map[i / 64] >> i % 64 & 1))
			return (false);
	return (true);
}

/* The first page from i on all of whose blocks are free; or are not. */
static size_t
next_page(const struct kmembuckets *kb, const struct kmemcluster *c, size_t i,
    bool isfree)
{
	while (i < kb->kb_clpages &&
	    range_isfree(kb, c, ptob(i), ptob(i + 1)) != isfree)
		i++;
	return (i);
}

/* How many pages are free as a whole, as far as one needs to know? */
static unsigned
free_pages(const struct kmembuckets *kb, const struct kmemcluster *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < kb->kb_clpages; i++)
		n += range_isfree(kb, c, ptob(i), ptob(i + 1));
	return (n < MANY_PAGES ? n : MANY_PAGES);
}

/* Gives a cluster's nfree free pages back. */
static int
purge_cluster(const struct kmembuckets *kb, struct kmemcluster *c,
    unsigned nfree)
{
	uintptr_t base = (uintptr_t)page_to_addr(c->c_page);
	int error = 0;

	for (size_t i = 0, end; i < kb->kb_clpages && error == 0; i = end) {
		i = next_page(kb, c, i, true);
		end = next_page(kb, c, i, false);
		if (i < end)
			error = os_purge(base + ptob(i), ptob(end - i));
	}
	if (error == 0)
		c->c_purged = nfree & MANY_PAGES;
	return (error);
}

/* What free blocks are filled with, a mode looks at. */
static bool
is_purgeable(unsigned indx)
{
	return (!bucket_isruns(indx) && !bucket_istagged(indx));
}

/* Under the lock: the blocks must not be handed out while their memory goes. */
void
bucket_purge(unsigned indx, size_t nclusters)
{
	struct kmembuckets *kb = &bucket[indx];
	int error = 0;		/* locked memory, say */
	uint32_t id;

	if (!is_purgeable(indx))
		return;
	lock_acquire(&kb->kb_lock);
	for (id = kb->kb_next; id != 0 && nclusters > 0 && error == 0;
	    nclusters--) {
		struct kmemcluster *c = cluster_ptr(id);
		unsigned nfree = free_pages(kb, c);

		if (nfree > c->c_purged)
			error = purge_cluster(kb, c, nfree);
		id = c->c_next;
	}
	lock_release(&kb->kb_lock);
}

void
bucket_age(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];
	int error = 0;

	if (!is_purgeable(indx) || relaxed_load(&kb->kb_totalfree) == 0)
		return;
	lock_acquire(&kb->kb_lock);
	/* If its cluster is not on the list any more, a round begins anew. */
	if (kb->kb_hand == 0 || cluster_ptr(kb->kb_hand)->c_nfree == 0)
		kb->kb_hand = kb->kb_next;
	for (unsigned i = 0; i < ROUND && kb->kb_hand != 0 && error == 0; i++) {
		struct kmemcluster *c = cluster_ptr(kb->kb_hand);
		unsigned nfree = free_pages(kb, c);

		if (c->c_idle > c->c_purged)
			error = purge_cluster(kb, c, nfree);
		c->c_idle = nfree & MANY_PAGES;
		kb->kb_hand = c->c_next;
	}
	lock_release(&kb->kb_lock);
}

static void
check_cluster(const struct kmembuckets *kb, const struct kmemcluster *c)
{
	unsigned bits = 0, indx = (unsigned)(kb - bucket);

	for (unsigned i = 0; i < map_words(kb); i++) {
		bits += (unsigned)__builtin_popcountl(c->c_map[i]);
		KMA_ASSERT(i >= c->c_hint || c->c_map[i] == 0);
	}
	KMA_ASSERT(bits == c->c_nfree);
	KMA_ASSERT(c->c_nfree > 0 && c->c_nfree <= kb->kb_elmpercl);
	KMA_ASSERT(c->c_purged <= free_pages(kb, c));
	KMA_ASSERT(c->c_idle <= free_pages(kb, c));
	for (unsigned i = 0; i < kb->kb_clpages; i++) {
		KMA_ASSERT(kmemsizes[c->c_page + i] == indx);
		KMA_ASSERT(kmemusage[c->c_page + i] == meta_id(c));
	}
}

void
bucket_check(unsigned indx)
{
	struct kmembuckets *kb = &bucket[indx];
	size_t nfree = 0, nempty = 0;
	uint32_t prev = 0;

	if (bucket_isruns(indx))
		return;
	lock_acquire(&kb->kb_lock);
	for (uint32_t id = kb->kb_next; id != 0;) {
		const struct kmemcluster *c = cluster_ptr(id);

		check_cluster(kb, c);
		KMA_ASSERT(c->c_prev == prev);
		nfree += c->c_nfree;
		nempty += c->c_nfree == kb->kb_elmpercl;
		prev = id;
		id = c->c_next;
	}
	KMA_ASSERT(nfree == kb->kb_totalfree);
	KMA_ASSERT(nempty == kb->kb_nempty);
	KMA_ASSERT(kb->kb_elmpercl == 0 ? kb->kb_total + kb->kb_stacks == 0 :
	    kb->kb_total % kb->kb_elmpercl == 0);
	lock_release(&kb->kb_lock);
}
