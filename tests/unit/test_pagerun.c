/*
 * test_pagerun.c - runs of pages: first fit, coalescing, and giving back.
 *
 * Linked with --wrap for the system call, in which other things happen, and
 * for the clock that tells how long one takes.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kmemsizes.h"
#include "lock.h"
#include "meanwhile.h"
#include "options.h"
#include "os.h"
#include "pagerun.h"
#include "unit.h"

#define KIND	KU_RUN
#define DECAY	1000

uint64_t	__wrap_os_monotonic(void);

/* Nothing takes time, however busy the machine is: see zero.c. */
uint64_t
__wrap_os_monotonic(void)
{
	return (0);
}

static page_t
alloc(size_t npages)
{
	page_t page;

	ck_assert_int_eq(pagerun_alloc(npages, 1, KIND, &page, NULL), 0);
	return (page);
}

static void *
alloc_touched(size_t npages, page_t *page)
{
	*page = alloc(npages);
	return (memset(page_to_addr(*page), 0xa5, ptob(npages)));
}

static struct pagerun_stats
stats(void)
{
	struct pagerun_stats ps;

	pagerun_stats(&ps);
	return (ps);
}

/*
 * A model: a byte for each page, and the runs in a table.
 */
#define NPAGES	65536
#define NRUN	400

static uint8_t used[NPAGES];
static struct model_run {
	page_t		page;
	size_t		npages;		/* 0: not there */
	bool		moved;		/* that is done once only */
	uint64_t	seed;
} runs[NRUN];
static struct pagerun_stats shadow;

static page_t
model_firstfit(size_t npages)
{
	size_t have = 0;

	for (page_t i = 0; i < NPAGES; i++) {
		have = used[i] ? 0 : have + 1;
		if (have == npages)
			return (i + 1 - (page_t)npages);
	}
	ck_abort_msg("the model is too small");
	return (0);
}

/* A mark at each end of each page. */
static void
mark(const struct model_run *m, size_t from)
{
	for (size_t i = from; i < m->npages; i++) {
		uint64_t *p = page_to_addr(m->page + (page_t)i);

		p[0] = m->seed + i;
		p[PAGESIZE / sizeof(*p) - 1] = ~m->seed - i;
	}
}

static void
check_marks(const struct model_run *m, size_t npages)
{
	for (size_t i = 0; i < npages; i++) {
		const uint64_t *p = page_to_addr(m->page + (page_t)i);

		ck_assert_uint_eq(p[0], m->seed + i);
		ck_assert_uint_eq(p[PAGESIZE / sizeof(*p) - 1], ~m->seed - i);
	}
}

static void
model_use(struct model_run *m, size_t from)
{
	for (size_t i = from; i < m->npages; i++)
		ck_assert_uint_eq(used[m->page + i]++, 0);
	mark(m, from);
	shadow.ps_inuse += m->npages - from;
	if (shadow.ps_inuse > shadow.ps_maxused)
		shadow.ps_maxused = shadow.ps_inuse;
}

static void
do_alloc(struct model_run *m, struct rnd *r)
{
	static const size_t most[] = { 2, 8, 64, 300 };
	size_t npages = rnd_below(r, most[rnd_below(r, 4)]) + 1;
	size_t align = rnd_below(r, 4) ? 1 : (size_t)1 << rnd_below(r, 7);
	size_t dirty;

	ck_assert_int_eq(pagerun_alloc(npages, align, KIND, &m->page, &dirty),
	    0);
	ck_assert_uint_eq(m->page % align, 0);
	if (align == 1)
		ck_assert_uint_eq(m->page, model_firstfit(npages));
	ck_assert_uint_eq(kmemsizes[m->page], KIND);
	if (dirty == 0)
		ck_assert(is_zero(page_to_addr(m->page), ptob(npages)));
	else if (rnd_below(r, 2)) {
		size_t len = rnd_below(r, ptob(npages)) + 1;

		pagerun_zero(m->page, len, true);
		ck_assert(is_zero(page_to_addr(m->page), len));
	}
	m->npages = npages;
	m->seed = rnd_next(r);
	model_use(m, 0);
	shadow.ps_calls++;
	shadow.ps_runs++;
}

static void
model_unuse(const struct model_run *m, size_t from)
{
	memset(used + m->page + from, 0, m->npages - from);
	shadow.ps_inuse -= m->npages - from;
}

static void
do_free(struct model_run *m)
{
	ck_assert_uint_eq(pagerun_size(m->page), m->npages);
	check_marks(m, m->npages);
	pagerun_free(m->page);
	model_unuse(m, 0);
	m->npages = 0;
	m->moved = false;
	shadow.ps_runs--;
}

static void
do_resize(struct model_run *m, struct rnd *r)
{
	size_t npages = rnd_below(r, 2 * m->npages + 4) + 1, old = m->npages;
	bool fits = true;

	for (size_t i = old; i < npages; i++)
		fits &= !used[m->page + i];
	ck_assert_int_eq(pagerun_resize(m->page, npages, KIND + (npages & 1)),
	    fits ? 0 : ENOMEM);
	check_marks(m, npages < old ? npages : old);
	if (!fits)
		return;
	ck_assert_uint_eq(kmemsizes[m->page], KIND + (npages & 1));
	m->moved &= npages > 1;
	if (npages < old) {
		model_unuse(m, npages);
		m->npages = npages;
	} else {
		m->npages = npages;
		model_use(m, old);
	}
}

/* To a new run of the same length or more. */
static void
do_move(struct model_run *m, struct rnd *r)
{
	struct model_run to = *m;

	to.npages += rnd_below(r, 4);
	to.page = alloc(to.npages);
	ck_assert_uint_eq(to.page, model_firstfit(to.npages));
	mark(&to, 0);
	shadow.ps_calls++;
	model_use(&to, 0);
	if (m->moved) {
		ck_assert_int_ne(pagerun_move(m->page, to.page), 0);
		model_unuse(&to, 0);
		check_marks(m, m->npages);
		return;
	}
	ck_assert_int_eq(pagerun_move(m->page, to.page), 0);
	check_marks(&to, m->npages);
	model_unuse(m, 0);
	to.moved = to.npages > 1;
	*m = to;
}

/* What the model knows of free runs below the arena's end. */
static void
compare(void)
{
	struct pagerun_stats ps = stats();
	size_t have = 0;

	shadow.ps_freeruns = shadow.ps_largest = 0;
	for (page_t i = 0; i < kmempages; i++) {
		have = used[i] ? 0 : have + 1;
		shadow.ps_freeruns += have == 1;
		if (have > shadow.ps_largest)
			shadow.ps_largest = have;
		ck_assert_int_eq(pagerun_isfree(i), !used[i]);
	}
	ck_assert_uint_eq(ps.ps_mapped, kmempages);
	ck_assert_uint_eq(ps.ps_inuse, shadow.ps_inuse);
	ck_assert_uint_eq(ps.ps_free, kmempages - shadow.ps_inuse);
	ck_assert_uint_eq(ps.ps_runs, shadow.ps_runs);
	ck_assert_uint_eq(ps.ps_freeruns, shadow.ps_freeruns);
	ck_assert_uint_eq(ps.ps_maxused, shadow.ps_maxused);
	ck_assert_uint_eq(ps.ps_calls, shadow.ps_calls);
	ck_assert_uint_eq(ps.ps_largest, shadow.ps_largest);
	pagerun_check();
}

static void
step(struct rnd *r, uint64_t *now)
{
	struct model_run *m = &runs[rnd_below(r, NRUN)];

	unsigned what = (unsigned)rnd_below(r, 8);

	if (m->npages == 0)
		do_alloc(m, r);
	else if (what < 2)
		do_resize(m, r);
	else if (what == 2)
		do_move(m, r);
	else
		do_free(m);
	switch (rnd_below(r, 64)) {
	case 0:
		pagerun_trim();
		break;
	case 1:
	case 2:
		pagerun_tick(*now += rnd_below(r, DECAY * 3 / 2));
		break;
	}
}

static void
play(unsigned decay)
{
	struct rnd r = { decay };
	uint64_t now = 1000000;

	unit_pages(decay);
	for (unsigned i = 0; i < unit_less(20000, 10); i++) {
		step(&r, &now);
		if (i % 512 == 511)
			compare();
	}
	for (unsigned i = 0; i < NRUN; i++)
		if (runs[i].npages != 0)
			do_free(&runs[i]);
	compare();
	ck_assert_uint_eq(stats().ps_inuse, 0);
	ck_assert_uint_eq(stats().ps_freeruns, kmempages > 0);
}

START_TEST(against_model)
{
	play(DECAY);
}
END_TEST

START_TEST(against_model_without_decay)
{
	play(0);
	ck_assert_uint_eq(stats().ps_dirty, 0);
}
END_TEST

START_TEST(untouched)
{
	unit_pages(DECAY);
	pagerun_check();
	ck_assert(!pagerun_trim());
	pagerun_tick(DECAY);
	pagerun_check();
	ck_assert_uint_eq(stats().ps_mapped, 0);
}
END_TEST

START_TEST(lowest_address_first)
{
	page_t a, b, c, d;

	unit_pages(DECAY);
	a = alloc(4);
	b = alloc(2);
	c = alloc(8);
	d = alloc(1);
	ck_assert_uint_eq(a, 0);
	ck_assert_uint_eq(b, 4);
	ck_assert_uint_eq(c, 6);
	ck_assert_uint_eq(d, 14);
	pagerun_free(c);
	pagerun_free(a);
	ck_assert_uint_eq(alloc(3), 0);		/* not the better fit */
	ck_assert_uint_eq(alloc(1), 3);
	ck_assert_uint_eq(alloc(5), 6);
	pagerun_check();
}
END_TEST

START_TEST(coalesces_both_ways)
{
	page_t page[5];

	unit_pages(DECAY);
	for (int i = 0; i < 5; i++)
		page[i] = alloc(2);
	pagerun_free(page[1]);
	pagerun_free(page[3]);
	ck_assert_uint_eq(stats().ps_freeruns, 3);
	pagerun_free(page[2]);
	ck_assert_uint_eq(stats().ps_freeruns, 2);
	ck_assert_uint_eq(alloc(6), 2);
	pagerun_check();
}
END_TEST

START_TEST(impossible_sizes)
{
	page_t page = 7;

	unit_pages(DECAY);
	ck_assert_int_eq(pagerun_alloc(MAXPAGES, 1, KIND, &page, NULL),
	    ENOMEM);
	ck_assert_int_eq(pagerun_alloc(SIZE_MAX, 1, KIND, &page, NULL),
	    ENOMEM);
	ck_assert_int_eq(pagerun_alloc(SIZE_MAX - 2, 8, KIND, &page, NULL),
	    ENOMEM);
	ck_assert_int_eq(pagerun_alloc(1, MAXPAGES, KIND, &page, NULL),
	    ENOMEM);
	ck_assert_int_eq(pagerun_alloc(btop(UNIT_RESERVE) + 1, 1, KIND, &page,
	    NULL), ENOMEM);
	ck_assert_uint_eq(page, 7);
	page = alloc(1);
	ck_assert_int_eq(pagerun_resize(page, MAXPAGES, KIND), ENOMEM);
	ck_assert_int_eq(pagerun_resize(page, btop(UNIT_RESERVE) + 1, KIND),
	    ENOMEM);
	ck_assert_uint_eq(pagerun_size(page), 1);
	pagerun_check();
}
END_TEST

/* The last run grows where the arena ends. */
START_TEST(grows_with_the_arena)
{
	page_t page;

	unit_pages(DECAY);
	page = alloc(1);
	ck_assert_int_eq(pagerun_resize(page, 100000, KIND), 0);
	memset(page_to_addr(page), 1, PAGESIZE);
	memset(page_to_addr(page + 99999), 1, PAGESIZE);
	ck_assert_uint_eq(pagerun_size(page), 100000);
	pagerun_check();
}
END_TEST

/* A step of growth that somebody else is in the way of. */
START_TEST(steps_over_holes)
{
	page_t a, b;
	void *way;

	unit_pages(DECAY);
	a = alloc(1);
	way = mmap(page_to_addr((page_t)kmempages + 100), PAGESIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ck_assert_ptr_eq(way, page_to_addr((page_t)kmempages + 100));
	b = alloc(5000);
	memset(page_to_addr(b), 1, ptob(5000));
	ck_assert(page_to_addr(b) > way);
	pagerun_check();
	ck_assert_int_eq(pagerun_resize(a, 4000, KIND), ENOMEM);
	pagerun_free(b);
	pagerun_trim();
	pagerun_check();
	b = alloc(5000);
	memset(page_to_addr(b), 1, ptob(5000));
	pagerun_free(a);
	pagerun_free(b);
	pagerun_trim();
	pagerun_check();
	ck_assert_uint_eq(stats().ps_inuse, 0);
}
END_TEST

/* Contents come along, without a fault for each page. */
START_TEST(move_copies_nothing)
{
	size_t npages = 16384, faults, maps;
	page_t from, to;
	char *p;

	unit_pages(0);
	p = alloc_touched(npages, &from);
	for (size_t i = 0; i < npages; i++)
		*(size_t *)(void *)(p + ptob(i)) = i;
	maps = unit_maps();
	to = alloc(2 * npages);
	faults = unit_faults();
	ck_assert_int_eq(pagerun_move(from, to), 0);
	faults = unit_faults() - faults;
	p = page_to_addr(to);
	for (size_t i = 0; i < npages; i++)
		ck_assert_uint_eq(*(size_t *)(void *)(p + ptob(i)), i);
	ck_assert_uint_lt(faults, UNIT_FAULTS(64));
	ck_assert_uint_eq(stats().ps_inuse, 2 * npages);
	pagerun_check();
	pagerun_free(to);
	pagerun_check();
	/* Neither a mapping nor memory stays behind. */
	ck_assert_uint_le(unit_maps(), maps + 3);
	ck_assert_uint_eq(unit_resident(p, ptob(npages)), 0);
	/* And where it was is zero, and said to be. */
	ck_assert(is_zero(page_to_addr(from), ptob(npages)));
}
END_TEST

START_TEST(clean_is_zero)
{
	page_t page, guard;
	size_t dirty;

	unit_pages(DECAY);
	ck_assert_int_eq(pagerun_alloc(16, 1, KIND, &page, &dirty), 0);
	ck_assert_uint_eq(dirty, 0);
	guard = alloc(1);
	memset(page_to_addr(page), 1, ptob(16));
	pagerun_free(page);
	ck_assert_int_eq(pagerun_alloc(16, 1, KIND, &page, &dirty), 0);
	ck_assert_uint_eq(dirty, 16);
	pagerun_free(page);
	ck_assert(pagerun_trim());
	ck_assert(!pagerun_trim());
	ck_assert_int_eq(pagerun_alloc(16, 1, KIND, &page, &dirty), 0);
	ck_assert_uint_eq(dirty, 0);
	ck_assert(is_zero(page_to_addr(page), ptob(16)));
	pagerun_free(guard);
}
END_TEST

/* Of a run with clean pages, only the others are touched. */
START_TEST(zero_skips_clean_pages)
{
	size_t n = 1024;
	page_t page, first, guard;
	size_t dirty;

	unit_pages(DECAY);
	page = alloc(n);
	guard = alloc(1);
	memset(page_to_addr(page), 1, PAGESIZE);
	pagerun_free(page);
	pagerun_trim();
	alloc_touched(n / 2, &first);		/* half dirty, half clean */
	pagerun_free(first);
	ck_assert_int_eq(pagerun_alloc(n, 1, KIND, &page, &dirty), 0);
	ck_assert_uint_eq(page, first);
	ck_assert_uint_eq(dirty, n / 2);
	pagerun_zero(page, ptob(n), true);
	ck_assert(unit_resident(page_to_addr(page), ptob(n)) <= n / 2 + 1);
	ck_assert(is_zero(page_to_addr(page), ptob(n)));
	pagerun_free(guard);
}
END_TEST

/* Nor are those that nobody touched; these cost no memory. */
START_TEST(zero_leaves_the_untouched)
{
	size_t n = 5000;
	page_t page, guard;
	char *p;

	unit_pages(DECAY);
	page = alloc(n);
	guard = alloc(1);
	p = page_to_addr(page);
	pagerun_zero(page, ptob(n), false);
	/* The two that were looked at: the kernel's page of zeros. */
	ck_assert_uint_eq(unit_resident(p, ptob(n)), 2);
	memset(p + ptob(3000), 1, ptob(100));
	pagerun_zero(page, ptob(n), false);
	ck_assert_uint_le(unit_resident(p, ptob(n)), 100);
	ck_assert(is_zero(p + ptob(2999), ptob(102)));
	memset(p, 1, ptob(1));
	memset(p + ptob(2000), 1, ptob(7));
	memset(p + ptob(n) - 1, 1, 1);
	pagerun_zero(page, ptob(n - 1), false);
	ck_assert_uint_le(unit_resident(p, ptob(n)), 1 + 7 + 102 + 1);
	ck_assert_int_eq(p[ptob(n) - 1], 1);
	ck_assert(is_zero(p, ptob(n - 1)));
	/* A page in 32 is looked at: what is behind a blank one is zero too. */
	memset(p + ptob(64), 1, ptob(1));
	memset(p + ptob(97) + 1, 1, ptob(31) - 1);
	pagerun_zero(page, ptob(n), false);
	ck_assert(is_zero(p, ptob(n)));
	pagerun_free(page);
	pagerun_free(guard);
}
END_TEST

/* And what is in use stays: no page of it has to come again. */
START_TEST(zero_keeps_the_touched)
{
	size_t n = 1000, faults;
	page_t page;
	char *p;

	unit_pages(DECAY);
	p = alloc_touched(n, &page);
	faults = unit_faults();
	pagerun_zero(page, ptob(n), false);
	ck_assert_uint_le(unit_faults() - faults, UNIT_FAULTS(8));
	ck_assert_uint_eq(unit_resident(p, ptob(n)), n);
	ck_assert(is_zero(p, ptob(n)));
	pagerun_free(page);
}
END_TEST

/* Rule one: what exceeds the limit goes at once. */
#define RETAIN	btop((size_t)3 << 20)

START_TEST(excess_goes_at_once)
{
	size_t n = 16384;
	page_t page, guard;
	char *p;

	unit_pages(DECAY);
	p = alloc_touched(n, &page);
	guard = alloc(1);
	ck_assert_uint_eq(unit_resident(p, ptob(n)), n);
	pagerun_free(page);
	ck_assert_uint_le(unit_resident(p, ptob(n)), RETAIN);
	ck_assert_uint_le(stats().ps_dirty, RETAIN);
	ck_assert_uint_ge(stats().ps_purged, n - RETAIN);
	pagerun_check();
	pagerun_free(guard);
}
END_TEST

START_TEST(excess_of_shrinking_goes_too)
{
	size_t n = 16384;
	page_t page, guard;
	char *p;

	unit_pages(DECAY);
	p = alloc_touched(n, &page);
	guard = alloc(1);
	ck_assert_int_eq(pagerun_resize(page, 1, KIND), 0);
	ck_assert_uint_le(unit_resident(p, ptob(n)), RETAIN + 1);
	pagerun_free(guard);
}
END_TEST

/* A program that frees and allocates in turn stops paying for it. */
START_TEST(limit_learns)
{
	size_t n = 8192, before;
	page_t page;

	unit_pages(DECAY);
	for (int i = 0; i < 10; i++) {
		alloc_touched(n, &page);
		pagerun_free(page);
	}
	before = stats().ps_purged;
	for (int i = 0; i < 10; i++) {
		alloc_touched(n, &page);
		pagerun_free(page);
	}
	ck_assert_uint_eq(stats().ps_purged, before);
	ck_assert_uint_eq(stats().ps_dirty, n);
	/* And unlearns: a few quiet periods, and it is small again. */
	for (int i = 1; i < 100; i++)
		pagerun_tick((uint64_t)i * DECAY);
	ck_assert_uint_eq(stats().ps_dirty, 0);
}
END_TEST

/* One that misses pages now and then goes on giving them back. */
START_TEST(limit_stays_for_the_slow)
{
	struct timespec pause = { 0, 200 * 1000000 };
	size_t n = RETAIN + 500, before;
	page_t page;

	unit_pages(DECAY);
	alloc_touched(n, &page);
	pagerun_free(page);
	for (int i = 0; i < 12; i++) {
		before = stats().ps_purged;
		nanosleep(&pause, NULL);
		alloc_touched(n, &page);
		pagerun_free(page);
		ck_assert_uint_ge(stats().ps_purged - before, 500);
	}
}
END_TEST

/* Where memory comes and goes, it is copied: it stays in the cache then. */
START_TEST(learned_is_not_moved)
{
	size_t n = 8192;
	page_t page;

	unit_pages(DECAY);
	page = alloc(n);
	ck_assert(pagerun_better_moved(page, 0));
	ck_assert(!pagerun_better_moved(page, n));
	pagerun_free(page);
	for (int i = 0; i < 10; i++) {
		alloc_touched(n, &page);
		pagerun_free(page);
	}
	page = alloc(n / 2);
	ck_assert(!pagerun_better_moved(page, 0));
	pagerun_free(page);
}
END_TEST

/* Rule two: after a period, what was not used for all of it. */
START_TEST(decay_takes_the_unused)
{
	page_t a, b;
	char *p;

	unit_pages(DECAY);
	p = alloc_touched(100, &a);
	alloc_touched(50, &b);
	pagerun_tick(DECAY);
	pagerun_free(a);
	pagerun_tick(2 * DECAY);		/* a new period begins */
	ck_assert_uint_eq(stats().ps_dirty, 100);
	ck_assert_uint_eq(alloc(40), a);	/* used in this period */
	pagerun_free(a);
	pagerun_tick(3 * DECAY - 1);
	ck_assert_uint_eq(stats().ps_dirty, 100);
	pagerun_tick(3 * DECAY);
	ck_assert_uint_eq(stats().ps_dirty, 40);
	ck_assert_uint_eq(unit_resident(p, ptob(100)), 40);
	pagerun_tick(4 * DECAY);
	ck_assert_uint_eq(stats().ps_dirty, 0);
	ck_assert_uint_eq(unit_resident(p, ptob(100)), 0);
	pagerun_check();
	pagerun_free(b);
}
END_TEST

/* What trim took must not be counted on by the next period. */
START_TEST(decay_after_trim)
{
	page_t a, b, guard;

	unit_pages(DECAY);
	alloc_touched(100, &a);
	alloc_touched(50, &b);
	guard = alloc(1);
	pagerun_free(a);
	pagerun_tick(DECAY);
	pagerun_tick(2 * DECAY - 1);
	pagerun_trim();
	pagerun_tick(2 * DECAY);
	pagerun_free(b);
	for (int i = 3; i < 8; i++)
		pagerun_tick((uint64_t)i * DECAY);
	ck_assert_uint_eq(stats().ps_dirty, 0);
	pagerun_free(guard);
}
END_TEST

START_TEST(trim_gives_everything_back)
{
	size_t n = 4096, vm = unit_vmsize();
	page_t page[8];
	char *p;

	unit_pages(DECAY);
	for (int i = 0; i < 8; i++)
		alloc_touched(n, &page[i]);
	for (int i = 0; i < 8; i += 2)
		pagerun_free(page[i]);
	p = page_to_addr(page[0]);
	pagerun_trim();
	ck_assert_uint_eq(unit_resident(p, ptob(8 * n)), 4 * n);
	ck_assert_uint_eq(stats().ps_dirty, 0);
	for (int i = 1; i < 8; i += 2)
		pagerun_free(page[i]);
	pagerun_trim();
	pagerun_check();
	ck_assert_uint_eq(stats().ps_mapped, 0);
	ck_assert_uint_eq(kmempages, 0);
	ck_assert_uint_lt(unit_vmsize(), vm + ((size_t)4 << 20));
	/* And it all works again. */
	ck_assert_uint_eq(alloc(n), 0);
	pagerun_check();
}
END_TEST

/* Only what held memory counts as given back. */
START_TEST(purged_is_exact)
{
	page_t page[4];
	size_t before;

	unit_pages(DECAY);
	for (int i = 0; i < 4; i++)
		alloc_touched(8, &page[i]);
	pagerun_free(page[1]);
	pagerun_trim();
	before = stats().ps_purged;
	ck_assert_uint_eq(before, 8);
	pagerun_free(page[0]);
	pagerun_free(page[2]);
	pagerun_trim();
	ck_assert_uint_eq(stats().ps_purged - before, 16);
}
END_TEST

/* vm.max_map_count is not eaten up. */
START_TEST(many_runs_few_mappings)
{
	unsigned n = unit_less(400000, 10);
	size_t maps = unit_maps();
	page_t *page = calloc(n, sizeof(*page));

	ck_assert_ptr_nonnull(page);
	unit_pages(DECAY);
	for (unsigned i = 0; i < n; i++)
		page[i] = alloc(1);
	for (unsigned i = 0; i < n; i += 2)
		pagerun_free(page[i]);
	ck_assert_uint_eq(stats().ps_runs, n / 2);
	ck_assert_uint_ge(stats().ps_freeruns, n / 2);
	ck_assert_uint_lt(unit_maps(), maps + 30);
	pagerun_check();
	pagerun_trim();
	ck_assert_uint_lt(unit_maps(), maps + 30);
	for (unsigned i = 1; i < n; i += 2)
		pagerun_free(page[i]);
	pagerun_check();
	ck_assert_uint_eq(stats().ps_freeruns, 1);
	free(page);
}
END_TEST

/* Threads, each with marked runs of its own. */
#define NTHREAD	4

static void *
worker(void *arg)
{
	struct rnd r = { (uint64_t)(uintptr_t)arg };
	struct model_run mine[16] = { 0 };

	for (unsigned i = 0; i < unit_less(20000, 20); i++) {
		struct model_run *m = &mine[rnd_below(&r, 16)];

		if (m->npages == 0) {
			m->npages = rnd_below(&r, 20) + 1;
			m->page = alloc(m->npages);
			m->seed = rnd_next(&r);
			mark(m, 0);
		} else {
			check_marks(m, m->npages);
			pagerun_free(m->page);
			m->npages = 0;
		}
		if (rnd_below(&r, 1000) == 0)
			pagerun_trim();
		if (rnd_below(&r, 100) == 0)
			pagerun_tick(i);
	}
	for (int i = 0; i < 16; i++)
		if (mine[i].npages != 0)
			pagerun_free(mine[i].page);
	return (NULL);
}

START_TEST(threads)
{
	pthread_t thread[NTHREAD];

	unit_pages(1);
	pagerun_free(alloc(1));
	for (uintptr_t i = 0; i < NTHREAD; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, worker,
		    (void *)(i + 1)), 0);
	for (int i = 0; i < 50; i++)
		pagerun_check();
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	pagerun_check();
	ck_assert_uint_eq(stats().ps_inuse, 0);
	ck_assert_uint_eq(stats().ps_runs, 0);
	ck_assert_uint_le(stats().ps_freeruns, 1);
}
END_TEST

/*
 * A fork while pages are on their way back to the system: nobody's, for a
 * moment.
 */
#define AWAY	2048	/* pages: one call gives them all back */

static pthread_barrier_t purging, forked;

static void
wait_for_fork(void)
{
	pthread_barrier_wait(&purging);
	pthread_barrier_wait(&forked);
}

static void *
free_run(void *arg)
{
	pagerun_free(*(page_t *)arg);
	return (NULL);
}

/* What a child exits with: checks in it would not be told to Check. */
static int
child_status(void)
{
	int status;

	ck_assert_int_gt(wait(&status), 0);
	ck_assert(WIFEXITED(status));
	return (WEXITSTATUS(status));
}

/* The other thread's: the child has it, dirty, and can give it back. */
START_TEST(fork_while_another_purges)
{
	pthread_t thread;
	page_t page;
	char *p;

	if (UNIT_TSAN)
		return;
	unit_pages(0);
	pthread_barrier_init(&purging, NULL, 2);
	pthread_barrier_init(&forked, NULL, 2);
	p = alloc_touched(AWAY, &page);
	alloc(1);
	meanwhile = wait_for_fork;
	ck_assert_int_eq(pthread_create(&thread, NULL, free_run, &page), 0);
	pthread_barrier_wait(&purging);
	ck_assert_uint_eq(stats().ps_dirty, 0);
	pagerun_check();
	lock_prefork();
	if (fork() == 0) {
		pagerun_postfork_child();
		lock_postfork_child();
		pagerun_check();
		if (stats().ps_dirty != AWAY || stats().ps_runs != 1)
			_exit(1);
		if (!pagerun_trim() || unit_resident(p, ptob(AWAY)) != 0)
			_exit(2);
		_exit(alloc(AWAY) == page ? 0 : 3);
	}
	lock_postfork_parent();
	pthread_barrier_wait(&forked);
	pthread_join(thread, NULL);
	ck_assert_int_eq(child_status(), 0);
	ck_assert_uint_eq(stats().ps_dirty, 0);
	pagerun_check();
}
END_TEST

/* Its own, from a signal handler: the child goes on, as the parent does. */
static pid_t handler_child;

static void
fork_in_handler(void)
{
	lock_prefork();
	handler_child = fork();
	if (handler_child == 0) {
		pagerun_postfork_child();
		lock_postfork_child();
	} else
		lock_postfork_parent();
}

START_TEST(fork_within_a_purge)
{
	page_t page;
	char *p;

	unit_pages(0);
	p = alloc_touched(AWAY, &page);
	alloc(1);
	meanwhile = fork_in_handler;
	pagerun_free(page);
	pagerun_check();
	if (handler_child == 0)
		_exit(stats().ps_dirty != 0 || stats().ps_runs != 1 ||
		    stats().ps_purged != AWAY ||
		    unit_resident(p, ptob(AWAY)) != 0);
	ck_assert_int_eq(child_status(), 0);
	ck_assert_uint_eq(stats().ps_purged, AWAY);
}
END_TEST

/* Memory is short while another thread gives some back: that is waited for. */
static void
take_time(void)
{
	struct timespec pause = { 0, 20 * 1000000 };

	pthread_barrier_wait(&purging);
	nanosleep(&pause, NULL);
}

START_TEST(short_while_another_purges)
{
	pthread_t thread;
	page_t page, again;
	size_t n;

	ck_assert(os_init());
	ck_assert_int_eq(pagerun_init((size_t)64 << 20, 0), 0);
	pthread_barrier_init(&purging, NULL, 2);
	page = alloc(AWAY);
	n = btop(kmemlimit - kmembase) - kmempages;
	while (n > 0 && pagerun_alloc(n, 1, KIND, &again, NULL) != 0)
		n /= 2;
	while (pagerun_alloc(1, 1, KIND, &again, NULL) == 0)
		;
	memset(page_to_addr(page), 1, ptob(AWAY));
	meanwhile = take_time;
	ck_assert_int_eq(pthread_create(&thread, NULL, free_run, &page), 0);
	pthread_barrier_wait(&purging);
	ck_assert_int_eq(pagerun_alloc(AWAY, 1, KIND, &again, NULL), 0);
	ck_assert_uint_eq(again, page);
	pthread_join(thread, NULL);
	ck_assert_int_eq(pagerun_alloc(1, 1, KIND, &again, NULL), ENOMEM);
	pagerun_check();
}
END_TEST

/* The option limit: it is the pages in use that count, to the page. */
START_TEST(option_limit)
{
	size_t limit = 1000;
	page_t page, more;

	unit_pages(DECAY);
	page = alloc(900);
	/* Set below what is in use: no more, but the rest works. */
	options.o_limit = ptob(500);
	ck_assert_int_eq(pagerun_alloc(1, 1, KIND, &more, NULL), ENOMEM);
	ck_assert_int_eq(pagerun_resize(page, 901, KIND), ENOMEM);
	ck_assert_int_eq(pagerun_resize(page, 800, KIND), 0);
	options.o_limit = ptob(limit) + PAGESIZE - 1;
	ck_assert_int_eq(pagerun_alloc(201, 1, KIND, &more, NULL), ENOMEM);
	ck_assert_int_eq(pagerun_resize(page, 1001, KIND), ENOMEM);
	ck_assert_int_eq(pagerun_resize(page, 1000, KIND), 0);
	ck_assert_int_eq(pagerun_alloc(1, 1, KIND, &more, NULL), ENOMEM);
	ck_assert_int_eq(pagerun_resize(page, 800, KIND), 0);
	more = alloc(200);
	ck_assert_uint_eq(stats().ps_inuse, limit);
	ck_assert_uint_eq(stats().ps_maxused, limit);
	pagerun_free(page);
	/* Alignment takes addresses, and no pages. */
	ck_assert_int_eq(pagerun_alloc(800, 1024, KIND, &page, NULL), 0);
	ck_assert_int_eq(pagerun_alloc(SIZE_MAX >> 20, 1, KIND, &page, NULL),
	    ENOMEM);
	pagerun_free(page);
	pagerun_free(more);
	options.o_limit = 1;
	ck_assert_int_eq(pagerun_alloc(1, 1, KIND, &page, NULL), ENOMEM);
	pagerun_check();
}
END_TEST

UNIT_MAIN("pagerun", 1, option_limit, untouched, against_model,
    against_model_without_decay,
    lowest_address_first, coalesces_both_ways, impossible_sizes,
    grows_with_the_arena, steps_over_holes, move_copies_nothing,
    clean_is_zero, zero_skips_clean_pages, zero_leaves_the_untouched,
    zero_keeps_the_touched,
    excess_goes_at_once, excess_of_shrinking_goes_too, limit_learns,
    limit_stays_for_the_slow, learned_is_not_moved, decay_takes_the_unused,
    decay_after_trim, trim_gives_everything_back, purged_is_exact,
    many_runs_few_mappings, threads, fork_while_another_purges,
    fork_within_a_purge, short_while_another_purges);
