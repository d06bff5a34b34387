/*
 * test_cache.c - magazines, depots, and the caches of threads that end.
 */
#include <sys/wait.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bucket.h"
#include "cache.h"
#include "kmemsizes.h"
#include "lock.h"
#include "os.h"
#include "pagerun.h"
#include "snapshot.h"
#include "unit.h"

#define L64	(KU_LIST + 2)	/* at spacing 1: blocks of 64 bytes */

static size_t
pages_inuse(void)
{
	struct pagerun_stats ps;

	pagerun_stats(&ps);
	return (ps.ps_inuse);
}

/* What caches and depots say. */
static const struct snapshot_cached *
caches(void)
{
	static struct snapshot_cached sc;

	ck_assert_int_eq(snapshot_caches(&snapshot_self, &sc), 0);
	return (&sc);
}

/* Blocks of a list in caches; in all lists, in bytes. */
static size_t
cached(unsigned indx)
{
	return (caches()->sc_blocks[indx]);
}

static size_t
cached_bytes(void)
{
	size_t n = 0;

	for (unsigned i = KU_LIST; i < bucket_limit; i++)
		n += cached(i) * bucket[i].kb_size;
	return (n);
}

/* Blocks that are neither in a cluster nor in a cache. */
static size_t
out(unsigned indx)
{
	return (bucket[indx].kb_total - bucket[indx].kb_totalfree -
	    cached(indx));
}

static void *
get(unsigned indx)
{
	unsigned taken;
	void *p = cache_alloc(indx, &taken);

	ck_assert_ptr_nonnull(p);
	return (p);
}

static void
put(unsigned indx, void *p)
{
	void *twice = NULL;

	cache_free(indx, p, &twice);
	ck_assert_ptr_null(twice);
}

static void
in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static void
check(void)
{
	cache_check();
	for (unsigned i = KU_LIST; i < bucket_limit; i++)
		bucket_check(i);
}

/* All is given back: no page stays in use. */
static void
empty_all(void)
{
	cache_drain();
	for (unsigned i = KU_LIST; i < bucket_limit; i++)
		bucket_reap(i, true);
	ck_assert_uint_eq(cached_bytes(), 0);
	ck_assert_uint_eq(pages_inuse(), 0);
	check();
}

START_TEST(last_in_first_out)
{
	unit_caches(SPACING(_i));
	ck_assert_ptr_eq(kmem_cache, &cache_none);
	for (unsigned i = KU_LIST; i < bucket_limit; i++) {
		void *a = get(i), *b = get(i);

		ck_assert(a != b);
		put(i, a);
		ck_assert(cache_freed_last(i, a));
		ck_assert(!cache_freed_last(i, b));
		ck_assert_ptr_eq(get(i), a);
		put(i, b);
		put(i, a);
		cache_check();
	}
	ck_assert_uint_eq(caches()->sc_threads, 1);
	empty_all();
}
END_TEST

/* Any amount, in and out: the figures stay exact. */
START_TEST(figures_are_exact)
{
	struct rnd r = { SPACING(_i) };
	void **block = calloc(4000, sizeof(*block));
	uint64_t calls = 0;
	unsigned n = 0;

	unit_caches(SPACING(_i));
	for (unsigned i = 0; i < unit_less(20000, 10); i++) {
		if (n < 4000 && rnd_below(&r, 100) < 50 + (i / 1000 % 2) * 20) {
			block[n++] = get(L64);
			calls++;
		} else if (n > 0)
			put(L64, block[--n]);
		ck_assert_uint_eq(out(L64), n);
		ck_assert_uint_eq(caches()->sc_calls[L64] +
		    bucket[L64].kb_calls, calls);
	}
	check();
	while (n > 0)
		put(L64, block[--n]);
	ck_assert_uint_eq(out(L64), 0);
	empty_all();
	free(block);
}
END_TEST

/* A block is in one place only, with its contents. */
START_TEST(contents)
{
	enum { N = 1500 };
	static void *block[NLIST][N];

	unit_caches(SPACING(_i));
	for (int round = 0; round < 3; round++) {
		for (unsigned i = KU_LIST; i < bucket_runs; i++)
			for (unsigned j = 0; j < N; j++) {
				block[i][j] = get(i);
				pattern_fill(block[i][j], 16, i * N + j);
			}
		for (unsigned i = KU_LIST; i < bucket_runs; i++)
			for (unsigned j = 0; j < N; j++) {
				ck_assert(pattern_holds(block[i][j], 16,
				    i * N + j));
				put(i, block[i][j]);
			}
		check();
	}
	empty_all();
}
END_TEST

/*
 * What one thread allocates and another frees travels back, in constant
 * memory.
 */
#define BATCH	4000
static void *batch[BATCH];
static unsigned nbatch = BATCH;

static void *
put_batch(void *arg)
{
	for (unsigned i = 0; i < nbatch; i++)
		put(*(unsigned *)arg, batch[i]);
	return (NULL);
}

START_TEST(producer_and_consumer)
{
	unsigned indx = L64;

	unit_caches(SPACING(_i));
	for (unsigned round = 0; round < unit_less(100, 4); round++) {
		for (unsigned i = 0; i < BATCH; i++)
			batch[i] = get(indx);
		in_thread(put_batch, &indx);
		ck_assert_uint_eq(out(indx), 0);
		/* What is out at once, what a depot and stacks keep. */
		ck_assert_uint_le(bucket[indx].kb_total, 2 * BATCH);
	}
	/* And after some time with the other way alone. */
	ck_assert_uint_le(caches()->sc_threads, 3);
	empty_all();
}
END_TEST

/*
 * Whole magazines change hands: once the depot has learned, what a consumer
 * frees comes back without a look at the clusters.
 */
START_TEST(depot_passes_magazines)
{
	unsigned indx = L64, again = 0;
	size_t free_before;

	unit_caches(1);
	nbatch = 1000;
	for (int round = 0; round < 60; round++) {
		for (unsigned i = 0; i < nbatch; i++)
			batch[i] = get(indx);
		in_thread(put_batch, &indx);
	}
	ck_assert_uint_ge(cached(indx), nbatch / 2);
	free_before = bucket[indx].kb_totalfree;
	for (unsigned i = 0; i < nbatch / 2; i++) {
		void *p = get(indx);

		for (unsigned j = 0; j < nbatch; j++)
			again += batch[j] == p;
	}
	/* All but what this thread had left of its own. */
	ck_assert_uint_ge(again, nbatch / 2 - 200);
	ck_assert_uint_eq(bucket[indx].kb_totalfree, free_before);
}
END_TEST

/* What a thread caches is bounded, and what all do together. */
static size_t
held_bound(void)
{
	size_t bound = os_physmem() / 32;

	return (bound > (size_t)64 << 20 ? bound : (size_t)64 << 20);
}

/* Leaves as much as it can in its caches. */
static void
fill_caches(void)
{
	void *p[200];

	for (unsigned indx = KU_LIST; indx < bucket_limit; indx++) {
		unsigned n = bucket[indx].kb_size > 65536 ? 4 : 200;

		for (unsigned i = 0; i < n; i++)
			p[i] = get(indx);
		for (unsigned i = 0; i < n; i++)
			put(indx, p[i]);
		ck_assert_uint_le(kmem_cache->kc_bytes, (size_t)8 << 20);
	}
	cache_check();
}

static pthread_barrier_t barrier;

static void *
fill_and_wait(void *arg)
{
	fill_caches();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return (arg);
}

START_TEST(bounds)
{
	pthread_t thread[16];

	unit_caches(SPACING(_i));
	pthread_barrier_init(&barrier, NULL, nitems(thread) + 1);
	for (unsigned i = 0; i < nitems(thread); i++)
		pthread_create(&thread[i], NULL, fill_and_wait, NULL);
	pthread_barrier_wait(&barrier);
	ck_assert_uint_le(cached_bytes(), held_bound());
	ck_assert_uint_gt(cached_bytes(), 0);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < nitems(thread); i++)
		pthread_join(thread[i], NULL);
	fill_caches();
	empty_all();
}
END_TEST

/* With many threads, a thread's share is small; not when they are gone. */
static void *
take_one_and_wait(void *arg)
{
	put(L64, get(L64));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return (arg);
}

#define CROWD	300
static pthread_t crowd[CROWD];

static void
start_crowd(unsigned n)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 131072);
	pthread_barrier_init(&barrier, NULL, n + 1);
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(pthread_create(&crowd[i], &attr,
		    take_one_and_wait, NULL), 0);
	pthread_barrier_wait(&barrier);
}

static void
end_crowd(unsigned n)
{
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < n; i++)
		pthread_join(crowd[i], NULL);
}

START_TEST(share_shrinks)
{
	unsigned n = unit_less(CROWD, 5);
	size_t small;

	unit_caches(1);
	start_crowd(n);
	ck_assert_uint_eq(caches()->sc_threads, n);
	fill_caches();
	small = kmem_cache->kc_bytes;
	ck_assert_uint_le(small, held_bound() / n);
	end_crowd(n);
	cache_reap();
	fill_caches();
	if (n == CROWD)
		ck_assert_uint_gt(kmem_cache->kc_bytes, small);
	empty_all();
}
END_TEST

/* A dead thread's cache is taken over, blocks and all. */
static void *
one_block(void *arg)
{
	put(L64, get(L64));
	cache_check();
	return (arg);
}

START_TEST(caches_are_adopted)
{
	unit_caches(SPACING(_i));
	for (unsigned i = 0; i < unit_less(1000, 10); i++)
		in_thread(one_block, NULL);
	ck_assert_uint_le(caches()->sc_threads, 2);
	ck_assert_uint_eq(out(L64), 0);
	put(L64, get(L64));
	ck_assert_uint_le(caches()->sc_threads, 2);
	empty_all();
}
END_TEST

/* What they leave takes little memory, and a child does not copy it. */
START_TEST(orphans_cost_little)
{
	unsigned n = unit_less(CROWD, 5), orphans = 0;
	size_t faults;
	int status;
	pid_t pid;

	unit_caches(1);
	put(L64, get(L64));
	start_crowd(n);
	end_crowd(n);
	cache_reap();
	for (struct kmemcache *kc = cache_first(); kc; kc = kc->kc_next) {
		void *slots = (void *)round_page((uintptr_t)&kc->kc_slot[2]);

		if (kc == kmem_cache)
			continue;
		ck_assert(kc->kc_orphan && kc->kc_bytes == 0);
		ck_assert_uint_eq(unit_resident(slots, 48 * 1024), 0);
		orphans++;
	}
	ck_assert_uint_eq(orphans, n);
	if ((pid = fork()) == 0) {
		faults = unit_faults();
		cache_postfork_child();
		faults = unit_faults() - faults;
		_exit(!UNIT_TSAN && faults > UNIT_FAULTS(n / 4));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	in_thread(one_block, NULL);
	empty_all();
}
END_TEST

START_TEST(reaping_finds_the_dead)
{
	unsigned indx = L64;

	unit_caches(1);
	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = get(indx);
	cache_drain();
	ck_assert_uint_eq(cached(indx), 0);
	in_thread(put_batch, &indx);
	ck_assert_uint_gt(cached(indx), 64);
	for (int i = 0; i < 3; i++)	/* what is in the depot is younger */
		cache_reap();
	ck_assert_uint_eq(cached(indx), 0);
	check();
}
END_TEST

/* The living keep theirs. */
START_TEST(reaping_spares_the_living)
{
	pthread_t thread;

	unit_caches(1);
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, take_one_and_wait, NULL);
	pthread_barrier_wait(&barrier);
	ck_assert_uint_ge(cached(L64), 1);
	cache_reap();
	cache_drain();
	ck_assert_uint_ge(cached(L64), 1);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	cache_drain();
	ck_assert_uint_eq(cached(L64), 0);
}
END_TEST

/* A depot whose magazines were flushed and missed keeps more of them. */
START_TEST(depot_learns)
{
	size_t first;

	unit_caches(1);
	for (int round = 0; round < 40; round++) {
		for (unsigned i = 0; i < BATCH; i++)
			batch[i] = get(L64);
		for (unsigned i = 0; i < BATCH; i++)
			put(L64, batch[i]);
		if (round == 0)
			first = cached(L64);
	}
	ck_assert_uint_le(first, BATCH / 8);
	ck_assert_uint_ge(cached(L64), 1000);
	/* But not without end. */
	ck_assert_uint_le(cached(L64), BATCH / 2);
	/* And forgets. */
	for (int i = 0; i < 3; i++)
		cache_reap();
	ck_assert_uint_le(cached(L64), BATCH / 8);
	empty_all();
}
END_TEST

/* Blocks of two lists in turn. */
static void
get_and_put(const unsigned *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		batch[i] = get(list[i % 2]);
	for (unsigned i = 0; i < n; i++)
		put(list[i % 2], batch[i]);
}

/*
 * A sweep empties the lists that nobody used since the last, but not those to
 * which blocks are freed: their stacks are as full as before.
 */
START_TEST(freeing_is_use)
{
	unsigned list[2], n = 400;

	unit_caches(1);
	list[0] = bucket_runs;
	list[1] = bucket_runs + 1;
	ck_assert(bucket_isruns(list[0]) && bucket_isruns(list[1]));
	ck_assert_uint_gt(n * bucket[list[0]].kb_size, 4 << 20);
	for (int round = 0; round < 20; round++)
		get_and_put(list, n);
	ck_assert_uint_ge(cached(list[0]), n / 2 - 8);
	ck_assert_uint_ge(cached(list[1]), n / 2 - 8);
	for (int round = 0; round < 4; round++)
		get_and_put((unsigned[]) { L64 + 3, L64 + 4 }, BATCH);
	ck_assert_uint_le(cached(list[0]) + cached(list[1]), n / 2);
	empty_all();
}
END_TEST

/* At the latest when the block goes back to its cluster. */
START_TEST(second_free_is_found)
{
	void *p, *twice = NULL;

	unit_caches(SPACING(_i));
	p = get(L64);
	for (unsigned i = 0; i < BATCH; i++)
		batch[i] = get(L64);
	put(L64, p);
	cache_drain();
	for (unsigned i = 0; i < BATCH && twice == NULL; i++)
		cache_free(L64, i % 20 == 0 ? p : batch[i], &twice);
	ck_assert_ptr_eq(twice, p);
	for (unsigned i = KU_LIST; i < bucket_limit; i++)
		bucket_check(i);
}
END_TEST

/* The last run of each of NCACHEDRUN lengths is kept. */
static page_t
get_run(size_t npages)
{
	page_t page;

	if (!cache_alloc_run(npages, &page))
		ck_assert_int_eq(pagerun_alloc(npages, 1, KU_RUN, &page, NULL),
		    0);
	ck_assert_uint_eq(kmemsizes[page], KU_RUN);
	ck_assert_uint_eq(pagerun_size(page), npages);
	return (page);
}

START_TEST(runs)
{
	size_t longest = (NCACHEDRUN + 1) * btop(MAXCACHED);
	page_t a, b, c;

	unit_caches(1);
	a = get_run(70);
	b = get_run(80);
	ck_assert(cache_free_run(a, 70));
	ck_assert_uint_eq(kmemsizes[a], KU_HELD);
	cache_check();
	ck_assert(!cache_alloc_run(80, &c));
	ck_assert(!cache_alloc_run(69, &c));
	ck_assert_uint_eq(get_run(70), a);
	ck_assert(cache_free_run(a, 70));
	ck_assert(cache_free_run(b, 80));	/* a goes for it */
	ck_assert_uint_eq(caches()->sc_runs, 1);
	ck_assert_uint_eq(caches()->sc_runpages, 80);
	ck_assert_uint_eq(pages_inuse(), 80);
	c = get_run(longest);
	ck_assert(cache_free_run(c, longest));
	c = get_run(longest + 1);
	ck_assert(!cache_free_run(c, longest + 1));
	pagerun_free(c);
	ck_assert_uint_eq(caches()->sc_runpages, longest);	/* b goes */
	cache_check();
	empty_all();
}
END_TEST

START_TEST(due_once_in_a_while)
{
	unsigned n = 0;

	unit_caches(1);
	ck_assert(!cache_due());	/* no cache, no clock */
	put(L64, get(L64));
	for (unsigned i = 0; i < 640; i++)
		n += cache_due();
	ck_assert_uint_eq(n, 10);
}
END_TEST

/* In a child, the other threads' caches are those of dead threads. */
START_TEST(child_takes_over)
{
	pthread_t thread;
	int status;
	pid_t pid;

	unit_caches(SPACING(_i));
	put(L64, get(L64));
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, take_one_and_wait, NULL);
	pthread_barrier_wait(&barrier);
	lock_prefork();
	pid = fork();
	if (pid == 0) {
		cache_postfork_child();
		lock_postfork_child();
		cache_check();
		cache_drain();
		put(L64, get(L64));
		cache_drain();
		_exit(cached(L64) == 0 ? 0 : 1);
	}
	lock_postfork_parent();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	empty_all();
}
END_TEST

/* Threads that pass each other blocks through a shared table. */
#define NTHREAD	4
#define NSHARED	512
static void *shared[NSHARED];

static unsigned
shared_list(size_t at)
{
	return (KU_LIST + (unsigned)(at % (bucket_runs - KU_LIST + 2)));
}

static void *
trader(void *arg)
{
	struct rnd r = { (uint64_t)(uintptr_t)arg };

	for (unsigned i = 0; i < unit_less(40000, 20); i++) {
		size_t at = rnd_below(&r, NSHARED);
		void *p = __atomic_exchange_n(&shared[at], NULL,
		    __ATOMIC_ACQ_REL);

		if (p != NULL) {
			ck_assert(pattern_holds(p, 16, at));
			memset(p, 0, 16);
			put(shared_list(at), p);
			continue;
		}
		p = get(shared_list(at));
		pattern_fill(p, 16, at);
		p = __atomic_exchange_n(&shared[at], p, __ATOMIC_ACQ_REL);
		if (p != NULL)
			put(shared_list(at), p);
		if (rnd_below(&r, 3000) == 0)
			cache_reap();
		if (rnd_below(&r, 5000) == 0)
			cache_drain();
	}
	cache_check();
	if (UNIT_TSAN)
		pthread_barrier_wait(&barrier);
	return (NULL);
}

START_TEST(traders)
{
	pthread_t thread[NTHREAD];

	unit_caches(SPACING(_i));
	pthread_barrier_init(&barrier, NULL, NTHREAD);
	for (int round = 0; round < 3; round++) {
		for (uintptr_t i = 0; i < NTHREAD; i++)
			pthread_create(&thread[i], NULL, trader,
			    (void *)(i + 1 + (uintptr_t)round * 10));
		for (int i = 0; i < 20; i++)
			cached_bytes();
		for (int i = 0; i < NTHREAD; i++)
			pthread_join(thread[i], NULL);
		check();
	}
	for (unsigned i = 0; i < NSHARED; i++)
		if (shared[i] != NULL)
			put(shared_list(i), shared[i]);
	empty_all();
}
END_TEST

UNIT_MAIN("cache", NSPACING, last_in_first_out, figures_are_exact, contents,
    producer_and_consumer, depot_passes_magazines, bounds, share_shrinks,
    orphans_cost_little, caches_are_adopted, reaping_finds_the_dead,
    reaping_spares_the_living, depot_learns, freeing_is_use,
    second_free_is_found, runs, due_once_in_a_while, child_takes_over,
    traders);
