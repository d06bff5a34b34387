/*
 * test_replay.c - the histogram of kma replay, and the objects of a trace.
 */
#include <stdlib.h>

#include "../../tools/replay_hist.h"
#include "../../tools/objects.h"
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

static uint64_t
here(const struct objects *os, uint32_t slot)
{
	return (os->os_object[slot].o_addr);
}

/* An object, in the table. */
static uint32_t
begin(struct objects *os, uint64_t addr, uint32_t thread)
{
	static uint64_t number;
	uint32_t slot = objects_new(os, thread), lost;

	must(slot != SLOT_NONE, "no slot");
	must(os->os_object[slot].o_number == 0, "a slot that another has");
	os->os_object[slot].o_addr = addr;
	os->os_object[slot].o_number = ++number;
	must(objects_enter(os, slot, &lost) && lost == SLOT_NONE, "no entry");
	return (slot);
}

static void
end(struct objects *os, uint64_t addr, uint32_t slot, uint32_t thread)
{
	must(objects_take(os, addr) == slot, "another slot at the end");
	must(objects_take(os, addr) == SLOT_NONE, "still there");
	objects_free(os, slot, thread);
}

/* slot[i], if any, has the object whose address is i + 1 times the spread. */
static void
step(struct objects *os, uint32_t *slot, unsigned i, unsigned to,
    uint64_t spread)
{
	uint64_t addr = (i + 1) * spread, next = (to + 1) * spread;
	uint32_t lost;

	if (slot[i] == SLOT_NONE) {
		slot[i] = begin(os, addr, (uint32_t)draw() % THREADS);
	} else if (draw() % 4 == 0 && slot[to] == SLOT_NONE) {
		must(objects_take(os, addr) == slot[i], "another that moves");
		os->os_object[slot[i]].o_addr = next;
		must(objects_enter(os, slot[i], &lost) && lost == SLOT_NONE,
		    "no entry");
		slot[to] = slot[i];
		slot[i] = SLOT_NONE;
	} else {
		end(os, addr, slot[i], (uint32_t)draw() % THREADS);
		slot[i] = SLOT_NONE;
	}
}

static void
follow(uint64_t far)
{
	static uint32_t slot[LIVE];
	struct objects os;

	ck_assert(objects_init(&os));
	for (unsigned i = 0; i < LIVE; i++)
		slot[i] = SLOT_NONE;
	for (unsigned i = 0; i < ROUNDS / 5; i++) {
		step(&os, slot, (unsigned)draw() % LIVE,
		    (unsigned)draw() % LIVE, far);
		if (i % 5000 == 0)
			ck_assert(objects_check(&os));
	}
	ck_assert(objects_check(&os));
	/* Bounded by what lived at once, not by what ever lived. */
	ck_assert_uint_le(os.os_slots, LIVE + THREADS * SLOTS_OWN);
	for (unsigned i = 0; i < LIVE; i++)
		if (slot[i] != SLOT_NONE) {
			ck_assert_uint_eq(here(&os, slot[i]), (i + 1) * far);
			end(&os, (i + 1) * far, slot[i], 0);
		}
	ck_assert_uint_eq(os.os_live, 0);
	ck_assert_uint_eq(os.os_used, 0);
	ck_assert(objects_check(&os));
	objects_fini(&os);
}

/* Addresses next to each other, and far apart. */
START_TEST(objects_follow_a_model)
{
	static const uint64_t spread[] = { 1, 2, 8, 4097, 1 << 30,
		(uint64_t)1 << 52, ((uint64_t)1 << 32) + 1 };

	for (unsigned i = 0; i < nitems(spread); i++)
		follow(spread[i]);
}
END_TEST

START_TEST(a_thread_takes_its_own_slot_again)
{
	struct objects os;
	uint32_t one, two;

	ck_assert(objects_init(&os));
	one = begin(&os, 100, 1);
	two = begin(&os, 200, 2);
	ck_assert_uint_ne(one, two);
	end(&os, 100, one, 1);
	end(&os, 200, two, 2);
	ck_assert_uint_eq(begin(&os, 300, 1), one);
	ck_assert_uint_eq(begin(&os, 400, 2), two);
	ck_assert_uint_eq(objects_take(&os, 999), SLOT_NONE);
	ck_assert(objects_check(&os));
	objects_fini(&os);
}
END_TEST

/* What a thread cannot keep goes to all, the longest free first. */
START_TEST(slots_beyond_a_threads_own_are_everybodys)
{
	static uint32_t slot[SLOTS_OWN + 3];
	struct objects os;

	ck_assert(objects_init(&os));
	for (unsigned i = 0; i < SLOTS_OWN + 3; i++)
		slot[i] = begin(&os, i + 1, 1);
	for (unsigned i = 0; i < SLOTS_OWN + 3; i++)
		end(&os, i + 1, slot[i], 1);
	ck_assert(objects_check(&os));
	ck_assert_uint_eq(begin(&os, 1, 2), slot[SLOTS_OWN]);
	ck_assert_uint_eq(begin(&os, 2, 2), slot[SLOTS_OWN + 1]);
	ck_assert_uint_eq(begin(&os, 3, 1), slot[SLOTS_OWN - 1]);
	ck_assert_uint_eq(begin(&os, 4, 2), slot[SLOTS_OWN + 2]);
	ck_assert_uint_eq(begin(&os, 5, 2), SLOTS_OWN + 3);
	ck_assert(objects_check(&os));
	objects_fini(&os);
}
END_TEST

/* Where the end of an object was lost. */
START_TEST(a_new_object_replaces_one_at_its_address)
{
	struct objects os;
	uint32_t one, two, lost;

	ck_assert(objects_init(&os));
	one = begin(&os, 100, 1);
	two = objects_new(&os, 1);
	ck_assert_uint_ne(one, two);
	os.os_object[two].o_addr = 100;
	os.os_object[two].o_number = 99;
	ck_assert(objects_enter(&os, two, &lost));
	ck_assert_uint_eq(lost, one);
	objects_free(&os, one, 1);
	ck_assert(objects_check(&os));
	end(&os, 100, two, 1);
	ck_assert(objects_check(&os));
	objects_fini(&os);
}
END_TEST

/* Each kind of damage, and that it is the damage that is found. */
START_TEST(damage_to_the_objects_is_found)
{
	struct objects os;
	uint32_t one, two, next;

	ck_assert(objects_init(&os));
	one = begin(&os, 100, 1);
	two = begin(&os, 200, 1);
	end(&os, 300, begin(&os, 300, 1), 1);
	ck_assert(objects_check(&os));
	os.os_live++;
	ck_assert(!objects_check(&os));
	os.os_live--;
	os.os_used--;
	ck_assert(!objects_check(&os));
	os.os_used++;
	/* A slot that is free and has an object. */
	next = os.os_own[1].ll_first;
	os.os_own[1].ll_first = one;
	ck_assert(!objects_check(&os));
	os.os_own[1].ll_first = next;
	/* An object that is not where its address says. */
	os.os_object[two].o_addr = 100;
	ck_assert(!objects_check(&os));
	os.os_object[two].o_addr = 200;
	/* A slot that two objects have. */
	os.os_leaf[0].lf_slot[100 % LEAF_SLOTS] = two + 1;
	ck_assert(!objects_check(&os));
	os.os_leaf[0].lf_slot[100 % LEAF_SLOTS] = one + 1;
	ck_assert(objects_check(&os));
	objects_fini(&os);
}
END_TEST

UNIT_MAIN("replay", 1, buckets_are_in_order, quantiles_are_within_one_percent,
    an_empty_histogram_is_zero, objects_follow_a_model,
    a_thread_takes_its_own_slot_again,
    slots_beyond_a_threads_own_are_everybodys,
    a_new_object_replaces_one_at_its_address, damage_to_the_objects_is_found);
