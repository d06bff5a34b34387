/*
 * replay_csv.c - what came of a replay, a line an allocator, in plain numbers.
 */
#include "replay.h"

static void
print_row(FILE *fp, const struct replay_result *rr)
{
	fprintf(fp,
	    "%s,%llu,%.6f,%.6f,%.6f,%.6f,%.4f,%llu,%llu,%.2f,%llu,%llu,",
	    rr->rr_ops->co_name,
	    (unsigned long long)rr->rr_end.cr_required_peak,
	    replay_mean(rr), replay_worst(rr), replay_internal(&rr->rr_peak),
	    replay_external(&rr->rr_peak), hist_mean(&rr->rr_steps),
	    (unsigned long long)hist_quantile(&rr->rr_steps, 0.999),
	    (unsigned long long)rr->rr_steps.h_worst, rr->rr_ns,
	    (unsigned long long)rr->rr_failed.rf_count,
	    (unsigned long long)replay_metadata(rr));
	if (rr->rr_failed.rf_count > 0)
		fprintf(fp, "%llu", (unsigned long long)rr->rr_failed.rf_op);
	fputc(',', fp);
	if (rr->rr_has_largest)
		fprintf(fp, "%llu", (unsigned long long)rr->rr_largest);
	fputc('\n', fp);
}

bool
replay_csv(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	if (rq->rq_nops > 0)
		fputs("allocator,required_peak,utilisation_mean,"
		    "utilisation_worst,internal,external,steps_mean,"
		    "steps_999,steps_worst,ns,failed,metadata,first_failure,"
		    "largest\n", fp);
	for (unsigned i = 0; i < rq->rq_nops; i++)
		print_row(fp, &rr[i]);
	if (rq->rq_nreal > 0)
		fputs("real,processor_seconds,elapsed_seconds,resident_peak,"
		    "failed\n", fp);
	for (unsigned i = 0; i < rq->rq_nreal; i++) {
		const struct replay_real *rl = &rq->rq_real[i];

		fprintf(fp, "%s,%.6f,%.6f,%llu,%llu\n", rl->rl_name,
		    rl->rl_cpu, rl->rl_wall, (unsigned long long)rl->rl_peak,
		    (unsigned long long)rl->rl_failed);
	}
	return (fflush(fp) == 0 && !ferror(fp));
}
