/*
 * test_bucket.c - the lists, at every spacing.
 *
 * Linked with --wrap for the system call, in which another thread would run.
 */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bucket.h"
#include "kmemsizes.h"
#include "meanwhile.h"
#include "meta.h"
#include "os.h"
#include "pagerun.h"
#include "unit.h"

static size_t
pages_inuse(void)
{
	struct pagerun_stats ps;

	pagerun_stats(&ps);
	return (ps.ps_inuse);
}

static void
check_all(void)
{
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		bucket_check(indx);
	pagerun_check();
}

static void
reap_all(void)
{
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		bucket_reap(indx, true);
}

START_TEST(sizes)
{
	unsigned spacing = SPACING(_i);

	unit_buckets(spacing);
	ck_assert_uint_eq(bucket[KU_LIST].kb_size, MINALLOCSIZE);
	ck_assert_uint_eq(bucket[bucket_limit - 1].kb_size, MAXCACHED);
	ck_assert_uint_eq(bucket[bucket_runs - 1].kb_size, MAXALLOCSAVE);
	for (unsigned i = KU_LIST + 1; i < bucket_limit; i++) {
		size_t size = bucket[i].kb_size, below = bucket[i - 1].kb_size;

		ck_assert_uint_gt(size, below);
		ck_assert_uint_eq(size % MINALLOCSIZE, 0);
		if (i >= bucket_runs)
			ck_assert_uint_eq(size, below + PAGESIZE);
		else if (spacing == 1)
			ck_assert_uint_eq(size, 2 * below);
		else if (below >= MINALLOCSIZE * spacing)
			ck_assert_uint_le((size - below) * spacing, below);
	}
}
END_TEST

/* The paper's waste: nothing for a power of two. */
START_TEST(table)
{
	unit_buckets(SPACING(_i));
	for (size_t size = 0; size <= MAXCACHED; size++) {
		unsigned indx = BUCKETINDX(size);

		ck_assert_uint_ge(indx, KU_LIST);
		ck_assert_uint_lt(indx, bucket_limit);
		ck_assert_uint_ge(bucket[indx].kb_size, size);
		ck_assert(indx == KU_LIST || bucket[indx - 1].kb_size < size);
		if (size >= MINALLOCSIZE && (size & (size - 1)) == 0)
			ck_assert_uint_eq(bucket[indx].kb_size, size);
	}
}
END_TEST

/* A block of list indx that nobody else has. */
static void
check_block(unsigned indx, char *p)
{
	size_t size = bucket[indx].kb_size;
	const struct kmemcluster *c;

	ck_assert_uint_eq(kmemsizes[addr_to_page(p)], indx);
	ck_assert(bucket_isblock(indx, p));
	ck_assert(!bucket_isblock(indx, p + 8));
	ck_assert(!bucket_isblock(indx, p + size - 1));
	ck_assert(!bucket_isfree(indx, p));
	ck_assert_uint_eq((uintptr_t)p % MINALLOCSIZE, 0);
	if ((size & (size - 1)) == 0 && indx < bucket_runs)
		ck_assert_uint_eq((uintptr_t)p % size, 0);
	if (bucket[indx].kb_mask != UINTPTR_MAX)
		ck_assert_uint_eq((uintptr_t)p & bucket[indx].kb_mask, 0);
	if (indx >= bucket_runs) {
		ck_assert_uint_eq((uintptr_t)p % PAGESIZE, 0);
		ck_assert_uint_eq(ptob(pagerun_size(addr_to_page(p))), size);
		return;
	}
	c = meta_ptr(kmemusage[addr_to_page(p)]);
	ck_assert_uint_eq((size_t)(p - (char *)page_to_addr(c->c_page)) % size,
	    0);
}

#define MOST	600

/* Fills blocks with a pattern and expects all of them afterwards. */
static void
exercise_list(unsigned indx)
{
	static void *slot[MOST];
	size_t size = bucket[indx].kb_size;
	unsigned n = size < 4096 ? MOST : size < 16384 ? 40 : 5;

	ck_assert_uint_eq(bucket_get(indx, slot, n), n);
	for (unsigned i = 0; i < n; i++) {
		check_block(indx, slot[i]);
		pattern_fill(slot[i], size, indx * 1000 + i);
	}
	for (unsigned i = 0; i < n; i++)
		ck_assert(pattern_holds(slot[i], size, indx * 1000 + i));
	ck_assert_uint_eq(bucket[indx].kb_total - bucket[indx].kb_totalfree,
	    n);
	bucket_check(indx);
	ck_assert_ptr_null(bucket_put(indx, slot, n));
	bucket_check(indx);
	ck_assert_uint_eq(bucket[indx].kb_total, bucket[indx].kb_totalfree);
	ck_assert_uint_le(bucket[indx].kb_nempty, bucket[indx].kb_highwat);
	ck_assert_uint_eq(bucket[indx].kb_total,
	    bucket[indx].kb_nempty * bucket[indx].kb_elmpercl);
}

START_TEST(every_list)
{
	unit_buckets(SPACING(_i));
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		exercise_list(indx);
	check_all();
	reap_all();
	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++)
		ck_assert_uint_eq(bucket[indx].kb_total, 0);
	ck_assert_uint_eq(pages_inuse(), 0);
	check_all();
}
END_TEST

/* Neighbours are kept together: the lowest block of the cluster is next. */
START_TEST(lowest_block_first)
{
	unit_buckets(SPACING(_i));
	for (unsigned indx = KU_LIST; indx < bucket_runs; indx++) {
		unsigned n = bucket[indx].kb_elmpercl;
		size_t size = bucket[indx].kb_size;
		void **slot = calloc(n, sizeof(*slot)), *p;
		char *low;

		ck_assert_uint_eq(bucket_get(indx, slot, n), n);
		low = slot[n - 1];
		for (unsigned i = 0; i < n; i++)
			ck_assert_ptr_eq(slot[i], low + (n - 1 - i) * size);
		bucket_put(indx, &slot[0], 1);
		bucket_put(indx, &slot[n - 2], 1);
		ck_assert_uint_eq(bucket_get(indx, &p, 1), 1);
		ck_assert_ptr_eq(p, low + size);
		ck_assert_uint_eq(bucket_get(indx, &p, 1), 1);
		ck_assert_ptr_eq(p, slot[0]);
		bucket_check(indx);
		free(slot);
	}
}
END_TEST

START_TEST(empty_clusters_return)
{
	unit_buckets(SPACING(_i));
	for (unsigned indx = KU_LIST; indx < bucket_runs; indx++) {
		struct kmembuckets *kb = &bucket[indx];
		unsigned n = kb->kb_elmpercl * 6;
		void **slot = calloc(n, sizeof(*slot));

		ck_assert_uint_eq(bucket_get(indx, slot, n), n);
		ck_assert_uint_eq(pages_inuse(), 6 * kb->kb_clpages);
		bucket_put(indx, slot, n);
		ck_assert_uint_eq(kb->kb_nempty, kb->kb_highwat);
		ck_assert_uint_eq(pages_inuse(), kb->kb_highwat *
		    kb->kb_clpages);
		bucket_reap(indx, false);
		ck_assert_uint_eq(kb->kb_nempty, kb->kb_highwat);
		bucket_reap(indx, true);
		ck_assert_uint_eq(kb->kb_nempty, 0);
		ck_assert_uint_eq(pages_inuse(), 0);
		bucket_check(indx);
		free(slot);
	}
}
END_TEST

START_TEST(second_put_is_found)
{
	unit_buckets(SPACING(_i));
	for (unsigned indx = KU_LIST; indx < bucket_runs; indx++) {
		void *slot[4], *batch[3];

		ck_assert_uint_eq(bucket_get(indx, slot, 4), 4);
		ck_assert_ptr_null(bucket_put(indx, &slot[0], 1));
		ck_assert(bucket_isfree(indx, slot[0]));
		ck_assert(!bucket_isfree(indx, slot[1]));
		ck_assert_ptr_eq(bucket_put(indx, &slot[0], 1), slot[0]);
		bucket_check(indx);
		/* In one batch; the others are put back all the same. */
		batch[0] = slot[1];
		batch[1] = slot[0];
		batch[2] = slot[2];
		ck_assert_ptr_eq(bucket_put(indx, batch, 3), slot[0]);
		ck_assert(bucket_isfree(indx, slot[1]));
		ck_assert(bucket_isfree(indx, slot[2]));
		batch[0] = batch[1] = slot[3];
		ck_assert_ptr_eq(bucket_put(indx, batch, 2), slot[3]);
		bucket_check(indx);
		/* And when the cluster is gone. */
		bucket_reap(indx, true);
		ck_assert_ptr_eq(bucket_put(indx, &slot[1], 1), slot[1]);
		bucket_check(indx);
	}
	check_all();
}
END_TEST

/* A page run that is put back twice must not be freed twice. */
START_TEST(second_put_of_a_run)
{
	void *slot[3];

	unit_buckets(SPACING(_i));
	ck_assert_uint_eq(bucket_get(bucket_runs, slot, 2), 2);
	slot[2] = slot[0];
	ck_assert_ptr_eq(bucket_put(bucket_runs, slot, 3), slot[0]);
	ck_assert_uint_eq(bucket[bucket_runs].kb_total, 0);
	check_all();
}
END_TEST

START_TEST(retype)
{
	void *p;
	page_t page;

	unit_buckets(SPACING(_i));
	ck_assert_uint_eq(bucket_get(bucket_runs, &p, 1), 1);
	page = addr_to_page(p);
	ck_assert_int_eq(pagerun_resize(page, pagerun_size(page) + 1,
	    bucket_runs + 1), 0);
	bucket_retype(bucket_runs, bucket_runs + 1);
	ck_assert_uint_eq(bucket[bucket_runs].kb_total, 0);
	ck_assert_uint_eq(bucket[bucket_runs + 1].kb_total, 1);
	bucket_retype(bucket_runs + 1, KU_RUN);
	ck_assert_uint_eq(bucket[bucket_runs + 1].kb_total, 0);
	bucket_retype(KU_RUN, bucket_runs + 1);
	ck_assert_uint_eq(bucket[bucket_runs + 1].kb_total, 1);
	ck_assert_ptr_null(bucket_put(bucket_runs + 1, &p, 1));
	ck_assert_uint_eq(pages_inuse(), 0);
}
END_TEST

/* Pages of free blocks go; blocks in use stay what they are. */
START_TEST(purge)
{
	unit_buckets(SPACING(_i));
	for (unsigned indx = KU_LIST; indx < bucket_runs; indx++) {
		struct kmembuckets *kb = &bucket[indx];
		unsigned n = kb->kb_elmpercl;
		void **slot = calloc(n, sizeof(*slot)), *low;

		ck_assert_uint_eq(bucket_get(indx, slot, n), n);
		low = page_to_addr(((struct kmemcluster *)
		    meta_ptr(kmemusage[addr_to_page(slot[0])]))->c_page);
		for (unsigned i = 0; i < n; i++)
			pattern_fill(slot[i], kb->kb_size, i);
		bucket_put(indx, slot + 1, n - 2);
		bucket_purge(indx, SIZE_MAX);
		ck_assert(pattern_holds(slot[0], kb->kb_size, 0));
		ck_assert(pattern_holds(slot[n - 1], kb->kb_size, n - 1));
		ck_assert_uint_le(unit_resident(low, ptob(kb->kb_clpages)),
		    2 + 2 * btop(round_page(kb->kb_size)));
		bucket_check(indx);
		bucket_put(indx, slot, 1);
		bucket_put(indx, slot + n - 1, 1);
		free(slot);
	}
	check_all();
}
END_TEST

/*
 * All n blocks of a new cluster, each written to; the lowest one, which is to
 * stay in use, comes first.
 */
static void **
whole_cluster(unsigned indx, unsigned *n)
{
	void **slot, *lowest;

	*n = bucket[indx].kb_elmpercl;
	slot = calloc(*n, sizeof(*slot));
	ck_assert_uint_eq(bucket_get(indx, slot, *n), *n);
	lowest = slot[*n - 1];
	slot[*n - 1] = slot[0];
	slot[0] = memset(lowest, 1, ptob(bucket[indx].kb_clpages));
	return (slot);
}

/* A page that went and was not used since is let alone, and only that. */
START_TEST(purge_again)
{
	unsigned indx = KU_LIST + 2, n;
	void **slot;
	char *base;

	unit_buckets(1);
	slot = whole_cluster(indx, &n);
	base = slot[0];
	bucket_put(indx, slot + 1, n - 1);
	bucket_purge(indx, 0);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 1);
	bucket_purge(indx, 1);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 0);

	base[PAGESIZE] = 1;		/* as nobody may: it shows who looks */
	bucket_purge(indx, SIZE_MAX);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 1);
	ck_assert_uint_eq(bucket_get(indx, slot + 1, n - 1), n - 1);
	bucket_put(indx, slot + 1, n - 1);
	bucket_purge(indx, SIZE_MAX);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 0);
	ck_assert_int_eq(*base, 1);
	bucket_put(indx, slot, 1);
	free(slot);
	check_all();
}
END_TEST

/* A page has to be free from one round to the next. */
START_TEST(age)
{
	unsigned indx = KU_LIST + 2, n;
	void **slot;
	char *base;

	unit_buckets(1);
	slot = whole_cluster(indx, &n);
	base = slot[0];
	bucket_put(indx, slot + 1, n - 1);
	bucket_age(indx);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 1);

	/* It was used meanwhile. */
	ck_assert_uint_eq(bucket_get(indx, slot + 1, n - 1), n - 1);
	bucket_age(indx);
	bucket_put(indx, slot + 1, n - 1);
	bucket_age(indx);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 1);

	bucket_age(indx);
	ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 0);
	ck_assert_int_eq(*base, 1);

	/* Where the round stopped, there is no cluster any more. */
	bucket_put(indx, slot, 1);
	bucket_reap(indx, true);
	bucket_age(indx);
	free(slot);
	check_all();
}
END_TEST

/* A round comes by each cluster, however many there are. */
START_TEST(age_of_many)
{
	enum { N = 10000 };
	unsigned indx = KU_LIST + 2, n = 0;
	static void **slot[N];

	unit_buckets(1);
	for (unsigned i = 0; i < N; i++)
		slot[i] = whole_cluster(indx, &n);
	for (unsigned i = 0; i < N; i++)
		bucket_put(indx, slot[i] + 1, n - 1);
	for (unsigned i = 0; i < 8; i++)
		bucket_age(indx);
	for (unsigned i = 0; i < N; i++) {
		char *base = slot[i][0];

		ck_assert_uint_eq(unit_resident(base + PAGESIZE, PAGESIZE), 0);
		bucket_put(indx, slot[i], 1);
		free(slot[i]);
	}
	check_all();
}
END_TEST

/*
 * A model: what is out, with contents; the figures exact at each step.
 */
#define OUT	3000
static struct out {
	char		*p;
	unsigned	 indx;
	uint64_t	 seed;
} out[OUT];
static unsigned nout, list_out[NLIST];

static unsigned
some_list(struct rnd *r)
{
	return (rnd_below(r, 8) ? KU_LIST + (unsigned)rnd_below(r,
	    bucket_runs - KU_LIST) : KU_LIST + (unsigned)rnd_below(r,
	    bucket_limit - KU_LIST - 40));
}

static void
get_some(struct rnd *r)
{
	unsigned indx = some_list(r), n = 1 + (unsigned)rnd_below(r, 60);
	void *slot[60];

	if (indx >= bucket_runs)
		n = 1;
	if (nout + n > OUT)
		return;
	ck_assert_uint_eq(bucket_get(indx, slot, n), n);
	for (unsigned i = 0; i < n; i++) {
		out[nout] = (struct out) { slot[i], indx, rnd_next(r) };
		pattern_fill(slot[i], bucket[indx].kb_size, out[nout++].seed);
	}
	list_out[indx] += n;
}

static void
put_some(struct rnd *r)
{
	void *slot[60];
	unsigned n = 0, indx;

	if (nout == 0)
		return;
	indx = out[rnd_below(r, nout)].indx;
	for (unsigned i = 0; i < nout && n < 60;) {
		if (out[i].indx != indx || rnd_below(r, 4) == 0) {
			i++;
			continue;
		}
		ck_assert(pattern_holds(out[i].p, bucket[indx].kb_size,
		    out[i].seed));
		slot[n++] = out[i].p;
		out[i] = out[--nout];
	}
	ck_assert_ptr_null(bucket_put(indx, slot, n));
	list_out[indx] -= n;
}

static void
compare(void)
{
	size_t pages = 0;

	for (unsigned i = KU_LIST; i < bucket_limit; i++) {
		const struct kmembuckets *kb = &bucket[i];

		ck_assert_uint_eq(kb->kb_total - kb->kb_totalfree, list_out[i]);
		ck_assert_uint_le(kb->kb_nempty, kb->kb_highwat);
		pages += kb->kb_total / kb->kb_elmpercl * kb->kb_clpages;
	}
	ck_assert_uint_eq(pages_inuse(), pages);
	check_all();
}

START_TEST(against_model)
{
	struct rnd r = { SPACING(_i) };

	unit_buckets(SPACING(_i));
	for (unsigned i = 0; i < unit_less(3000, 10); i++) {
		if (rnd_below(&r, 2))
			get_some(&r);
		else
			put_some(&r);
		if (i % 16 == 15)
			compare();
		if (rnd_below(&r, 100) == 0)
			reap_all();
	}
	while (nout > 0)
		put_some(&r);
	reap_all();
	compare();
	ck_assert_uint_eq(pages_inuse(), 0);
}
END_TEST

/*
 * A list may be dropped, and another one made under its number, while its last
 * clusters go back to the page runs.
 */
static void
make_another(void)
{
	ck_assert(bucket_drop(bucket_first_limit));
	bucket_add(bucket_first_limit, 80);
}

static void
with_another(bool by_reap)
{
	static void *block[100000];
	unsigned indx = bucket_first_limit, n = nitems(block), clpages;

	bucket_add(indx, 112);
	clpages = bucket[indx].kb_clpages;
	bucket_use(indx, 96);
	bucket[indx].kb_highwat = by_reap ? UINT8_MAX : 0;
	ck_assert_uint_eq(bucket_get(indx, block, n), n);
	meanwhile = by_reap ? NULL : make_another;
	ck_assert_ptr_null(bucket_put(indx, block, n));
	if (by_reap) {
		meanwhile = make_another;
		bucket_reap(indx, true);
	}
	ck_assert(meanwhile == NULL);
	ck_assert_uint_ne(bucket[indx].kb_clpages, clpages);
	ck_assert_uint_eq(pages_inuse(), 0);
	check_all();
}

START_TEST(another_list_after_put)
{
	unit_buckets(SPACING(_i));
	with_another(false);
}
END_TEST

START_TEST(another_list_after_reap)
{
	unit_buckets(SPACING(_i));
	with_another(true);
}
END_TEST

/* Threads on the same lists: no block is out twice. */
#define NTHREAD	4

static void *
worker(void *arg)
{
	struct rnd r = { (uint64_t)(uintptr_t)arg };
	void *slot[40];

	for (unsigned i = 0; i < unit_less(4000, 10); i++) {
		unsigned indx = KU_LIST + (unsigned)rnd_below(&r, 6);
		unsigned n = 1 + (unsigned)rnd_below(&r, 40);

		ck_assert_uint_eq(bucket_get(indx, slot, n), n);
		for (unsigned j = 0; j < n; j++)
			*(uintptr_t *)slot[j] = (uintptr_t)arg + j;
		for (unsigned j = 0; j < n; j++)
			ck_assert_uint_eq(*(uintptr_t *)slot[j],
			    (uintptr_t)arg + j);
		ck_assert_ptr_null(bucket_put(indx, slot, n));
		if (rnd_below(&r, 200) == 0)
			bucket_reap(indx, true);
		if (rnd_below(&r, 200) == 0)
			bucket_purge(indx, SIZE_MAX);
		if (rnd_below(&r, 100) == 0)
			bucket_age(indx);
	}
	return (NULL);
}

START_TEST(threads)
{
	pthread_t thread[NTHREAD];

	unit_buckets(SPACING(_i));
	exercise_list(KU_LIST);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		pthread_create(&thread[i], NULL, worker,
		    (void *)((i + 1) << 32));
	for (int i = 0; i < 20; i++)
		check_all();
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	reap_all();
	compare();
	ck_assert_uint_eq(pages_inuse(), 0);
}
END_TEST

UNIT_MAIN("bucket", NSPACING, sizes, table, every_list, lowest_block_first,
    empty_clusters_return, second_put_is_found, second_put_of_a_run, retype,
    purge, purge_again, age, age_of_many, against_model,
    another_list_after_put, another_list_after_reap, threads);
