/*
 * replay.c - kma replay: a trace through the classic allocators, or for real.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "gnuplot.h"
#include "replay.h"

#define TIMED_OPS	200000
#define RUNS_MAX	16
#define PAGES_MAX	(UINT32_MAX / 2)

/* What is too large for the memory would be no allocator's failure. */
static int
check_sizes(const struct replay_trace *rt, const struct replay_request *rq)
{
	const struct classic_memory *cm = &rq->rq_memory;

	if (rt->rt_largest <= cm->cm_pages * cm->cm_pagesize)
		return (STATUS_OK);
	complain("replay: %s: operation %llu requests %llu bytes, more than "
	    "the whole memory of %zu", rt->rt_path,
	    (unsigned long long)rt->rt_largest_op,
	    (unsigned long long)rt->rt_largest, cm->cm_pages * cm->cm_pagesize);
	return (STATUS_USAGE);
}

/*
 * A short trace is run again, since the clock has more to say of more: the
 * least time counts.  All else is the same each time.
 */
static int
run_often(const struct replay_trace *rt, const struct classic_memory *cm,
    const struct classic_ops *ops, struct replay_result *rr)
{
	static struct replay_result again;
	uint64_t runs = 1 + TIMED_OPS / (rt->rt_ops + 1);
	int status = replay_run(rt, cm, ops, rr);

	if (runs > RUNS_MAX)
		runs = RUNS_MAX;
	for (unsigned i = 1; status == STATUS_OK && i < runs; i++) {
		status = replay_run(rt, cm, ops, &again);
		if (again.rr_seconds < rr->rr_seconds)
			rr->rr_seconds = again.rr_seconds;
	}
	return (status);
}

/*
 * Memory that was not asked for is enough: twice as much, where what the trace
 * seemed to need was not.
 */
static int
run_one(const struct replay_trace *rt, const struct replay_request *rq,
    const struct classic_ops *ops, struct replay_result *rr)
{
	struct classic_memory cm = rq->rq_memory;
	int status;

	if (!rq->rq_short)
		cm.cm_pages = replay_need(rt, cm.cm_pagesize,
		    ops == &classic_pages) / cm.cm_pagesize;
	if (cm.cm_pages > PAGES_MAX) {
		complain("replay: %s: a memory that is enough for %s has too "
		    "many pages of %zu bytes", rt->rt_path, ops->co_name,
		    cm.cm_pagesize);
		return (STATUS_FAILED);
	}
	if (rq->rq_progress)
		progress_begin(ops->co_name, rt->rt_ops);
	do {
		status = run_often(rt, &cm, ops, rr);
		cm.cm_pages *= 2;
	} while (status == STATUS_OK && rr->rr_failed.rf_count > 0 &&
	    !rq->rq_short && cm.cm_pages <= PAGES_MAX);
	progress_end();
	return (status);
}

/* An operation's nanoseconds, with the loop's. */
static double
ns_of(const struct replay_result *rr)
{
	return (rr->rr_done == 0 ? 0 :
	    1e9 * rr->rr_seconds / (double)rr->rr_done);
}

static int
run_classic(const struct replay_trace *rt, struct replay_request *rq,
    struct replay_result *rr)
{
	static struct replay_result null;
	struct classic_memory *cm = &rq->rq_memory;
	int status;

	if (!rq->rq_short)
		cm->cm_pages = replay_need(rt, cm->cm_pagesize, false) /
		    cm->cm_pagesize;
	status = check_sizes(rt, rq);
	if (status == STATUS_OK)
		status = run_often(rt, cm, &replay_null, &null);
	for (unsigned i = 0; status == STATUS_OK && i < rq->rq_nops; i++) {
		status = run_one(rt, rq, rq->rq_ops[i], &rr[i]);
		rr[i].rr_ns = ns_of(&rr[i]) - ns_of(&null);
		if (rr[i].rr_ns < 0)
			rr[i].rr_ns = 0;
		if (status == STATUS_OK && (rq->rq_short ||
		    rq->rq_plot != NULL))
			status = replay_look(rt, &rr[i]);
	}
	return (status);
}

static int
show(const struct replay_trace *rt, const struct replay_request *rq,
    const struct replay_result *rr)
{
	bool done = false;

	switch (rq->rq_form) {
	case REPLAY_TABLE:
		done = replay_table(stdout, rt, rq, rr);
		break;
	case REPLAY_CSV:
		done = replay_csv(stdout, rq, rr);
		break;
	case REPLAY_JSON:
		done = replay_json(stdout, rt, rq, rr);
		break;
	}
	if (!done) {
		complain("cannot write: %s", strerror(errno));
		return (STATUS_FAILED);
	}
	return (rq->rq_plot != NULL ? replay_plot(rt, rq, rr) : STATUS_OK);
}

static int
replay(struct replay_request *rq, struct replay_trace *rt)
{
	struct replay_result *rr = calloc(rq->rq_nops + 1, sizeof(*rr));
	int status = STATUS_OK;

	if (rr == NULL) {
		complain("replay: %s", strerror(errno));
		return (STATUS_FAILED);
	}
	if (rq->rq_nops > 0)
		status = run_classic(rt, rq, rr);
	if (status == STATUS_OK && rq->rq_nreal > 0)
		status = replay_for_real(rt, rq);
	if (status == STATUS_OK)
		status = show(rt, rq, rr);
	free(rr);
	return (status != STATUS_OK ? status : rt->rt_status);
}

int
replay_main(int argc, char **argv)
{
	static struct replay_request rq;
	struct replay_trace rt;
	int status;

	if (argc > 1 && strcmp(argv[1], "--child") == 0)
		return (replay_child(argc - 1, argv + 1));
	status = replay_parse(argc, argv, &rq);
	if (status != STATUS_OK)
		return (status < 0 ? STATUS_OK : status);
	if (rq.rq_plot != NULL && !gnuplot_there("replay"))
		return (STATUS_FAILED);
	rq.rq_progress = rq.rq_progress || isatty(STDERR_FILENO) == 1;
	status = replay_spool(rq.rq_trace, rq.rq_progress, &rt);
	if (status == STATUS_OK)
		status = replay(&rq, &rt);
	replay_trace_close(&rt);
	return (status);
}
