/*
 * fuzz.c - each classic allocator against a model: requests and frees at
 * random on small memories, where everything is checked after each.
 *
 * usage: fuzz [SEED]
 */
#include "conform/tap.h"

#include "classic.h"

#define OPERATIONS	4000
#define BYTES		(256 * 1024)	/* of the largest memory */
#define OBJECTS		2000
#define SOME		16	/* operations from map to map */
#define RARE		100	/* and from one largest request to another */

struct object {
	uint64_t	addr;
	size_t		size, granted, align;
};

static const struct setup {
	const char	*name;
	struct classic_memory memory;
	struct classic_options options;
} setups[] = {
	{ "16 pages of 64", { 16, 64, { 0 } }, { 0 } },
	{ "100 pages of 256", { 100, 256, { 0 } }, { 0 } },
	{ "64 pages of 1024, other options", { 64, 1024, { 0 } },
	    { 4, 16, 3, 4, true, true } },
	{ "37 pages of 4096 in zones", { 37, 4096,
	    { 8 * 4096, 20 * 4096, UINT64_MAX } }, { 0 } },
	{ "two zones, exact bytes", { 64, 1024,
	    { 1024 * 16, UINT64_MAX, UINT64_MAX } },
	    { .cx_unit = 1, .cx_bytype = true } },
};

static const struct classic_ops *ops;
static const struct setup *setup;
static void *allocator;
static const struct classic_report *report;
static struct object object[OBJECTS];
static size_t nobject, peak_requested;
static bool slack;	/* an alignment of its own: more may be granted */
static uint16_t owner[BYTES];
static const char *wrong;
static uint64_t seed = 1, state;

static size_t
below(size_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return ((size_t)(state >> 33) % n);
}

static void
expect(bool condition, const char *what)
{
	if (!condition && wrong == NULL)
		wrong = what;
}

static uint64_t
memory_bytes(void)
{
	return (setup->memory.cm_pages * setup->memory.cm_pagesize);
}

static bool
is(const char *name)
{
	return (strncmp(ops->co_name, name, strlen(name)) == 0);
}

/* Sizes of all kinds, small ones most. */
static size_t
some_size(void)
{
	size_t page = setup->memory.cm_pagesize;

	switch (below(8)) {
	case 0:
		return (below(3 * page) + 1);
	case 1:
		return (page - 16 + below(32));
	case 2:
		return ((size_t)1 << below(12));
	case 3:
		return (below(page) + 1);
	case 4:
		return (below(4) == 0 ? 0 : 53);
	default:
		return (below(page / 8) + 1);
	}
}

static size_t
promised(const struct classic_request *request)
{
	size_t least = CLASSIC_WORD;

	if (is("pow2") && setup->options.cx_word != 0)
		least = setup->options.cx_word;
	if (is("rmap") && setup->options.cx_unit != 0)
		least = setup->options.cx_unit;
	return (request->cr_align > least ? request->cr_align : least);
}

/* The figures, against the model's. */
static void
check_figures(void)
{
	size_t requested = 0, granted = 0;

	for (size_t i = 0; i < nobject; i++) {
		requested += object[i].size;
		granted += object[i].granted;
	}
	if (requested > peak_requested)
		peak_requested = requested;
	expect(report->cr_live == nobject, "live blocks");
	expect(report->cr_requested == requested, "bytes requested");
	expect(report->cr_requested_peak == peak_requested, "their peak");
	expect(report->cr_granted == granted ||
	    (slack && report->cr_granted > granted), "bytes granted");
	expect(report->cr_granted >= report->cr_requested, "internal");
	expect(report->cr_granted + report->cr_inband <= report->cr_required,
	    "external");
	expect(report->cr_required <= report->cr_required_peak &&
	    report->cr_required_peak <= memory_bytes() &&
	    report->cr_required_peak <= report->cr_extent &&
	    report->cr_extent <= memory_bytes() &&
	    report->cr_outband <= report->cr_outband_peak, "peaks");
	expect(ops->co_check(allocator), "invariants");
}

static uint8_t map[BYTES];

static void
paint(void *arg, uint64_t addr, uint64_t length, enum classic_use use)
{
	(void)arg;
	expect(length <= memory_bytes() && addr <= memory_bytes() - length,
	    "map within the memory");
	if (wrong == NULL)
		memset(map + addr, (int)use, length);
}

/* What is required, granted and headers, counted in the map. */
static void
check_map(void)
{
	size_t page = setup->memory.cm_pagesize, used = 0, required = 0;

	memset(map, CLASSIC_FREE, memory_bytes());
	ops->co_map(allocator, paint, NULL);
	for (size_t i = 0; i < memory_bytes(); i += page) {
		bool any = false;

		for (size_t at = i; at < i + page; at++) {
			any |= map[at] != CLASSIC_FREE;
			used += map[at] == CLASSIC_USED ||
			    map[at] == CLASSIC_META;
			expect(owner[at] == 0 || map[at] == CLASSIC_USED,
			    "a block in the map");
		}
		required += any ? page : 0;
	}
	expect(required == report->cr_required, "required, in the map");
	expect(used == report->cr_granted + report->cr_inband,
	    "granted and headers, in the map");
}

static void
own(const struct object *o, uint16_t id)
{
	for (size_t i = 0; i < o->granted; i++) {
		if (id != 0)
			expect(owner[o->addr + i] == 0, "no overlap");
		owner[o->addr + i] = id;
	}
}

static void
put_away(size_t i)
{
	own(&object[i], 0);
	ops->co_free(allocator, object[i].addr, object[i].size);
	object[i] = object[--nobject];
}

/* The zones of a request, and whether the block lies in one of them. */
static const enum classic_zone orders[][CLASSIC_ZONES + 1] = {
	{ CLASSIC_HIGHMEM, CLASSIC_NORMAL, CLASSIC_DMA, CLASSIC_ZONES },
	{ CLASSIC_NORMAL, CLASSIC_DMA, CLASSIC_ZONES },
	{ CLASSIC_DMA, CLASSIC_ZONES },
};

static bool
in_zones(uint64_t addr, const enum classic_zone *order)
{
	const uint64_t *end = setup->memory.cm_zone_end;
	unsigned zone = CLASSIC_DMA;

	/* slob serves from any page that it has. */
	if (order == NULL || end[0] == 0 || !is("pages"))
		return (true);
	while (addr >= end[zone])
		zone++;
	while (*order < CLASSIC_ZONES && *order != zone)
		order++;
	return (*order == zone);
}

static void
get(void)
{
	struct classic_request request = { .cr_size = some_size(),
		.cr_type = (unsigned)below(3) };
	struct object *o = &object[nobject];
	uint64_t failures = report->cr_failures;

	if (below(8) == 0)
		request.cr_align = (size_t)1 << below(14);
	if (below(4) == 0 && setup->memory.cm_zone_end[0] != 0)
		request.cr_order = orders[below(3)];
	*o = (struct object){ .size = request.cr_size,
		.align = promised(&request) };
	o->addr = ops->co_alloc(allocator, &request, &o->granted);
	if (o->addr == CLASSIC_FAIL) {
		expect(report->cr_failures == failures + 1, "failures");
		/* Elsewhere, a larger list may have what a smaller has not. */
		if (request.cr_align == 0 && request.cr_order == NULL &&
		    !is("mk") && !is("slab") && !is("slob"))
			expect(ops->co_largest(allocator) < request.cr_size ||
			    request.cr_size == 0, "fails only without room");
		return;
	}
	expect(report->cr_failures == failures, "no failure");
	if (request.cr_align != 0)
		slack = true;
	expect(o->addr % o->align == 0, "alignment");
	expect(o->granted >= o->size && o->granted <= memory_bytes() &&
	    o->addr <= memory_bytes() - o->granted, "within the memory");
	expect(in_zones(o->addr, request.cr_order), "in a zone it asked for");
	if (wrong != NULL)
		return;
	nobject++;
	own(o, (uint16_t)nobject);
}

/* Where parts of blocks can be freed: the first half of one. */
static void
release(size_t i)
{
	struct object *o = &object[i];
	size_t unit = setup->options.cx_unit != 0 ? setup->options.cx_unit :
	    CLASSIC_WORD;
	size_t part = o->size / 2 & ~(unit - 1);

	if (ops->co_release == NULL || part == 0)
		return;
	own(o, 0);
	ops->co_release(allocator, o->addr, part);
	o->addr += part;
	o->size -= part;
	o->granted -= part;
	own(o, 1);
}

/* The largest request succeeds, and one byte more does not. */
static void
check_largest(void)
{
	size_t largest = ops->co_largest(allocator);
	struct classic_request request = { .cr_size = largest };
	size_t granted;
	uint64_t addr;

	if (largest != 0) {
		addr = ops->co_alloc(allocator, &request, &granted);
		expect(addr != CLASSIC_FAIL, "the largest request");
		if (addr == CLASSIC_FAIL)
			return;
		ops->co_free(allocator, addr, largest);
		if (largest > peak_requested - report->cr_requested)
			peak_requested = report->cr_requested + largest;
	}
	request.cr_size = ops->co_largest(allocator) + 1;
	addr = ops->co_alloc(allocator, &request, &granted);
	expect(addr == CLASSIC_FAIL, "one larger than the largest");
}

/* Nothing is lost: with all free, there is as much as at first. */
static void
check_end(size_t largest)
{
	bool keeps = is("pow2") || is("mk-keep");

	while (nobject != 0) {
		put_away(below(nobject));
		check_figures();
	}
	check_map();
	expect(report->cr_granted == 0 && report->cr_allocs ==
	    report->cr_frees, "all freed");
	expect(keeps || ops->co_largest(allocator) == largest,
	    "all free again");
	expect(keeps || report->cr_required == 0, "no page left");
	expect(keeps || report->cr_inband == 0, "no header left");
	expect(report->cr_constructed >= report->cr_destroyed && (keeps ||
	    report->cr_constructed == report->cr_destroyed), "constructors");
	check_figures();
}

static void
play(void)
{
	size_t largest, odds;

	state = seed;
	nobject = peak_requested = 0;
	slack = false;
	wrong = NULL;
	memset(owner, 0, sizeof(owner));
	allocator = ops->co_create(&setup->memory, &setup->options);
	expect(allocator != NULL, "created");
	if (allocator == NULL)
		return;
	report = ops->co_report(allocator);
	largest = ops->co_largest(allocator);
	for (unsigned i = 0; wrong == NULL && i < OPERATIONS; i++) {
		odds = i / 500 % 2 == 0 ? 70 : 35;
		if (nobject == 0 || (below(100) < odds &&
		    nobject < OBJECTS - 1))
			get();
		else if (below(10) == 0)
			release(below(nobject));
		else
			put_away(below(nobject));
		check_figures();
		if (i % SOME == 0)
			check_map();
		if (i % RARE == 0)
			check_largest();
		if (wrong != NULL)
			diag("operation %u", i);
	}
	if (wrong == NULL)
		check_end(largest);
	ops->co_destroy(allocator);
}

int
main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	for (const struct classic_ops *const *o = classic_all; *o != NULL;
	    o++) {
		for (size_t i = 0; i < sizeof(setups) / sizeof(setups[0]);
		    i++) {
			ops = *o;
			setup = &setups[i];
			play();
			ok(wrong == NULL, "%s, %s%s%s", ops->co_name,
			    setup->name, wrong != NULL ? ": " : "",
			    wrong != NULL ? wrong : "");
		}
	}
	return (tap_end());
}
