/*
 * tracesum.c - what a trace holds, in figures.
 */
#include "tracesum.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_WIDTH	1024	/* ns */
#define TYPES_MAX	65536

/*
 * Live bytes over time.  How long the trace is shows only at its end: when the
 * slots are used up, each two become one.
 */
static void
halve(struct tracesum *sum)
{
	for (unsigned i = 0; i < SUM_SLOTS / 2; i++) {
		const struct sum_slot *two = &sum->sum_slot[2 * i];
		struct sum_slot one = two[1];

		if (one.ss_peak < two[0].ss_peak)
			one.ss_peak = two[0].ss_peak;
		sum->sum_slot[i] = one;
	}
	sum->sum_nslots = SUM_SLOTS / 2;
	sum->sum_width *= 2;
}

/* Makes the slots reach to a time; those between are as the last. */
static struct sum_slot *
slot_at(struct tracesum *sum, uint64_t time)
{
	while (time / sum->sum_width >= SUM_SLOTS) {
		struct sum_slot last = { 0 };

		if (sum->sum_nslots > 0)
			last = sum->sum_slot[sum->sum_nslots - 1];
		last.ss_peak = last.ss_bytes;
		while (sum->sum_nslots < SUM_SLOTS)
			sum->sum_slot[sum->sum_nslots++] = last;
		halve(sum);
	}
	while (sum->sum_nslots <= time / sum->sum_width) {
		struct sum_slot next = { 0 };

		if (sum->sum_nslots > 0)
			next = sum->sum_slot[sum->sum_nslots - 1];
		next.ss_peak = next.ss_bytes;
		sum->sum_slot[sum->sum_nslots++] = next;
	}
	return (&sum->sum_slot[sum->sum_nslots - 1]);
}

static void
note_live(struct tracesum *sum, const struct trace_totals *tt, uint64_t time)
{
	struct sum_slot *ss = slot_at(sum, time);

	ss->ss_bytes = tt->tt_bytes;
	ss->ss_objects = tt->tt_objects;
	if (ss->ss_peak < tt->tt_bytes)
		ss->ss_peak = tt->tt_bytes;
	if (sum->sum_peak < tt->tt_bytes) {
		sum->sum_peak = tt->tt_bytes;
		sum->sum_peak_objects = tt->tt_objects;
		sum->sum_peak_time = time;
	}
	sum->sum_time = time;
}

/*
 * Sizes, lifetimes and types.
 */

static struct sum_type *
type_of(struct tracesum *sum, unsigned type)
{
	struct sum_type *st;

	for (unsigned i = 0; i < sum->sum_ntypes; i++)
		if (sum->sum_type[i].st_type == type)
			return (&sum->sum_type[i]);
	if (sum->sum_ntypes == TYPES_MAX)
		return (NULL);
	st = realloc(sum->sum_type, (sum->sum_ntypes + 1) * sizeof(*st));
	if (st == NULL)
		return (NULL);
	sum->sum_type = st;
	st += sum->sum_ntypes++;
	memset(st, 0, sizeof(*st));
	st->st_type = type;
	return (st);
}

static void
note_request(struct tracesum *sum, const struct trace_op *op)
{
	struct sum_class *sc = &sum->sum_size[op->to_size <= 1 ? 0 :
	    64 - __builtin_clzll(op->to_size - 1)];
	struct sum_type *st = type_of(sum, op->to_type);

	sc->sc_count++;
	sc->sc_bytes += op->to_size;
	sum->sum_requests++;
	sum->sum_bytes += op->to_size;
	sum->sum_small += op->to_size <= SUM_SMALL;
	sum->sum_zeroed += op->to_zero;
	sum->sum_aligned += op->to_align != 0;
	if (st != NULL) {
		st->st_count++;
		st->st_bytes += op->to_size;
		st->st_live += op->to_size;
	}
}

static void
note_end(struct tracesum *sum, const struct trace_op *op, uint64_t size)
{
	uint64_t life = op->to_time_ns - op->to_old_time_ns;
	uint64_t bound = SUM_LIFE_UNIT;
	struct sum_type *st = type_of(sum, op->to_type);
	unsigned i = 0;

	for (; i < SUM_LIVES && life >= bound; i++)
		bound *= 10;
	sum->sum_life[i].sc_count++;
	sum->sum_life[i].sc_bytes += size;
	if (st != NULL)
		st->st_live -= size;
}

int
tracesum_read(struct tracesum *sum, struct tracefile *tf)
{
	struct trace_op op;
	int got;

	memset(sum, 0, sizeof(*sum));
	sum->sum_width = FIRST_WIDTH;
	while ((got = tracefile_next(tf, &op)) > 0) {
		if (!op.to_failed && op.to_kind != TRACE_ALLOC)
			note_end(sum, &op, op.to_kind == TRACE_FREE ?
			    op.to_size : op.to_old_size);
		if (!op.to_failed && op.to_kind != TRACE_FREE)
			note_request(sum, &op);
		note_live(sum, tracefile_totals(tf), op.to_time_ns);
	}
	sum->sum_file = tracefile_size(tf);
	return (got);
}

void
tracesum_free(struct tracesum *sum)
{
	free(sum->sum_type);
	sum->sum_type = NULL;
}

void
tracesum_life(unsigned i, char *buf, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned n = 2 + i, unit = n / 3 < 3 ? n / 3 : 3;
	unsigned long number = 1;

	for (unsigned zero = 3 * unit; zero < n; zero++)
		number *= 10;
	if (i == SUM_LIVES)
		snprintf(buf, size, "longer");
	else
		snprintf(buf, size, "%lu %s", number, units[unit]);
}
