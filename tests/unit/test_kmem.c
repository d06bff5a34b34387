/*
 * test_kmem.c - the allocator as a whole, against a model.
 */
#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blocks.h"
#include "kmem.h"
#include "options.h"
#include "pagerun.h"
#include "report.h"
#include "stats.h"
#include "unit.h"

#define MB	((size_t)1 << 20)

static void
setup(int i)
{
	unit_options("spacing=%u", SPACING(i));
	ck_assert(kmem_init());
	ck_assert_uint_eq(options.o_spacing, SPACING(i));
}

static void *
alloc(size_t size)
{
	void *p = block_get(size);

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq((uintptr_t)p % MINALLOCSIZE, 0);
	return (p);
}

static void
release(void *p)
{
	block_put(p);
}

static size_t
inuse(void)
{
	struct kma_totals st;

	stats_totals(&st);
	return (st.st_inuse);
}

/*
 * The model: blocks with their contents.
 */
#define NBLOCK	1500
static struct block {
	char		*p;
	size_t		 size;
	uint64_t	 seed;
} block[NBLOCK];
static size_t model_inuse;

static size_t
some_size(struct rnd *r)
{
	size_t bits = rnd_below(r, 100);

	bits = bits < 60 ? 8 : bits < 90 ? 13 : bits < 98 ? 18 : 21;
	return (rnd_below(r, (size_t)2 << rnd_below(r, bits)));
}

/* The pattern is all of a short block, and both ends of a long one. */
#define EDGE	((size_t)4096)

static size_t
head(const struct block *b)
{
	return (b->size <= 2 * EDGE ? b->size : EDGE);
}

static void
fill(struct block *b)
{
	pattern_fill(b->p, head(b), b->seed);
	b->p[b->size / 2] |= b->size > 2 * EDGE;
	if (b->size > 2 * EDGE)
		pattern_fill(b->p + b->size - EDGE, EDGE, b->seed);
}

static void
expect(const struct block *b)
{
	ck_assert(pattern_holds(b->p, head(b), b->seed));
	if (b->size > 2 * EDGE)
		ck_assert(pattern_holds(b->p + b->size - EDGE, EDGE, b->seed));
}

static void
adopt(struct block *b, struct rnd *r, void *p, size_t size)
{
	size_t usable = kmem_usable(p, "usable");

	ck_assert_uint_ge(usable, size);
	ck_assert_uint_ge(usable, MINALLOCSIZE);
	ck_assert_uint_eq((uintptr_t)p % MINALLOCSIZE, 0);
	model_inuse += usable;
	/* All of it is the caller's. */
	*b = (struct block) { p, usable, rnd_next(r) };
	fill(b);
}

static void
do_alloc(struct block *b, struct rnd *r)
{
	size_t size = some_size(r), align;
	void *p;

	switch (rnd_below(r, 6)) {
	case 0:
		p = kmem_zalloc(size);
		ck_assert_ptr_nonnull(p);
		ck_assert(is_zero(p, size));
		break;
	case 1:
		align = (size_t)1 << rnd_below(r, 17);
		p = kmem_memalign(align, size);
		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % align, 0);
		break;
	default:
		p = alloc(size);
	}
	adopt(b, r, p, size);
}

static void
do_free(struct block *b)
{
	expect(b);
	model_inuse -= b->size;
	release(b->p);
	b->p = NULL;
}

static void
do_realloc(struct block *b, struct rnd *r)
{
	size_t size = some_size(r) + 1, keep;
	char *p;

	if (rnd_below(r, 2))	/* a little more or less */
		size = b->size + size % 5000 - (b->size < 2500 ? b->size :
		    2500) + 1;
	expect(b);
	model_inuse -= b->size;
	p = kmem_realloc(b->p, size, "realloc");
	ck_assert_ptr_nonnull(p);
	keep = size < head(b) ? size : head(b);
	ck_assert(pattern_holds(p, keep, b->seed));
	if (b->size <= size && b->size > 2 * EDGE)
		ck_assert(pattern_holds(p + b->size - EDGE, EDGE, b->seed));
	adopt(b, r, p, size);
}

static void
play(unsigned steps, uint64_t seed)
{
	struct rnd r = { seed };

	for (unsigned i = 0; i < steps; i++) {
		struct block *b = &block[rnd_below(&r, NBLOCK)];

		if (b->p == NULL)
			do_alloc(b, &r);
		else if (rnd_below(&r, 4) == 0)
			do_realloc(b, &r);
		else
			do_free(b);
		if (i % 512 == 0) {
			kmem_check();
			ck_assert_uint_eq(inuse(), model_inuse);
		}
		if (rnd_below(&r, 4000) == 0)
			kmem_trim();
	}
	for (unsigned i = 0; i < NBLOCK; i++)
		if (block[i].p != NULL)
			do_free(&block[i]);
	kmem_check();
	ck_assert_uint_eq(inuse(), 0);
	kmem_trim();
	kmem_check();
}

START_TEST(against_model)
{
	struct pagerun_stats ps;

	setup(_i);
	release(alloc(1));
	play(unit_less(40000, 20), 1);
	pagerun_stats(&ps);
	ck_assert_uint_eq(ps.ps_inuse, 0);
	ck_assert_uint_eq(ps.ps_mapped, 0);
}
END_TEST

/* The checks hold before anything was asked for. */
START_TEST(untouched)
{
	setup(_i);
	kmem_check();
	ck_assert(!kmem_trim());
	ck_assert_uint_eq(inuse(), 0);
	kmem_check();
}
END_TEST

START_TEST(sizes)
{
	setup(_i);
	for (size_t size = 0; size < 20000; size++) {
		char *p = alloc(size);

		ck_assert_uint_ge(kmem_usable(p, "usable"), size);
		if (size > 0)
			p[0] = p[size - 1] = 1;
		release(p);
	}
	ck_assert(alloc(0) != alloc(0));
}
END_TEST

START_TEST(impossible_sizes)
{
	void *p;

	setup(_i);
	p = alloc(100);
	ck_assert_ptr_null(kmem_alloc_slow(SIZE_MAX));
	ck_assert_ptr_null(kmem_alloc_slow(SIZE_MAX - 4096));
	ck_assert_ptr_null(kmem_alloc_slow((size_t)PTRDIFF_MAX + 1));
	ck_assert_ptr_null(kmem_alloc_slow(PTRDIFF_MAX));
	ck_assert_ptr_null(kmem_zalloc(SIZE_MAX));
	ck_assert_ptr_null(kmem_memalign(64, SIZE_MAX));
	ck_assert_ptr_null(kmem_memalign((size_t)1 << 63, 1));
	ck_assert_ptr_null(kmem_memalign((size_t)1 << 46, 1));
	ck_assert_ptr_null(kmem_realloc(p, SIZE_MAX, "realloc"));
	ck_assert_ptr_null(kmem_realloc(p, PTRDIFF_MAX, "realloc"));
	release(p);
	p = alloc(MB);
	ck_assert_ptr_null(kmem_realloc(p, SIZE_MAX, "realloc"));
	release(p);
	kmem_check();
}
END_TEST

START_TEST(alignments)
{
	static const size_t size[] = { 0, 1, 17, 100, 4096, 5000, 8192, 9000,
	    70000, 300000, 3000000 };

	setup(_i);
	for (size_t align = 1; align <= (size_t)1 << 30; align *= 2) {
		for (unsigned i = 0; i < nitems(size); i++) {
			char *p = kmem_memalign(align, size[i]);

			ck_assert_ptr_nonnull(p);
			ck_assert_msg((uintptr_t)p % align == 0,
			    "%p is no multiple of %zu", (void *)p, align);
			if (size[i] > 0)
				p[0] = p[size[i] - 1] = 1;
			release(p);
		}
	}
	kmem_check();
}
END_TEST

/* Zeroed memory is zero, whoever had it before and wherever it was kept. */
START_TEST(zero_after_use)
{
	static const size_t size[] = { 1, 16, 100, 4096, 8192, 20000, 262144,
	    262145, 400000, 524288, 1000000, 1048576, 1100000, 5000000 };

	setup(_i);
	for (int round = 0; round < 4; round++)
		for (unsigned i = 0; i < nitems(size); i++) {
			char *p = alloc(size[i]);

			memset(p, 0xff, size[i]);
			release(p);
			if (round == 2)
				kmem_trim();
			p = kmem_zalloc(size[i]);
			ck_assert_msg(is_zero(p, size[i]),
			    "%zu bytes, round %d", size[i], round);
			memset(p, 0xff, size[i]);
			if (round == 1)
				p = kmem_realloc(p, 2 * size[i], "realloc");
			release(p);
		}
}
END_TEST

/* Hundreds of megabytes: nothing copied, nothing cleared that is zero. */
START_TEST(large_blocks_are_cheap)
{
	/* A sanitizer's shadow has faults too. */
	size_t size = 256 * MB, faults;
	size_t most = UNIT_FAULTS(UNIT_SANITIZED ? 1000 : 200);
	char *p, *guard;

	setup(_i);
	faults = unit_faults();
	p = kmem_zalloc(size);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_lt(unit_faults() - faults, most);
	guard = alloc(MB);	/* no growing in place */
	for (size_t i = 0; i < size; i += 64 * MB)
		p[i] = 77;
	memset(p, 1, 32 * MB);
	faults = unit_faults();
	p = kmem_realloc(p, 2 * size, "realloc");
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_lt(unit_faults() - faults, most);
	ck_assert_int_eq(p[32 * MB - 1], 1);
	for (size_t i = 64 * MB; i < size; i += 64 * MB)
		ck_assert_int_eq(p[i], 77);
	release(guard);
	release(p);
	kmem_check();
}
END_TEST

/* Growing where the neighbour is free stays where it is. */
START_TEST(grows_in_place)
{
	char *p, *q;

	setup(_i);
	p = alloc(MB);
	q = kmem_realloc(p, 200 * MB, "realloc");
	ck_assert_ptr_eq(p, q);
	q = kmem_realloc(p, 300000, "realloc");
	ck_assert_ptr_eq(p, q);
	q = kmem_realloc(p, 100000, "realloc");	/* to a list, still a run */
	ck_assert_ptr_eq(p, q);
	ck_assert_uint_eq(inuse(), kmem_usable(p, "usable"));
	q = kmem_realloc(p, 100, "realloc");
	ck_assert(p != q);
	release(q);
	ck_assert_uint_eq(inuse(), 0);
	kmem_check();
}
END_TEST

START_TEST(trim_gives_back)
{
	enum { N = 20000 };
	static void *p[N];
	size_t resident = 0;

	setup(_i);
	for (unsigned i = 0; i < N; i++)
		p[i] = memset(alloc(2000), 1, 2000);
	for (unsigned i = 1; i < N; i++)
		release(p[i]);
	kmem_trim();
	for (size_t i = 0; i < kmempages; i++)
		resident += unit_resident(page_to_addr((page_t)i), PAGESIZE);
	ck_assert_uint_le(resident, 4);
	ck_assert(!is_zero(p[0], 2000));
	kmem_check();
}
END_TEST

static size_t
resident_of(void **p, size_t n, size_t each)
{
	size_t resident = 0;

	for (size_t i = 0; i < n; i += each)
		resident += unit_resident(page_to_addr(addr_to_page(p[i])),
		    PAGESIZE);
	return (resident);
}

/*
 * Blocks that are left over keep their clusters, but not the pages on which
 * no block is in use, once the program needs more than it ever did.
 */
START_TEST(peak_squeezes)
{
	enum { N = 40000 };
	const size_t bypage = PAGESIZE / 64, kept = 2 * bypage;
	static void *p[N], *q[N];
	size_t before;

	setup(_i);
	for (unsigned i = 0; i < N; i++)
		p[i] = memset(alloc(64), 1, 64);
	for (unsigned i = 0; i < N; i++)
		if (i % kept != 0)
			release(p[i]);
	for (unsigned i = 0; i < N / 640; i++)
		q[i] = memset(alloc(1000), 2, 1000);
	before = resident_of(p, N, bypage);
	ck_assert_uint_ge(before, N / bypage * 7 / 8);
	for (unsigned i = 0; i < N / 640; i++)
		release(q[i]);
	for (unsigned i = 0; i < N; i++)
		q[i] = memset(alloc(1000), 2, 1000);
	ck_assert_uint_le(resident_of(p, N, bypage), before * 5 / 8);
	for (unsigned i = 0; i < N; i++) {
		ck_assert_uint_eq(*(char *)q[i], 2);
		if (i % kept == 0)
			ck_assert_uint_eq(*(char *)p[i], 1);
	}
	kmem_check();
}
END_TEST

/* Misuse, with the stable words; abort=no lets the program go on. */
static char *bad[12];

static unsigned
bad_addresses(void)
{
	static char global[64];
	char *run = alloc(MB), *small = alloc(64), *gone = alloc(5 * MB);
	char *pages = alloc(40000);

	alloc(MB);
	release(gone);
	kmem_trim();
	bad[0] = global;
	bad[1] = (char *)16;
	bad[2] = small + 16;
	bad[3] = small + 1;
	bad[4] = run + 8;
	bad[5] = run + PAGESIZE;
	bad[6] = run + MB - PAGESIZE;
	bad[7] = gone;
	bad[8] = gone + PAGESIZE;
	bad[9] = pages + PAGESIZE;
	bad[10] = (char *)kmemlimit;
	bad[11] = pages + 8;
	return (nitems(bad));
}

static const char *const why[] = {
	REASON_FOREIGN, REASON_FOREIGN, REASON_UNALIGNED, REASON_UNALIGNED,
	REASON_UNALIGNED, REASON_UNALIGNED, REASON_UNALIGNED, REASON_FREEPAGE,
	REASON_FREEPAGE, REASON_UNALIGNED, REASON_FOREIGN, REASON_UNALIGNED,
};

START_TEST(misuse)
{
	unsigned n;
	char want[512];

	unit_options("abort=no");
	setup(_i);
	n = bad_addresses();
	for (unsigned i = 0; i < n; i++) {
		capture_begin();
		release(bad[i]);
		ck_assert_uint_eq(kmem_usable(bad[i], "usable"), 0);
		ck_assert_ptr_null(kmem_realloc(bad[i], 10, "re"));
		snprintf(want, sizeof(want), "libkma: free(%p): %s\n"
		    "libkma: usable(%p): %s\nlibkma: re(%p): %s\n", bad[i],
		    why[i], bad[i], why[i], bad[i], why[i]);
		ck_assert_str_eq(capture_end(), want);
	}
	kmem_check();
}
END_TEST

static void
free_twice(void *arg)
{
	void *p = alloc(*(size_t *)arg);

	release(p);
	release(p);
}

START_TEST(second_free)
{
	static const size_t size[] = { 1, 16, 100, 8192, 8193, 100000, 262144,
	    262145, MB, 2 * MB };
	const char *text;

	setup(_i);
	for (unsigned i = 0; i < nitems(size); i++) {
		size_t n = size[i];

		ck_assert_int_eq(unit_child(free_twice, &n, &text), -SIGABRT);
		ck_assert_msg(strstr(text, REASON_DUPLICATE) != NULL ||
		    strstr(text, REASON_FREEPAGE) != NULL, "%zu: %s", n, text);
	}
}
END_TEST

START_TEST(errno_is_left_alone)
{
	void *p[100];

	setup(_i);
	errno = 12345;
	for (unsigned i = 0; i < 100; i++)
		p[i] = alloc(i * 5000);
	for (unsigned i = 0; i < 100; i++)
		release(p[i]);
	kmem_trim();
	ck_assert_ptr_null(kmem_alloc_slow(PTRDIFF_MAX));
	ck_assert_int_eq(errno, 12345);
}
END_TEST

/* Threads that pass blocks on, with their contents. */
#define NTHREAD	4
#define NSHARED	256
static struct block shared[NSHARED];
static uint32_t shared_lock[NSHARED];
static pthread_barrier_t barrier;

static bool
try_lock(size_t at)
{
	uint32_t free_word = 0;

	return (__atomic_compare_exchange_n(&shared_lock[at], &free_word, 1,
	    false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}

static void
change(struct block *b, struct rnd *r)
{
	size_t size = some_size(r) % 600000;

	if (b->p != NULL) {
		expect(b);
		if (rnd_below(r, 2)) {
			release(b->p);
			b->p = NULL;
			return;
		}
		b->p = kmem_realloc(b->p, size + 1, "realloc");
	} else
		b->p = rnd_below(r, 4) ? alloc(size) : kmem_zalloc(size);
	ck_assert_ptr_nonnull(b->p);
	b->size = size;
	b->seed = rnd_next(r);
	fill(b);
}

static void *
worker(void *arg)
{
	struct rnd r = { (uint64_t)(uintptr_t)arg };

	for (unsigned i = 0; i < unit_less(20000, 20); i++) {
		size_t at = rnd_below(&r, NSHARED);

		if (!try_lock(at))
			continue;
		change(&shared[at], &r);
		__atomic_store_n(&shared_lock[at], 0, __ATOMIC_RELEASE);
		if (rnd_below(&r, 5000) == 0)
			kmem_trim();
	}
	if (UNIT_TSAN)
		pthread_barrier_wait(&barrier);
	return (NULL);
}

static void
release_shared(void)
{
	for (unsigned i = 0; i < NSHARED; i++)
		if (shared[i].p != NULL) {
			expect(&shared[i]);
			release(shared[i].p);
			shared[i].p = NULL;
		}
}

START_TEST(threads)
{
	pthread_t thread[NTHREAD];

	setup(_i);
	pthread_barrier_init(&barrier, NULL, NTHREAD);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(i + 1));
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	kmem_check();
	release_shared();
	ck_assert_uint_eq(inuse(), 0);
	kmem_trim();
	kmem_check();
}
END_TEST

/*
 * Children of a program whose threads allocate: each allocates too.  Check's
 * own lock may have been left held, so a child says what it has to by dying.
 */
static void
in_fork_child(bool ok)
{
	if (!ok)
		abort();
}

static void
child_of_fork(void)
{
	struct rnd r = { 99 };

	kmem_postfork_child();
	alarm(60);
	for (unsigned i = 0; i < 300; i++) {
		size_t size = some_size(&r) % 600000;
		char *p = rnd_below(&r, 2) ? block_get(size) :
		    kmem_zalloc(size);

		in_fork_child(p != NULL);
		pattern_fill(p, size, i);
		p = kmem_realloc(p, 2 * size + 1, "realloc");
		in_fork_child(p != NULL && pattern_holds(p, size, i));
		block_put(p);
	}
	kmem_trim();
	kmem_check();
	_exit(0);
}

START_TEST(forks)
{
	pthread_t thread[2];

	if (UNIT_TSAN)
		return;
	setup(_i);
	pthread_barrier_init(&barrier, NULL, 2);
	for (uintptr_t i = 0; i < 2; i++)
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
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	release_shared();
	kmem_check();
	ck_assert_uint_eq(inuse(), 0);
}
END_TEST

UNIT_MAIN("kmem", NSPACING, untouched, against_model, sizes, impossible_sizes,
    alignments, zero_after_use, large_blocks_are_cheap, grows_in_place,
    trim_gives_back, peak_squeezes, misuse, second_free, errno_is_left_alone,
    threads, forks);
