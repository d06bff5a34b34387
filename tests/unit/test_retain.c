/*
 * test_retain.c - how many free pages may hold memory: the policy alone.
 *
 * Linked with --wrap for the clock, which stands still until it is set.
 */
#include "os.h"
#include "param.h"
#include "retain.h"
#include "unit.h"

#define DECAY	1000
#define MB	btop((size_t)1 << 20)
#define RETAIN	(3 * MB)
#define LONG	(1 * MB)	/* a run whose pages count once when missed */
#define SHORT	((size_t)1)	/* and one whose page counts four times */

static uint64_t the_time;

uint64_t	__wrap_os_now(void);

uint64_t
__wrap_os_now(void)
{
	return (the_time);
}

/* All of a long run had been given back, and is wanted again. */
static void
miss(size_t npages, size_t peak)
{
	retain_gave(npages);
	retain_taken(npages, npages, 0, 0, peak);
}

/* As many as a program may miss at any time. */
static void
miss_for_free(size_t peak)
{
	miss(peak + peak / 3, peak);
	ck_assert_uint_eq(retain_earned(peak), 0);
}

START_TEST(limit)
{
	retain_init(DECAY);
	/* Little in use: a fixed amount. */
	ck_assert_uint_eq(retain_limit(0, 100 * MB), RETAIN);
	ck_assert_uint_eq(retain_limit(8 * MB, 100 * MB), RETAIN);
	/* Much: a quarter of it. */
	ck_assert_uint_eq(retain_limit(40 * MB, 100 * MB), 10 * MB);
	/* At the peak, a 32nd of it; and in between up to there. */
	ck_assert_uint_eq(retain_limit(96 * MB, 96 * MB), 3 * MB);
	ck_assert_uint_eq(retain_limit(90 * MB, 96 * MB), 9 * MB);
	ck_assert_uint_eq(retain_limit(1 * MB, 1 * MB), MB / 32);
	ck_assert_uint_eq(retain_limit(0, 0), 0);
}
END_TEST

START_TEST(nothing_stays_without_decay)
{
	retain_init(0);
	miss(10 * MB, 8 * MB);
	miss(10 * MB, 8 * MB);
	ck_assert_uint_eq(retain_limit(8 * MB, 8 * MB), 0);
	ck_assert_uint_eq(retain_usual(8 * MB, 8 * MB), 0);
}
END_TEST

/* For every two that are missed beyond what is free, one may stay. */
START_TEST(misses_earn)
{
	size_t peak = 64 * MB, usual;

	retain_init(DECAY);
	usual = retain_usual(peak / 2, peak);
	miss_for_free(peak);
	ck_assert_uint_eq(retain_limit(peak / 2, peak), usual);
	miss(LONG, peak);
	ck_assert_uint_eq(retain_earned(peak), LONG / 2);
	ck_assert_uint_eq(retain_limit(peak / 2, peak), usual + LONG / 2);
	ck_assert_uint_eq(retain_usual(peak / 2, peak), usual);
	/* A page of a short run counts as four. */
	miss(SHORT, peak);
	ck_assert_uint_eq(retain_earned(peak), LONG / 2 + 2);
}
END_TEST

/* What was not given back, or is new, or is too long, is not missed. */
START_TEST(what_is_not_missed)
{
	size_t peak = 64 * MB;

	retain_init(DECAY);
	miss_for_free(peak);
	retain_taken(LONG, LONG, 0, 0, peak);
	ck_assert_uint_eq(retain_earned(peak), 0);
	retain_gave(2 * LONG);
	retain_taken(LONG, 0, 0, 0, peak);
	retain_taken(LONG, LONG, LONG, 0, peak);
	ck_assert_uint_eq(retain_earned(peak), 0);
	retain_taken(LONG, LONG, LONG / 2, 0, peak);
	ck_assert_uint_eq(retain_earned(peak), LONG / 4);
	miss(200 * MB, peak);
	ck_assert_uint_eq(retain_earned(peak), LONG / 4);
}
END_TEST

/*
 * Where as much is held as ever was in use, a short run that is clean lacked no
 * memory, but a long one may not have fitted what is dirty.
 */
START_TEST(short_runs_below_the_peak)
{
	size_t peak = 64 * MB;

	retain_init(DECAY);
	miss_for_free(peak);
	retain_gave(3 * LONG);
	retain_taken(SHORT, SHORT, 0, peak, peak);
	ck_assert_uint_eq(retain_earned(peak), 0);
	retain_taken(2 * SHORT, 2 * SHORT, 0, peak - SHORT, peak);
	ck_assert_uint_eq(retain_earned(peak), 2);
	retain_taken(LONG, LONG, 0, 2 * peak, peak);
	ck_assert_uint_eq(retain_earned(peak), 2 + LONG / 2);
}
END_TEST

/* Below the peak at first; of more than a quarter of it, also above. */
START_TEST(earned_above_the_peak)
{
	size_t peak = 64 * MB, quarter = peak / 4, top;

	retain_init(DECAY);
	top = retain_usual(peak, peak);
	miss_for_free(peak);
	miss(2 * quarter, peak);
	ck_assert_uint_eq(retain_earned(peak), quarter);
	ck_assert_uint_eq(retain_limit(peak, peak), top);
	miss(2 * LONG, peak);
	ck_assert_uint_eq(retain_limit(peak, peak), top + LONG);
	/* There is an end to it: a quarter, an eighth, and 128 MB. */
	for (int i = 0; i < 1000; i++)
		miss(LONG, peak);
	ck_assert_uint_eq(retain_earned(peak), quarter + peak / 8 + 128 * MB);
}
END_TEST

/* Seven in a millisecond are forgiven. */
START_TEST(time_forgives)
{
	size_t peak = 64 * MB;

	retain_init(DECAY);
	miss_for_free(peak);
	miss(8 * LONG, peak);
	ck_assert_uint_eq(retain_earned(peak), 8 * LONG / 2);
	the_time += 10;
	miss(8 * LONG, peak);
	ck_assert_uint_eq(retain_earned(peak), (16 * LONG - 70) / 2);
	the_time += 1000000;
	miss(1, peak);
	ck_assert_uint_eq(retain_earned(peak), 0);
}
END_TEST

START_TEST(refused)
{
	size_t peak = 64 * MB, dirty = 10 * MB;

	retain_init(DECAY);
	retain_refused(dirty, peak);
	ck_assert_uint_ge(retain_limit(peak, peak), dirty);
	the_time += 1000000;
	miss(1, peak);
	ck_assert_uint_lt(retain_limit(peak, peak), dirty);
}
END_TEST

/* The least that was dirty in a period goes at its end. */
START_TEST(periods)
{
	size_t away = 0;

	retain_init(DECAY);
	retain_dirty(0);
	ck_assert_uint_eq(retain_unused(DECAY - 1, 500, &away), 0);
	ck_assert_uint_eq(retain_unused(DECAY, 500, &away), 0);
	ck_assert_uint_eq(retain_unused(2 * DECAY - 1, 500, &away), 0);
	ck_assert_uint_eq(retain_unused(2 * DECAY, 500, &away), 500);
	retain_dirty(0);
	ck_assert_uint_eq(retain_unused(3 * DECAY, 400, &away), 0);
	retain_dirty(300);
	retain_dirty(100);
	retain_dirty(200);
	ck_assert_uint_eq(retain_unused(4 * DECAY, 400, &away), 100);
	retain_dirty(300);
	ck_assert_uint_eq(retain_unused(5 * DECAY, 300, &away), 300);
}
END_TEST

/* Pages that went since then are not missed. */
START_TEST(forgotten)
{
	size_t peak = 64 * MB, away = 0;

	retain_init(DECAY);
	retain_gave(10);
	the_time = DECAY;
	retain_unused(the_time, LONG, &away);
	ck_assert_uint_eq(away, 10);
	retain_gave(LONG);
	retain_forgo(away);
	miss_for_free(peak);
	retain_taken(LONG, LONG, 0, 0, peak);
	ck_assert_uint_eq(retain_earned(peak), 10 / 2);
}
END_TEST

UNIT_MAIN("retain", 1, limit, nothing_stays_without_decay, misses_earn,
    what_is_not_missed, short_runs_below_the_peak, earned_above_the_peak,
    time_forgives, refused, periods, forgotten);
