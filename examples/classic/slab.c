/*
 * slab.c - the slab allocator: caches of objects.
 *
 * Source: the lecture "Slab Allocator: object allocation" (P. Krzyzanowski);
 * Bonwick, "The Slab Allocator: An Object-Caching Kernel Memory Allocator"
 * (1994); sizes and limits as in Linux.
 *
 * A cache for each kind of object; its slabs, some pages each, are cut into
 * objects of just that size, made ready by a constructor once, when the slab
 * is made.  An object that is freed stays as its constructor left it.  A
 * cache keeps its slabs in three lists: full (all objects in use), partial,
 * and empty (all free).  A request takes an object of a partial slab, else of
 * an empty one, else of a new one.  When pages run out, the empty slabs of all
 * caches are reaped: their objects are destroyed and their pages go back.
 *
 * Requests that name no object take the first general cache, of sizes 32, 64,
 * 96, 128, 192, 256, 512 ... up to 32 pages, that is large enough; those
 * beyond take pages.  With cx_bytype a type and a size are a kind of object
 * with a cache of its own, up to a page.
 *
 * Slabs have the fewest pages that waste an eighth of them at most.  The free
 * list of a slab (a header, and a number for each object) stands in the slab
 * when its objects are smaller than an eighth of a page, and besides it
 * otherwise.  With cx_colour the objects of successive slabs of a cache begin
 * in other cache lines, as far as the end of a slab has room for that.
 *
 * Costs: no search but that for the general cache; no rounding for objects,
 * some for plain sizes; an object can pin its whole slab.
 *
 * Here: the numbers of free objects stand in sl_free; a slab is found from an
 * address by its page.
 *
 * Invariants:
 * (1) A slab is in the list that its objects in use say.
 * (2) sl_free has each free object once.
 * (3) Constructed less destroyed are the objects of all slabs.
 * (4) Slabs and large blocks are what the page allocator gave.
 */
#include <stdlib.h>

#include "pagealloc.h"

#define GENERAL		32	/* general caches, at most */
#define MAXPAGES	32	/* of an object */
#define MAXCACHES	4096	/* of kinds of objects */
#define NHASH		1024
#define HEADER		48	/* bytes of a slab's header */
#define BUFCTL		4	/* and of a number in its free list */
#define WASTE		8
#define CACHELINE	64

enum state { FULL, PARTIAL, EMPTY, NSTATE };

struct cache;

struct slab {
	struct slab	*sl_next, *sl_prev;
	struct cache	*sl_cache;
	uint64_t	sl_addr;
	uint64_t	sl_first;	/* object */
	uint32_t	sl_nfree;
	uint32_t	sl_free[];
};

struct cache {
	struct cache	*ca_next;	/* of this hash */
	uint64_t	ca_size;
	uint64_t	ca_align;
	unsigned	ca_type;
	unsigned	ca_order;	/* pages of a slab */
	uint32_t	ca_objects;	/* of a slab */
	bool		ca_inside;	/* the header is */
	uint64_t	ca_begin;	/* of the objects in a slab */
	uint64_t	ca_colours, ca_colour;
	struct slab	*ca_slabs[NSTATE];
};

struct slabs {
	struct classic_report s_report;
	struct pagealloc s_pages;
	struct slab	**s_slab;	/* of each page */
	uint64_t	s_npages;
	bool		s_bytype, s_colour;
	unsigned	s_ngeneral, s_ncaches;
	struct cache	s_general[GENERAL];
	struct cache	*s_hash[NHASH];
};

static void slab_destroy(void *);

static uint64_t
slab_bytes(const struct slabs *s, const struct cache *cache)
{
	return ((uint64_t)1 << (cache->ca_order + s->s_pages.pa_pageshift));
}

/* What stands in front of n objects in a slab. */
static uint64_t
begin_of(const struct cache *cache, uint64_t n)
{
	return (cache->ca_inside ?
	    round_up(HEADER + BUFCTL * n, cache->ca_align) : 0);
}

/* Sets a cache's slabs up for 2^order pages; returns the bytes wasted. */
static uint64_t
cut(const struct slabs *s, struct cache *cache, unsigned order)
{
	uint64_t bytes = (uint64_t)1 << (order + s->s_pages.pa_pageshift);
	uint64_t n = bytes / cache->ca_size;

	while (n != 0 && begin_of(cache, n) + n * cache->ca_size > bytes)
		n--;
	cache->ca_order = order;
	cache->ca_objects = (uint32_t)n;
	cache->ca_begin = begin_of(cache, n);
	return (bytes - cache->ca_begin - n * cache->ca_size);
}

static void
cache_init(struct slabs *s, struct cache *cache, unsigned type, uint64_t size,
    uint64_t align)
{
	uint64_t page = (uint64_t)1 << s->s_pages.pa_pageshift, waste, step;
	unsigned order = 0;

	*cache = (struct cache){ .ca_type = type, .ca_align = align };
	cache->ca_size = round_up(size, align);
	cache->ca_inside = cache->ca_size < page / 8;
	for (;;) {
		waste = cut(s, cache, order);
		if (cache->ca_objects != 0 && (waste * WASTE <= page << order ||
		    (page << order) >= MAXPAGES * page))
			break;
		order++;
	}
	step = align > CACHELINE ? align : CACHELINE;
	cache->ca_colours = s->s_colour ? waste / step + 1 : 1;
	report_outband(&s->s_report, sizeof(*cache));
}

static void *
slab_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	struct slabs *s = calloc(1, sizeof(*s));
	uint64_t size = 32, most = MAXPAGES * (uint64_t)memory->cm_pagesize;

	if (s == NULL)
		return (NULL);
	s->s_npages = memory->cm_pages;
	s->s_bytype = options != NULL && options->cx_bytype;
	s->s_colour = options != NULL && options->cx_colour;
	s->s_slab = calloc(memory->cm_pages, sizeof(struct slab *));
	if (s->s_slab == NULL ||
	    !pagealloc_init(&s->s_pages, memory, options, &s->s_report)) {
		slab_destroy(s);
		return (NULL);
	}
	report_outband(&s->s_report, s->s_npages * sizeof(struct slab *));
	for (; size <= most && s->s_ngeneral < GENERAL; size *= 2) {
		cache_init(s, &s->s_general[s->s_ngeneral++], 0, size,
		    CLASSIC_WORD);
		if (size == 64 || size == 128)
			cache_init(s, &s->s_general[s->s_ngeneral++], 0,
			    size + size / 2, CLASSIC_WORD);
	}
	return (s);
}

static void
list_insert(struct slab **list, struct slab *slab)
{
	slab->sl_prev = NULL;
	slab->sl_next = *list;
	if (*list != NULL)
		(*list)->sl_prev = slab;
	*list = slab;
}

static void
list_remove(struct slab **list, struct slab *slab)
{
	if (slab->sl_next != NULL)
		slab->sl_next->sl_prev = slab->sl_prev;
	if (slab->sl_prev != NULL)
		slab->sl_prev->sl_next = slab->sl_next;
	else
		*list = slab->sl_next;
}

static enum state
state_of(const struct slab *slab)
{
	if (slab->sl_nfree == 0)
		return (FULL);
	return (slab->sl_nfree == slab->sl_cache->ca_objects ? EMPTY : PARTIAL);
}

/* The header's figures, when a slab comes and when it goes. */
static void
count_header(struct slabs *s, const struct cache *cache, bool comes)
{
	uint64_t bytes = cache->ca_inside ? cache->ca_begin :
	    HEADER + BUFCTL * (uint64_t)cache->ca_objects;

	if (cache->ca_inside && comes)
		s->s_report.cr_inband += bytes;
	else if (cache->ca_inside)
		s->s_report.cr_inband -= bytes;
	else if (comes)
		report_outband(&s->s_report, bytes);
	else
		s->s_report.cr_outband -= bytes;
}

/* Takes an empty slab apart. */
static void
reap_slab(struct slabs *s, struct slab *slab)
{
	struct cache *cache = slab->sl_cache;
	uint64_t page = slab->sl_addr >> s->s_pages.pa_pageshift;

	list_remove(&cache->ca_slabs[EMPTY], slab);
	for (uint64_t i = 0; i < (uint64_t)1 << cache->ca_order; i++)
		s->s_slab[page + i] = NULL;
	pagealloc_give(&s->s_pages, slab->sl_addr);
	s->s_report.cr_reaped += (uint64_t)1 << cache->ca_order;
	s->s_report.cr_destroyed += cache->ca_objects;
	s->s_report.cr_steps++;
	count_header(s, cache, false);
	free(slab);
}

static bool
reap_cache(struct slabs *s, struct cache *cache)
{
	bool any = cache->ca_slabs[EMPTY] != NULL;

	while (cache->ca_slabs[EMPTY] != NULL)
		reap_slab(s, cache->ca_slabs[EMPTY]);
	return (any);
}

/* Gives all empty slabs back; false when there are none. */
static bool
reap(struct slabs *s)
{
	bool any = false;

	for (unsigned i = 0; i < s->s_ngeneral; i++)
		any |= reap_cache(s, &s->s_general[i]);
	for (unsigned i = 0; i < NHASH; i++) {
		struct cache *cache = s->s_hash[i];

		for (; cache != NULL; cache = cache->ca_next)
			any |= reap_cache(s, cache);
	}
	return (any);
}

/* Pages, if need be under pressure. */
static uint64_t
take_pages(struct slabs *s, unsigned order,
    const struct classic_request *request)
{
	uint64_t addr = pagealloc_take(&s->s_pages, order, request);

	if (addr == CLASSIC_FAIL && reap(s))
		addr = pagealloc_take(&s->s_pages, order, request);
	return (addr);
}

/* A new slab, empty; NULL when there are no pages. */
static struct slab *
grow(struct slabs *s, struct cache *cache,
    const struct classic_request *request)
{
	uint64_t addr = take_pages(s, cache->ca_order, request);
	uint64_t page = addr >> s->s_pages.pa_pageshift;
	uint64_t step = cache->ca_align > CACHELINE ? cache->ca_align :
	    CACHELINE;
	struct slab *slab;

	if (addr == CLASSIC_FAIL)
		return (NULL);
	slab = must_alloc(sizeof(*slab) + cache->ca_objects *
	    sizeof(slab->sl_free[0]));
	slab->sl_cache = cache;
	slab->sl_addr = addr;
	slab->sl_first = addr + cache->ca_begin + cache->ca_colour * step;
	cache->ca_colour = (cache->ca_colour + 1) % cache->ca_colours;
	slab->sl_nfree = cache->ca_objects;
	for (uint32_t i = 0; i < cache->ca_objects; i++)
		slab->sl_free[i] = cache->ca_objects - 1 - i;
	for (uint64_t i = 0; i < (uint64_t)1 << cache->ca_order; i++)
		s->s_slab[page + i] = slab;
	list_insert(&cache->ca_slabs[EMPTY], slab);
	s->s_report.cr_constructed += cache->ca_objects;
	s->s_report.cr_steps++;
	count_header(s, cache, true);
	return (slab);
}

static uint64_t
cache_alloc(struct slabs *s, struct cache *cache,
    const struct classic_request *request)
{
	struct slab *slab = cache->ca_slabs[PARTIAL];
	enum state before, after;

	s->s_report.cr_steps++;
	if (slab == NULL)
		slab = cache->ca_slabs[EMPTY];
	if (slab == NULL)
		slab = grow(s, cache, request);
	if (slab == NULL)
		return (CLASSIC_FAIL);
	before = state_of(slab);
	slab->sl_nfree--;
	after = state_of(slab);
	if (before != after) {
		list_remove(&cache->ca_slabs[before], slab);
		list_insert(&cache->ca_slabs[after], slab);
	}
	return (slab->sl_first + slab->sl_free[slab->sl_nfree] *
	    cache->ca_size);
}

/*
 * The cache of a kind of object, made when there is none yet.  A kernel's
 * client has it by name, so looking for it is not among the steps.
 */
static struct cache *
cache_of_kind(struct slabs *s, unsigned type, uint64_t size, uint64_t align)
{
	uint64_t hash = ((type * 31 + size) * 31 + align) *
	    UINT64_C(0x9e3779b97f4a7c15);
	struct cache **list = &s->s_hash[hash >> 32 & (NHASH - 1)], *cache;

	for (cache = *list; cache != NULL; cache = cache->ca_next) {
		if (cache->ca_type == type && cache->ca_size == size &&
		    cache->ca_align == align)
			return (cache);
	}
	cache = must_alloc(sizeof(*cache));
	cache_init(s, cache, type, size, align);
	cache->ca_next = *list;
	*list = cache;
	s->s_ncaches++;
	return (cache);
}

/* The cache for a request; NULL: pages. */
static struct cache *
cache_for(struct slabs *s, const struct classic_request *request)
{
	uint64_t size = size_of(request), align = align_of(request);
	uint64_t page = (uint64_t)1 << s->s_pages.pa_pageshift;
	unsigned type = s->s_bytype ? request->cr_type : 0;

	if (align > page || size > MAXPAGES * page)
		return (NULL);
	if (align > CLASSIC_WORD)
		return (cache_of_kind(s, type, round_up(size, align), align));
	if (type != 0 && size <= page && s->s_ncaches < MAXCACHES)
		return (cache_of_kind(s, type, round_up(size, CLASSIC_WORD),
		    align));
	for (unsigned i = 0; i < s->s_ngeneral; i++) {
		s->s_report.cr_steps++;
		if (s->s_general[i].ca_size >= size)
			return (&s->s_general[i]);
	}
	return (NULL);
}

static uint64_t
slab_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct slabs *s = arg;
	size_t size = size_of(request), align = align_of(request);
	struct cache *cache = cache_for(s, request);
	unsigned order;
	uint64_t addr;

	if (cache != NULL) {
		addr = cache_alloc(s, cache, request);
		*granted = cache->ca_size;
	} else {
		order = pagealloc_order(&s->s_pages,
		    size > align ? size : align);
		addr = take_pages(s, order, request);
		*granted = order < BUDDY_ORDERS ? (size_t)1 <<
		    (order + s->s_pages.pa_pageshift) : 0;
	}
	if (addr == CLASSIC_FAIL)
		return (report_failure(&s->s_report));
	report_alloc(&s->s_report, request->cr_size, *granted);
	return (addr);
}

static void
slab_free(void *arg, uint64_t addr, size_t size)
{
	struct slabs *s = arg;
	struct slab *slab = s->s_slab[addr >> s->s_pages.pa_pageshift];
	struct cache *cache;
	enum state before, after;

	s->s_report.cr_steps++;
	if (slab == NULL) {
		report_free(&s->s_report, size, (size_t)1 <<
		    (pagealloc_give(&s->s_pages, addr) +
		    s->s_pages.pa_pageshift));
		return;
	}
	cache = slab->sl_cache;
	before = state_of(slab);
	slab->sl_free[slab->sl_nfree++] =
	    (uint32_t)((addr - slab->sl_first) / cache->ca_size);
	after = state_of(slab);
	if (before != after) {
		list_remove(&cache->ca_slabs[before], slab);
		list_insert(&cache->ca_slabs[after], slab);
	}
	report_free(&s->s_report, size, cache->ca_size);
}

static const struct classic_report *
slab_report(const void *arg)
{
	return (&((const struct slabs *)arg)->s_report);
}

/* What the slabs of a cache come to. */
struct sums {
	uint64_t	su_objects, su_used, su_bytes;
};

static bool
check_slab(const struct slabs *s, const struct slab *slab)
{
	const struct cache *cache = slab->sl_cache;
	uint8_t *seen = calloc(1, cache->ca_objects);
	bool right = seen != NULL && slab->sl_nfree <= cache->ca_objects &&
	    s->s_slab[slab->sl_addr >> s->s_pages.pa_pageshift] == slab &&
	    slab->sl_first + cache->ca_objects * cache->ca_size <=
	    slab->sl_addr + slab_bytes(s, cache);

	for (uint32_t i = 0; right && i < slab->sl_nfree; i++) {
		right = slab->sl_free[i] < cache->ca_objects &&
		    seen[slab->sl_free[i]] == 0;
		if (right)
			seen[slab->sl_free[i]] = 1;
	}
	free(seen);
	return (right);
}

static bool
check_cache(const struct slabs *s, const struct cache *cache,
    struct sums *sums)
{
	for (unsigned state = 0; state < NSTATE; state++) {
		const struct slab *slab = cache->ca_slabs[state], *prev = NULL;

		for (; slab != NULL; prev = slab, slab = slab->sl_next) {
			if (slab->sl_cache != cache || slab->sl_prev != prev ||
			    state_of(slab) != state || !check_slab(s, slab))
				return (false);
			sums->su_objects += cache->ca_objects;
			sums->su_used += (cache->ca_objects -
			    slab->sl_nfree) * cache->ca_size;
			sums->su_bytes += slab_bytes(s, cache);
		}
	}
	return (true);
}

static bool
slab_check(const void *arg)
{
	const struct slabs *s = arg;
	struct sums sums = { 0, 0, 0 };
	uint64_t pages = 0;

	for (unsigned i = 0; i < s->s_ngeneral; i++) {
		if (!check_cache(s, &s->s_general[i], &sums))
			return (false);
	}
	for (unsigned i = 0; i < NHASH; i++) {
		const struct cache *cache = s->s_hash[i];

		for (; cache != NULL; cache = cache->ca_next) {
			if (!check_cache(s, cache, &sums))
				return (false);
		}
	}
	return (pagealloc_check(&s->s_pages, &pages) &&
	    s->s_report.cr_constructed - s->s_report.cr_destroyed ==
	    sums.su_objects &&
	    /* Large blocks are all granted. */
	    pages - sums.su_bytes == s->s_report.cr_granted - sums.su_used);
}

static size_t
slab_largest(void *arg)
{
	struct slabs *s = arg;
	uint64_t pages, most;

	reap(s);
	pages = pagealloc_largest(&s->s_pages);
	most = pages > s->s_general[s->s_ngeneral - 1].ca_size ? pages : 0;
	for (unsigned i = 0; i < s->s_ngeneral; i++) {
		const struct cache *cache = &s->s_general[i];

		if (most < cache->ca_size &&
		    (cache->ca_slabs[PARTIAL] != NULL ||
		    pages >= slab_bytes(s, cache)))
			most = cache->ca_size;
	}
	return (most);
}

static void
map_cache(const struct slabs *s, const struct cache *cache,
    classic_paint *paint, void *arg)
{
	for (unsigned state = 0; state < NSTATE; state++) {
		const struct slab *slab = cache->ca_slabs[state];

		for (; slab != NULL; slab = slab->sl_next) {
			paint(arg, slab->sl_addr, slab_bytes(s, cache),
			    CLASSIC_KEPT);
			if (cache->ca_inside)
				paint(arg, slab->sl_addr, cache->ca_begin,
				    CLASSIC_META);
			paint(arg, slab->sl_first, cache->ca_objects *
			    cache->ca_size, CLASSIC_USED);
			for (uint32_t i = 0; i < slab->sl_nfree; i++)
				paint(arg, slab->sl_first + slab->sl_free[i] *
				    cache->ca_size, cache->ca_size,
				    CLASSIC_KEPT);
		}
	}
}

static void
slab_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	const struct slabs *s = arg;

	/* Large blocks, and the pages of slabs. */
	pagealloc_map(&s->s_pages, paint, paint_arg);
	for (unsigned i = 0; i < s->s_ngeneral; i++)
		map_cache(s, &s->s_general[i], paint, paint_arg);
	for (unsigned i = 0; i < NHASH; i++) {
		const struct cache *cache = s->s_hash[i];

		for (; cache != NULL; cache = cache->ca_next)
			map_cache(s, cache, paint, paint_arg);
	}
}

static void
free_slabs(struct cache *cache)
{
	for (unsigned state = 0; state < NSTATE; state++) {
		struct slab *slab = cache->ca_slabs[state], *next;

		for (; slab != NULL; slab = next) {
			next = slab->sl_next;
			free(slab);
		}
	}
}

static void
slab_destroy(void *arg)
{
	struct slabs *s = arg;

	for (unsigned i = 0; i < s->s_ngeneral; i++)
		free_slabs(&s->s_general[i]);
	for (unsigned i = 0; i < NHASH; i++) {
		struct cache *cache = s->s_hash[i], *next;

		for (; cache != NULL; cache = next) {
			next = cache->ca_next;
			free_slabs(cache);
			free(cache);
		}
	}
	pagealloc_fini(&s->s_pages);
	free(s->s_slab);
	free(s);
}

const struct classic_ops classic_slab = {
	.co_name = "slab",
	.co_title = "slab allocator",
	.co_create = slab_create,
	.co_alloc = slab_alloc,
	.co_free = slab_free,
	.co_report = slab_report,
	.co_check = slab_check,
	.co_largest = slab_largest,
	.co_map = slab_map,
	.co_destroy = slab_destroy
};
