/*
 * objcache.c - object caches.
 *
 * Layer 8.  Owns the register of caches and the unused structures of caches
 * and slabs (objcaches_lock, RANK_OBJCACHES), the magazines of each cache
 * (RANK_MAGAZINE) and its slabs (RANK_OBJCACHE).  Calls memtype.h, kmem.h,
 * pagerun.h, kmemsizes.h, meta.h, os.h.
 *
 * Whatever may take long or is not ours runs without a lock: constructors and
 * destructors, the wait for room, pages from and to the page runs.  So a slab
 * is made before it is on a list, and is on none while it is given back.
 *
 * Threads have no magazines of their own: nothing tells us when a thread ends.
 * A cache has a few, and a thread takes the one that its address hashes to; if
 * that is busy it goes to the slabs at once.  What all of them hold is bounded
 * by NMAGAZINE * MAG_BYTES for each cache.
 */
#include "objcache.h"

#include <errno.h>
#include <string.h>

#include "client.h"
#include "kma.h"
#include "kmem.h"
#include "kmemsizes.h"
#include "memtype.h"
#include "meta.h"
#include "os.h"
#include "pagerun.h"
#include "report.h"

#define MINSTRIDE	sizeof(void *)
#define MAXSIZE		((size_t)PTRDIFF_MAX / 2)
#define SLAB_OBJECTS	8		/* in a slab at least, and a slab ... */
#define SLAB_MIN	((size_t)16 * 1024)
#define SLAB_MAX	((size_t)64 * 1024)	/* ... if this allows it */
#define SLAB_WASTE	8		/* an eighth of it, at most */
#define HIGHWAT		1		/* empty slabs that a cache keeps */
#define MAG_BYTES	((size_t)16 * 1024)
#define FUNC		"kma_cache_alloc"	/* for messages */
#define NCLASS		8		/* of maps: 1 to 128 words */
static_assert(((size_t)1 << MAXPAGESHIFT) / MINSTRIDE <= 64 << (NCLASS - 1) &&
    SLAB_MAX / MINSTRIDE <= 64 << (NCLASS - 1), "a map has room for any slab");

static struct lock	    objcaches_lock;
static struct kma_objcache *objcaches;		/* all, the newest first */
static struct kma_objcache *objcaches_spare;
static struct slab	   *slab_spare[NCLASS];

/*
 * Slabs as structures.
 */

static inline uint64_t *
free_map(struct slab *s)
{
	return (s->s_map);
}

static inline uint64_t *
out_map(struct slab *s)
{
	return (s->s_map + s->s_words);
}

static inline size_t
words_of(const struct kma_objcache *oc)
{
	return ((oc->oc_nobj + 63) / 64);
}

static inline void *
object(const struct kma_objcache *oc, const struct slab *s, unsigned number)
{
	return ((char *)page_to_addr(s->s_page) + number * oc->oc_stride);
}

/* An unused structure for a slab of the cache, or NULL. */
static struct slab *
slab_get(struct kma_objcache *oc)
{
	struct slab *s;

	lock_acquire(&objcaches_lock);
	s = slab_spare[oc->oc_class];
	if (s != NULL)
		slab_spare[oc->oc_class] = s->s_next;
	lock_release(&objcaches_lock);
	if (s == NULL)
		s = meta_alloc(sizeof(*s) +
		    2 * (sizeof(s->s_map[0]) << oc->oc_class), 16);
	if (s == NULL)
		return (NULL);
	s->s_nfree = s->s_hint = 0;
	s->s_words = (uint16_t)words_of(oc);
	memset(s->s_map, 0, 2 * s->s_words * sizeof(s->s_map[0]));
	return (s);
}

static void
slab_put(struct kma_objcache *oc, struct slab *s)
{
	lock_acquire(&objcaches_lock);
	s->s_next = slab_spare[oc->oc_class];
	slab_spare[oc->oc_class] = s;
	lock_release(&objcaches_lock);
}

/*
 * The slab whose page an address is in, or NULL.  A page that is no slab's any
 * more may be read in the middle of its change: so the number is looked at.
 */
static inline struct slab *
slab_of(const void *p)
{
	size_t page = btop((uintptr_t)p - kmembase);
	struct slab *s;

	if (page >= relaxed_load(&kmempages) || kmemsizes[page] != KU_SLAB)
		return (NULL);
	s = meta_ptr(relaxed_load(&kmemusage[page]));
	return ((uintptr_t)s < relaxed_load(&meta_next) ? s : NULL);
}

/*
 * The slab lists of a cache; oc_lock is held.
 */

static inline unsigned
list_of(const struct kma_objcache *oc, unsigned nfree)
{
	return (nfree == oc->oc_nobj ? SLAB_EMPTY :
	    nfree > 0 ? SLAB_PARTIAL : SLAB_FULL);
}

static void
list_insert(struct kma_objcache *oc, struct slab *s)
{
	unsigned list = list_of(oc, s->s_nfree);

	s->s_prev = NULL;
	s->s_next = oc->oc_slabs[list];
	if (s->s_next != NULL)
		s->s_next->s_prev = s;
	oc->oc_slabs[list] = s;
	oc->oc_nempty += list == SLAB_EMPTY;
}

static void
list_remove(struct kma_objcache *oc, struct slab *s)
{
	unsigned list = list_of(oc, s->s_nfree);

	if (s->s_next != NULL)
		s->s_next->s_prev = s->s_prev;
	if (s->s_prev != NULL)
		s->s_prev->s_next = s->s_next;
	else
		oc->oc_slabs[list] = s->s_next;
	oc->oc_nempty -= list == SLAB_EMPTY;
}

/* The slab has nfree free objects now. */
static void
set_nfree(struct kma_objcache *oc, struct slab *s, unsigned nfree)
{
	bool moves = list_of(oc, nfree) != list_of(oc, s->s_nfree);

	oc->oc_nfree = oc->oc_nfree + nfree - s->s_nfree;
	if (moves)
		list_remove(oc, s);
	s->s_nfree = (uint16_t)nfree;
	if (moves)
		list_insert(oc, s);
}

/* A new slab, whose objects are all free. */
static void
adopt(struct kma_objcache *oc, struct slab *s)
{
	for (unsigned i = 0; i < oc->oc_nobj; i++)
		free_map(s)[i / 64] |= (uint64_t)1 << i % 64;
	s->s_nfree = (uint16_t)oc->oc_nobj;
	list_insert(oc, s);
	oc->oc_nslabs++;
	oc->oc_nfree += oc->oc_nobj;
}

/* Takes an empty slab off its list; the caller gives back a chain of them. */
static void
retire(struct kma_objcache *oc, struct slab *s, struct slab **chain)
{
	list_remove(oc, s);
	oc->oc_nslabs--;
	oc->oc_nfree -= oc->oc_nobj;
	oc->oc_retiring++;
	s->s_next = *chain;
	*chain = s;
}

/* Takes up to n objects of a slab, lowest first. */
static unsigned
take(struct kma_objcache *oc, struct slab *s, void **obj, unsigned n)
{
	unsigned want = n < s->s_nfree ? n : s->s_nfree, word = s->s_hint;
	uint64_t *map = free_map(s);

	for (unsigned got = 0; got < want;) {
		if (map[word] == 0) {
			word++;
			continue;
		}
		obj[got++] = object(oc, s, word * 64 +
		    (unsigned)__builtin_ctzl(map[word]));
		relaxed_store(&map[word], map[word] & (map[word] - 1));
	}
	s->s_hint = (uint16_t)word;
	set_nfree(oc, s, s->s_nfree - want);
	return (want);
}

static inline unsigned
number_of(const struct kma_objcache *oc, const struct slab *s, const void *p)
{
	return ((unsigned)(((uintptr_t)p - (uintptr_t)page_to_addr(s->s_page)) /
	    oc->oc_stride));
}

/* Takes up to n free objects: of slabs that are in use before empty ones. */
static unsigned
slabs_get(struct kma_objcache *oc, void **obj, unsigned n)
{
	unsigned got = 0;
	struct slab *s;

	lock_acquire(&oc->oc_lock);
	while (got < n) {
		s = oc->oc_slabs[SLAB_PARTIAL];
		if (s == NULL && (s = oc->oc_slabs[SLAB_EMPTY]) == NULL)
			break;
		got += take(oc, s, obj + got, n - got);
	}
	lock_release(&oc->oc_lock);
	return (got);
}

/* Puts objects back; slabs that must go are added to the chain. */
static void
slabs_put(struct kma_objcache *oc, void *const *obj, unsigned n,
    struct slab **chain)
{
	lock_acquire(&oc->oc_lock);
	for (unsigned i = 0; i < n; i++) {
		struct slab *s = slab_of(obj[i]);
		unsigned number = number_of(oc, s, obj[i]);
		uint64_t *word = &free_map(s)[number / 64];

		relaxed_store(word, *word | (uint64_t)1 << number % 64);
		if (number / 64 < s->s_hint)
			s->s_hint = (uint16_t)(number / 64);
		set_nfree(oc, s, s->s_nfree + 1u);
		if (s->s_nfree == oc->oc_nobj && oc->oc_nempty > HIGHWAT)
			retire(oc, s, chain);
	}
	lock_release(&oc->oc_lock);
}

/*
 * Making slabs and giving them back; no lock is held.
 */

/* Pages for a slab, whose bytes are charged already.  0 or ENOMEM. */
static int
slab_alloc(struct kma_objcache *oc, struct slab **slab)
{
	struct slab *s = slab_get(oc);

	if (s == NULL || !kmem_alloc_pages(oc->oc_npages, oc->oc_align, KU_SLAB,
	    &s->s_page)) {
		if (s != NULL)
			slab_put(oc, s);
		memtype_cancel(oc->oc_type, ptob(oc->oc_npages));
		return (ENOMEM);
	}
	s->s_cache = oc;
	for (size_t i = 0; i < oc->oc_npages; i++)
		relaxed_store(&kmemusage[s->s_page + i], meta_id(s));
	memset(kmemsizes + s->s_page, KU_SLAB, oc->oc_npages);
	client_undefined(page_to_addr(s->s_page), ptob(oc->oc_npages));
	*slab = s;
	return (0);
}

/* Gives back a slab whose first n objects are constructed. */
static void
slab_free(struct kma_objcache *oc, struct slab *s, unsigned n)
{
	size_t last = s->s_page + oc->oc_npages - 1;

	client_defined(page_to_addr(s->s_page), ptob(oc->oc_npages));
	while (n-- > 0)
		if (oc->oc_dtor != NULL)
			oc->oc_dtor(object(oc, s, n), oc->oc_arg);
	client_noaccess(page_to_addr(s->s_page), ptob(oc->oc_npages));
	s->s_cache = NULL;
	relaxed_store(&kmemusage[last], 0);
	relaxed_store(&kmemusage[s->s_page], (uint32_t)oc->oc_npages);
	pagerun_free(s->s_page);
	memtype_discharge(oc->oc_type, ptob(oc->oc_npages));
	slab_put(oc, s);
}

/* Constructs all objects, or none: then the slab is gone.  0 or an errno. */
static int
slab_construct(struct kma_objcache *oc, struct slab *s)
{
	int error;

	for (unsigned i = 0; oc->oc_ctor != NULL && i < oc->oc_nobj; i++) {
		error = oc->oc_ctor(object(oc, s, i), oc->oc_arg);
		if (error != 0) {
			slab_free(oc, s, i);
			return (error);
		}
	}
	client_noaccess(page_to_addr(s->s_page), ptob(oc->oc_npages));
	return (0);
}

/*
 * Gives back retired slabs; returns their bytes.  At the end the cache may be
 * another one already.
 */
static size_t
free_chain(struct kma_objcache *oc, struct slab *chain)
{
	size_t n = 0, bytes = 0;

	if (chain == NULL)
		return (0);
	for (; chain != NULL; n++) {
		struct slab *s = chain;

		chain = s->s_next;
		bytes += ptob(oc->oc_npages);
		slab_free(oc, s, oc->oc_nobj);
	}
	lock_acquire(&oc->oc_lock);
	/* The child of a fork in a destructor counts none. */
	oc->oc_retiring -= n < oc->oc_retiring ? n : oc->oc_retiring;
	lock_release(&oc->oc_lock);
	return (bytes);
}

/*
 * Magazines.
 */

/* No two threads have this variable at one address. */
static inline struct magazine *
magazine_of(struct kma_objcache *oc)
{
	uint64_t hash = ((uintptr_t)&lock_depth >> 4) * 0x9e3779b97f4a7c15u;

	return (&oc->oc_mag[hash >> 32 & (NMAGAZINE - 1)]);
}

static inline unsigned
half(const struct kma_objcache *oc)
{
	return ((oc->oc_rounds + 1) / 2);
}

/* A free object that there is, or NULL. */
static void *
get(struct kma_objcache *oc)
{
	struct magazine *m = magazine_of(oc);
	void *p = NULL;

	if (oc->oc_rounds == 0 || !lock_try(&m->m_lock)) {
		slabs_get(oc, &p, 1);
		return (p);
	}
	if (m->m_count == 0)
		m->m_count = slabs_get(oc, m->m_obj, half(oc));
	if (m->m_count > 0)
		p = m->m_obj[--m->m_count];
	lock_release(&m->m_lock);
	return (p);
}

static void
magazine_put(struct kma_objcache *oc, struct magazine *m, void *p,
    struct slab **chain)
{
	if (m->m_count == oc->oc_rounds) {
		m->m_count -= half(oc);
		slabs_put(oc, m->m_obj + m->m_count, half(oc), chain);
	}
	m->m_obj[m->m_count++] = p;
}

/*
 * Does a thread wait for room?  It has said so, and then it empties all
 * magazines and looks into the slabs, under their locks.  So if it does not
 * find what is put there, then whoever looks here under that lock, or later,
 * finds it.
 */
static inline bool
is_waited_for(struct kma_objcache *oc)
{
	return (__atomic_load_n(&oc->oc_waiting, __ATOMIC_SEQ_CST) != 0);
}

static void
put(struct kma_objcache *oc, void *p, struct slab **chain)
{
	struct magazine *m = magazine_of(oc);
	bool done = false;

	if (oc->oc_rounds > 0 && lock_try(&m->m_lock)) {
		done = likely(!is_waited_for(oc));
		if (done)
			magazine_put(oc, m, p, chain);
		lock_release(&m->m_lock);
	}
	if (done)
		return;
	slabs_put(oc, &p, 1, chain);
	if (unlikely(is_waited_for(oc))) {
		__atomic_fetch_add(&oc->oc_freed, 1, __ATOMIC_SEQ_CST);
		memtype_kick(oc->oc_type);
	}
}

/* Empties all magazines into the slabs. */
static void
drain(struct kma_objcache *oc, struct slab **chain)
{
	for (unsigned i = 0; i < NMAGAZINE; i++) {
		struct magazine *m = &oc->oc_mag[i];

		lock_acquire(&m->m_lock);
		if (m->m_count > 0)
			slabs_put(oc, m->m_obj, m->m_count, chain);
		m->m_count = 0;
		lock_release(&m->m_lock);
	}
}

/*
 * Allocating and freeing.
 */

/* A free object that some magazine may have, or NULL. */
static void *
gather(struct kma_objcache *oc)
{
	struct slab *chain = NULL;
	void *p = NULL;

	drain(oc, &chain);
	slabs_get(oc, &p, 1);
	free_chain(oc, chain);
	return (p);
}

/* A slab if the type has room for it now. */
static int
slab_try(struct kma_objcache *oc, struct slab **slab)
{
	int error = memtype_charge(oc->oc_type, ptob(oc->oc_npages), M_NOWAIT,
	    NULL, FUNC);

	return (error == 0 ? slab_alloc(oc, slab) : error);
}

/*
 * Waits until the type has room for a slab, or there is a free object again.
 * Whoever frees one while oc_waiting is set changes oc_freed after that.
 */
static int
slab_wait(struct kma_objcache *oc, struct slab **slab, void **obj)
{
	uint32_t freed;
	int error = 0;

	__atomic_fetch_add(&oc->oc_waiting, 1, __ATOMIC_SEQ_CST);
	do {
		freed = __atomic_load_n(&oc->oc_freed, __ATOMIC_SEQ_CST);
		*obj = gather(oc);
		if (*obj != NULL)
			break;
		error = memtype_charge_unless(oc->oc_type,
		    ptob(oc->oc_npages), &oc->oc_freed, freed, FUNC);
	} while (error == EAGAIN);
	__atomic_fetch_sub(&oc->oc_waiting, 1, __ATOMIC_SEQ_CST);
	if (*obj != NULL)
		return (0);
	return (error == 0 ? slab_alloc(oc, slab) : error);
}

/* A slab, or an object that came free meanwhile; or neither, and an errno. */
static int
slab_or_object(struct kma_objcache *oc, int flags, struct slab **slab,
    void **obj)
{
	int error = slab_try(oc, slab);

	if (error == 0)
		return (0);
	*obj = gather(oc);
	if (*obj != NULL)
		return (0);
	objcache_reap_all();
	return (flags & M_WAITOK ? slab_wait(oc, slab, obj) :
	    slab_try(oc, slab));
}

/* An object of a new slab, most likely. */
static KMA_NOINLINE void *
get_slow(struct kma_objcache *oc, int flags, int *error)
{
	struct slab *s = NULL;
	void *p = NULL;

	*error = slab_or_object(oc, flags, &s, &p);
	if (s == NULL)
		return (p);
	*error = slab_construct(oc, s);
	if (*error != 0)
		return (NULL);
	lock_acquire(&oc->oc_lock);
	adopt(oc, s);
	take(oc, s, &p, 1);
	lock_release(&oc->oc_lock);
	return (p);
}

static void
debug_check(struct kma_objcache *oc)
{
	if (KMA_DEBUGGING)
		objcache_check(oc);
}

void *
objcache_alloc(struct kma_objcache *oc, int flags, int *error)
{
	void *p = get(oc);
	struct slab *s;
	unsigned number;

	if (unlikely(p == NULL) && (p = get_slow(oc, flags, error)) == NULL)
		return (NULL);
	s = slab_of(p);
	number = number_of(oc, s, p);
	__atomic_fetch_or(&out_map(s)[number / 64], (uint64_t)1 << number % 64,
	    __ATOMIC_RELAXED);
	debug_check(oc);
	return (p);
}

/* The program has p no more; or why p is no object that it has. */
static const char *
take_back(struct kma_objcache *oc, void *p)
{
	struct slab *s = slab_of(p);
	unsigned number;
	uint64_t bit;

	if (s == NULL || relaxed_load(&s->s_cache) != oc)
		return (REASON_FOREIGN);
	number = number_of(oc, s, p);
	if (number >= oc->oc_nobj || object(oc, s, number) != p)
		return (REASON_UNALIGNED);
	bit = (uint64_t)1 << number % 64;
	return (__atomic_fetch_and(&out_map(s)[number / 64], ~bit,
	    __ATOMIC_RELAXED) & bit ? NULL : REASON_DUPLICATE);
}

void
objcache_free(struct kma_objcache *oc, void *p, const char *func)
{
	const char *reason = take_back(oc, p);
	struct slab *chain = NULL;

	if (unlikely(reason != NULL)) {
		report_misuse(func, p, reason);
		return;
	}
	put(oc, p, &chain);
	free_chain(oc, chain);
	debug_check(oc);
}

size_t
objcache_reap(struct kma_objcache *oc)
{
	struct slab *chain = NULL;

	drain(oc, &chain);
	lock_acquire(&oc->oc_lock);
	while (oc->oc_slabs[SLAB_EMPTY] != NULL)
		retire(oc, oc->oc_slabs[SLAB_EMPTY], &chain);
	lock_release(&oc->oc_lock);
	return (free_chain(oc, chain));
}

size_t
objcache_reap_all(void)
{
	struct kma_objcache *oc = __atomic_load_n(&objcaches, __ATOMIC_ACQUIRE);
	size_t bytes = 0;

	for (; oc != NULL; oc = oc->oc_next)
		bytes += objcache_reap(oc);
	return (bytes);
}

/*
 * Caches.
 */

/*
 * Bonwick's rule: the shortest slab that wastes no more than an eighth.  Not
 * shorter than some objects are long, lest each be a slab of its own.
 */
static size_t
slab_pages(size_t stride)
{
	size_t want = stride < SLAB_MAX ? stride * SLAB_OBJECTS : stride, n;

	want = want > SLAB_MAX ? SLAB_MAX : want < SLAB_MIN ? SLAB_MIN : want;
	want = want < stride ? stride : want;
	for (n = btop(round_page(want)); ptob(n) % stride > ptob(n) /
	    SLAB_WASTE; n++)
		continue;
	return (n);
}

static void
lay_out(struct kma_objcache *oc, size_t size, size_t align)
{
	if (align < MINSTRIDE)
		align = align == 0 ? MINALLOCSIZE : MINSTRIDE;
	oc->oc_stride = (size + align - 1) & ~(align - 1);
	oc->oc_npages = slab_pages(oc->oc_stride);
	oc->oc_align = align > PAGESIZE ? btop(align) : 1;
	oc->oc_nobj = (uint32_t)(ptob(oc->oc_npages) / oc->oc_stride);
	oc->oc_rounds = MAG_BYTES / oc->oc_stride < MAG_ROUNDS ?
	    (uint32_t)(MAG_BYTES / oc->oc_stride) : MAG_ROUNDS;
	for (oc->oc_class = 0; (size_t)1 << oc->oc_class < words_of(oc);)
		oc->oc_class++;
}

/*
 * An unused structure, or NULL.  Its locks are made known to fork once; the
 * register's lock keeps fork away meanwhile.
 */
static struct kma_objcache *
objcache_get(void)
{
	struct kma_objcache *oc;

	lock_acquire(&objcaches_lock);
	oc = objcaches_spare;
	if (oc != NULL) {
		objcaches_spare = oc->oc_spare;
	} else if ((oc = meta_alloc(sizeof(*oc), KMA_CACHELINE)) != NULL) {
		lock_init(&oc->oc_lock, RANK_OBJCACHE);
		for (unsigned i = 0; i < NMAGAZINE; i++)
			lock_init(&oc->oc_mag[i].m_lock, RANK_MAGAZINE);
		oc->oc_next = objcaches;
		__atomic_store_n(&objcaches, oc, __ATOMIC_RELEASE);
	}
	if (oc != NULL)
		oc->oc_lives = true;
	lock_release(&objcaches_lock);
	return (oc);
}

struct kma_objcache *
objcache_create(const char *name, size_t size, size_t align,
    objcache_ctor *ctor, objcache_dtor *dtor, void *arg, int *error)
{
	struct kma_objcache *oc;

	*error = EINVAL;
	if (size == 0 || (align != 0 && !is_power_of_2(align)))
		return (NULL);
	*error = ENOMEM;
	if (size > MAXSIZE || align > MAXSIZE || !kmem_init() ||
	    (oc = objcache_get()) == NULL)
		return (NULL);
	lay_out(oc, size, align);
	oc->oc_type = memtype_number(name);
	oc->oc_ctor = ctor;
	oc->oc_dtor = dtor;
	oc->oc_arg = arg;
	return (oc);
}

/* The last user of a cache may be another thread that reaps it. */
static void
wait_for_reapers(struct kma_objcache *oc)
{
	size_t retiring;

	for (;;) {
		lock_acquire(&oc->oc_lock);
		retiring = oc->oc_retiring;
		lock_release(&oc->oc_lock);
		if (retiring == 0)
			return;
		os_yield();
	}
}

int
objcache_destroy(struct kma_objcache *oc)
{
	bool lived, busy;

	objcache_reap(oc);
	lock_acquire(&oc->oc_lock);
	busy = oc->oc_nslabs != 0;
	lock_release(&oc->oc_lock);
	if (busy)
		return (EBUSY);
	wait_for_reapers(oc);
	lock_acquire(&objcaches_lock);
	lived = oc->oc_lives;
	if (lived) {
		oc->oc_lives = false;
		oc->oc_spare = objcaches_spare;
		objcaches_spare = oc;
	}
	lock_release(&objcaches_lock);
	if (!lived)
		report_misuse("kma_cache_destroy", oc, REASON_DUPLICATE);
	return (0);
}

KMA_START void
objcache_init(void)
{
	lock_init(&objcaches_lock, RANK_OBJCACHES);
}

/* What the others were making or giving back is lost to the child. */
void
objcache_postfork_child(void)
{
	for (struct kma_objcache *oc = objcaches; oc != NULL;
	    oc = oc->oc_next) {
		oc->oc_retiring = 0;
		oc->oc_waiting = 0;
	}
}

/*
 * Figures, and the invariants.
 */

static size_t
count_bits(const uint64_t *map, size_t words)
{
	size_t bits = 0;

	for (size_t i = 0; i < words; i++)
		bits += (size_t)__builtin_popcountl(relaxed_load(&map[i]));
	return (bits);
}

void
objcache_stats(struct kma_objcache *oc, struct objcache_stats *os)
{
	memset(os, 0, sizeof(*os));
	for (unsigned i = 0; i < NMAGAZINE; i++)
		os->os_cached += relaxed_load(&oc->oc_mag[i].m_count);
	lock_acquire(&oc->oc_lock);
	os->os_slabs = oc->oc_nslabs;
	os->os_bytes = ptob(oc->oc_nslabs * oc->oc_npages);
	os->os_objects = oc->oc_nslabs * oc->oc_nobj;
	os->os_free = oc->oc_nfree;
	for (unsigned list = 0; list < NSLABLIST; list++)
		for (struct slab *s = oc->oc_slabs[list]; s; s = s->s_next)
			os->os_inuse += count_bits(out_map(s), s->s_words);
	lock_release(&oc->oc_lock);
}

/* An object in a magazine, whose lock is held, is neither free nor out. */
static void
check_magazine(struct kma_objcache *oc, struct magazine *m)
{
	KMA_ASSERT(m->m_count <= oc->oc_rounds);
	for (unsigned i = 0; i < m->m_count; i++) {
		struct slab *s = slab_of(m->m_obj[i]);
		unsigned number = number_of(oc, s, m->m_obj[i]);

		KMA_ASSERT(s->s_cache == oc);
		KMA_ASSERT(object(oc, s, number) == m->m_obj[i]);
		KMA_ASSERT(!((relaxed_load(&free_map(s)[number / 64]) |
		    relaxed_load(&out_map(s)[number / 64])) >>
		    number % 64 & 1));
	}
}

static void
check_slab(struct kma_objcache *oc, struct slab *s, unsigned list)
{
	unsigned rest = oc->oc_nobj % 64;

	KMA_ASSERT(s->s_cache == oc && s->s_words == words_of(oc));
	KMA_ASSERT(s->s_nfree <= oc->oc_nobj);
	KMA_ASSERT(list_of(oc, s->s_nfree) == list);
	KMA_ASSERT(s->s_nfree == count_bits(free_map(s), s->s_words));
	for (unsigned i = 0; i < s->s_words; i++) {
		uint64_t out = relaxed_load(&out_map(s)[i]);

		KMA_ASSERT((free_map(s)[i] & out) == 0);
		KMA_ASSERT(i >= s->s_hint || free_map(s)[i] == 0);
		KMA_ASSERT(i + 1u < s->s_words || rest == 0 ||
		    (free_map(s)[i] | out) >> rest == 0);
	}
	for (size_t i = 0; i < oc->oc_npages; i++) {
		KMA_ASSERT(kmemsizes[s->s_page + i] == KU_SLAB);
		KMA_ASSERT(kmemusage[s->s_page + i] == meta_id(s));
	}
}

void
objcache_check(struct kma_objcache *oc)
{
	size_t nslabs = 0, nempty = 0, nfree = 0;

	for (unsigned i = 0; i < NMAGAZINE; i++) {
		lock_acquire(&oc->oc_mag[i].m_lock);
		check_magazine(oc, &oc->oc_mag[i]);
		lock_release(&oc->oc_mag[i].m_lock);
	}
	lock_acquire(&oc->oc_lock);
	for (unsigned list = 0; list < NSLABLIST; list++) {
		struct slab *prev = NULL;

		for (struct slab *s = oc->oc_slabs[list]; s; s = s->s_next) {
			check_slab(oc, s, list);
			KMA_ASSERT(s->s_prev == prev);
			nslabs++;
			nempty += list == SLAB_EMPTY;
			nfree += s->s_nfree;
			prev = s;
		}
	}
	KMA_ASSERT(nslabs == oc->oc_nslabs);
	KMA_ASSERT(nempty == oc->oc_nempty && nempty <= HIGHWAT);
	KMA_ASSERT(nfree == oc->oc_nfree);
	lock_release(&oc->oc_lock);
}
