/*
 * measure.c - what is compared, by name, and its samples.
 *
 * Names, once published, stay.
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"

const char *const part_names[NPART] = { "time", "memory", "instructions",
	"cache", "massif", "memcheck" };

const char *const part_titles[NPART] = { "time", "memory",
	"instructions (callgrind)", "cache misses (cachegrind)",
	"heap (massif)", "errors and leaks (memcheck)" };

const struct measure measures[NMEASURE] = {
	[MEASURE_WALL] = { "wall_seconds",
	    "wall time, ms", "wall time",
	    PART_TIME, UNIT_SECONDS },
	[MEASURE_CPU] = { "processor_seconds",
	    "processor time, ms", "processor time",
	    PART_TIME, UNIT_SECONDS },
	[MEASURE_RESIDENT] = { "peak_resident_bytes",
	    "peak resident, KB", "peak resident",
	    PART_MEMORY, UNIT_BYTES },
	[MEASURE_ALLOCATOR] = { "allocator_instructions",
	    "in the allocator", "instructions\\nin the allocator",
	    PART_INSTRUCTIONS, UNIT_COUNT },
	[MEASURE_TOTAL] = { "instructions",
	    "in total", "instructions\\nin total",
	    PART_INSTRUCTIONS, UNIT_COUNT },
	[MEASURE_D1] = { "d1_misses",
	    "data, first level", "D1 misses",
	    PART_CACHE, UNIT_COUNT },
	[MEASURE_LL] = { "ll_misses",
	    "last level", "LL misses",
	    PART_CACHE, UNIT_COUNT },
	[MEASURE_USEFUL] = { "peak_useful_bytes",
	    "peak useful bytes", "peak useful",
	    PART_MASSIF, UNIT_COUNT },
	[MEASURE_PAGES] = { "peak_page_bytes",
	    "peak pages, KB", "peak pages",
	    PART_MASSIF, UNIT_BYTES },
	[MEASURE_ERRORS] = { "errors",
	    "errors", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_DEFINITE] = { "definitely_lost_bytes",
	    "definitely lost, bytes", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_DEFINITE_BLOCKS] = { "definitely_lost_blocks",
	    "definitely lost, blocks", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_INDIRECT] = { "indirectly_lost_bytes",
	    "indirectly lost, bytes", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_INDIRECT_BLOCKS] = { "indirectly_lost_blocks",
	    "indirectly lost, blocks", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_POSSIBLE] = { "possibly_lost_bytes",
	    "possibly lost, bytes", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_POSSIBLE_BLOCKS] = { "possibly_lost_blocks",
	    "possibly lost, blocks", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_REACHABLE] = { "still_reachable_bytes",
	    "still reachable, bytes", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
	[MEASURE_REACHABLE_BLOCKS] = { "still_reachable_blocks",
	    "still reachable, blocks", NULL,
	    PART_MEMCHECK, UNIT_COUNT },
};

bool
sample_add(struct samples *s, double value)
{
	double *more = realloc(s->s_value, (s->s_number + 1) * sizeof(*more));

	if (more == NULL)
		return (false);
	s->s_value = more;
	s->s_value[s->s_number++] = value;
	return (true);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y ? -1 : x > y);
}

/* Where a part of the sorted values lies below: between two, if need be. */
static double
quantile(const double *value, unsigned number, double part)
{
	double at = part * (number - 1);
	unsigned below = (unsigned)at;

	if (below + 1 >= number)
		return (value[number - 1]);
	return (value[below] + (at - below) * (value[below + 1] -
	    value[below]));
}

struct summary
samples_summary(const struct samples *s)
{
	double value[MOST_ROUNDS];
	unsigned n = s->s_number < MOST_ROUNDS ? s->s_number : MOST_ROUNDS;

	memcpy(value, s->s_value, n * sizeof(*value));
	qsort(value, n, sizeof(*value), by_value);
	return ((struct summary){
	    .u_median = quantile(value, n, 0.5),
	    .u_least = value[0],
	    .u_most = value[n - 1],
	    .u_spread = (quantile(value, n, 0.75) -
	    quantile(value, n, 0.25)) / 2,
	});
}

bool
ratio_of(const struct comparison *cmp, unsigned contender, enum measure_id id,
    double *ratio)
{
	const struct samples *base = &cmp->cmp_contender[0].c_samples[id];
	const struct samples *s = &cmp->cmp_contender[contender].c_samples[id];
	double of;

	if (contender == 0 || base->s_number == 0 || s->s_number == 0 ||
	    measures[id].m_part == PART_MEMCHECK)
		return (false);
	of = samples_summary(base).u_median;
	*ratio = of > 0 ? samples_summary(s).u_median / of : 0;
	return (of > 0);
}
