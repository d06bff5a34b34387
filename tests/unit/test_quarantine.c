/*
 * test_quarantine.c - freed blocks that wait; numbers drawn at random.
 *
 * The quarantine never looks at a block, so blocks here are numbers.
 */
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"
#include "param.h"
#include "quarantine.h"
#include "random.h"
#include "unit.h"

#define NSHARD	4
#define BOUND	((size_t)1 << 20)	/* of a shard */
#define NBLOCK	200000

static unsigned char state[NBLOCK];	/* 0 new, 1 waits, 2 released */
static unsigned order[NBLOCK], nreleased;

static void *
block(unsigned i)
{
	return ((void *)(uintptr_t)(16 * (i + 1)));
}

static void
release(void *p, size_t size)
{
	unsigned i = (unsigned)((uintptr_t)p / 16 - 1);

	(void)size;
	ck_assert_uint_eq(__atomic_exchange_n(&state[i], 2, __ATOMIC_RELAXED),
	    1);
	order[__atomic_fetch_add(&nreleased, 1, __ATOMIC_RELAXED)] = i;
}

static void
put(unsigned i, size_t size)
{
	__atomic_store_n(&state[i], 1, __ATOMIC_RELAXED);
	quarantine_put(block(i), size, release);
}

static void
setup(bool random)
{
	unit_pages(500);
	quarantine_init(NSHARD * BOUND, random);
}

static size_t
held(void)
{
	size_t count;

	quarantine_check();
	(void)quarantine_held(&count);
	return (count);
}

static size_t
held_bytes(void)
{
	size_t count;

	return (quarantine_held(&count));
}

START_TEST(first_in_first_out)
{
	setup(false);
	for (unsigned i = 0; i < 10000; i++)
		put(i, 1024);
	ck_assert_uint_eq(held(), BOUND / 1024);
	ck_assert_uint_eq(held_bytes(), BOUND);
	ck_assert_uint_eq(nreleased, 10000 - BOUND / 1024);
	for (unsigned i = 0; i < nreleased; i++)
		ck_assert_uint_eq(order[i], i);
	ck_assert(quarantine_drain(release));
	ck_assert(!quarantine_drain(release));
	ck_assert_uint_eq(nreleased, 10000);
	ck_assert_uint_eq(held() + held_bytes(), 0);
}
END_TEST

/* Blocks of few bytes are bounded by their count. */
START_TEST(count_is_bounded)
{
	setup(false);
	for (unsigned i = 0; i < NBLOCK; i++)
		put(i, 16);
	ck_assert_uint_le(held(), BOUND / 128);
	ck_assert_uint_ge(held(), BOUND / 128 - 64);
	ck_assert_uint_eq(held() + nreleased, NBLOCK);
}
END_TEST

/* One long block makes many short ones due, at once. */
START_TEST(long_after_short)
{
	setup(false);
	for (unsigned i = 0; i < 5000; i++)
		put(i, 128);
	ck_assert_uint_eq(nreleased, 0);
	put(5000, BOUND);
	ck_assert_uint_eq(nreleased, 5000);
	ck_assert_uint_eq(held(), 1);
	put(5001, BOUND + 1);
	ck_assert_uint_eq(order[nreleased - 1], 5001);
	ck_assert_uint_eq(held(), 1);
}
END_TEST

/* Nobody guesses the order, and each waits for half a queue all the same. */
START_TEST(random_order)
{
	unsigned n = BOUND / 1024, astray = 0;

	setup(true);
	for (unsigned i = 0; i < 20000; i++)
		put(i, 1024);
	for (unsigned i = 0; i < nreleased; i++) {
		/* The i-th release came with put n + i. */
		ck_assert_uint_le(order[i] + n / 2, n + i + 1);
		astray += order[i] != i;
	}
	ck_assert_uint_ge(astray, nreleased * 9 / 10);
	quarantine_drain(release);
	ck_assert_uint_eq(nreleased, 20000);
}
END_TEST

START_TEST(none)
{
	unit_pages(500);
	quarantine_init(0, true);
	for (unsigned i = 0; i < 100; i++)
		put(i, i);
	ck_assert_uint_eq(nreleased, 100);
	ck_assert_uint_eq(held(), 0);
}
END_TEST

/* Each block comes out once, whoever releases it. */
#define NTHREAD	8

static void *
worker(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;

	for (unsigned i = self; i < NBLOCK; i += NTHREAD) {
		put(i, i % 3000);
		if (i % 9999 == self)
			quarantine_drain(release);
	}
	return (NULL);
}

START_TEST(threads)
{
	pthread_t thread[NTHREAD];

	setup(true);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		pthread_create(&thread[i], NULL, worker, (void *)i);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_le(held_bytes(), NSHARD * BOUND);
	ck_assert_uint_eq(held() + nreleased, NBLOCK);
	quarantine_drain(release);
	ck_assert_uint_eq(nreleased, NBLOCK);
}
END_TEST

/* Without memory for the books, blocks are released at once. */
START_TEST(no_memory)
{
	uintptr_t at;

	/* unit_pages() is not called: there is nothing that meta can map. */
	ck_assert(os_init());
	ck_assert_int_eq(os_map_any(PAGESIZE, &at), 0);
	quarantine_init(NSHARD * BOUND, true);
	for (unsigned i = 0; i < 100; i++)
		put(i, 16);
	ck_assert_uint_eq(nreleased, 100);
	ck_assert(!quarantine_drain(release));
}
END_TEST

START_TEST(numbers)
{
	unsigned seen[10] = { 0 };
	uint64_t parent, child;
	int pipes[2], status;

	ck_assert_uint_ne(os_random(), os_random());
	for (int i = 0; i < 10000; i++)
		seen[random_below(nitems(seen))]++;
	for (unsigned i = 0; i < nitems(seen); i++) {
		ck_assert_uint_ge(seen[i], 800);
		ck_assert_uint_le(seen[i], 1200);
	}
	ck_assert_int_eq(pipe(pipes), 0);
	if (fork() == 0) {
		random_postfork_child();
		child = random_next();
		_exit(write(pipes[1], &child, 8) != 8);
	}
	wait(&status);
	parent = random_next();
	ck_assert_int_eq(read(pipes[0], &child, 8), 8);
	ck_assert_uint_ne(parent, child);
}
END_TEST

UNIT_MAIN("quarantine", 1, first_in_first_out, count_is_bounded,
    long_after_short, random_order, none, threads, no_memory, numbers);
