/*
 * kmemsizes.c - the arena and its page table.
 *
 * Layer 2.  Owns kmembase, kmemlimit, kmempages and the tables; changes
 * them under the page run lock, which its callers hold.  Calls os.h, meta.h.
 *
 * The reservation is one of addresses, and nothing is held by it.  The 1988
 * kernel had its address space to itself; a process has not.  A mapping of
 * the whole range, even without access, counts against RLIMIT_AS and
 * RLIMIT_MEMLOCK (mlockall), so that a program that limits itself could no
 * longer map anything, or grow its stack.  So the space is looked for once,
 * in the middle of a gap much larger than needed, where the kernel places
 * nothing unasked: it fills gaps from an end.  Pages are claimed as they are
 * needed, in steps, with MAP_FIXED_NOREPLACE: what somebody else put there
 * nevertheless is a hole that is stepped over.  Neighbouring steps merge into
 * one mapping.
 *
 *	| kmemsizes | kmemusage | kmemtags | meta | gap | kmembase ...
 */
#include "kmemsizes.h"

#include <errno.h>
#include <string.h>

#include "cdefs.h"
#include "client.h"
#include "meta.h"
#include "os.h"
#include "random.h"
#include "report.h"

#define ALIGNMENT	((size_t)2 << 20)	/* of each range: a huge page */
#define GAP		((size_t)64 << 20)	/* nobody's, before the arena */
#define MINMETA		((size_t)64 << 20)
#define MAXMETA		((size_t)64 << 30)	/* what meta_id() can tell */
#define DISTANCES	((size_t)1 << 14)	/* 32 GB in all */
#define MINRESERVE	((size_t)64 << 20)
#define LIMITED_RESERVE	((size_t)64 << 30)	/* where RLIMIT_AS rules */
#define TABLE_STEP	((size_t)64 << 10)
#define MINSTEP		((size_t)1 << 20)	/* of the arena's growth */
#define MAXSTEP		((size_t)64 << 20)

#define roundup(n, to)	(((size_t)(n) + (to) - 1) & ~((size_t)(to) - 1))

uintptr_t kmembase;
uintptr_t kmemlimit;
size_t	  kmempages;
uint8_t	 *kmemsizes;
uint32_t *kmemusage;

/* Bytes of each table that are mapped. */
size_t kmemsizes_mapped;
size_t kmemusage_mapped;

struct blocktag *kmemtags;
static bool watched;
static bool hardened;
static uintptr_t tags_place;
static size_t tags_mapped;

/* How many bytes of which range an arena of reserve bytes takes. */
struct layout {
	size_t	sizes, usage, tags, meta, gap, arena, total;
};

/* Room for a guard behind each, and a distance that nobody knows. */
static void
spread(struct layout *l)
{
	l->sizes += ALIGNMENT;
	l->usage += ALIGNMENT;
	l->tags += ALIGNMENT;
	l->meta += ALIGNMENT;
	l->gap += random_below(DISTANCES) * ALIGNMENT;
}

static struct layout
layout_for(size_t reserve)
{
	struct layout l;

	l.arena = roundup(reserve, ALIGNMENT);
	l.sizes = roundup(btop(l.arena), ALIGNMENT);
	l.usage = roundup(btop(l.arena) * sizeof(*kmemusage), ALIGNMENT);
	l.tags = roundup(btop(l.arena) * sizeof(*kmemtags), ALIGNMENT);
	/* A record is longer than the smallest blocks. */
	l.meta = roundup(l.arena / (watched ? 4 : 64), ALIGNMENT);
	if (l.meta > MAXMETA)
		l.meta = MAXMETA;
	if (l.meta < MINMETA)
		l.meta = MINMETA;
	l.gap = GAP;
	if (hardened)
		spread(&l);
	l.total = l.sizes + l.usage + l.tags + l.meta + l.gap + l.arena;
	return (l);
}

/*
 * Grows a table to hold bytes for want bytes in all.
 */
static int
table_extend(void *table, size_t *mapped, size_t want)
{
	size_t step = roundup(want, PAGESIZE > TABLE_STEP ? PAGESIZE :
	    TABLE_STEP) - *mapped;
	int error;

	if (want <= *mapped)
		return (0);
	error = os_map((uintptr_t)table + *mapped, step);
	if (error == 0)
		*mapped += step;
	return (error);
}

static int
tables_extend(size_t npages)
{
	int error = table_extend(kmemsizes, &kmemsizes_mapped, npages);

	if (error == 0)
		error = table_extend(kmemusage, &kmemusage_mapped,
		    npages * sizeof(*kmemusage));
	if (error == 0 && watched)
		error = table_extend(kmemtags, &tags_mapped,
		    npages * sizeof(*kmemtags));
	return (error);
}

/* Guards of the tables and of the arena's start, where they can be had. */
static void
guard_tables(uintptr_t start, const struct layout *l)
{
	uintptr_t meta = tags_place + l->tags;

	(void)os_map_guard(start - PAGESIZE);
	(void)os_map_guard(start + l->sizes - PAGESIZE);
	(void)os_map_guard(tags_place - PAGESIZE);
	(void)os_map_guard(meta - PAGESIZE);
	(void)os_map_guard(meta + l->meta - PAGESIZE);
	(void)os_map_guard(kmembase - PAGESIZE);
}

/* Lays everything out from start on, and proves it by the first tables. */
static int
place(uintptr_t start, const struct layout *l)
{
	kmemsizes = (uint8_t *)start;
	kmemusage = (uint32_t *)(start + l->sizes);
	tags_place = start + l->sizes + l->usage;
	kmemtags = watched ? (struct blocktag *)tags_place : NULL;
	kmembase = start + l->total - l->arena;
	kmemlimit = kmembase + l->arena;
	kmemsizes_mapped = kmemusage_mapped = tags_mapped = 0;
	return (tables_extend(1));
}

/*
 * Without a limit, a gap of twice what is needed can be asked for; the arena
 * goes to its middle.  If the gap is taken, by what should have been unmapped
 * again, it goes below.  Under a limit the kernel does not answer such a
 * question: then one page shows where it maps, and a place well below (or,
 * where it maps upwards, above) is free or the claim fails.
 */
static int
find_place(const struct layout *l, bool limited)
{
	uintptr_t at;
	int error;

	error = os_findspace(limited ? PAGESIZE : 2 * l->total, &at);
	if (error != 0)
		return (error);
	at = roundup(at, ALIGNMENT);
	if (!limited) {
		error = place(at + roundup(l->total / 2, ALIGNMENT), l);
		if (error != EEXIST)
			return (error);
	}
	if (at > 3 * l->total && place(at - 2 * l->total, l) == 0)
		return (0);
	return (place(at + 2 * l->total, l));
}

/*
 * Address space is free: take much more than the machine has memory, so that
 * a heap that is mostly given back still finds room, in a power of two.
 */
static size_t
default_reserve(void)
{
	size_t most = ptob(MAXPAGES), reserve = (size_t)256 << 30;

	while (reserve < 16 * os_physmem() && reserve < most)
		reserve *= 2;
	return (reserve < most ? reserve : most);
}

/* Looks for a place for an arena of reserve bytes, or half as much, ... */
static int
try_sizes(size_t reserve, size_t least, bool limited)
{
	int error = ENOMEM;

	for (; error != 0 && reserve >= least; reserve /= 2) {
		struct layout l = layout_for(reserve);

		error = find_place(&l, limited);
		if (error != 0)
			continue;
		meta_init(tags_place + l.tags, l.meta -
		    (hardened ? ALIGNMENT : 0));
		if (hardened)
			guard_tables((uintptr_t)kmemsizes, &l);
	}
	return (error);
}

int
kmemsizes_init(size_t reserve)
{
	int error = ENOMEM;
	size_t least;

	if (reserve == 0)
		reserve = default_reserve();
	if (reserve > ptob(MAXPAGES))
		reserve = ptob(MAXPAGES);
	least = reserve < LIMITED_RESERVE ? reserve : LIMITED_RESERVE;
	/* Valgrind warns of long ranges; qemu keeps 24 bytes for each page. */
	if (os_aslimit() == SIZE_MAX && client_state != CLIENT_TOLD &&
	    !os_isemulated())
		error = try_sizes(reserve, least, false);
	/*
	 * A limit that is not told, or on locked memory (mlockall), forbids
	 * the question, which asks for more than it wants.
	 */
	if (error != 0)
		error = try_sizes(least, MINRESERVE, true);
	return (error);
}

void
kmemsizes_harden(void)
{
	hardened = true;
}

int
kmemsizes_watch(void)
{
	watched = true;
	if (tags_place == 0)
		return (0);	/* place() does the rest */
	kmemtags = (struct blocktag *)tags_place;
	return (tables_extend(kmempages));
}

/*
 * A step: an eighth of what there is, so that the count of mmap calls grows
 * with the logarithm of the heap.
 */
static size_t
growth_step(void)
{
	size_t step = roundup(ptob(kmempages) / 8, MINSTEP);

	return (step < MINSTEP ? MINSTEP : step > MAXSTEP ? MAXSTEP : step);
}

/*
 * Maps n pages from page at on, and then what the tables need for them: a
 * request that is hopeless must not leave them grown.
 */
static int
claim(size_t at, size_t n)
{
	uintptr_t addr = kmembase + ptob(at);
	int error = os_map(addr, ptob(n));

	if (error == 0 && (error = tables_extend(at + n)) != 0)
		(void)os_unmap(addr, ptob(n));
	return (error);
}

int
kmemsizes_extend(size_t npages, page_t *first, size_t *got)
{
	size_t room = btop(kmemlimit - kmembase), at = kmempages, n;
	size_t stride = btop(ALIGNMENT);
	int error = ENOMEM;

	n = btop(growth_step());
	if (n < npages)
		n = npages;
	while (at < room && npages <= room - at) {
		if (n > room - at)
			n = npages;
		error = claim(at, n);
		if (error == 0)
			break;
		if (n > npages) {
			n = npages;	/* no more than what is needed */
		} else if (error == EEXIST) {
			at += stride;	/* a hole: past it */
			stride *= 2;
		} else
			break;
	}
	if (error != 0 || at >= room || npages > room - at)
		return (ENOMEM);
	client_noaccess((void *)(kmembase + ptob(at)), ptob(n));
	memset(kmemsizes + at, KU_CLEAN, n);
	*first = (page_t)at;
	*got = n;
	__atomic_store_n(&kmempages, at + n, __ATOMIC_RELEASE);
	return (0);
}

int
kmemsizes_retract(page_t first)
{
	int error = os_unmap((uintptr_t)page_to_addr(first),
	    ptob(kmempages - first));

	if (error != 0)
		return (error);
	memset(kmemsizes + first, KU_HOLE, kmempages - first);
	__atomic_store_n(&kmempages, first, __ATOMIC_RELEASE);
	return (0);
}
