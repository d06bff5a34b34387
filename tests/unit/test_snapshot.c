/*
 * test_snapshot.c - snapshots of memory that changes, fails, or holds anything:
 * they end, and their figures fit together.
 */
#include <sys/uio.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "blocks.h"
#include "kmem.h"
#include "snapshot.h"
#include "stats.h"
#include "unit.h"

#define READS_MAX	6000000u	/* of a snapshot, whatever it meets */

/* Memory as seen through a mischief. */
struct glass {
	struct rnd	g_rnd;
	unsigned	g_spoil;	/* one read in so many is; 0: none */
	unsigned	g_fail;		/* one fails; 0: none */
	int		g_fill;		/* reads give this byte; -1: none */
	uint64_t	g_reads;
	uint64_t	g_most;		/* reads until all fail */
};

static struct kma_figures snap, again;

static int
look(void *ctx, uintptr_t addr, void *buf, size_t len)
{
	struct iovec here = { buf, len }, there = { (void *)addr, len };
	struct glass *g = ctx;

	if (++g->g_reads > g->g_most)
		return (ESRCH);
	if (g->g_fail > 0 && rnd_below(&g->g_rnd, g->g_fail) == 0)
		return (EFAULT);
	/* The page's size has to make sense: else it is over at once. */
	if (g->g_fill >= 0 && addr != (uintptr_t)kma_root.kr_pageshift) {
		memset(buf, g->g_fill, len);
		return (0);
	}
	/* What was spoilt before may lead anywhere. */
	if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)len)
		return (EFAULT);
	if (g->g_spoil > 0 && rnd_below(&g->g_rnd, g->g_spoil) == 0)
		for (size_t i = 0; i < len; i++)
			((uint8_t *)buf)[i] = (uint8_t)rnd_next(&g->g_rnd);
	return (0);
}

static int
take(struct glass *g, struct kma_figures *s)
{
	struct snapshot_source ss = { look, g, &kma_root };
	int error;

	g->g_reads = 0;
	error = snapshot_take(&ss, s);
	if (error == 0)
		error = snapshot_sparse(&ss, s);
	return (error);
}

#define CLEAR(seed)	{ .g_rnd = { (seed) }, .g_fill = -1,		\
			    .g_most = UINT64_MAX }

/* What holds of every snapshot. */
static void
check_sums(const struct kma_figures *s)
{
	const struct kma_totals *st = &s->sn_totals;
	uint64_t inuse = 0, cached = 0, pages = 0, sparse = 0;

	ck_assert_uint_le(s->sn_nbucket, KMA_NLIST);
	ck_assert_uint_le(s->sn_nlearned, KMA_NLEARNED);
	ck_assert_uint_le(s->sn_ntype, KMA_NTYPE);
	for (uint32_t i = 0; i < s->sn_nbucket; i++) {
		const struct kma_bucket_figures *row = &s->sn_bucket[i];

		ck_assert_uint_gt(row->kb_size, 0);
		if (i > 0 && row->kb_runs == row[-1].kb_runs)
			ck_assert_uint_gt(row->kb_size, row[-1].kb_size);
		inuse += row->kb_inuse * row->kb_size;
		cached += row->kb_cached * row->kb_size;
		pages += row->kb_pagebytes;
		sparse += row->kb_sparsebytes;
	}
	ck_assert_uint_eq(st->st_inuse, inuse + st->st_runbytes);
	ck_assert_uint_eq(st->st_pages - pages - st->st_runbytes,
	    st->st_cached - cached);
	ck_assert_uint_eq(st->st_sparsebytes, sparse);
	ck_assert_uint_ge(st->st_mapped, st->st_pages);
	ck_assert_uint_ge(st->st_maxpages, st->st_pages);
	ck_assert_uint_ge(st->st_mapped - st->st_pages, st->st_dirty);
	for (uint32_t i = 0; i < s->sn_ntype; i++) {
		const struct kma_type_figures *row = &s->sn_type[i];

		ck_assert_ptr_nonnull(memchr(row->ks_name, '\0', KMA_NAMELEN));
		ck_assert_uint_ge(row->ks_maxused, row->ks_memuse);
		ck_assert_int_ge((int64_t)row->ks_inuse, 0);
	}
}

/* Further, where the rows are those of a heap. */
static void
check_rows(const struct kma_figures *s)
{
	for (uint32_t i = 0; i < s->sn_nbucket; i++) {
		const struct kma_bucket_figures *row = &s->sn_bucket[i];

		ck_assert_uint_le(row->kb_cached, row->kb_free);
		ck_assert_uint_le((row->kb_inuse + row->kb_free) *
		    row->kb_size, row->kb_pagebytes);
		ck_assert_uint_le(row->kb_requested,
		    row->kb_inuse * row->kb_size);
		ck_assert_uint_le(row->kb_sparsebytes, row->kb_pagebytes);
	}
}

static void
some_heap(void)
{
	void *p[3000];
	struct rnd r = { 1 };

	ck_assert(kmem_init());
	for (unsigned i = 0; i < nitems(p); i++)
		p[i] = block_get(rnd_below(&r, i % 50 == 0 ? 1000000 : 3000));
	for (unsigned i = 0; i < nitems(p); i++)
		if (i % 100 != 0)
			block_put(p[i]);
}

/* From outside and from inside: the same code, and the same figures. */
START_TEST(same_from_outside)
{
	struct glass g = CLEAR(1);
	struct kma_totals st;

	some_heap();
	ck_assert_int_eq(take(&g, &snap), 0);
	ck_assert_int_eq(stats_snapshot(&again), 0);
	check_sums(&snap);
	check_rows(&snap);
	ck_assert_uint_eq(snap.sn_walked, 1);
	ck_assert_uint_gt(snap.sn_totals.st_sparse, 0);
	ck_assert_uint_gt(snap.sn_totals.st_sampled, 0);
	ck_assert_uint_eq(again.sn_walked, 0);
	/* But for the sparse clusters, and what only the caller knows. */
	for (uint32_t i = 0; i < snap.sn_nbucket; i++)
		snap.sn_bucket[i].kb_sparse =
		    snap.sn_bucket[i].kb_sparsebytes = 0;
	snap.sn_walked = 0;
	snap.sn_totals.st_sparse = snap.sn_totals.st_sparsebytes = 0;
	snap.sn_pid = again.sn_pid;
	snap.sn_totals.st_resident = again.sn_totals.st_resident;
	ck_assert_mem_eq(&snap, &again, sizeof(snap));
	stats_totals(&st);
	ck_assert_uint_eq(st.st_inuse, snap.sn_totals.st_inuse);
	ck_assert_uint_eq(st.st_pages, snap.sn_totals.st_pages);
}
END_TEST

/* The clusters that are less than an eighth in use, one by one. */
START_TEST(sparse_clusters)
{
	unsigned indx, percl, some;
	struct glass g = CLEAR(1);
	static void *p[100000];
	size_t n;

	unit_options("spacing=1");
	ck_assert(kmem_init());
	indx = BUCKETINDX(64);
	percl = bucket[indx].kb_elmpercl;
	n = 10 * (size_t)percl;
	some = percl / 8 - 1;
	ck_assert_uint_lt(n, nitems(p));
	for (size_t i = 0; i < n; i++)
		ck_assert_uint_eq(bucket_get(indx, &p[i], 1), 1);
	ck_assert_int_eq(take(&g, &snap), 0);
	ck_assert_uint_eq(snap.sn_totals.st_sparse, 0);
	/* Of three, all but some; of another, one more is left. */
	for (size_t c = 0; c < 4; c++)
		bucket_put(indx, p + c * percl,
		    percl - some - (c == 3 ? 1 : 0));
	ck_assert_int_eq(take(&g, &snap), 0);
	ck_assert_uint_eq(snap.sn_totals.st_sparse, 3);
	ck_assert_uint_eq(snap.sn_totals.st_sparsebytes,
	    3 * ptob(bucket[indx].kb_clpages));
}
END_TEST

/* It stops at any read: an error, the one that the read gave. */
START_TEST(ends_at_any_read)
{
	struct glass g = CLEAR(1);
	uint64_t all;

	some_heap();
	ck_assert_int_eq(take(&g, &snap), 0);
	all = g.g_reads;
	ck_assert_uint_gt(all, 200);
	for (uint64_t n = 0; n < all; n++) {
		g.g_most = n;
		ck_assert_int_eq(take(&g, &snap), ESRCH);
	}
	g.g_most = all;
	ck_assert_int_eq(take(&g, &snap), 0);
}
END_TEST

/* Garbage in some places, and pages that are not there. */
START_TEST(spoilt)
{
	unsigned good = 0, bad = 0;

	some_heap();
	for (unsigned i = 0; i < unit_less(2000, 10); i++) {
		struct glass g = CLEAR(i);
		int error;

		g.g_spoil = 1u << (4 + i % 8);
		g.g_fail = i % 3 == 0 ? 500 : 0;
		error = take(&g, &snap);
		ck_assert_uint_lt(g.g_reads, READS_MAX);
		ck_assert(error == 0 || error == EFAULT || error == EPROTO);
		if (error == 0)
			check_sums(&snap);
		*(error == 0 ? &good : &bad) += 1;
	}
	ck_assert_uint_gt(good, 0);
	ck_assert_uint_gt(bad, 0);
}
END_TEST

/* Nothing but garbage, all of it readable: chains that never end. */
START_TEST(all_garbage)
{
	static const int fill[] = { 0x00, 0x01, 0x08, 0x10, 0x18, 0x7f, 0xff };
	unsigned good = 0;

	ck_assert(kmem_init());
	for (unsigned i = 0; i < nitems(fill); i++) {
		struct glass g = CLEAR(1);
		int error;

		g.g_fill = fill[i];
		error = take(&g, &snap);
		ck_assert_uint_lt(g.g_reads, READS_MAX);
		ck_assert(error == 0 || error == EPROTO);
		good += error == 0;
		if (error == 0)
			check_sums(&snap);
	}
	ck_assert_uint_gt(good, 0);
}
END_TEST

/* A chain of caches that bites its tail. */
START_TEST(endless_caches)
{
	struct snapshot_cached sc;
	struct kmemcache *kc;

	some_heap();
	kc = cache_list;
	ck_assert_ptr_nonnull(kc);
	kc->kc_next = kc;
	ck_assert_int_eq(snapshot_caches(&snapshot_self, &sc), 0);
	ck_assert_uint_le(sc.sc_threads, cache_count + 1);
	kc->kc_next = NULL;
}
END_TEST

/* While threads allocate: whatever is seen fits together. */
static volatile bool stop;

static void *
churn(void *arg)
{
	struct rnd r = { (uintptr_t)arg };
	void *p[200] = { NULL };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		unsigned i = (unsigned)rnd_below(&r, nitems(p));

		if (p[i] != NULL)
			block_put(p[i]);
		p[i] = block_get(rnd_below(&r, (size_t)1 <<
		    rnd_below(&r, 20)));
	}
	for (unsigned i = 0; i < nitems(p); i++)
		if (p[i] != NULL)
			block_put(p[i]);
	return (NULL);
}

START_TEST(under_way)
{
	struct glass g = CLEAR(1);
	pthread_t thread[3];

	ck_assert(kmem_init());
	for (uintptr_t i = 0; i < nitems(thread); i++)
		pthread_create(&thread[i], NULL, churn, (void *)(i + 1));
	for (unsigned i = 0; i < unit_less(300, 10); i++) {
		ck_assert_int_eq(take(&g, &snap), 0);
		check_sums(&snap);
		check_rows(&snap);
		ck_assert_int_eq(stats_snapshot(&snap), 0);
		check_sums(&snap);
		check_rows(&snap);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < nitems(thread); i++)
		pthread_join(thread[i], NULL);
}
END_TEST

/* What is no root, or one of another version. */
START_TEST(roots)
{
	struct kma_root other = kma_root, root;
	struct glass g = CLEAR(1);

	ck_assert_int_eq(snapshot_root(look, &g, (uintptr_t)&kma_root, &root),
	    0);
	ck_assert_mem_eq(&root, &kma_root, sizeof(root));
	ck_assert_int_eq(snapshot_root(look, &g, 16, &root), EFAULT);
	other.kr_layout++;
	strcpy(other.kr_library, "99.1");
	ck_assert_int_eq(snapshot_root(look, &g, (uintptr_t)&other, &root),
	    ENOTSUP);
	ck_assert_uint_eq(root.kr_layout, ROOT_LAYOUT + 1);
	ck_assert_str_eq(root.kr_library, "99.1");
	other = kma_root;
	other.kr_shape[3]++;
	ck_assert_int_eq(snapshot_root(look, &g, (uintptr_t)&other, &root),
	    ENOTSUP);
	other = kma_root;
	memset(other.kr_library, 'x', sizeof(other.kr_library));
	other.kr_bytes--;
	ck_assert_int_eq(snapshot_root(look, &g, (uintptr_t)&other, &root),
	    ENOTSUP);
	ck_assert_uint_eq(strlen(root.kr_library), 15);
	other.kr_magic[0]++;
	ck_assert_int_eq(snapshot_root(look, &g, (uintptr_t)&other, &root),
	    EPROTO);
}
END_TEST

UNIT_MAIN("snapshot", 1, same_from_outside, sparse_clusters, ends_at_any_read,
    spoilt, all_garbage, endless_caches, under_way, roots);
