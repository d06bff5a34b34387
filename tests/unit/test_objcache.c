/*
 * test_objcache.c - object caches.
 *
 * Linked with --wrap for the system call, so that memory can run out, and for
 * reports, to count them.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kma.h"
#include "kmem.h"
#include "kmemsizes.h"
#include "memtype.h"
#include "meta.h"
#include "objcache.h"
#include "os.h"
#include "pagerun.h"
#include "report.h"
#include "unit.h"
#include "wrap.h"

#define MB	((size_t)1 << 20)

/* As ck_assert(), which enters the kernel each time. */
#define must(cond)	((cond) ? (void)0 : ck_abort_msg("not %s", #cond))

/* What all types together have in use. */
static size_t
charged(void)
{
	struct kma_type_figures figures;
	size_t bytes = 0;

	for (unsigned type = 1; type < memtype_ntypes; type++) {
		memtype_figures(type, &figures);
		bytes += figures.ks_memuse;
	}
	return (bytes);
}

/*
 * System calls that fail: mappings, from one on.
 */
static unsigned maps, fail_from = UINT32_MAX;

long
__wrap_os_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	if (nr == SYS_mmap && __atomic_add_fetch(&maps, 1,
	    __ATOMIC_RELAXED) >= relaxed_load(&fail_from))
		return (-ENOMEM);
	return (__real_os_syscall(nr, a, b, c, d, e, f));
}

/* How often something was reported. */
static unsigned reports;

void	__real_report_misuse(const char *func, const void *addr,
	    const char *reason);
void	__wrap_report_misuse(const char *func, const void *addr,
	    const char *reason);

void
__wrap_report_misuse(const char *func, const void *addr, const char *reason)
{
	__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED);
	__real_report_misuse(func, addr, reason);
}

/*
 * Objects, as their constructors and destructors see them.
 */
static unsigned made, unmade;		/* ever */
static unsigned fail_at;		/* the construction that fails */
static void *order[2][8192];		/* in which it happened */

static int
construct(void *obj, void *arg)
{
	must(arg == &made);
	if (made + 1 == fail_at)
		return (EXDEV);
	order[0][made++ % nitems(order[0])] = obj;
	return (0);
}

static void
destruct(void *obj, void *arg)
{
	must(arg == &made);
	order[1][unmade++ % nitems(order[1])] = obj;
}

static void
setup(void)
{
	ck_assert(kmem_init());
	objcache_init();
}

static struct kma_objcache *
create(size_t size, size_t align)
{
	int error = 0;
	struct kma_objcache *oc = objcache_create("test", size, align,
	    construct, destruct, &made, &error);

	ck_assert_ptr_nonnull(oc);
	objcache_check(oc);
	return (oc);
}

static struct kma_objcache *
create_plain(size_t size, size_t align)
{
	int error = 0;
	struct kma_objcache *oc = objcache_create("plain", size, align, NULL,
	    NULL, NULL, &error);

	ck_assert_ptr_nonnull(oc);
	return (oc);
}

static void *
get(struct kma_objcache *oc)
{
	int error = 0;
	void *p = objcache_alloc(oc, M_NOWAIT, &error);

	must(p != NULL);
	return (p);
}

static void
put(struct kma_objcache *oc, void *p)
{
	objcache_free(oc, p, "kma_cache_free");
}

static struct objcache_stats
stats(struct kma_objcache *oc)
{
	struct objcache_stats os;

	objcache_check(oc);
	objcache_stats(oc, &os);
	ck_assert_uint_eq(os.os_objects,
	    os.os_inuse + os.os_cached + os.os_free);
	return (os);
}

static size_t
pages_inuse(void)
{
	struct pagerun_stats ps;

	pagerun_stats(&ps);
	return (ps.ps_inuse);
}

/* The cache has nothing left, and its end is quiet. */
static void
destroy(struct kma_objcache *oc)
{
	objcache_check(oc);
	ck_assert_int_eq(objcache_destroy(oc), 0);
	ck_assert_uint_eq(stats(oc).os_slabs, 0);
}

/*
 * Shape.
 */

static void
check_shape(size_t size, size_t align)
{
	struct kma_objcache *oc = create_plain(size, align);
	size_t real = align == 0 ? 16 : align < 8 ? 8 : align;
	size_t bytes = ptob(oc->oc_npages), most = 8 * MB / size;
	unsigned n = oc->oc_nobj + 3;
	void **p = calloc(n, sizeof(*p));

	ck_assert_uint_eq(oc->oc_stride % real, 0);
	ck_assert_uint_ge(oc->oc_stride, size);
	ck_assert_uint_lt(oc->oc_stride - size, real);
	ck_assert_uint_le((bytes - oc->oc_nobj * oc->oc_stride) * 8, bytes);
	n = n > most ? (unsigned)most : n;
	for (unsigned i = 0; i < n; i++) {
		p[i] = get(oc);
		ck_assert_uint_eq((uintptr_t)p[i] % real, 0);
		pattern_fill(p[i], size, i);
	}
	ck_assert_uint_eq(stats(oc).os_inuse, n);
	ck_assert_uint_eq(stats(oc).os_bytes, charged());
	for (unsigned i = 0; i < n; i++) {
		ck_assert(pattern_holds(p[i], size, i));
		put(oc, p[i]);
	}
	ck_assert_uint_eq(stats(oc).os_inuse, 0);
	destroy(oc);
	ck_assert_uint_eq(charged(), 0);
	free(p);
}

START_TEST(shapes)
{
	size_t inuse;

	setup();
	inuse = pages_inuse();
	for (size_t size = 1; size < 64; size++)
		check_shape(size, 0);
	for (size_t size = 64; size <= MB; size += size / 5 + 1)
		check_shape(size, 0);
	for (size_t align = 1; align <= 4 * PAGESIZE; align *= 2) {
		check_shape(1, align);
		check_shape(24, align);
		check_shape(PAGESIZE + 1, align);
	}
	check_shape(100, MB);
	check_shape(MB, 8);
	check_shape(3 * MB + 1, 0);
	ck_assert_uint_eq(pages_inuse(), inuse);
	kmem_check();
}
END_TEST

START_TEST(impossible)
{
	int error = 0;

	setup();
	ck_assert_ptr_null(objcache_create("x", 0, 0, NULL, NULL, NULL,
	    &error));
	ck_assert_int_eq(error, EINVAL);
	ck_assert_ptr_null(objcache_create("x", 8, 24, NULL, NULL, NULL,
	    &error));
	ck_assert_int_eq(error, EINVAL);
	ck_assert_ptr_null(objcache_create("x", SIZE_MAX, 0, NULL, NULL, NULL,
	    &error));
	ck_assert_int_eq(error, ENOMEM);
	for (unsigned shift = 46; shift < 62; shift += 5) {
		struct kma_objcache *oc = create((size_t)1 << shift, 0);

		ck_assert_ptr_null(objcache_alloc(oc, M_NOWAIT, &error));
		ck_assert_int_eq(error, ENOMEM);
		ck_assert_ptr_null(objcache_alloc(oc, M_WAITOK, &error));
		ck_assert_int_eq(error, ENOMEM);
		destroy(oc);
	}
	ck_assert_uint_eq(made, 0);
	ck_assert_uint_eq(charged(), 0);
}
END_TEST

/*
 * Constructed objects.
 */

START_TEST(constructed_once)
{
	struct kma_objcache *oc;
	void *p[1000];
	unsigned before;

	setup();
	oc = create(100, 0);
	ck_assert_uint_eq(made, 0);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < nitems(p); i++)
			p[i] = get(oc);
		ck_assert_uint_eq(made - unmade, stats(oc).os_objects);
		before = made;
		for (unsigned i = 0; i < nitems(p); i += 2)
			put(oc, p[i]);
		for (unsigned i = 0; i < nitems(p); i += 2)
			p[i] = get(oc);
		ck_assert_uint_eq(made, before);
		for (unsigned i = 0; i < nitems(p); i++)
			put(oc, p[i]);
		ck_assert_uint_eq(made - unmade, stats(oc).os_objects);
	}
	objcache_reap(oc);
	ck_assert_uint_eq(made, unmade);
	put(oc, get(oc));
	ck_assert_uint_eq(made, unmade + oc->oc_nobj);
	destroy(oc);
	ck_assert_uint_eq(made, unmade);
}
END_TEST

/* A free object is as it was left, every byte of it, and so given out. */
START_TEST(never_written)
{
	enum { N = 700, SIZE = 96 };
	struct kma_objcache *oc;
	static char *p[N], *q[N];

	setup();
	oc = create(SIZE, 0);
	for (uintptr_t i = 0; i < N; i++) {
		p[i] = get(oc);
		pattern_fill(p[i], SIZE, (uintptr_t)p[i]);
	}
	q[0] = get(oc);		/* the last slab stays */
	for (unsigned i = 1; i < N; i++)
		put(oc, p[i]);
	for (unsigned i = 1; i < N; i++)
		if (kmemsizes[addr_to_page(p[i])] == KU_SLAB)
			ck_assert(pattern_holds(p[i], SIZE, (uintptr_t)p[i]));
	for (unsigned i = 1; i < oc->oc_nobj / 2; i++) {
		q[i] = get(oc);
		for (unsigned j = 1; j < N; j++)
			if (q[i] == p[j] && unmade == 0)
				ck_assert(pattern_holds(q[i], SIZE,
				    (uintptr_t)q[i]));
	}
	for (unsigned i = 0; i < oc->oc_nobj / 2; i++)
		put(oc, q[i]);
	put(oc, p[0]);
	destroy(oc);
}
END_TEST

START_TEST(constructor_fails)
{
	struct kma_objcache *oc;
	int error = 0;
	void *p;

	setup();
	oc = create(1000, 0);
	for (unsigned at = 1; at <= oc->oc_nobj; at++) {
		size_t inuse = pages_inuse();
		unsigned m = made, u = unmade;

		fail_at = made + at;
		ck_assert_ptr_null(objcache_alloc(oc, at % 2 ? M_NOWAIT :
		    M_WAITOK, &error));
		ck_assert_int_eq(error, EXDEV);
		ck_assert_uint_eq(made - m, at - 1);
		ck_assert_uint_eq(unmade - u, at - 1);
		for (unsigned i = 0; i < at - 1; i++)
			ck_assert_ptr_eq(order[0][m + i],
			    order[1][unmade - 1 - i]);
		ck_assert_uint_eq(stats(oc).os_slabs, 0);
		ck_assert_uint_eq(charged(), 0);
		ck_assert_uint_eq(pages_inuse(), inuse);
	}
	fail_at = 0;
	p = get(oc);
	put(oc, p);
	destroy(oc);
	ck_assert_uint_eq(made, unmade);
}
END_TEST

/* Constructors and destructors may allocate, here too: no lock is held. */
static struct kma_objcache *inner;

static int
construct_pair(void *obj, void *arg)
{
	int error = 0;

	(void)arg;
	*(void **)obj = objcache_alloc(inner, M_NOWAIT, &error);
	return (error);
}

static void
destruct_pair(void *obj, void *arg)
{
	(void)arg;
	put(inner, *(void **)obj);
}

START_TEST(nested)
{
	struct kma_objcache *oc;
	void *p[500];
	int error = 0;

	setup();
	inner = create(48, 0);
	oc = objcache_create("outer", 64, 0, construct_pair, destruct_pair,
	    NULL, &error);
	ck_assert_ptr_nonnull(oc);
	for (unsigned i = 0; i < nitems(p); i++)
		p[i] = get(oc);
	ck_assert_uint_eq(stats(inner).os_inuse, stats(oc).os_objects);
	ck_assert_int_eq(objcache_destroy(inner), EBUSY);
	for (unsigned i = 0; i < nitems(p); i++)
		put(oc, p[i]);
	ck_assert_uint_eq(stats(inner).os_inuse, stats(oc).os_objects);
	destroy(oc);
	destroy(inner);
	ck_assert_uint_eq(made, unmade);
}
END_TEST

/*
 * Slabs.
 */

static size_t
on_list(struct kma_objcache *oc, unsigned list)
{
	size_t n = 0;

	for (struct slab *s = oc->oc_slabs[list]; s != NULL; s = s->s_next)
		n++;
	return (n);
}

static void
expect_lists(struct kma_objcache *oc, size_t empty, size_t partial,
    size_t full)
{
	objcache_check(oc);
	ck_assert_uint_eq(on_list(oc, SLAB_EMPTY), empty);
	ck_assert_uint_eq(on_list(oc, SLAB_PARTIAL), partial);
	ck_assert_uint_eq(on_list(oc, SLAB_FULL), full);
}

/* Objects this long go to their slabs directly. */
START_TEST(lists)
{
	struct kma_objcache *oc;
	void *p[64];
	unsigned n;

	setup();
	oc = create(20000, 0);
	ck_assert_uint_eq(oc->oc_rounds, 0);
	n = oc->oc_nobj;
	ck_assert_uint_ge(n, 3);
	ck_assert_uint_le(4 * n, nitems(p));
	expect_lists(oc, 0, 0, 0);
	for (unsigned i = 0; i < 4 * n; i++) {
		p[i] = get(oc);
		expect_lists(oc, 0, i % n != n - 1, (i + 1) / n);
	}
	put(oc, p[0]);
	expect_lists(oc, 0, 1, 3);
	put(oc, p[n]);
	expect_lists(oc, 0, 2, 2);
	for (unsigned i = 1; i < n; i++)
		put(oc, p[i]);
	expect_lists(oc, 1, 1, 2);
	for (unsigned i = n + 1; i < 2 * n; i++)
		put(oc, p[i]);
	expect_lists(oc, 1, 0, 2);	/* one empty slab is kept */
	ck_assert_uint_eq(unmade, n);
	p[0] = get(oc);
	expect_lists(oc, 0, 1, 2);
	put(oc, p[2 * n]);
	p[1] = get(oc);			/* not from an empty one */
	p[2 * n] = get(oc);
	put(oc, p[0]);
	put(oc, p[1]);
	put(oc, p[2 * n]);
	for (unsigned i = 2 * n + 1; i < 4 * n; i++)
		put(oc, p[i]);
	expect_lists(oc, 1, 0, 0);
	ck_assert_uint_eq(objcache_reap(oc), ptob(oc->oc_npages));
	expect_lists(oc, 0, 0, 0);
	ck_assert_uint_eq(objcache_reap(oc), 0);
	destroy(oc);
	ck_assert_uint_eq(made, unmade);
}
END_TEST

START_TEST(reaping)
{
	enum { N = 5000 };
	struct kma_objcache *a, *b;
	static void *p[N];
	size_t bytes, held;

	setup();
	a = create(64, 0);
	b = create(200, 0);
	for (unsigned i = 0; i < N; i++)
		p[i] = get(a);
	ck_assert_uint_eq(objcache_reap(a), stats(a).os_inuse == N ? 0 : 1);
	for (unsigned i = 1; i < N; i++)
		put(a, p[i]);
	held = stats(a).os_bytes;
	bytes = objcache_reap(a);
	ck_assert_uint_eq(stats(a).os_slabs, 1);
	ck_assert_uint_eq(held - bytes, stats(a).os_bytes);
	put(a, p[0]);
	put(b, get(b));
	held = stats(a).os_bytes + stats(b).os_bytes;
	ck_assert_uint_eq(held, charged());
	ck_assert_uint_eq(objcache_reap_all(), held);
	ck_assert_uint_eq(charged(), 0);
	ck_assert_uint_eq(made, unmade);
	destroy(a);
	destroy(b);
}
END_TEST

START_TEST(destroying)
{
	struct kma_objcache *oc;
	void *p, *q;

	setup();
	oc = create(300, 0);
	p = get(oc);
	q = get(oc);
	ck_assert_int_eq(objcache_destroy(oc), EBUSY);
	put(oc, p);
	ck_assert_int_eq(objcache_destroy(oc), EBUSY);
	p = get(oc);		/* it stays in use */
	put(oc, q);
	put(oc, p);
	destroy(oc);
	ck_assert_uint_eq(made, unmade);
	report_no_abort = true;
	capture_begin();
	objcache_destroy(oc);
	ck_assert_ptr_nonnull(strstr(capture_end(),
	    "libkma: kma_cache_destroy("));
}
END_TEST

/* The books of caches that are gone serve the next ones. */
START_TEST(books_are_used_again)
{
	size_t bytes = 0;

	setup();
	for (unsigned i = 0; i < 2000; i++) {
		struct kma_objcache *oc = create(8 + i % 50 * 20, 0);

		put(oc, get(oc));
		destroy(oc);
		if (i == 100)
			bytes = meta_next;
	}
	ck_assert_uint_le(meta_next, bytes + 4096);
}
END_TEST

/* Free objects beyond what slabs would show: no more than is said. */
START_TEST(bounded)
{
	enum { N = 20000 };
	struct kma_objcache *oc;
	static void *p[N];
	struct objcache_stats os;

	setup();
	for (size_t size = 16; size <= 2048; size *= 2) {
		oc = create_plain(size, 0);
		for (unsigned i = 0; i < N; i++)
			p[i] = get(oc);
		for (unsigned i = 0; i < N; i++)
			put(oc, p[i]);
		os = stats(oc);
		ck_assert_uint_le(os.os_cached * size, 256 * 1024);
		ck_assert_uint_le(on_list(oc, SLAB_EMPTY), 1);
		destroy(oc);
	}
}
END_TEST

/*
 * Misuse.
 */

/* One line says why p could not be freed, and nothing changes. */
static void
expect_report(struct kma_objcache *oc, void *p, const char *reason)
{
	struct objcache_stats before = stats(oc), after;
	char want[200];

	snprintf(want, sizeof(want), "libkma: kma_cache_free(%p): %s\n", p,
	    reason);
	capture_begin();
	put(oc, p);
	ck_assert_str_eq(capture_end(), want);
	after = stats(oc);
	ck_assert_mem_eq(&before, &after, sizeof(before));
}

static void *
free_it(void *arg)
{
	void **what = arg;

	put(what[0], what[1]);
	return (NULL);
}

START_TEST(misuse)
{
	struct kma_objcache *a, *b;
	char *p[300], *block, local;
	pthread_t thread;

	setup();
	report_no_abort = true;
	a = create(80, 0);
	b = create(80, 0);
	for (unsigned i = 0; i < nitems(p); i++)
		p[i] = get(a);
	put(b, get(b));

	for (unsigned i = 1; i < 80; i++)
		expect_report(a, p[100] + i, REASON_UNALIGNED);
	expect_report(b, p[5], REASON_FOREIGN);
	expect_report(b, p[5] + 1, REASON_FOREIGN);
	expect_report(a, &local, REASON_FOREIGN);
	expect_report(a, (void *)-16, REASON_FOREIGN);
	block = kmem_alloc_slow(80);
	expect_report(a, block, REASON_FOREIGN);
	kmem_free_slow(block, "free");
	block = kmem_alloc_slow(MB);
	expect_report(a, block, REASON_FOREIGN);
	kmem_free_slow(block, "free");

	/* Freed before: by whom and when does not matter. */
	put(a, p[0]);
	expect_report(a, p[0], REASON_DUPLICATE);
	put(a, p[1]);
	expect_report(a, p[0], REASON_DUPLICATE);
	pthread_create(&thread, NULL, free_it, (void *[]){ a, p[2] });
	pthread_join(thread, NULL);
	expect_report(a, p[2], REASON_DUPLICATE);
	for (unsigned i = 3; i < nitems(p); i++)
		put(a, p[i]);
	for (unsigned i = 0; i < nitems(p); i++)
		if (kmemsizes[addr_to_page(p[i])] == KU_SLAB)
			expect_report(a, p[i], REASON_DUPLICATE);
	objcache_reap(a);
	for (unsigned i = 0; i < nitems(p); i++)
		expect_report(a, p[i], REASON_FOREIGN);
	destroy(a);
	destroy(b);
}
END_TEST

/* Objects are no blocks: none of malloc's functions takes them. */
START_TEST(not_a_block)
{
	struct kma_objcache *oc;
	const char *text;
	char want[300];

	setup();
	report_no_abort = true;
	for (size_t size = 16; size <= MB; size *= 8) {
		char *p;

		oc = create(size, 0);
		for (unsigned i = 0; i < oc->oc_nobj; i++) {
			p = get(oc);
			if (i % (oc->oc_nobj / 8 + 1) != 0)
				continue;
			capture_begin();
			ck_assert(!kmem_free_fast(p));
			kmem_free_slow(p, "free");
			ck_assert(!kmem_suits(kmem_list_of(p), p, size));
			ck_assert_ptr_null(kmem_realloc(p, 8, "realloc"));
			ck_assert_uint_eq(kmem_usable(p, "usable"), 0);
			text = capture_end();
			snprintf(want, sizeof(want),
			    "libkma: free(%p): non-malloced addr\n"
			    "libkma: realloc(%p): non-malloced addr\n"
			    "libkma: usable(%p): non-malloced addr\n", p, p,
			    p);
			ck_assert_str_eq(text, want);
			put(oc, p);
			i = oc->oc_nobj;
		}
	}
}
END_TEST

/* Of threads that free one object at once, all but one are told. */
static pthread_barrier_t barrier;
static void *victim;
static struct kma_objcache *shared_cache;
#define NRACER	4
#define NRACE	500

static void *
racer(void *arg)
{
	for (unsigned i = 0; i < NRACE; i++) {
		pthread_barrier_wait(&barrier);
		put(shared_cache, victim);
		pthread_barrier_wait(&barrier);
	}
	return (arg);
}

START_TEST(freed_at_once)
{
	pthread_t thread[NRACER];
	void *keep;

	setup();
	report_no_abort = true;
	shared_cache = create(32, 0);
	keep = get(shared_cache);
	pthread_barrier_init(&barrier, NULL, NRACER + 1);
	capture_begin();
	for (unsigned i = 0; i < NRACER; i++)
		pthread_create(&thread[i], NULL, racer, NULL);
	for (unsigned i = 0; i < NRACE; i++) {
		victim = get(shared_cache);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		ck_assert_uint_eq(relaxed_load(&reports),
		    (i + 1) * (NRACER - 1));
	}
	for (unsigned i = 0; i < NRACER; i++)
		pthread_join(thread[i], NULL);
	(void)capture_end();
	ck_assert_uint_eq(stats(shared_cache).os_inuse, 1);
	put(shared_cache, keep);
	destroy(shared_cache);
}
END_TEST

/*
 * Against a model: a few caches, random work.
 */
START_TEST(against_model)
{
	enum { NCACHE = 5, N = 900 };
	static const size_t sizes[NCACHE] = { 8, 72, 500, 5000, 70000 };
	static struct { void *p; unsigned cache; } have[N];
	struct kma_objcache *oc[NCACHE];
	unsigned n = 0, out[NCACHE] = { 0 };
	struct rnd r = { 17 };

	setup();
	for (unsigned c = 0; c < NCACHE; c++)
		oc[c] = create(sizes[c], 8);
	for (unsigned step = 0; step < unit_less(40000, 4); step++) {
		bool grows = rnd_below(&r, 100) < (step >> 11 & 1 ? 40 : 60);
		unsigned c = (unsigned)rnd_below(&r, NCACHE), i;

		if (grows && n < N) {
			have[n].p = get(oc[c]);
			have[n].cache = c;
			out[c]++;
			pattern_fill(have[n].p, sizes[c],
			    (uintptr_t)have[n].p);
			n++;
		} else if (n > 0) {
			i = (unsigned)rnd_below(&r, n);
			c = have[i].cache;
			ck_assert(pattern_holds(have[i].p, sizes[c],
			    (uintptr_t)have[i].p));
			put(oc[c], have[i].p);
			have[i] = have[--n];
			out[c]--;
		}
		if (rnd_below(&r, 500) == 0)
			objcache_reap(oc[c]);
		if (step % 64 == 0)
			ck_assert_uint_eq(stats(oc[c]).os_inuse, out[c]);
	}
	while (n-- > 0)
		put(oc[have[n].cache], have[n].p);
	for (unsigned c = 0; c < NCACHE; c++)
		destroy(oc[c]);
	ck_assert_uint_eq(made, unmade);
	ck_assert_uint_eq(charged(), 0);
	kmem_check();
}
END_TEST

/*
 * Threads.
 */
#define NTHREAD	8
#define NSLOT	256
#define MAGIC	0x600dc0deu

struct object {
	uint32_t	o_magic;	/* the constructor's */
	uint32_t	o_owner;	/* 0 while it is free */
	uint64_t	o_body[10];
};
static struct object *slots[NSLOT];
static unsigned living;			/* constructed */

static int
object_make(void *obj, void *arg)
{
	struct object *o = obj;

	(void)arg;
	memset(o, 0, sizeof(*o));
	o->o_magic = MAGIC;
	__atomic_fetch_add(&living, 1, __ATOMIC_RELAXED);
	return (0);
}

static void
object_unmake(void *obj, void *arg)
{
	struct object *o = obj;

	(void)arg;
	must(o->o_magic == MAGIC);
	must(o->o_owner == 0);
	o->o_magic = 0;
	__atomic_fetch_sub(&living, 1, __ATOMIC_RELAXED);
}

static void
release_object(struct object *o)
{
	if (o == NULL)
		return;
	must(o->o_owner != 0);
	for (unsigned i = 0; i < nitems(o->o_body); i++)
		must(o->o_body[i] == o->o_owner + i);
	o->o_owner = 0;
	put(shared_cache, o);
}

/* Objects change hands by the slots: one thread allocates, another frees. */
static void *
worker(void *arg)
{
	uint32_t self = (uint32_t)(uintptr_t)arg;
	struct rnd r = { self };

	for (unsigned i = 0; i < unit_less(40000, 4); i++) {
		struct object **slot = &slots[rnd_below(&r, NSLOT)], *o;

		o = get(shared_cache);
		must(o->o_magic == MAGIC);
		must(o->o_owner == 0);
		o->o_owner = self;
		for (unsigned j = 0; j < nitems(o->o_body); j++)
			o->o_body[j] = self + j;
		release_object(__atomic_exchange_n(slot, o, __ATOMIC_ACQ_REL));
		if (rnd_below(&r, 2000) == 0)
			objcache_reap(shared_cache);
	}
	return (NULL);
}

static struct kma_objcache *
create_shared(void)
{
	int error = 0;

	shared_cache = objcache_create("shared", sizeof(struct object), 0,
	    object_make, object_unmake, NULL, &error);
	ck_assert_ptr_nonnull(shared_cache);
	return (shared_cache);
}

static void
end_shared(void)
{
	for (unsigned i = 0; i < NSLOT; i++) {
		release_object(slots[i]);
		slots[i] = NULL;
	}
	ck_assert_uint_eq(stats(shared_cache).os_inuse, 0);
	ck_assert_uint_eq(stats(shared_cache).os_objects, living);
	destroy(shared_cache);
	ck_assert_uint_eq(living, 0);
	ck_assert_uint_eq(charged(), 0);
}

START_TEST(threads)
{
	pthread_t thread[NTHREAD];

	setup();
	create_shared();
	for (uintptr_t i = 0; i < NTHREAD; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(i + 1));
	for (unsigned i = 0; i < 50; i++)
		objcache_check(shared_cache);
	for (unsigned i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	end_shared();
	kmem_check();
}
END_TEST

/* Caches come and go while somebody reaps all there are. */
static bool stop;

static void *
reaper(void *arg)
{
	while (!relaxed_load(&stop))
		objcache_reap_all();
	return (arg);
}

/* Slow, so that it is seen whether a cache's end waits for it. */
static void
destruct_slowly(void *obj, void *arg)
{
	(void)obj;
	sched_yield();
	must(relaxed_load((bool *)arg));
}

static void *
comes_and_goes(void *arg)
{
	uintptr_t self = (uintptr_t)arg;
	bool lives = true;
	int error = 0;

	for (unsigned i = 0; i < unit_less(500, 4); i++) {
		struct kma_objcache *oc = objcache_create("brief",
		    500 + 40 * ((i + self) % 9), 0, NULL, destruct_slowly,
		    &lives, &error);
		void *p[60];

		must(oc != NULL);
		relaxed_store(&lives, true);
		for (unsigned j = 0; j < nitems(p); j++)
			p[j] = get(oc);
		for (unsigned j = 0; j < nitems(p); j++)
			put(oc, p[j]);
		must(objcache_destroy(oc) == 0);
		relaxed_store(&lives, false);
	}
	return (NULL);
}

START_TEST(reaped_by_others)
{
	pthread_t thread[4];

	setup();
	pthread_create(&thread[0], NULL, reaper, NULL);
	for (uintptr_t i = 1; i < 4; i++)
		pthread_create(&thread[i], NULL, comes_and_goes, (void *)i);
	for (unsigned i = 1; i < 4; i++)
		pthread_join(thread[i], NULL);
	relaxed_store(&stop, true);
	pthread_join(thread[0], NULL);
	ck_assert_uint_eq(charged(), 0);
	kmem_check();
}
END_TEST

/*
 * No memory, and no room.
 */

/* Whatever mapping fails: what is there stays whole, and it works again. */
START_TEST(no_memory)
{
	enum { N = 4000 };
	static void *p[N];
	struct kma_objcache *oc;
	unsigned failed = 0;

	setup();
	oc = create(3000, 0);
	for (unsigned round = 0; round < 8; round++) {
		unsigned n = 0;
		int error = 0;

		relaxed_store(&fail_from, relaxed_load(&maps) + round + 1);
		for (; n < N; n++) {
			p[n] = objcache_alloc(oc, n % 2 ? M_NOWAIT : M_WAITOK,
			    &error);
			if (p[n] == NULL)
				break;
			pattern_fill(p[n], 3000, n);
		}
		if (n < N) {
			ck_assert_int_eq(error, ENOMEM);
			failed++;
		}
		ck_assert_uint_eq(stats(oc).os_inuse, n);
		ck_assert_uint_eq(stats(oc).os_bytes, charged());
		relaxed_store(&fail_from, UINT32_MAX);
		for (unsigned i = n; i < N; i++)
			p[i] = get(oc);
		for (unsigned i = 0; i < n; i++)
			ck_assert(pattern_holds(p[i], 3000, i));
		for (unsigned i = 0; i < N; i++)
			put(oc, p[i]);
		objcache_reap(oc);
		ck_assert_uint_eq(made, unmade);
		kmem_trim();		/* the next round maps anew */
	}
	ck_assert_uint_ge(failed, 4);
	destroy(oc);
	kmem_check();
}
END_TEST

/* When memory is short, what other caches keep is given back for it. */
START_TEST(shortage_reaps_others)
{
	struct kma_objcache *big, *small;
	void *p;

	setup();
	big = create_plain(40 * MB, 0);
	put(big, get(big));
	ck_assert_uint_eq(stats(big).os_slabs, 1);
	kmem_trim();
	small = create_plain(30 * MB, 0);
	relaxed_store(&fail_from, 0);
	p = get(small);
	relaxed_store(&fail_from, UINT32_MAX);
	ck_assert_uint_eq(stats(big).os_slabs, 0);
	put(small, p);
	destroy(small);
	destroy(big);
}
END_TEST

static void *
fill_magazine(void *arg)
{
	void *p[20];

	for (unsigned i = 0; i < nitems(p); i++)
		p[i] = get(arg);
	for (unsigned i = 0; i < nitems(p); i++)
		put(arg, p[i]);
	return (NULL);
}

static void
set_limit(struct kma_objcache *oc, size_t slabs)
{
	memtype_setlimit(oc->oc_type, slabs * ptob(oc->oc_npages));
}

/* At the limit, no object is kept from anybody. */
START_TEST(limited)
{
	struct kma_objcache *oc;
	pthread_t thread;
	void *p[64];
	int error = 0;
	unsigned n;

	setup();
	oc = create(600, 0);
	n = oc->oc_nobj;
	ck_assert_uint_ge(n, 20);
	ck_assert_uint_le(n, nitems(p));
	set_limit(oc, 1);
	pthread_create(&thread, NULL, fill_magazine, oc);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < n; i++)
		p[i] = get(oc);
	ck_assert_ptr_null(objcache_alloc(oc, M_NOWAIT, &error));
	ck_assert_int_eq(error, ENOMEM);
	ck_assert_uint_eq(charged(), ptob(oc->oc_npages));
	for (unsigned i = 0; i < n; i++)
		put(oc, p[i]);
	destroy(oc);
}
END_TEST

static void
expect_hopeless(struct kma_objcache *oc)
{
	int error = 0;

	capture_begin();
	ck_assert_ptr_null(objcache_alloc(oc, M_WAITOK, &error));
	ck_assert_ptr_nonnull(strstr(capture_end(),
	    "kma_cache_alloc(): a wait for "));
	ck_assert_int_eq(error, EDEADLK);
	ck_assert_uint_eq(oc->oc_waiting, 0);
}

/* What could never end is said, and not waited for. */
START_TEST(hopeless)
{
	struct kma_objcache *oc;
	void *p;

	if (UNIT_TSAN)		/* it has a thread of its own */
		return;
	setup();
	report_no_abort = true;
	oc = create(20000, 0);
	memtype_setlimit(oc->oc_type, 1000);
	expect_hopeless(oc);
	set_limit(oc, 1);
	p = get(oc);
	for (unsigned i = 1; i < oc->oc_nobj; i++)
		get(oc);
	expect_hopeless(oc);
	put(oc, p);
	ck_assert_ptr_eq(get(oc), p);
}
END_TEST

static void *
waiter(void *arg)
{
	int error = 0;
	void *p = objcache_alloc(arg, M_WAITOK, &error);

	must(error == 0 && p != NULL);
	return (p);
}

static void
start_waiter(pthread_t *thread, struct kma_objcache *oc)
{
	pthread_create(thread, NULL, waiter, oc);
	while (__atomic_load_n(&memtype[oc->oc_type].ks_waiters,
	    __ATOMIC_SEQ_CST) == NULL)
		usleep(1000);
}

/* A wait ends by a free object, or by room. */
START_TEST(waiting)
{
	struct kma_objcache *oc;
	pthread_t thread;
	void *p[64], *got;
	unsigned n;

	setup();
	oc = create(600, 0);
	n = oc->oc_nobj;
	set_limit(oc, 1);
	for (unsigned i = 0; i < n; i++)
		p[i] = get(oc);
	start_waiter(&thread, oc);
	put(oc, p[7]);
	pthread_join(thread, &got);
	ck_assert_ptr_eq(got, p[7]);
	ck_assert_uint_eq(oc->oc_waiting, 0);

	start_waiter(&thread, oc);
	set_limit(oc, 2);
	pthread_join(thread, &got);
	ck_assert_uint_eq(stats(oc).os_slabs, 2);
	ck_assert_uint_eq(stats(oc).os_inuse, n + 1);
	put(oc, got);
	for (unsigned i = 0; i < n; i++)
		put(oc, p[i]);
	destroy(oc);
}
END_TEST

/* More threads than objects: each waits now and then, and none for ever. */
#define NQUEUER	12

static void *
queuer(void *arg)
{
	for (unsigned i = 0; i < unit_less(2000, 4); i++) {
		int error = 0;
		char *p = objcache_alloc(arg, M_WAITOK, &error);

		must(p != NULL);
		must(__atomic_exchange_n(p, 1, __ATOMIC_RELAXED) == 0);
		if (i % 4 == 0)
			sched_yield();
		must(__atomic_exchange_n(p, 0, __ATOMIC_RELAXED) == 1);
		put(arg, p);
	}
	return (NULL);
}

static int
zero_first(void *obj, void *arg)
{
	(void)arg;
	*(char *)obj = 0;
	return (0);
}

START_TEST(queues)
{
	static const size_t sizes[] = { 2000, 20000 };	/* magazines, none */
	pthread_t thread[NQUEUER];
	int error = 0;

	setup();
	for (unsigned s = 0; s < nitems(sizes); s++) {
		struct kma_objcache *oc = objcache_create("queue", sizes[s],
		    0, zero_first, NULL, NULL, &error);

		ck_assert_uint_lt(oc->oc_nobj, NQUEUER);
		set_limit(oc, 1);
		for (unsigned i = 0; i < NQUEUER; i++)
			pthread_create(&thread[i], NULL, queuer, oc);
		for (unsigned i = 0; i < NQUEUER; i++)
			pthread_join(thread[i], NULL);
		ck_assert_uint_eq(oc->oc_waiting, 0);
		ck_assert_uint_le(stats(oc).os_slabs, 1);
		destroy(oc);
	}
}
END_TEST

/*
 * Fork.  A child says what it has to by dying: Check's own lock may be held.
 */
static void
child_of_fork(void)
{
	struct kma_objcache *oc;
	void *p[200];
	int error = 0;

	objcache_postfork_child();
	memtype_postfork_child();
	kmem_postfork_child();
	alarm(60);
	oc = objcache_create("child", 40, 0, NULL, NULL, NULL, &error);
	for (unsigned i = 0; i < nitems(p); i++) {
		struct object *o = objcache_alloc(shared_cache, M_WAITOK,
		    &error);

		if (o == NULL || o->o_magic != MAGIC || o->o_owner != 0)
			abort();
		p[i] = o;
		if (objcache_alloc(oc, M_NOWAIT, &error) == NULL)
			abort();
	}
	for (unsigned i = 0; i < nitems(p); i++)
		put(shared_cache, p[i]);
	objcache_check(shared_cache);
	objcache_reap_all();
	objcache_check(shared_cache);
	if (objcache_destroy(oc) != EBUSY)
		abort();
	kmem_check();
	_exit(0);
}

START_TEST(forks)
{
	pthread_t thread[4];

	if (UNIT_TSAN)
		return;
	setup();
	create_shared();
	for (uintptr_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(i + 1));
	for (unsigned i = 0; i < unit_less(60, 10); i++) {
		int status;
		pid_t pid;

		kmem_prefork();
		pid = fork();
		if (pid == 0)
			child_of_fork();
		kmem_postfork_parent();
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	end_shared();
}
END_TEST

UNIT_MAIN("objcache", 1, shapes, impossible, constructed_once, never_written,
    constructor_fails, nested, lists, reaping, destroying,
    books_are_used_again, bounded, misuse, not_a_block, freed_at_once,
    against_model, threads, reaped_by_others, no_memory,
    shortage_reaps_others, limited, hopeless, waiting, queues, forks);
