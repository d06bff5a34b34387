/*
 * test_learn.c - lists that a program earns: the decision against the best
 * one, and what streams of requests come to against a reference that knows
 * all of the stream before it begins.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bucket.h"
#include "cache.h"
#include "kmemsizes.h"
#include "learn.h"
#include "pagerun.h"
#include "root.h"
#include "unit.h"

#define KB		((size_t)1 << 10)
#define MB		((size_t)1 << 20)
#define UNIT		MINALLOCSIZE
#define STEP		16		/* a list gains 1/16 of its size */
#define FLOOR		(128 * KB)	/* no list for less waste */
#define TOP		(16 * KB)	/* LEARN_MAX at most */

/* Check writes a file at each of its own assertions. */
#define EXPECT(cond) \
	((cond) ? (void)0 : ck_abort_msg("line %d: %s", __LINE__, #cond))

static size_t
units(size_t size)
{
	return ((size + UNIT - 1) / UNIT);
}

/*
 * The decision by itself.
 */

static uint32_t seen[LEARN_UNITS];

/* What a list of size bytes would save of one of hi bytes, to the byte. */
static uint64_t
saving(size_t lo, size_t hi, size_t size)
{
	uint64_t bytes = 0;

	for (size_t u = lo / UNIT + 1; u <= size / UNIT; u++)
		bytes += (uint64_t)seen[u] * (hi - size);
	return (bytes);
}

static uint64_t
best_saving(size_t lo, size_t hi)
{
	uint64_t best = 0, saved;

	for (size_t size = lo + UNIT; size < hi; size += UNIT) {
		if (hi - size < hi / STEP)
			break;
		saved = saving(lo, hi, size);
		best = saved > best ? saved : best;
	}
	return (best);
}

/* One decision; returns the size. */
static size_t
check_choice(size_t lo, size_t hi)
{
	uint64_t best = best_saving(lo, hi), total = 0;
	uint32_t part = 0xdeadbeef;
	size_t size = learn_choose(seen, lo, hi, &part);

	for (size_t u = lo / UNIT + 1; u <= hi / UNIT; u++)
		total += (uint64_t)seen[u] * hi;
	if (best == 0) {
		ck_assert_uint_eq(size, 0);
		ck_assert_uint_eq(part, 0);
		return (0);
	}
	ck_assert_uint_gt(size, lo);
	ck_assert_uint_lt(size, hi);
	ck_assert_uint_eq(size % UNIT, 0);
	ck_assert_uint_gt(seen[size / UNIT], 0);
	ck_assert_uint_eq(saving(lo, hi, size), best);
	/* Rounded down. */
	ck_assert_double_le(part, 65536.0 * (double)best / (double)total +
	    1e-6);
	ck_assert_double_ge(part + 1, 65536.0 * (double)best / (double)total -
	    1e-6);
	return (size);
}

/* Every range of sizes that the first lists can have; its ends. */
#define NRANGE	11
static size_t
range(unsigned i, size_t *lo)
{
	size_t hi = (size_t)32 << i;

	*lo = hi / 2;
	if (hi >= TOP) {
		hi = i == 9 ? 12 * KB : 16 * KB;
		*lo = hi - 4 * KB;
	}
	return (hi);
}

START_TEST(choose_one)
{
	for (unsigned i = 0; i < NRANGE; i++) {
		size_t lo, hi = range(i, &lo);

		ck_assert_uint_eq(check_choice(lo, hi), 0);
		for (size_t size = lo + UNIT; size <= hi; size += UNIT) {
			seen[size / UNIT] = 1000;
			ck_assert_uint_eq(check_choice(lo, hi),
			    hi - size >= hi / STEP && size < hi ? size : 0);
			seen[size / UNIT] = 0;
		}
	}
}
END_TEST

/* What lies outside is none of the list's business. */
START_TEST(choose_inside)
{
	for (unsigned i = 1; i < NRANGE; i++) {
		size_t lo, hi = range(i, &lo), size;
		uint32_t part;

		for (size_t u = 0; u < LEARN_UNITS; u++)
			seen[u] = u <= lo / UNIT || u > hi / UNIT ? 1000 : 0;
		ck_assert_uint_eq(check_choice(lo, hi), 0);
		seen[hi / UNIT] = 1000;
		ck_assert_uint_eq(check_choice(lo, hi), 0);
		seen[lo / UNIT + 1] = 1;
		size = learn_choose(seen, lo, hi, &part);
		ck_assert(size == 0 || size == lo + UNIT);
		check_choice(lo, hi);
		/* Nothing is between. */
		ck_assert_uint_eq(check_choice(hi, hi), 0);
	}
}
END_TEST

START_TEST(choose_two_and_three)
{
	struct rnd r = { 7 };

	for (unsigned k = 0; k < unit_less(6000, 10); k++) {
		size_t lo, hi = range((unsigned)rnd_below(&r, NRANGE), &lo);
		unsigned n = 2 + (unsigned)rnd_below(&r, 2);

		memset(seen, 0, sizeof(seen));
		while (n-- > 0)
			seen[units(lo + 1 + rnd_below(&r, hi - lo))] +=
			    1 + (uint32_t)rnd_below(&r, 100000);
		check_choice(lo, hi);
	}
}
END_TEST

/* A lower bound that is a learned list's, and not a power of two. */
START_TEST(choose_from_middle)
{
	struct rnd r = { 8 };

	for (unsigned k = 0; k < unit_less(2000, 10); k++) {
		size_t lo, hi = range((unsigned)rnd_below(&r, NRANGE), &lo);

		for (size_t u = 0; u < LEARN_UNITS; u++)
			seen[u] = rnd_below(&r, 4) == 0 ?
			    (uint32_t)rnd_below(&r, 5000) : 0;
		lo += rnd_below(&r, (hi - lo) / UNIT + 1) * UNIT;
		check_choice(lo, hi);
	}
}
END_TEST

/* Even weights: half of the sizes get a list in the middle of the range. */
START_TEST(choose_uniform)
{
	for (unsigned i = 2; i < NRANGE; i++) {
		size_t lo, hi = range(i, &lo), size;

		for (size_t u = 0; u < LEARN_UNITS; u++)
			seen[u] = 77;
		size = check_choice(lo, hi);
		ck_assert_uint_ge(size, (lo + hi) / 2 - UNIT);
		ck_assert_uint_le(size, (lo + hi) / 2 + UNIT);
	}
}
END_TEST

/* Weights that fall with the size's power, up to what a count may hold. */
START_TEST(choose_power_laws)
{
	struct rnd r = { 9 };

	for (unsigned k = 0; k < unit_less(400, 10); k++) {
		unsigned power = (unsigned)rnd_below(&r, 4);

		memset(seen, 0, sizeof(seen));
		for (size_t u = 1; u < LEARN_UNITS; u++) {
			uint64_t weight = (rnd_next(&r) >> 34) + 1;

			for (unsigned p = 0; p < power; p++)
				weight /= u;
			seen[u] = (uint32_t)weight;
		}
		for (unsigned i = 0; i < NRANGE; i++) {
			size_t lo, hi = range(i, &lo);

			check_choice(lo, hi);
		}
	}
}
END_TEST

/*
 * Streams: requests as the allocator's slow path has them.
 */

static size_t in_lists, in_units, in_first;	/* bytes of all blocks */
static uint64_t asked[LEARN_UNITS];		/* blocks, by their units */

/* The size that the first lists have for it. */
static size_t
first_size(size_t size)
{
	size_t first = UNIT;

	while (first < size)
		first += first < MAXALLOCSAVE ? first : PAGESIZE;
	return (first);
}

static void give(void *p);

/* A block, as take_block() of kmem.c has it. */
static void *
block(size_t size, unsigned *indx)
{
	unsigned taken;
	void *p;

	for (;;) {
		*indx = __atomic_load_n(&bucketindx[units(size)],
		    __ATOMIC_ACQUIRE);
		p = cache_alloc(*indx, &taken);
		if (p != NULL && bucket[*indx].kb_size >= size)
			break;
		EXPECT(bucket_isadded(*indx));
		if (p != NULL)
			give(p);
	}
	if (taken > 0)
		learn_sample(*indx, size, taken);
	return (p);
}

static void *
take(size_t size)
{
	unsigned indx;
	void *p = block(size, &indx);

	EXPECT(bucket[kmemsizes[addr_to_page(p)]].kb_size >= size);
	in_lists += bucket[indx].kb_size;
	in_units += units(size) * UNIT;
	in_first += first_size(size);
	if (units(size) < nitems(asked))
		asked[units(size)]++;
	return (p);
}

static void
give(void *p)
{
	void *twice = NULL;

	cache_free(kmemsizes[addr_to_page(p)], p, &twice);
	EXPECT(twice == NULL);
}

static void
begin(void)
{
	unit_caches(1);
	learn_init();
}

/* What holds of the lists at all times. */
static void
check_lists(void)
{
	size_t below = 0;

	ck_assert_uint_le(learn_count(), NLEARNED);
	ck_assert_uint_eq(bucket_limit, bucket_first_limit + learn_count());
	for (unsigned n = 0; n < learn_count(); n++) {
		struct learned l = learn_get(n);

		ck_assert_uint_eq(l.l_indx, bucket_first_limit + n);
		if (l.l_state != LEARNED_USED)
			continue;
		ck_assert_uint_eq(l.l_size, bucket[l.l_indx].kb_size);
		ck_assert_uint_eq(l.l_size % UNIT, 0);
		ck_assert_uint_ne(l.l_size % PAGESIZE, 0);
		ck_assert(!is_power_of_2(l.l_size));
		ck_assert_uint_lt(l.l_size, l.l_from);
		ck_assert_uint_le(l.l_size, LEARN_MAX);
		ck_assert_uint_ge(l.l_waste, FLOOR);
		ck_assert_uint_eq(BUCKETINDX(l.l_size), l.l_indx);
		for (unsigned m = 0; m < n; m++)
			if (learn_get(m).l_state == LEARNED_USED)
				ck_assert_uint_ne(learn_get(m).l_size,
				    l.l_size);
	}
	learn_check();
	/* Each size has the smallest list that there is for it. */
	for (size_t size = UNIT; size <= MAXCACHED; size += UNIT) {
		size_t served = bucket[BUCKETINDX(size)].kb_size;

		EXPECT(served >= size);
		EXPECT(served >= below);
		EXPECT(served == below || below < size);
		EXPECT(served <= first_size(size));
		EXPECT(size > MAXALLOCSAVE || !is_power_of_2(size) ||
		    served == size);
		below = served;
	}
}

static void
check_all(void)
{
	check_lists();
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		bucket_check(indx);
	cache_check();
	pagerun_check();
}

/* Each in a process of its own, where nothing was learned yet. */
static void
in_child(void (*fn)(void *), void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* Nothing for less waste than the floor, and one list soon after. */
static void
earn(void *arg)
{
	size_t size = *(const size_t *)arg, wasted = 0, each;
	unsigned indx;

	begin();
	indx = BUCKETINDX(size);
	each = first_size(size) - units(size) * UNIT;
	while (bucket_inuse(indx) * each < FLOOR) {
		EXPECT(learn_count() == 0);
		take(size);
		wasted += each;
	}
	for (; learn_count() == 0 && wasted < 64 * FLOOR; wasted += each)
		take(size);
	printf("# %zu: a list for %zu KB of waste\n", size, wasted / KB);
	fflush(stdout);
	ck_assert_msg(learn_count() == 1, "%zu: no list for %zu bytes", size,
	    wasted);
	ck_assert_uint_eq(learn_get(0).l_size, units(size) * UNIT);
	ck_assert_uint_eq(learn_get(0).l_from, first_size(size));
	for (unsigned i = 0; i < 10000; i++)
		take(size);
	ck_assert_uint_eq(learn_count(), 1);
	check_all();
}

START_TEST(floor_of_waste)
{
	static size_t sizes[] = { 33, 48, 65, 100, 112, 129, 200, 260, 520,
	    600, 1030, 1500, 2050, 3000, 5000, 6000, 8200, 9000, 13000 };

	for (unsigned i = 0; i < nitems(sizes); i++)
		in_child(earn, &sizes[i]);
}
END_TEST

/* All sizes together: still nothing while each list wastes little. */
START_TEST(small_programs_stay_pure)
{
	struct rnd r = { 3 };

	begin();
	while (in_first < MB)
		take(1 + rnd_below(&r, 1024));
	ck_assert_uint_eq(learn_count(), 0);
	check_all();
}
END_TEST

/* One part in 256 of what is in use, or it is not worth a list. */
START_TEST(share_of_all)
{
	size_t wasted = 0;

	begin();
	for (size_t i = 0; i < 512; i++)
		take(256 * KB);
	while (wasted + 56 < 128 * MB / 256) {
		take(200);
		wasted += 256 - 208;
	}
	ck_assert_uint_eq(learn_count(), 0);
	for (unsigned i = 0; i < 20000; i++)
		take(200);
	ck_assert_uint_eq(learn_count(), 1);
	check_all();
}
END_TEST

/* Powers of two are served already, as are whole pages. */
START_TEST(powers_of_two)
{
	begin();
	for (size_t size = UNIT; size <= TOP;
	    size += size < MAXALLOCSAVE ? size : PAGESIZE)
		for (size_t i = 0; i < 4 * MB / size; i++)
			take(size);
	for (size_t i = 0; i < 100000; i++)
		take(UNIT << i % 8);
	ck_assert_uint_eq(learn_count(), 0);
	ck_assert_uint_eq(in_lists, in_units);
	/* Among other sizes too. */
	for (size_t i = 0; i < 200000; i++)
		take((UNIT << i % 7) + i / 7 % 3 * 8);
	ck_assert_uint_gt(learn_count(), 0);
	check_all();
}
END_TEST

/*
 * The reference.  best[j] is the least that the blocks of up to j units take
 * with a list at j, of which k were added; those at the first lists' sizes
 * are there anyway.
 */
#define NUNIT	(LEARN_UNITS - 1)

static size_t
optimum(unsigned nlists)
{
	static double best[NLEARNED + 1][LEARN_UNITS];
	static double blocks[LEARN_UNITS];
	double least = 1e30;

	for (size_t u = 1; u <= NUNIT; u++)
		blocks[u] = blocks[u - 1] + (double)asked[u];
	for (unsigned k = 0; k <= nlists; k++)
		for (size_t j = 0; j <= NUNIT; j++)
			best[k][j] = j == 0 ? 0 : 1e30;
	for (size_t j = 1; j <= NUNIT; j++) {
		bool first = first_size(j * UNIT) == j * UNIT;

		if (!first && asked[j] == 0)
			continue;
		for (size_t i = j; i-- > 0;) {
			double more = (blocks[j] - blocks[i]) *
			    (double)(j * UNIT);

			for (unsigned k = !first; k <= nlists; k++)
				if (best[k - !first][i] + more < best[k][j])
					best[k][j] = best[k - !first][i] + more;
			if (first_size(i * UNIT) == i * UNIT)
				break;
		}
	}
	for (unsigned k = 0; k <= nlists; k++)
		if (best[k][NUNIT] < least)
			least = best[k][NUNIT];
	return ((size_t)least);
}

/* Without lists the reference has what the first lists have. */
START_TEST(reference)
{
	struct rnd r = { 5 };

	begin();
	for (unsigned i = 0; i < 1000; i++)
		take(1 + rnd_below(&r, 4000));
	ck_assert_uint_eq(optimum(0), in_first);
	ck_assert_uint_lt(optimum(1), in_first);
	ck_assert_uint_ge(optimum(NLEARNED), in_units);
	memset(asked, 0, sizeof(asked));
	asked[units(33)] = asked[units(200)] = 100;
	ck_assert_uint_eq(optimum(0), 100 * (64 + 256));
	ck_assert_uint_eq(optimum(1), 100 * (64 + 208));
	ck_assert_uint_eq(optimum(2), 100 * (48 + 208));
	ck_assert_uint_eq(optimum(NLEARNED), 100 * (48 + 208));
	/* One list for two sizes, if they are near. */
	memset(asked, 0, sizeof(asked));
	asked[units(520)] = 100;
	asked[units(600)] = 10;
	ck_assert_uint_eq(optimum(1), 100 * 528 + 10 * 1024);
	asked[units(600)] = 100;
	ck_assert_uint_eq(optimum(1), 200 * 608);
}
END_TEST

/*
 * Prints what the stream came to, and expects that it saves so many per cent
 * of what as many lists save at best, and of what NLEARNED do.
 */
static void
expect_part(const char *name, double same, double most)
{
	unsigned n = learn_count();
	double saved = (double)(in_first - in_lists);
	double of_same = 100 * saved / (double)(in_first - optimum(n));
	double of_most = 100 * saved / (double)(in_first - optimum(NLEARNED));

	printf("# %s: held/requested %.3f (first lists %.3f); %u lists; "
	    "%.1f %% of what as many save at best, %.1f %% of %u\n", name,
	    (double)in_lists / (double)in_units,
	    (double)in_first / (double)in_units, n, of_same, of_most,
	    NLEARNED);
	fflush(stdout);
	check_all();
	ck_assert_uint_gt(n, 0);
	ck_assert_msg(of_same >= same && of_most >= most, "%s: %.1f %%, %.1f "
	    "%%", name, of_same, of_most);
}

/* Equal bytes of each size, in a random order. */
static void
mix(const size_t *sizes, size_t n, size_t bytes, uint64_t seed)
{
	struct rnd r = { seed };
	size_t least = sizes[0], at;

	for (size_t i = 0; i < n; i++)
		least = sizes[i] < least ? sizes[i] : least;
	while (in_units < bytes) {
		at = rnd_below(&r, n);
		/* A long one comes less often. */
		if (rnd_below(&r, sizes[at]) < least)
			take(sizes[at]);
	}
}

static const size_t awkward[] = { 17, 24, 33, 40, 48, 65, 80, 96, 100, 129,
    160, 200, 260, 520, 1030, 2050, 5000 };

#define STREAM		(100 * MB)

START_TEST(stream_awkward)
{
	begin();
	mix(awkward, nitems(awkward), STREAM, 1);
	expect_part("awkward sizes, equal bytes", 90, 90);
}
END_TEST

/* The same by turns, equal counts of each. */
START_TEST(stream_by_turns)
{
	begin();
	for (size_t i = 0; in_units < STREAM; i++)
		take(awkward[i % nitems(awkward)]);
	expect_part("awkward sizes by turns", 90, 90);
}
END_TEST

/* One after the other, a program of phases that keeps everything. */
START_TEST(stream_in_order)
{
	begin();
	for (size_t i = 0; i < nitems(awkward); i++)
		for (size_t had = in_units; in_units - had <
		    STREAM / nitems(awkward);)
			take(awkward[i]);
	expect_part("awkward sizes one after the other", 88, 88);
}
END_TEST

/* Objects of a power of two with a header: as in node. */
START_TEST(stream_node)
{
	static const size_t sizes[] = { 40, 72, 136, 264, 520, 1032, 1040,
	    2056, 4112, 4120, 8208 };

	begin();
	mix(sizes, nitems(sizes), STREAM, 2);
	expect_part("just above powers of two", 90, 90);
}
END_TEST

START_TEST(stream_uniform)
{
	struct rnd r = { 3 };

	begin();
	while (in_units < STREAM)
		take(16 + rnd_below(&r, 1024 - 16 + 1));
	expect_part("uniform from 16 to 1024", 90, 80);
}
END_TEST

START_TEST(stream_power_law)
{
	struct rnd r = { 4 };

	begin();
	while (in_units < STREAM) {
		size_t size = 8 + rnd_below(&r, 24);

		while (size < 8192 && rnd_below(&r, 2))
			size += rnd_below(&r, size + 1);
		take(size);
	}
	expect_part("a power law", 85, 75);
}
END_TEST

/*
 * Two sizes of one list in turn.  A batch is refilled after an even number of
 * requests, and so may always be asked for by the same one of the two: what
 * that costs is printed.
 */
static void
alternate(void *arg)
{
	const size_t *size = arg;

	begin();
	for (size_t i = 0; in_units < 20 * MB; i++)
		take(size[i % 2]);
	printf("# %zu and %zu in turn: held/requested %.3f (first lists %.3f); "
	    "%u lists\n", size[0], size[1],
	    (double)in_lists / (double)in_units,
	    (double)in_first / (double)in_units, learn_count());
	fflush(stdout);
	check_all();
}

START_TEST(stream_alternating)
{
	static size_t pairs[][2] = { { 64, 33 }, { 128, 65 }, { 65, 128 },
	    { 256, 130 }, { 1024, 520 }, { 2048, 1030 }, { 4096, 2050 } };

	for (unsigned i = 0; i < nitems(pairs); i++)
		in_child(alternate, pairs[i]);
}
END_TEST

/*
 * The same stream, the same lists.
 */
struct outcome {
	unsigned	o_n;
	size_t		o_bytes;
	struct learned	o_list[NLEARNED];
};

static void
play(void *arg)
{
	struct outcome *o = arg;
	struct rnd r = { 17 };
	static void *kept[5000];

	begin();
	for (unsigned i = 0; i < 400000; i++) {
		size_t at = rnd_below(&r, nitems(kept));

		if (rnd_below(&r, 3) == 0 && kept[at] != NULL)
			give(kept[at]);
		kept[at] = take(rnd_below(&r, 4) == 0 ?
		    rnd_below(&r, 3000) : awkward[rnd_below(&r,
		    nitems(awkward))]);
	}
	check_all();
	memset(o, 0, sizeof(*o));
	o->o_n = learn_count();
	o->o_bytes = in_lists;
	for (unsigned n = 0; n < o->o_n; n++)
		o->o_list[n] = learn_get(n);
}

START_TEST(deterministic)
{
	struct outcome *o = mmap(NULL, 2 * sizeof(*o), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(o, MAP_FAILED);
	in_child(play, &o[0]);
	in_child(play, &o[1]);
	ck_assert_uint_ge(o[0].o_n, 3);
	ck_assert_uint_eq(o[0].o_n, o[1].o_n);
	ck_assert_uint_eq(o[0].o_bytes, o[1].o_bytes);
	ck_assert_mem_eq(o[0].o_list, o[1].o_list, sizeof(o[0].o_list));
}
END_TEST

/*
 * Those who want lists to be made for nothing.
 */

/* After everything was freed, what the lists keep. */
static size_t
kept_pages(void)
{
	cache_drain();
	return (pagerun_inuse());
}

/* No more than an empty cluster for each list. */
static void
check_bounded(void)
{
	check_all();
	ck_assert_uint_le(in_lists, in_first);
	ck_assert_uint_le(kept_pages(), (bucket_limit - KU_LIST) *
	    btop(CHUNK));
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		bucket_reap(indx, true);
	ck_assert_uint_eq(pagerun_inuse(), 0);
	check_all();
}

/* Every size once, and again, up and down; all of it is kept meanwhile. */
START_TEST(each_size_once)
{
	static void *kept[20 * TOP];
	size_t n = 0;

	begin();
	for (unsigned round = 0; round < 20; round++)
		for (size_t i = 0; i < TOP; i++)
			kept[n++] = take(round % 2 ? TOP - i : i + 1);
	check_lists();
	while (n > 0)
		give(kept[--n]);
	check_bounded();
}
END_TEST

/* Favourites that change, each for long enough to earn a list. */
START_TEST(rotating_sizes)
{
	static void *kept[65536];
	struct rnd r = { 6 };

	begin();
	for (unsigned round = 0; round < 150; round++) {
		size_t size = 17 + rnd_below(&r, TOP - 17), n;

		if (round % 3 != 0)
			size = 17 + size % 1000;
		for (n = 0; n < 2 * MB / size && n < nitems(kept); n++)
			kept[n] = take(size);
		while (n > 0)
			give(kept[--n]);
		ck_assert_uint_le(learn_count(), NLEARNED);
	}
	ck_assert_uint_gt(learn_count(), 4);
	check_bounded();
}
END_TEST

/* When there are as many as can be, more of the same has no effect. */
START_TEST(full)
{
	struct rnd r = { 10 };

	begin();
	for (size_t hi = 64; hi <= TOP; hi = first_size(hi + 1))
		for (int eighth = 7; eighth > 0; eighth -= 2) {
			size_t lo = hi < TOP / 2 + 1 ? hi / 2 : hi - PAGESIZE;

			for (size_t n = 0; n < 4 * MB; n += hi)
				take(lo + (hi - lo) / 8 * (size_t)eighth);
		}
	ck_assert_uint_eq(learn_count(), NLEARNED);
	check_lists();
	for (unsigned i = 0; i < 100000; i++)
		take(17 + rnd_below(&r, TOP - 17));
	ck_assert_uint_eq(learn_count(), NLEARNED);
	ck_assert_uint_eq(bucket_limit, bucket_first_limit + NLEARNED);
	ck_assert_uint_le(bucket_limit, NLIST);
	check_all();
}
END_TEST

/*
 * Lists that fall out of use.
 */

/* Everything that was taken lies here, until it is given back. */
static void *pile[4 * MB];
static size_t npile;

static void
pile_up(size_t size, size_t bytes)
{
	for (size_t n = 0; n < bytes; n += units(size) * UNIT) {
		EXPECT(npile < nitems(pile));
		pile[npile++] = take(size);
	}
}

/* Gives back all from one on, but for each survivor-th (0: all). */
static void
give_from(size_t from, size_t survivor)
{
	size_t left = from;

	for (size_t i = from; i < npile; i++)
		if (survivor != 0 && i % survivor == 0)
			pile[left++] = pile[i];
		else
			give(pile[i]);
	npile = left;
}

/* The list for a size, which it earns. */
static unsigned
earn_list(size_t size)
{
	unsigned indx;

	pile_up(size, 4 * MB);
	indx = BUCKETINDX(size);
	ck_assert(bucket_isadded(indx));
	ck_assert_uint_eq(bucket[indx].kb_size, units(size) * UNIT);
	return (indx);
}

static enum learn_state
state_of(unsigned indx)
{
	return (learn_get(indx - bucket_first_limit).l_state);
}

/* Other sizes take memory, and leave it: as much as makes a list idle. */
static void
others(size_t size)
{
	size_t at = npile;

	for (unsigned i = 0; i < 4; i++) {
		pile_up(size, 6 * MB);
		give_from(at, 0);
	}
}

/* Its blocks are home: another size may have the number. */
START_TEST(retire)
{
	unsigned indx;

	begin();
	indx = earn_list(72);
	give_from(0, 0);
	ck_assert_int_eq(state_of(indx), LEARNED_USED);
	others(64);
	ck_assert_int_eq(state_of(indx), LEARNED_GONE);
	ck_assert_uint_eq(bucket[indx].kb_total, 0);
	ck_assert_uint_eq(bucket[BUCKETINDX(72)].kb_size, 128);
	check_all();
	ck_assert_uint_eq(earn_list(5000), indx);
	ck_assert_uint_le(cache_calls(indx) + bucket[indx].kb_calls, npile);
	ck_assert_uint_gt(learn_callsgone, 40000);
	ck_assert_uint_eq(learn_count(), 1);
	ck_assert_uint_eq(learn_births(), 2);
	check_all();
	give_from(0, 0);
	others(64);
	ck_assert_uint_eq(earn_list(40), indx);
	check_all();
}
END_TEST

/* What is asked for, though no block leaves its clusters, stays. */
START_TEST(still_asked_for)
{
	unsigned indx;
	size_t at;

	begin();
	indx = earn_list(72);
	at = npile;
	for (unsigned i = 0; i < 40; i++) {
		for (unsigned k = 0; k < 1000; k++)
			give(take(72));
		pile_up(64, MB);
		if (i % 10 == 9)
			give_from(at, 0);
		ck_assert_int_eq(state_of(indx), LEARNED_USED);
	}
}
END_TEST

/* The last block out keeps its list, and its size. */
START_TEST(survivor)
{
	unsigned indx;
	size_t at;
	void *last;

	begin();
	indx = earn_list(72);
	last = pile[npile / 2];
	pile[npile / 2] = pile[0];
	pile[0] = last;
	give_from(1, 0);
	others(64);
	others(64);
	ck_assert_int_eq(state_of(indx), LEARNED_RETIRED);
	ck_assert_uint_eq(bucket_inuse(indx), 1);
	ck_assert_uint_eq(kmemsizes[addr_to_page(last)], indx);
	ck_assert_uint_eq(bucket[indx].kb_total, bucket[indx].kb_elmpercl);
	at = npile;
	ck_assert_uint_ne(earn_list(2100), indx);
	ck_assert_int_eq(state_of(indx), LEARNED_RETIRED);
	give_from(at, 0);
	give_from(0, 0);
	others(64);
	ck_assert_int_eq(state_of(indx), LEARNED_GONE);
	check_all();
}
END_TEST

/* A size that comes back finds the list, and the free blocks, that it had. */
START_TEST(revival)
{
	size_t clusters, at;
	unsigned indx;

	begin();
	indx = earn_list(72);
	give_from(0, 64);
	clusters = bucket[indx].kb_total;
	others(64);
	ck_assert_int_eq(state_of(indx), LEARNED_RETIRED);
	ck_assert_uint_eq(bucket[indx].kb_total, clusters);
	check_all();
	at = npile;
	pile_up(76, 3 * MB);
	ck_assert_uint_eq(BUCKETINDX(76), indx);
	ck_assert_uint_eq(learn_count(), 1);
	ck_assert_uint_eq(learn_births(), 2);
	ck_assert_uint_le(bucket[indx].kb_total, clusters);
	check_all();
	give_from(at, 0);
}
END_TEST

/* Who comes back has twice the time before it goes again. */
START_TEST(patience)
{
	unsigned indx, waits[3];

	begin();
	for (unsigned round = 0; round < nitems(waits); round++) {
		size_t at = npile;

		pile_up(72, 3 * MB);
		indx = BUCKETINDX(72);
		ck_assert(bucket_isadded(indx));
		give_from(at, 64);
		waits[round] = 0;
		while (state_of(indx) == LEARNED_USED) {
			ck_assert_uint_lt(++waits[round], 100);
			at = npile;
			pile_up(64, 2 * MB);
			give_from(at, 0);
		}
	}
	ck_assert_uint_eq(learn_count(), 1);
	ck_assert_uint_eq(learn_births(), 3);
	ck_assert_uint_gt(waits[1], waits[0]);
	ck_assert_uint_gt(waits[2], waits[1] * 3 / 2);
	check_all();
}
END_TEST

/*
 * Another thread's stack: it holds the list as long as the thread does
 * nothing, until it takes memory itself, or ends.
 */
static pthread_barrier_t turn;

static void *
holder(void *arg)
{
	unsigned indx;
	void *p = block(72, &indx);

	give(p);
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	if (arg != NULL)
		for (unsigned i = 0; i < 40 * MB / 64; i++) {
			p = block(64, &indx);
			give(p);
			if (i % 64 == 0)	/* no stack is large enough */
				for (unsigned k = 0; k < 200; k++)
					((void **)arg)[k] = block(64, &indx);
			if (i % 64 == 0)
				for (unsigned k = 0; k < 200; k++)
					give(((void **)arg)[k]);
		}
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	return (NULL);
}

static void
with_holder(void *room)
{
	pthread_t thread;
	unsigned indx;

	begin();
	pthread_barrier_init(&turn, NULL, 2);
	indx = earn_list(72);
	ck_assert_int_eq(pthread_create(&thread, NULL, holder, room), 0);
	pthread_barrier_wait(&turn);
	give_from(0, 0);
	others(64);
	others(64);
	ck_assert_int_eq(state_of(indx), LEARNED_RETIRED);
	ck_assert_uint_eq(bucket[indx].kb_stacks, 1);
	pthread_barrier_wait(&turn);
	pthread_barrier_wait(&turn);
	others(64);
	ck_assert_int_eq(state_of(indx), room != NULL ? LEARNED_GONE :
	    LEARNED_RETIRED);
	pthread_barrier_wait(&turn);
	pthread_join(thread, NULL);
	if (!UNIT_TSAN)
		cache_reap();
	others(64);
	if (!UNIT_TSAN)
		ck_assert_int_eq(state_of(indx), LEARNED_GONE);
	check_all();
}

START_TEST(held_by_thread)
{
	static void *room[200];

	with_holder(room);
}
END_TEST

START_TEST(held_by_dead_thread)
{
	with_holder(NULL);
}
END_TEST

/* Who looked the list up before it was retired, and comes now. */
START_TEST(late)
{
	unsigned indx, taken;
	void *p;

	begin();
	indx = earn_list(72);
	give_from(0, 0);
	others(64);
	ck_assert_int_eq(state_of(indx), LEARNED_GONE);
	ck_assert_ptr_null(cache_alloc(indx, &taken));
	ck_assert_uint_eq(taken, 0);
	check_all();
	/* The number is a shorter one's now: that is seen at the block. */
	ck_assert_uint_eq(earn_list(40), indx);
	p = cache_alloc(indx, &taken);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_lt(bucket[indx].kb_size, 72);
	ck_assert_uint_eq(kmemsizes[addr_to_page(p)], indx);
	give(p);
	check_all();
}
END_TEST

/*
 * A program of ten phases.  Each begins before the one before has left, which
 * it does in some order, and goes on when that has.  After each: the pages
 * that are in use.
 */
#define PHASE		(20 * MB)

static void
shuffle(size_t from, size_t to)
{
	struct rnd r = { 21 };

	for (size_t i = to; i > from + 1; i--) {
		size_t at = from + rnd_below(&r, i - from);
		void *p = pile[i - 1];

		pile[i - 1] = pile[at];
		pile[at] = p;
	}
}

static void
leave(size_t n)
{
	for (size_t i = 0; i < n; i++)
		give(pile[i]);
	npile -= n;
	memmove(pile, pile + n, npile * sizeof(pile[0]));
}

START_TEST(phases)
{
	static const size_t favourite[] = { 72, 136, 520, 1030, 264, 2050, 40,
	    328, 3000, 88 };
	double worst = 0;

	begin();
	for (unsigned i = 0; i < 2 * nitems(favourite); i++) {
		size_t size = favourite[i % nitems(favourite)], had = npile;
		double ratio;

		if (i / nitems(favourite) % 2 == 1)
			shuffle(0, had);
		pile_up(size, PHASE / 2);
		leave(had);
		pile_up(size, PHASE / 2);
		ratio = (double)ptob(pagerun_inuse()) / PHASE;
		worst = ratio > worst ? ratio : worst;
		ck_assert_msg(ratio <= 1.1, "phase %u, of %zu bytes: %.3f", i,
		    size, ratio);
	}
	printf("# phases: in pages / requested %.3f at worst; %u lists at "
	    "once, %u ever\n", worst, learn_count(), learn_births());
	fflush(stdout);
	check_all();
	give_from(0, 0);
	check_bounded();
}
END_TEST

/*
 * Someone who has lists made, and leaves them: no more than there may be,
 * and each costs him as much as the first.
 */
START_TEST(thousand_sizes)
{
	struct rnd r = { 31 };
	size_t asked_for = 0, most = 0;

	begin();
	for (unsigned round = 0; round < unit_less(1000, 10); round++) {
		size_t size = 17 + rnd_below(&r, round % 3 == 0 ? TOP - 17 :
		    1000);

		pile_up(size, 2 * MB);
		asked_for += 2 * MB;
		give_from(0, 0);
		if (round % 50 == 0)
			check_all();
		if (pagerun_inuse() > most)
			most = pagerun_inuse();
	}
	printf("# a thousand sizes: %u lists at once, %u ever; at most %zu KB "
	    "in pages between two\n", learn_count(), learn_births(),
	    ptob(most) / KB);
	fflush(stdout);
	ck_assert_uint_le(learn_count(), NLEARNED);
	ck_assert_uint_gt(learn_births(), learn_count());
	ck_assert_uint_le(learn_births(), 2 * asked_for / FLOOR);
	/* Stacks may pin the clusters of two or three rounds. */
	ck_assert_uint_le(ptob(most), 12 * MB);
	check_bounded();
}
END_TEST

/*
 * Several threads learn at once: every size is served, whoever comes.
 */
#define NTHREAD	4
static pthread_barrier_t all_done;

static void *
worker(void *arg)
{
	struct rnd r = { (uint64_t)(uintptr_t)arg };
	static _Atomic(char *) table[512];
	unsigned indx;

	for (unsigned i = 0; i < unit_less(400000, 10); i++) {
		size_t size = rnd_below(&r, 2) ?
		    awkward[rnd_below(&r, nitems(awkward))] :
		    8 + rnd_below(&r, 600);
		char *p = block(size, &indx), *old;

		EXPECT(bucket[indx].kb_size >= size);
		p[0] = p[7] = p[size - 1] = 1;
		if (rnd_below(&r, 4) == 0)
			continue;	/* for ever */
		old = __atomic_exchange_n((char **)&table[rnd_below(&r, 512)],
		    p, __ATOMIC_ACQ_REL);
		if (old != NULL)
			give(old);
	}
	/* The sanitizer does not see how a dead thread's cache is found. */
	if (UNIT_TSAN)
		pthread_barrier_wait(&all_done);
	return (NULL);
}

START_TEST(threads)
{
	pthread_t thread[NTHREAD];

	begin();
	pthread_barrier_init(&all_done, NULL, NTHREAD);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, worker,
		    (void *)(i + 1)), 0);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_gt(learn_count(), 2);
	check_all();
}
END_TEST

UNIT_MAIN("learn", 1, choose_one, choose_inside, choose_two_and_three,
    choose_from_middle, choose_uniform, choose_power_laws, floor_of_waste,
    small_programs_stay_pure, share_of_all, powers_of_two, reference,
    stream_awkward, stream_by_turns, stream_in_order, stream_node,
    stream_uniform, stream_power_law, stream_alternating, deterministic,
    each_size_once, rotating_sizes, full, retire, still_asked_for, survivor,
    revival, patience, held_by_thread, held_by_dead_thread, late, phases,
    thousand_sizes, threads);
