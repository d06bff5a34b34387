/*
 * replay_run.c - a trace through one classic allocator.
 *
 * Owns, while it runs, the allocator and a table of where the objects are, by
 * slot.  A realloc is a new block, then the release of the old one.  A request
 * that fails leaves its slot empty, and what happens to that object later is
 * left out and counted.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "replay.h"
#include "replay_map.h"

#define LOOP_OPS	((uint64_t)1 << 20)	/* enough to time the loop */
#define AHEAD		8	/* operations whose slots are fetched */
#define BLOCK_ROOM	((REPLAY_BLOCK + AHEAD) * sizeof(struct replay_op))

struct placed {
	uint64_t	pl_addr;	/* CLASSIC_FAIL: there is no block */
	uint64_t	pl_size;	/* requested */
};

struct runner {
	const struct replay_trace *ru_trace;
	const struct classic_ops *ru_ops;
	void		*ru_arg;	/* the allocator's */
	const struct classic_report *ru_report;
	struct placed	*ru_placed;
	struct replay_op *ru_op;	/* REPLAY_BLOCK of them */
	struct replay_result *ru_result;
	uint64_t	 ru_stride;	/* one block of so many is run */
	uint64_t	 ru_floor;	/* live bytes for rr_worst to count */
	uint64_t	 ru_interval;	/* operations between samples */
	uint64_t	 ru_next;	/* sample, after so many operations */
};

static double
processor_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/*
 * One operation.
 */

static void __attribute__((noinline))
failed(struct runner *ru, uint64_t size)
{
	struct replay_result *rr = ru->ru_result;

	rr->rr_failed.rf_bytes += size;
	if (rr->rr_failed.rf_count++ > 0)
		return;
	rr->rr_failed.rf_op = rr->rr_done + 1;
	rr->rr_failed.rf_size = size;
	rr->rr_largest = ru->ru_ops->co_largest(ru->ru_arg);
	rr->rr_has_largest = true;
}

static inline uint64_t
alloc(struct runner *ru, const struct replay_op *op)
{
	struct classic_request request = {
		.cr_size = op->ro_size, .cr_type = op->ro_type,
		.cr_align = op->ro_align == 0 ? 0 : (size_t)1 << op->ro_align,
	};
	size_t granted;
	uint64_t addr = ru->ru_ops->co_alloc(ru->ru_arg, &request, &granted);

	if (__builtin_expect(addr == CLASSIC_FAIL, 0))
		failed(ru, op->ro_size);
	return (addr);
}

static inline void
release(struct runner *ru, struct placed *pl)
{
	if (__builtin_expect(pl->pl_addr == CLASSIC_FAIL, 0))
		ru->ru_result->rr_left++;
	else
		ru->ru_ops->co_free(ru->ru_arg, pl->pl_addr, pl->pl_size);
}

static inline void
operate(struct runner *ru, const struct replay_op *op)
{
	struct placed *pl = &ru->ru_placed[op->ro_slot];
	uint64_t addr;

	switch (op->ro_kind) {
	case TRACE_FREE:
		release(ru, pl);
		return;
	case TRACE_REALLOC:
		addr = alloc(ru, op);
		if (addr == CLASSIC_FAIL)	/* the old block stays */
			return;
		release(ru, pl);
		break;
	default:
		addr = alloc(ru, op);
		break;
	}
	*pl = (struct placed){ addr, op->ro_size };
}

/*
 * Measuring.
 */

static void
note_moment(const struct runner *ru, struct replay_moment *rm)
{
	const struct classic_report *report = ru->ru_report;

	rm->rm_op = ru->ru_result->rr_done;
	rm->rm_requested = report->cr_requested;
	rm->rm_granted = report->cr_granted;
	rm->rm_inband = report->cr_inband;
	rm->rm_required = report->cr_required;
	memcpy(rm->rm_zone, report->cr_zone, sizeof(rm->rm_zone));
}

static inline void
measure(struct runner *ru, uint64_t steps)
{
	const struct classic_report *report = ru->ru_report;
	struct replay_result *rr = ru->ru_result;
	double requested = (double)report->cr_requested;
	double required = (double)report->cr_required;

	rr->rr_done++;
	hist_add(&rr->rr_steps, report->cr_steps - steps);
	rr->rr_sum_requested += requested;
	rr->rr_sum_required += required;
	if (requested < rr->rr_worst * required &&
	    report->cr_requested >= ru->ru_floor) {
		rr->rr_worst = requested / required;
		rr->rr_worst_op = rr->rr_done;
	}
	if (report->cr_required > rr->rr_peak.rm_required ||
	    (report->cr_required == rr->rr_peak.rm_required &&
	    report->cr_requested > rr->rr_peak.rm_requested))
		note_moment(ru, &rr->rr_peak);
	if (rr->rr_done == ru->ru_next) {
		note_moment(ru, &rr->rr_sample[rr->rr_samples++]);
		ru->ru_next += ru->ru_interval;
	}
}

static void
run_block(struct runner *ru, unsigned count)
{
	const struct classic_report *report = ru->ru_report;
	const struct replay_op *op = ru->ru_op;

	for (unsigned i = 0; i < count; i++) {
		uint64_t steps = report->cr_steps;

		__builtin_prefetch(&ru->ru_placed[op[AHEAD].ro_slot]);
		operate(ru, op++);
		measure(ru, steps);
	}
}

/* Up to that operation; what the loop takes goes to rr_seconds. */
static int
run_to(struct runner *ru, uint64_t end)
{
	for (uint64_t at = 0; at < end; at += ru->ru_stride * REPLAY_BLOCK) {
		unsigned count = end - at < REPLAY_BLOCK ?
		    (unsigned)(end - at) : REPLAY_BLOCK;
		double begun;

		if (replay_read(ru->ru_trace->rt_spool, at, ru->ru_op,
		    count) != 0) {
			complain("replay: cannot read the temporary file: %s",
			    strerror(errno));
			return (STATUS_FAILED);
		}
		begun = processor_time();
		run_block(ru, count);
		ru->ru_result->rr_seconds += processor_time() - begun;
		progress_at(at + count);
	}
	return (STATUS_OK);
}

/*
 * Beginning and end.
 */

static void
end(struct runner *ru)
{
	replay_unmap(ru->ru_placed,
	    (ru->ru_trace->rt_slots + 1) * sizeof(*ru->ru_placed));
	replay_unmap(ru->ru_op, BLOCK_ROOM);
	if (ru->ru_arg != NULL)
		ru->ru_ops->co_destroy(ru->ru_arg);
}

/* STATUS_OK, or the status to exit with. */
static int
begin(struct runner *ru, const struct classic_memory *cm)
{
	static const struct classic_options options = { .cx_bytype = true };
	const struct replay_trace *rt = ru->ru_trace;

	ru->ru_placed = replay_map((rt->rt_slots + 1) *
	    sizeof(*ru->ru_placed));
	ru->ru_op = replay_map(BLOCK_ROOM);
	ru->ru_arg = ru->ru_ops->co_create(cm, &options);
	if (ru->ru_placed == NULL || ru->ru_op == NULL || ru->ru_arg == NULL) {
		complain("replay: %s: no memory for its tables",
		    ru->ru_ops->co_name);
		end(ru);
		return (STATUS_FAILED);
	}
	ru->ru_report = ru->ru_ops->co_report(ru->ru_arg);
	ru->ru_floor = rt->rt_peak / 4;
	ru->ru_interval = (rt->rt_ops + REPLAY_SAMPLES - 1) / REPLAY_SAMPLES;
	ru->ru_next = ru->ru_interval;
	/* What serves nothing is timed on a part, from all over the trace. */
	ru->ru_stride = ru->ru_ops != &replay_null ? 1 :
	    1 + rt->rt_ops / LOOP_OPS;
	return (STATUS_OK);
}

int
replay_run(const struct replay_trace *rt, const struct classic_memory *cm,
    const struct classic_ops *ops, struct replay_result *rr)
{
	struct runner ru = { .ru_trace = rt, .ru_ops = ops,
		.ru_result = rr };
	int status;

	memset(rr, 0, sizeof(*rr));
	rr->rr_ops = ops;
	rr->rr_memory = *cm;
	rr->rr_worst = 2;
	status = begin(&ru, cm);
	if (status != STATUS_OK)
		return (status);
	status = run_to(&ru, rt->rt_ops);
	rr->rr_end = *ru.ru_report;
	end(&ru);
	return (status);
}

/*
 * Looking.
 */

struct canvas {
	struct replay_result *ca_result;
	uint8_t		*ca_unit;	/* enum classic_use */
	uint64_t	ca_units;
	unsigned	ca_shift;	/* log2 of a unit's bytes */
};

/* What lies wholly or partly in a unit counts for all of it. */
static void
paint(void *arg, uint64_t addr, uint64_t length, enum classic_use use)
{
	struct canvas *ca = arg;
	uint64_t first = addr >> ca->ca_shift;
	uint64_t last = length == 0 ? first :
	    ((addr + length - 1) >> ca->ca_shift) + 1;

	if (last > ca->ca_units)
		last = ca->ca_units;
	if (first < last)
		memset(ca->ca_unit + first, (int)use, last - first);
}

/* Units to cells: what part of each is used for what. */
static void
count_cells(struct canvas *ca)
{
	struct replay_result *rr = ca->ca_result;

	rr->rr_cells = ca->ca_units < REPLAY_CELLS ? (unsigned)ca->ca_units :
	    REPLAY_CELLS;
	for (unsigned i = 0; i < rr->rr_cells; i++) {
		uint64_t at = i * ca->ca_units / rr->rr_cells;
		uint64_t stop = (i + 1) * ca->ca_units / rr->rr_cells;
		float one = 1 / (float)(stop - at);

		for (; at < stop; at++)
			rr->rr_cell[i].rc_use[ca->ca_unit[at]] += one;
	}
}

/* A map of the memory up to where it was ever used. */
static bool
draw_map(struct runner *ru)
{
	struct canvas ca = { .ca_result = ru->ru_result, .ca_shift = 3 };
	uint64_t extent = ru->ru_report->cr_extent;

	/* 8 bytes a unit, but no more units than 64 M. */
	while (extent >> ca.ca_shift > (uint64_t)1 << 26)
		ca.ca_shift++;
	ca.ca_units = extent >> ca.ca_shift;
	ru->ru_result->rr_extent = extent;
	if (ca.ca_units == 0)
		return (true);
	ca.ca_unit = replay_map(ca.ca_units);
	if (ca.ca_unit == NULL)
		return (false);
	ru->ru_ops->co_map(ru->ru_arg, paint, &ca);
	count_cells(&ca);
	replay_unmap(ca.ca_unit, ca.ca_units);
	return (true);
}

int
replay_look(const struct replay_trace *rt, struct replay_result *rr)
{
	static struct replay_result again;
	struct runner ru = { .ru_trace = rt, .ru_ops = rr->rr_ops,
		.ru_result = &again };
	int status;

	memset(&again, 0, sizeof(again));
	status = begin(&ru, &rr->rr_memory);
	if (status != STATUS_OK)
		return (status);
	status = run_to(&ru, rr->rr_peak.rm_op);
	ru.ru_result = rr;
	if (status == STATUS_OK && !draw_map(&ru)) {
		complain("replay: no memory for a map");
		status = STATUS_FAILED;
	}
	if (!rr->rr_has_largest) {
		rr->rr_largest = ru.ru_ops->co_largest(ru.ru_arg);
		rr->rr_has_largest = true;
	}
	end(&ru);
	return (status);
}
