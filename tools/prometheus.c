/*
 * prometheus.c - a snapshot in Prometheus's text format, version 0.0.4.
 */
#include "figures.h"

#include <inttypes.h>

#include "kma.h"

static void
heading(FILE *fp, const struct figure *f)
{
	fprintf(fp, "# HELP %s %s\n# TYPE %s %s\n", f->f_metric, f->f_help,
	    f->f_metric, f->f_counter ? "counter" : "gauge");
}

static bool
is_known(const struct figure *f, const void *row)
{
	return (!f->f_zero_is_none || figure_value(f, row) != 0);
}

static void
totals(FILE *fp, const struct kma_figures *snap)
{
	for (const struct figure *f = total_figures; f->f_name != NULL; f++) {
		if (!is_known(f, &snap->sn_totals))
			continue;
		heading(fp, f);
		fprintf(fp, "%s %" PRIu64 "\n", f->f_metric,
		    figure_value(f, &snap->sn_totals));
	}
}

/* All lines of one metric stand together. */
static void
buckets(FILE *fp, const struct kma_figures *snap, const struct figure *f)
{
	heading(fp, f);
	for (uint32_t i = 0; i < snap->sn_nbucket; i++) {
		const struct kma_bucket_figures *row = &snap->sn_bucket[i];

		if ((row->kb_calls != 0 || row->kb_pagebytes != 0) &&
		    is_known(f, row))
			fprintf(fp, "%s{size=\"%" PRIu64 "\",kind=\"%s\"} %"
			    PRIu64 "\n", f->f_metric, row->kb_size,
			    row->kb_runs ? "run" : "block",
			    figure_value(f, row));
	}
}

/* A label's value; a name that is no ASCII may be no UTF-8. */
static void
label(FILE *fp, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', fp);
		fputc((unsigned char)*s < 0x80 ? *s : '?', fp);
	}
}

static void
types(FILE *fp, const struct kma_figures *snap, const struct figure *f)
{
	if (snap->sn_ntype == 0)
		return;
	heading(fp, f);
	for (uint32_t i = 0; i < snap->sn_ntype; i++) {
		const struct kma_type_figures *row = &snap->sn_type[i];

		if (!is_known(f, row))
			continue;
		fprintf(fp, "%s{type=\"", f->f_metric);
		label(fp, row->ks_name);
		fprintf(fp, "\"} %" PRIu64 "\n", figure_value(f, row));
	}
}

bool
prometheus_print(FILE *fp, const struct kma_figures *snap)
{
	fputs("# HELP kma_info The library in the process.\n"
	    "# TYPE kma_info gauge\nkma_info{version=\"", fp);
	label(fp, snap->sn_library);
	fprintf(fp, "\",pid=\"%" PRIu32 "\"} 1\n", snap->sn_pid);
	totals(fp, snap);
	for (const struct figure *f = bucket_figures; f->f_name != NULL; f++)
		if (f->f_metric != NULL)
			buckets(fp, snap, f);
	for (const struct figure *f = type_figures; f->f_name != NULL; f++)
		types(fp, snap, f);
	return (!ferror(fp));
}
