/*
 * test_measure.c - samples: median, quartiles, and shares of glibc's.
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "unit.h"

static struct comparison cmp;

static struct samples *
samples_of(const double *value, unsigned number)
{
	struct samples *s = calloc(1, sizeof(*s));

	for (unsigned i = 0; i < number; i++)
		ck_assert(sample_add(s, value[i]));
	return (s);
}

static void
expect(const double *value, unsigned number, double median, double spread)
{
	struct samples *s = samples_of(value, number);
	struct summary u = samples_summary(s);

	ck_assert_double_eq_tol(u.u_median, median, 1e-9);
	ck_assert_double_eq_tol(u.u_spread, spread, 1e-9);
	for (unsigned i = 0; i < number; i++) {
		/* They stay in the order of the rounds. */
		ck_assert_double_eq(s->s_value[i], value[i]);
		ck_assert_double_le(u.u_least, value[i]);
		ck_assert_double_ge(u.u_most, value[i]);
	}
	free(s->s_value);
	free(s);
}

START_TEST(summaries)
{
	static const double one[] = { 7 }, two[] = { 3, 1 },
	    odd[] = { 5, 1, 4, 2, 3 }, even[] = { 10, 40, 20, 30 },
	    far[] = { 1, 1, 1, 1, 1000 };

	expect(one, 1, 7, 0);
	expect(two, 2, 2, 0.5);
	expect(odd, 5, 3, 1);
	expect(even, 4, 25, 7.5);
	expect(far, 5, 1, 0);
}
END_TEST

START_TEST(many)
{
	double value[MOST_ROUNDS];

	for (unsigned i = 0; i < MOST_ROUNDS; i++)
		value[i] = (i * 7) % MOST_ROUNDS;
	expect(value, MOST_ROUNDS, (MOST_ROUNDS - 1) / 2.0,
	    (MOST_ROUNDS - 1) / 4.0);
}
END_TEST

static void
set(unsigned contender, enum measure_id id, double value)
{
	ck_assert(sample_add(&cmp.cmp_contender[contender].c_samples[id],
	    value));
}

START_TEST(ratios)
{
	double ratio = -1;

	cmp.cmp_ncontender = 2;
	ck_assert(!ratio_of(&cmp, 1, MEASURE_WALL, &ratio));
	set(0, MEASURE_WALL, 4);
	ck_assert(!ratio_of(&cmp, 1, MEASURE_WALL, &ratio));
	set(1, MEASURE_WALL, 3);
	ck_assert(ratio_of(&cmp, 1, MEASURE_WALL, &ratio));
	ck_assert_double_eq(ratio, 0.75);
	ck_assert(!ratio_of(&cmp, 0, MEASURE_WALL, &ratio));
	/* Of nothing there is no share, and of errors it means nothing. */
	set(0, MEASURE_LL, 0);
	set(1, MEASURE_LL, 5);
	ck_assert(!ratio_of(&cmp, 1, MEASURE_LL, &ratio));
	set(0, MEASURE_ERRORS, 2);
	set(1, MEASURE_ERRORS, 2);
	ck_assert(!ratio_of(&cmp, 1, MEASURE_ERRORS, &ratio));
}
END_TEST

/* What the table and the picture need of each. */
START_TEST(names)
{
	for (unsigned i = 0; i < NMEASURE; i++) {
		ck_assert_ptr_nonnull(measures[i].m_name);
		ck_assert_ptr_nonnull(measures[i].m_text);
		ck_assert_uint_le(strlen(measures[i].m_text), 24);
		ck_assert(measures[i].m_part == PART_MEMCHECK ||
		    measures[i].m_bar != NULL);
		for (unsigned j = 0; j < i; j++) {
			ck_assert_str_ne(measures[i].m_name,
			    measures[j].m_name);
			ck_assert_uint_le(measures[j].m_part,
			    measures[i].m_part);
		}
	}
}
END_TEST

UNIT_MAIN("measure", 1, summaries, many, ratios, names)
