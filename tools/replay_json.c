/*
 * replay_json.c - what came of a replay, as JSON.
 */
#include "replay.h"

#include <jansson.h>

static json_t *
number(uint64_t value)
{
	return (json_integer((json_int_t)value));
}

static json_t *
trace_json(const struct replay_trace *rt)
{
	json_t *json = json_object();
	json_t *file = json_string(rt->rt_path);

	/* A name that is no UTF-8 is not told. */
	json_object_set_new(json, "file", file != NULL ? file : json_null());
	json_object_set_new(json, "operations", number(rt->rt_ops));
	json_object_set_new(json, "threads", number(rt->rt_totals.tt_threads));
	json_object_set_new(json, "objects_peak", number(rt->rt_slots));
	json_object_set_new(json, "requested_peak", number(rt->rt_peak));
	json_object_set_new(json, "largest_request", number(rt->rt_largest));
	json_object_set_new(json, "left_out_failed",
	    number(rt->rt_totals.tt_failed));
	json_object_set_new(json, "left_out_older",
	    number(rt->rt_totals.tt_unknown));
	json_object_set_new(json, "complete",
	    json_boolean(rt->rt_status == 0));
	return (json);
}

static json_t *
moment_json(const struct replay_moment *rm)
{
	json_t *json = json_object();

	json_object_set_new(json, "operation", number(rm->rm_op));
	json_object_set_new(json, "requested", number(rm->rm_requested));
	json_object_set_new(json, "granted", number(rm->rm_granted));
	json_object_set_new(json, "headers", number(rm->rm_inband));
	json_object_set_new(json, "required", number(rm->rm_required));
	return (json);
}

static json_t *
peak_json(const struct replay_result *rr)
{
	const struct replay_moment *rm = &rr->rr_peak;
	json_t *json = moment_json(rm), *zones = json_object();

	json_object_set_new(json, "internal", json_real(replay_internal(rm)));
	json_object_set_new(json, "external", json_real(replay_external(rm)));
	for (unsigned z = 0; z < CLASSIC_ZONES; z++)
		json_object_set_new(zones, classic_zone_name[z],
		    number(rm->rm_zone[z]));
	json_object_set_new(json, "zones", zones);
	return (json);
}

static json_t *
steps_json(const struct replay_result *rr)
{
	const struct classic_report *cr = &rr->rr_end;
	json_t *json = json_object();

	json_object_set_new(json, "mean", json_real(hist_mean(&rr->rr_steps)));
	json_object_set_new(json, "p999",
	    number(hist_quantile(&rr->rr_steps, 0.999)));
	json_object_set_new(json, "worst", number(rr->rr_steps.h_worst));
	json_object_set_new(json, "splits", number(cr->cr_splits));
	json_object_set_new(json, "merges", number(cr->cr_merges));
	json_object_set_new(json, "lazy", number(cr->cr_lazy));
	json_object_set_new(json, "constructed", number(cr->cr_constructed));
	json_object_set_new(json, "destroyed", number(cr->cr_destroyed));
	json_object_set_new(json, "reaped", number(cr->cr_reaped));
	return (json);
}

static json_t *
failed_json(const struct replay_result *rr)
{
	const struct replay_failure *rf = &rr->rr_failed;
	json_t *json = json_object();

	json_object_set_new(json, "requests", number(rf->rf_count));
	json_object_set_new(json, "bytes", number(rf->rf_bytes));
	json_object_set_new(json, "left_out", number(rr->rr_left));
	json_object_set_new(json, "first_operation", rf->rf_count == 0 ?
	    json_null() : number(rf->rf_op));
	json_object_set_new(json, "first_size", rf->rf_count == 0 ?
	    json_null() : number(rf->rf_size));
	json_object_set_new(json, "largest_possible", rr->rr_has_largest ?
	    number(rr->rr_largest) : json_null());
	return (json);
}

static json_t *
timeline_json(const struct replay_result *rr)
{
	json_t *json = json_array();

	for (unsigned i = 0; i < rr->rr_samples; i++)
		json_array_append_new(json, moment_json(&rr->rr_sample[i]));
	return (json);
}

static json_t *
result_json(const struct replay_result *rr)
{
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(rr->rr_ops->co_name));
	json_object_set_new(json, "title", json_string(rr->rr_ops->co_title));
	json_object_set_new(json, "memory", number(rr->rr_memory.cm_pages *
	    rr->rr_memory.cm_pagesize));
	json_object_set_new(json, "required_peak",
	    number(rr->rr_end.cr_required_peak));
	json_object_set_new(json, "utilisation_mean",
	    json_real(replay_mean(rr)));
	json_object_set_new(json, "utilisation_worst", rr->rr_worst_op == 0 ?
	    json_null() : json_real(rr->rr_worst));
	json_object_set_new(json, "utilisation_worst_operation",
	    number(rr->rr_worst_op));
	json_object_set_new(json, "metadata", number(replay_metadata(rr)));
	json_object_set_new(json, "ns", json_real(rr->rr_ns));
	json_object_set_new(json, "steps", steps_json(rr));
	json_object_set_new(json, "failed", failed_json(rr));
	json_object_set_new(json, "peak", peak_json(rr));
	json_object_set_new(json, "timeline", timeline_json(rr));
	return (json);
}

static json_t *
real_json(const struct replay_real *rl)
{
	json_t *json = json_object(), *name = json_string(rl->rl_name);

	json_object_set_new(json, "name", name != NULL ? name : json_null());
	json_object_set_new(json, "processor_seconds", json_real(rl->rl_cpu));
	json_object_set_new(json, "elapsed_seconds", json_real(rl->rl_wall));
	json_object_set_new(json, "resident_peak", number(rl->rl_peak));
	json_object_set_new(json, "failed", number(rl->rl_failed));
	return (json);
}

bool
replay_json(FILE *fp, const struct replay_trace *rt,
    const struct replay_request *rq, const struct replay_result *rr)
{
	json_t *json = json_object(), *all = json_array(), *real;
	bool done;

	json_object_set_new(json, "trace", trace_json(rt));
	json_object_set_new(json, "page", number(rq->rq_memory.cm_pagesize));
	json_object_set_new(json, "memory", number(rq->rq_memory.cm_pages *
	    rq->rq_memory.cm_pagesize));
	for (unsigned i = 0; i < rq->rq_nops; i++)
		json_array_append_new(all, result_json(&rr[i]));
	json_object_set_new(json, "allocators", all);
	if (rq->rq_nreal > 0) {
		real = json_array();
		for (unsigned i = 0; i < rq->rq_nreal; i++)
			json_array_append_new(real,
			    real_json(&rq->rq_real[i]));
		json_object_set_new(json, "real", real);
		json_object_set_new(json, "baseline",
		    real_json(&rq->rq_base));
	}
	done = json_dumpf(json, fp, JSON_INDENT(2)) == 0 &&
	    fputc('\n', fp) != EOF && fflush(fp) == 0;
	json_decref(json);
	return (done);
}
