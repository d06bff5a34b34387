/*
 * replay_table.c - what came of a replay, as tables to read.
 */
#include "replay.h"

#define PERCENT	100

/* Bytes in at most seven columns. */
static const char *
human(uint64_t bytes, char buf[16])
{
	static const char units[] = "BKMGTPE";
	double value = (double)bytes;
	unsigned i = 0;

	while (value >= 10000 && i < sizeof(units) - 2) {
		value /= 1024;
		i++;
	}
	snprintf(buf, 16, i == 0 ? "%.0f%c" : "%.1f%c", value, units[i]);
	return (buf);
}

static void
print_head(FILE *fp, const struct replay_trace *rt)
{
	const struct trace_totals *tt = &rt->rt_totals;
	char peak[16], largest[16];

	fprintf(fp, "%s: %llu operations, %llu threads, at most %u objects and "
	    "%s live, requests up to %s\n", rt->rt_path,
	    (unsigned long long)rt->rt_ops,
	    (unsigned long long)tt->tt_threads, rt->rt_slots,
	    human(rt->rt_peak, peak), human(rt->rt_largest, largest));
	if (tt->tt_failed > 0)
		fprintf(fp, "%llu requests that had failed in the program are "
		    "left out\n", (unsigned long long)tt->tt_failed);
	if (tt->tt_unknown > 0)
		fprintf(fp, "%llu releases of objects older than the trace are "
		    "left out\n", (unsigned long long)tt->tt_unknown);
}

static void
print_row(FILE *fp, const struct replay_result *rr)
{
	char peak[16], meta[16];

	fprintf(fp, "%-11s %8s %5.1f %5.1f  %8.1f %8.1f  %7.1f %7llu %8llu "
	    "%6.1f %7llu %8s\n", rr->rr_ops->co_name,
	    human(rr->rr_end.cr_required_peak, peak),
	    PERCENT * replay_mean(rr), PERCENT * replay_worst(rr),
	    PERCENT * replay_internal(&rr->rr_peak),
	    PERCENT * replay_external(&rr->rr_peak),
	    hist_mean(&rr->rr_steps),
	    (unsigned long long)hist_quantile(&rr->rr_steps, 0.999),
	    (unsigned long long)rr->rr_steps.h_worst, rr->rr_ns,
	    (unsigned long long)rr->rr_failed.rf_count,
	    human(replay_metadata(rr), meta));
}

static void
print_classic(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	const struct classic_memory *cm = &rq->rq_memory;
	char memory[16];

	fprintf(fp, "memory: %s, in pages of %zu bytes",
	    human(cm->cm_pages * cm->cm_pagesize, memory), cm->cm_pagesize);
	for (unsigned i = 0; i < rq->rq_nops; i++)
		if (rr[i].rr_memory.cm_pages != cm->cm_pages)
			fprintf(fp, "; %s: %s", rr[i].rr_ops->co_name,
			    human(rr[i].rr_memory.cm_pages * cm->cm_pagesize,
			    memory));
	fputs("\n\n", fp);
	fprintf(fp, "%-11s %8s %11s  %17s  %24s %6s %7s %8s\n", "", "peak",
	    "utilised %", "fragmentation %", "steps a request", "ns a", "",
	    "meta-");
	fprintf(fp, "%-11s %8s %5s %5s  %8s %8s  %7s %7s %8s %6s %7s %8s\n",
	    "allocator", "required", "mean", "worst", "internal", "external",
	    "mean", "99.9 %", "worst", "req.", "failed", "data");
	for (unsigned i = 0; i < rq->rq_nops; i++)
		print_row(fp, &rr[i]);
}

/* What fails when memory is short, and what would not. */
static void
print_short(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	char bytes[16], size[16], largest[16];

	fprintf(fp, "\n%-11s %8s %9s %12s %9s %13s %9s\n", "when short",
	    "failed", "bytes", "first at", "of", "then possible", "left out");
	for (unsigned i = 0; i < rq->rq_nops; i++, rr++) {
		const struct replay_failure *rf = &rr->rr_failed;

		human(rr->rr_largest, largest);
		if (rf->rf_count == 0)
			fprintf(fp, "%-11s %8s %9s %12s %9s %13s\n",
			    rr->rr_ops->co_name, "none", "", "the peak", "",
			    largest);
		else
			fprintf(fp, "%-11s %8llu %9s %12llu %9s %13s %9llu\n",
			    rr->rr_ops->co_name,
			    (unsigned long long)rf->rf_count,
			    human(rf->rf_bytes, bytes),
			    (unsigned long long)rf->rf_op,
			    human(rf->rf_size, size), largest,
			    (unsigned long long)rr->rr_left);
	}
}

static void
print_zones(FILE *fp, const struct replay_request *rq,
    const struct replay_result *rr)
{
	char buf[16];

	fprintf(fp, "\n%-11s", "zones");
	for (unsigned z = 0; z < CLASSIC_ZONES; z++)
		fprintf(fp, " %9s", classic_zone_name[z]);
	fputs("   in use at the peak\n", fp);
	for (unsigned i = 0; i < rq->rq_nops; i++) {
		const uint64_t *zone = rr[i].rr_peak.rm_zone;

		if (zone[CLASSIC_DMA] + zone[CLASSIC_NORMAL] +
		    zone[CLASSIC_HIGHMEM] == 0)
			continue;
		fprintf(fp, "%-11s", rr[i].rr_ops->co_name);
		for (unsigned z = 0; z < CLASSIC_ZONES; z++)
			fprintf(fp, " %9s", human(zone[z], buf));
		fputc('\n', fp);
	}
}

static void
print_real(FILE *fp, const struct replay_request *rq)
{
	char peak[16];

	fprintf(fp, "\n%-24s %11s %11s %9s %8s\n", "for real", "processor s",
	    "elapsed s", "resident", "failed");
	for (unsigned i = 0; i < rq->rq_nreal; i++) {
		const struct replay_real *rl = &rq->rq_real[i];

		fprintf(fp, "%-24s %11.4f %11.4f %9s %8llu\n", rl->rl_name,
		    rl->rl_cpu, rl->rl_wall, human(rl->rl_peak, peak),
		    (unsigned long long)rl->rl_failed);
	}
	fprintf(fp, "%-24s %11.4f %11.4f %9s\n", "(the replay itself)",
	    rq->rq_base.rl_cpu, rq->rq_base.rl_wall,
	    human(rq->rq_base.rl_peak, peak));
}

bool
replay_table(FILE *fp, const struct replay_trace *rt,
    const struct replay_request *rq, const struct replay_result *rr)
{
	print_head(fp, rt);
	if (rq->rq_nops > 0)
		print_classic(fp, rq, rr);
	if (rq->rq_nops > 0 && rq->rq_short)
		print_short(fp, rq, rr);
	if (rq->rq_nops > 0 && rq->rq_zones)
		print_zones(fp, rq, rr);
	if (rq->rq_nreal > 0)
		print_real(fp, rq);
	return (fflush(fp) == 0 && !ferror(fp));
}
