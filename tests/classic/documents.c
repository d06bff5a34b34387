/*
 * documents.c - what the papers and lectures say of their allocators, example
 * by example.
 */
#include "conform/tap.h"

#include "buddies.h"
#include "classic.h"

#define KB	((size_t)1024)
#define MB	(1024 * KB)

/* The allocator at hand; new() begins with a fresh one. */
static const struct classic_ops *ops;
static void *it;
static const struct classic_report *report;

static void
new_in(const char *name, const struct classic_memory *memory,
    const struct classic_options *options)
{
	if (it != NULL)
		ops->co_destroy(it);
	ops = classic_find(name);
	if (ops == NULL || (it = ops->co_create(memory, options)) == NULL)
		bail("no allocator %s", name);
	report = ops->co_report(it);
}

static void
new_with(const char *name, size_t pages, size_t pagesize,
    const struct classic_options *options)
{
	struct classic_memory memory = { pages, pagesize, { 0 } };

	new_in(name, &memory, options);
}

static void
new(const char *name, size_t pages, size_t pagesize)
{
	new_with(name, pages, pagesize, NULL);
}

static size_t granted;

static uint64_t
get(size_t size)
{
	struct classic_request request = { .cr_size = size };

	return (ops->co_alloc(it, &request, &granted));
}

static void
put(uint64_t addr, size_t size)
{
	ops->co_free(it, addr, size);
}

/* The pages that a first request takes. */
static size_t
required(const char *name, size_t pagesize, size_t size)
{
	new(name, 64, pagesize);
	if (get(size) == CLASSIC_FAIL)
		return (0);
	return (report->cr_required);
}

/* McKusick and Karels: the lists of 4.2BSD, and the hybrid. */
static void
test_53(void)
{
	uint64_t first;

	new("pow2", 4, KB);
	first = get(53);
	ok(granted == 64 - CLASSIC_WORD && get(53) == first + 64,
	    "pow2: a request of 53 goes to the 64 list");
	put(first, 53);
	ok(get(40) == first, "and back to it, for the next of that list");
	ok(get(24) != CLASSIC_FAIL && granted == 24 && get(25) !=
	    CLASSIC_FAIL && granted == 56,
	    "pow2: a word of each block is its header");
	new("mk", 4, KB);
	first = get(53);
	ok(granted == 64 && get(53) == first + 64,
	    "mk: a request of 53 goes to the 64 list");
}

static void
test_5k(void)
{
	ok(required("mk-keep", KB, 5 * KB) == 5 * KB &&
	    required("mk", KB, 5 * KB) == 5 * KB,
	    "mk: 5 KB take 5 pages of 1 KB");
	ok(required("pow2", KB, 5 * KB) == 8 * KB,
	    "pow2: 5 KB take 8 KB");
}

static void
test_headers(void)
{
	bool twice = true;

	for (size_t size = 32; size <= 8 * KB; size *= 2) {
		new("mk-keep", 64, KB);
		get(size);
		twice &= granted == size;
		new("pow2", 64, KB);
		get(size);
		twice &= granted + CLASSIC_WORD == 2 * size;
	}
	ok(twice, "requests of a power of two: exact for mk, doubled by the "
	    "header for pow2");
}

static void
test_two_pages(void)
{
	struct classic_options options = { .cx_unit = KB };
	bool same = true;

	for (size_t size = 1; size <= 2 * KB; size++) {
		same &= required("mk-keep", KB, size) ==
		    (size > KB ? 2 * KB : KB);
		new_with("rmap-first", 64, KB, &options);
		get(size);
		same &= report->cr_required == (size > KB ? 2 * KB : KB);
	}
	ok(same, "up to two pages, lists and whole pages cost the same");
	ok(required("mk-keep", KB, 2 * KB + 1) == 3 * KB &&
	    required("pow2", KB, 2 * KB + 1) == 4 * KB,
	    "beyond two pages they do not");
}

static void
test_bookkeeping(void)
{
	uint64_t one, two;

	new("mk-keep", MB / KB, KB);
	one = report->cr_outband;
	new("mk-keep", 2 * MB / KB, KB);
	two = report->cr_outband;
	ok(two - one == 4 * KB && one - 4 * KB < KB / 2,
	    "mk: 4 KB of tables for each megabyte");
}

/* Fills the memory with blocks of one size and frees them all. */
static void
fill_and_free(size_t size)
{
	static uint64_t addr[16384];
	size_t n = 0;

	while ((addr[n] = get(size)) != CLASSIC_FAIL)
		n++;
	while (n != 0)
		put(addr[--n], size);
}

static void
test_stranded(void)
{
	uint64_t piece;

	new("pow2", 256, KB);
	piece = get(200 * KB);
	put(piece, 200 * KB);
	ok(piece != CLASSIC_FAIL && report->cr_required == 256 * KB &&
	    get(40 * KB) == piece && get(40 * KB) == CLASSIC_FAIL,
	    "pow2: a quarter megabyte once is a quarter megabyte for ever, "
	    "and a larger buffer serves if it must");
	new("mk-keep", 256, KB);
	put(get(200 * KB), 200 * KB);
	ok(report->cr_required == 0 && get(100 * KB) != CLASSIC_FAIL &&
	    get(100 * KB) != CLASSIC_FAIL,
	    "mk-keep: large requests share what they free");
	fill_and_free(32);
	ok(report->cr_required == 256 * KB && get(3 * KB) == CLASSIC_FAIL,
	    "mk-keep: pages of small blocks stay in their list");
	new("mk", 256, KB);
	get(100 * KB);
	fill_and_free(32);
	ok(report->cr_required <= 102 * KB && get(150 * KB) != CLASSIC_FAIL &&
	    report->cr_reaped >= 150 && ops->co_check(it),
	    "mk: they leave it again");
}

/* Resource map. */
static void
test_fits(void)
{
	static const char *const name[] = { "rmap-first", "rmap-best",
		"rmap-worst" };
	static const size_t size[] = { 64, 8, 32, 8, 128, 24 };
	static const size_t into[] = { 0, 2, 4 };
	uint64_t addr[6];

	for (unsigned i = 0; i < 3; i++) {
		new(name[i], 1, 256 + 256);
		for (unsigned j = 0; j < 6; j++)
			addr[j] = get(size[j]);
		get(512 - 264);		/* all the rest */
		put(addr[0], 64);
		put(addr[2], 32);
		put(addr[4], 128);
		ok(get(32) == addr[into[i]], "%s takes the %s hole", name[i],
		    i == 0 ? "first" : i == 1 ? "smallest" : "largest");
	}
}

static void
test_coalesce(void)
{
	uint64_t addr[3];

	new("rmap-first", 1, 256);
	for (unsigned i = 0; i < 3; i++)
		addr[i] = get(64);
	put(addr[0], 64);
	put(addr[2], 64);
	ok(report->cr_outband == 2 * 16 && report->cr_merges == 1,
	    "rmap: the last block merges with the free memory after it");
	put(addr[1], 64);
	ok(report->cr_outband == 16 && report->cr_merges == 3 &&
	    ops->co_largest(it) == 256,
	    "rmap: a block between two holes makes them one");
}

static void
test_partial(void)
{
	uint64_t addr;

	new("rmap-first", 4, KB);
	addr = get(3 * KB);
	ops->co_release(it, addr + 2 * KB, KB);
	ok(report->cr_required == 2 * KB && report->cr_live == 1 &&
	    report->cr_requested == 2 * KB && ops->co_largest(it) == 2 * KB,
	    "rmap: a part of a block can be freed");
	put(addr, 2 * KB);
	ok(report->cr_required == 0 && ops->co_check(it),
	    "rmap: and then the rest");
	ok(classic_pow2.co_release == NULL && classic_buddy.co_release == NULL,
	    "pow2, buddy: no part of a block can be freed");
}

/* Every other one of 2n blocks is freed; how many holes a search visits. */
static uint64_t
search(size_t n)
{
	uint64_t *addr = calloc(2 * n, sizeof(*addr)), steps;

	new("rmap-first", 1024, KB);
	for (size_t i = 0; i < 2 * n; i++)
		addr[i] = get(16);
	for (size_t i = 0; i < n; i++)
		put(addr[2 * i], 16);
	free(addr);
	steps = report->cr_steps;
	ok(report->cr_outband == 16 * (n + 1),
	    "rmap: %zu holes and the rest, 16 bytes of map each", n);
	get(17);
	return (report->cr_steps - steps);
}

static void
test_search(void)
{
	/* The holes, the rest, and the split of that. */
	ok(search(10) == 12 && search(100) == 102 && search(1000) == 1002 &&
	    search(10000) == 10002,
	    "rmap: the worst search grows with the map");
	new("pow2", 1024, KB);
	for (unsigned i = 0; i < 10000; i++)
		get(16);
	ok(report->cr_steps == 10000, "pow2: a request is one step");
}

/* Buddies. */
static struct buddies buddies;

/* The blocks in order of address, those in use with a star. */
static const char *
drawn(void)
{
	static char text[200];
	size_t length = 0;
	uint64_t addr = buddies.bd_base, size;

	text[0] = '\0';
	for (; addr < buddies.bd_end; addr += size) {
		uint32_t unit = buddies_unit(&buddies, addr);
		bool used = buddies.bd_bitmap[unit / 64] >> unit % 64 & 1;

		size = buddies_size(&buddies, buddies_order(&buddies, addr));
		length += (size_t)snprintf(text + length,
		    sizeof(text) - length, "%s%u%s", length == 0 ? "" : " ",
		    (unsigned)size, used ? "*" : "");
	}
	return (text);
}

static void
draws(const char *what, const char *blocks)
{
	if (!ok(strcmp(drawn(), blocks) == 0, "buddy: %s: %s", what, blocks))
		diag("drawn: %s", drawn());
}

static void
test_lecture(void)
{
	struct classic_report figures = { 0 };
	uint32_t held[1] = { 0 };
	struct held one_page = { &figures, held, 10 };
	uint64_t c, d;

	if (!buddies_init(&buddies, 0, 1024, 5, 0, &one_page))
		bail("no buddies");
	draws("at first", "1024");
	buddies_take(&buddies, 3);
	draws("allocate(256)", "256* 256 512");
	c = buddies_take(&buddies, 2);
	draws("allocate(128)", "256* 128* 128 512");
	d = buddies_take(&buddies, 1);
	draws("allocate(64)", "256* 128* 64* 64 512");
	buddies_take(&buddies, 2);
	draws("allocate(128)", "256* 128* 64* 64 128* 128 256");
	ok(figures.cr_splits == 6 && figures.cr_merges == 0,
	    "buddy: 6 splits so far");
	buddies_give(&buddies, c);
	draws("release(C, 128)", "256* 128 64* 64 128* 128 256");
	ok(figures.cr_merges == 0, "buddy: C' is split, so C does not merge");
	buddies_give(&buddies, d);
	draws("release(D, 64)", "256* 256 128* 128 256");
	ok(figures.cr_merges == 2,
	    "buddy: D and D' merge to C', and C' with C to B'");
	buddies_fini(&buddies);
}

static void
test_pages(void)
{
	uint64_t addr[8], merges;
	struct classic_options options = { .cx_maxorder = 9 };

	new("pages", 32, KB);
	get(8 * KB);
	ok(report->cr_splits == 2 && ops->co_largest(it) == 16 * KB &&
	    get(8 * KB) == 8 * KB && report->cr_splits == 2,
	    "pages: 8 pages out of a block of 32: a 16 and an 8 are left");
	new("pages", 8, KB);
	for (unsigned i = 0; i < 8; i++)
		addr[i] = get(KB);
	put(addr[1], KB);
	put(addr[2], KB);
	ok(report->cr_merges == 0,
	    "pages: neighbours that are no buddies do not merge");
	put(addr[0], KB);
	ok(report->cr_merges == 1 && ops->co_largest(it) == 2 * KB,
	    "pages: nor do buddies of another size");
	put(addr[3], KB);
	ok(report->cr_merges == 3 && ops->co_largest(it) == 4 * KB,
	    "pages: two pages merge, and the pairs");
	new("pages", 512, KB);
	merges = get(64 * KB);
	put(merges, 64 * KB);
	ok(report->cr_splits == 3 && report->cr_merges == 3 &&
	    ops->co_largest(it) == 512 * KB,
	    "pages: 64 pages out of 512, split thrice and merged thrice");
	new_with("pages", 4096, KB, &options);
	ok(ops->co_largest(it) == 512 * KB && get(513 * KB) == CLASSIC_FAIL,
	    "pages: with ten free areas, a block has 512 pages at most");
}

static uint64_t
get_zone(size_t size, const enum classic_zone *order)
{
	struct classic_request request = { .cr_size = size,
		.cr_order = order };

	return (ops->co_alloc(it, &request, &granted));
}

static void
test_zones(void)
{
	static const enum classic_zone dma[] = { CLASSIC_DMA, CLASSIC_ZONES };
	struct classic_memory memory = { 256 * KB, 4 * KB,
		{ 16 * MB, 896 * MB, UINT64_MAX } };
	uint64_t addr;

	new_in("pages", &memory, NULL);
	ok(memcmp(memory.cm_zone_end, classic_zone_end,
	    sizeof(classic_zone_end)) == 0 && get(KB) == 896 * MB &&
	    report->cr_zone[CLASSIC_HIGHMEM] == 4 * KB,
	    "zones: HIGHMEM is preferred");
	addr = get_zone(8 * MB, dma);
	ok(addr < 16 * MB && report->cr_zone[CLASSIC_DMA] == 8 * MB,
	    "zones: DMA is below 16 MB");
	ok(get(128 * MB) < 896 * MB &&
	    report->cr_zone[CLASSIC_NORMAL] == 128 * MB,
	    "zones: what HIGHMEM has not comes from NORMAL");
	get_zone(8 * MB, dma);
	ok(get_zone(KB, dma) == CLASSIC_FAIL &&
	    report->cr_failures == 1 && ops->co_check(it),
	    "zones: a request that can use DMA alone fails without it");
	while (get(8 * MB) != CLASSIC_FAIL)
		continue;
	put(addr, 8 * MB);
	ok(get(8 * MB) == addr, "zones: DMA is the last resort of others");
}

/* Requests and frees of one size by turns, while three are in use. */
static uint64_t
merges_of_pairs(const char *name)
{
	uint64_t before;

	new(name, 16, KB);
	for (unsigned i = 0; i < 2; i++)
		get(64);
	before = report->cr_merges;
	for (unsigned i = 0; i < 1000; i++)
		put(get(64), 64);
	return (report->cr_merges - before);
}

static void
test_lazy(void)
{
	uint64_t eager = merges_of_pairs("buddy"), addr[5], merges;
	uint64_t lazy = merges_of_pairs("lazy-buddy");

	ok(eager >= 1000 && lazy == 0 && report->cr_lazy == 1000,
	    "lazy buddy: no merges for pairs of one size; buddy: %u",
	    (unsigned)eager);
	new("lazy-buddy", 16, KB);
	for (unsigned i = 0; i < 5; i++)
		addr[i] = get(1024);
	put(addr[0], 1024);
	put(addr[1], 1024);
	ok(report->cr_lazy == 2 && report->cr_merges == 0 &&
	    report->cr_required == 5 * KB,
	    "lazy: slack 5 and 3, so nothing merges");
	put(addr[4], 1024);
	merges = report->cr_merges;
	ok(report->cr_lazy == 2 && report->cr_required == 4 * KB &&
	    merges == 2, "reclaiming: slack 1, this block merges");
	put(addr[2], 1024);
	ok(report->cr_lazy == 2 && report->cr_required == 2 * KB,
	    "accelerated: slack 0, a delayed block goes as well");
	put(addr[3], 1024);
	ok(report->cr_required == 0 && ops->co_largest(it) == 16 * KB &&
	    ops->co_check(it), "with the last block all have merged");
}

/* Slab. */
static void
test_objects(void)
{
	struct classic_options options = { .cx_bytype = true };
	struct classic_request inode = { .cr_size = 120, .cr_type = 1 };
	struct classic_request socket = { .cr_size = 120, .cr_type = 2 };
	uint64_t addr[40], made;
	bool one_page = true;

	new_with("slab", 64, 4 * KB, &options);
	addr[0] = ops->co_alloc(it, &inode, &granted);
	made = report->cr_constructed;
	ok(granted == 120 && made == (4 * KB - 48) / 124,
	    "slab: an object has the size requested");
	for (unsigned i = 0; i < 1000; i++) {
		put(addr[0], 120);
		addr[0] = ops->co_alloc(it, &inode, &granted);
	}
	ok(report->cr_constructed == made && report->cr_destroyed == 0,
	    "slab: constructed once, used 1001 times");
	addr[1] = ops->co_alloc(it, &socket, &granted);
	ok(addr[0] / (4 * KB) != addr[1] / (4 * KB) &&
	    report->cr_constructed == 2 * made,
	    "slab: each type has its own cache");
	put(addr[0], 120);
	for (unsigned i = 0; i < made; i++) {
		addr[i] = ops->co_alloc(it, &inode, &granted);
		one_page &= addr[i] / (4 * KB) == addr[0] / (4 * KB);
	}
	ok(one_page && report->cr_required == 8 * KB,
	    "slab: an empty slab, then a partial one, serves");
	ok(ops->co_alloc(it, &inode, &granted) / (4 * KB) !=
	    addr[0] / (4 * KB) && report->cr_required == 12 * KB,
	    "slab: when all are full, a new one does");
}

static void
test_general(void)
{
	static const size_t size[] = { 1, 33, 65, 97, 129, 193, 257, 5000 };
	static const size_t cache[] = { 32, 64, 96, 128, 192, 256, 512,
		8192 };
	bool right = true;

	new("slab", 64, 4 * KB);
	for (unsigned i = 0; i < 8; i++)
		right &= get(size[i]) != CLASSIC_FAIL && granted == cache[i];
	ok(right, "slab: the first general cache that is large enough");
	new("slab", 16, 4 * KB);
	fill_and_free(64);
	ok(report->cr_required == 64 * KB && report->cr_reaped == 0,
	    "slab: empty slabs stay");
	ok(get(60 * KB) != CLASSIC_FAIL && report->cr_reaped == 16 &&
	    report->cr_destroyed != 0,
	    "slab: and are reaped when pages run out");
}

static void
test_colour(void)
{
	struct classic_options options = { .cx_colour = true };
	size_t objects, offset[3], page = 4 * KB;

	for (unsigned colour = 0; colour < 2; colour++) {
		new_with("slab", 64, page, colour == 1 ? &options : NULL);
		offset[0] = get(192) % page;
		objects = report->cr_constructed;
		for (unsigned i = 1; i < 3; i++) {
			for (size_t j = 1; j < objects; j++)
				get(192);
			offset[i] = get(192) % page;
		}
		if (colour == 0)
			ok(offset[1] == offset[0] && offset[2] == offset[0],
			    "slab: without colour, all slabs are alike");
		else
			ok(offset[1] == offset[0] + 64 &&
			    offset[2] == offset[0] + 128,
			    "slab: with colour, objects begin a line later");
	}
}

/* SLOB. */
static void
test_slob(void)
{
	uint64_t small, medium, large, outband, big, page = 4 * KB;

	new("slob", 64, page);
	small = get(20);
	ok(small % 8 == 0 && granted == 24 && get(16) == small + 24 + 8,
	    "slob: multiples of 8, aligned to 8, a header before each");
	medium = get(256);
	large = get(1024);
	ok(small / page != medium / page && medium / page != large / page &&
	    report->cr_required == 3 * page,
	    "slob: pages for blocks below 256, below 1024, below a page");
	ok(get(255) / page == small / page && get(1023) / page ==
	    medium / page && get(1025) / page == large / page,
	    "slob: to each its list");
	outband = report->cr_outband;
	big = get(page);
	ok(big % page == 0 && granted == page &&
	    report->cr_required == 4 * page &&
	    report->cr_outband == outband + 24,
	    "slob: a page comes from the page allocator, and is in a list");
	put(big, page);
	put(medium, 256);
	ok(get(200) / page == small / page,
	    "slob: what is free in a list serves no other");
	ok(report->cr_outband == outband && report->cr_required == 3 * page,
	    "slob: pages go back");
}

int
main(void)
{
	test_53();
	test_5k();
	test_headers();
	test_two_pages();
	test_bookkeeping();
	test_stranded();
	test_fits();
	test_coalesce();
	test_partial();
	test_search();
	test_lecture();
	test_pages();
	test_zones();
	test_lazy();
	test_objects();
	test_general();
	test_colour();
	test_slob();
	ops->co_destroy(it);
	return (tap_end());
}
