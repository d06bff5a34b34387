/*
 * test_replay.c - the histogram and the slots of kma replay.
 */
#include <stdlib.h>

#include "../../tools/replay_hist.h"
#include "../../tools/replay_slots.h"
#include "unit.h"

#define LIVE	3000
#define ROUNDS	200000
#define THREADS	5

static struct rnd rnd;

static uint64_t
draw(void)
{
	return (rnd_next(&rnd) >> 5);
}

/* As ck_assert(), which is slow where there are a million of them. */
static void
must(bool good, const char *what)
{
	if (!good)
		ck_abort_msg("%s", what);
}

/* Every bucket begins where the one before it ends. */
START_TEST(buckets_are_in_order)
{
	unsigned last = hist_index(0);

	ck_assert_uint_eq(last, 0);
	for (uint64_t value = 1; value < 1 << 20; value++) {
		unsigned index = hist_index(value);

		must(index == last || index == last + 1, "a gap");
		last = index;
	}
	ck_assert_uint_eq(hist_index(UINT64_MAX), HIST_BUCKETS - 1);
}
END_TEST

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

START_TEST(quantiles_are_within_one_percent)
{
	static const double parts[] = { 0.01, 0.5, 0.9, 0.999, 1 };
	static uint64_t value[ROUNDS];
	static struct hist h;

	h = (struct hist){ 0 };
	for (unsigned i = 0; i < ROUNDS; i++) {
		value[i] = draw() >> (draw() % 50 + 5);
		hist_add(&h, value[i]);
	}
	ck_assert(hist_check(&h));
	qsort(value, ROUNDS, sizeof(value[0]), compare);
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double exact = (double)value[(unsigned)(parts[i] * ROUNDS -
		    0.5)];
		double got = (double)hist_quantile(&h, parts[i]);

		ck_assert_double_ge(got, exact * 0.99);
		ck_assert_double_le(got, exact * 1.01);
	}
}
END_TEST

START_TEST(an_empty_histogram_is_zero)
{
	static struct hist h;

	h = (struct hist){ 0 };
	ck_assert(hist_check(&h));
	ck_assert_uint_eq(hist_quantile(&h, 0.999), 0);
	ck_assert_double_eq(hist_mean(&h), 0);
	hist_add(&h, 7);
	ck_assert_uint_eq(hist_quantile(&h, 0.999), 7);
	ck_assert_double_eq(hist_mean(&h), 7);
	h.h_bucket[9]++;
	ck_assert(!hist_check(&h));
}
END_TEST

struct pair {
	uint64_t	object;		/* 0: none */
	uint32_t	slot;
};

static void
step(struct slots *s, struct pair *p, uint64_t number)
{
	uint32_t thread = draw() % THREADS;

	if (p->object == 0) {
		*p = (struct pair){ number, slots_enter(s, number, thread) };
		must(p->slot != SLOT_NONE, "no slot");
	} else if (draw() % 4 == 0) {
		must(slots_rename(s, p->object, number) == p->slot,
		    "another slot after a rename");
		p->object = number;
	} else {
		must(slots_leave(s, p->object, thread) == p->slot,
		    "another slot at the end");
		must(slots_find(s, p->object) == SLOT_NONE, "still there");
		p->object = 0;
	}
}

/* Numbers next to each other, and far apart. */
START_TEST(slots_follow_a_model)
{
	static const unsigned spread[] = { 1, 8, 4097, 1 << 30 };
	static struct pair pair[LIVE];
	uint64_t number = 1;
	struct slots s;

	ck_assert(slots_init(&s));
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct pair *p = &pair[draw() % LIVE];

		number += spread[i / (ROUNDS / 4)];
		step(&s, p, number);
		if (p->object != 0)
			must(slots_find(&s, p->object) == p->slot, "lost");
		if (i % 5000 == 0)
			ck_assert(slots_check(&s));
	}
	for (unsigned i = 0; i < LIVE; i++)
		if (pair[i].object != 0)
			ck_assert_uint_eq(slots_find(&s, pair[i].object),
			    pair[i].slot);
	ck_assert(slots_check(&s));
	/* Bounded by what lived at once, not by what ever lived. */
	ck_assert_uint_le(s.st_slots, LIVE + THREADS * SLOTS_OWN);
	s.st_live++;
	ck_assert(!slots_check(&s));
	s.st_live--;
	slots_destroy(&s);
}
END_TEST

START_TEST(a_thread_takes_its_own_slot_again)
{
	struct slots s;
	uint32_t one, two;

	ck_assert(slots_init(&s));
	one = slots_enter(&s, 1, 1);
	two = slots_enter(&s, 2, 2);
	ck_assert_uint_ne(one, two);
	ck_assert_uint_eq(slots_leave(&s, 1, 1), one);
	ck_assert_uint_eq(slots_leave(&s, 2, 2), two);
	ck_assert_uint_eq(slots_enter(&s, 3, 1), one);
	ck_assert_uint_eq(slots_enter(&s, 4, 2), two);
	ck_assert_uint_eq(slots_leave(&s, 99, 1), SLOT_NONE);
	ck_assert_uint_eq(slots_rename(&s, 99, 100), SLOT_NONE);
	ck_assert(slots_check(&s));
	slots_destroy(&s);
}
END_TEST

UNIT_MAIN("replay", 1, buckets_are_in_order, quantiles_are_within_one_percent,
    an_empty_histogram_is_zero, slots_follow_a_model,
    a_thread_takes_its_own_slot_again);
