/*
 * tracesum_print.c - what a trace holds, as tables and as JSON.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "jsontext.h"
#include "traceformat.h"
#include "tracesum.h"

#define ROWS	16	/* of the curve */
#define WIDE	40	/* its longest bar */

static double
percent(uint64_t part, uint64_t whole)
{
	return (whole > 0 ? 100.0 * (double)part / (double)whole : 0.0);
}

static double
seconds(uint64_t ns)
{
	return ((double)ns / 1e9);
}

static void
print_bar(FILE *fp, uint64_t part, uint64_t whole)
{
	unsigned n = whole > 0 ? (unsigned)((double)part / (double)whole *
	    WIDE + 0.5) : 0;

	if (n > 0)
		fputs("  ", fp);
	while (n-- > 0)
		putc('#', fp);
	putc('\n', fp);
}

static void
print_header(FILE *fp, const struct trace_header *th)
{
	time_t start = (time_t)(th->th_start / 1000000000);
	char date[64] = "";
	struct tm tm;

	if (th->th_command[0] != '\0')
		fprintf(fp, "Command      %s\n", th->th_command);
	if (th->th_pid == 0)
		return;
	fprintf(fp, "Process      %" PRIu32, th->th_pid);
	if (th->th_parent != 0)
		fprintf(fp, ", forked by %" PRIu32, th->th_parent);
	if (gmtime_r(&start, &tm) != NULL &&
	    strftime(date, sizeof(date), ", %F %T UTC", &tm) > 0)
		fputs(date, fp);
	putc('\n', fp);
}

static void
print_totals(FILE *fp, const struct tracesum *sum,
    const struct trace_totals *tt)
{
	fprintf(fp, "Operations   %" PRIu64 ": %" PRIu64 " alloc, %" PRIu64
	    " free, %" PRIu64 " realloc", tt->tt_ops, tt->tt_allocs,
	    tt->tt_frees, tt->tt_reallocs);
	if (tt->tt_failed > 0)
		fprintf(fp, "; %" PRIu64 " failed", tt->tt_failed);
	fprintf(fp, "\nThreads      %" PRIu64 "\n", tt->tt_threads);
	fprintf(fp, "Time         %.6f s\n", seconds(sum->sum_time));
	fprintf(fp, "Requested    %" PRIu64 " bytes, %.1f each\n",
	    sum->sum_bytes, sum->sum_requests > 0 ?
	    (double)sum->sum_bytes / (double)sum->sum_requests : 0.0);
	fprintf(fp, "Live, most   %" PRIu64 " bytes in %" PRIu64
	    " objects, at %.6f s\n", sum->sum_peak, sum->sum_peak_objects,
	    seconds(sum->sum_peak_time));
	fprintf(fp, "Live at end  %" PRIu64 " bytes in %" PRIu64
	    " objects\n", tt->tt_bytes, tt->tt_objects);
	fprintf(fp, "Small        %.1f %% of the requests are for 1 KB or "
	    "less (4.3BSD: 95 to 98 %%)\n",
	    percent(sum->sum_small, sum->sum_requests));
	if (tt->tt_unknown > 0)
		fprintf(fp, "Left out     %" PRIu64 " frees of what was "
		    "allocated before\n", tt->tt_unknown);
	if (tt->tt_unfreed > 0)
		fprintf(fp, "Put in       %" PRIu64 " frees that were not "
		    "recorded\n", tt->tt_unfreed);
	fprintf(fp, "File         %" PRIu64 " bytes, %.2f an operation\n",
	    sum->sum_file, tt->tt_ops > 0 ? (double)sum->sum_file /
	    (double)tt->tt_ops : 0.0);
}

static void
print_curve(FILE *fp, const struct tracesum *sum)
{
	unsigned n = sum->sum_nslots, step = (n + ROWS - 1) / ROWS;

	fputs("\nLive over time\n"
	    "   Until (s)       Objects         Bytes\n", fp);
	for (unsigned i = 0; i < n; i += step) {
		unsigned last = i + step <= n ? i + step - 1 : n - 1;
		const struct sum_slot *ss = &sum->sum_slot[last];

		fprintf(fp, "%12.6f %13" PRIu64 " %13" PRIu64,
		    seconds((last + 1) * sum->sum_width), ss->ss_objects,
		    ss->ss_bytes);
		print_bar(fp, ss->ss_bytes, sum->sum_peak);
	}
}

static void
print_sizes(FILE *fp, const struct tracesum *sum)
{
	uint64_t so_far = 0;

	fputs("\nSizes\n"
	    "       Up to      Requests      %  so far          Bytes\n", fp);
	for (unsigned i = 0; i <= SUM_SIZES; i++) {
		const struct sum_class *sc = &sum->sum_size[i];

		if (sc->sc_count == 0)
			continue;
		so_far += sc->sc_count;
		fprintf(fp, "%12.0f %13" PRIu64 " %6.2f %7.2f %14" PRIu64 "\n",
		    (double)((unsigned __int128)1 << i), sc->sc_count,
		    percent(sc->sc_count, sum->sum_requests),
		    percent(so_far, sum->sum_requests), sc->sc_bytes);
	}
}

static void
print_lives(FILE *fp, const struct tracesum *sum,
    const struct trace_totals *tt)
{
	uint64_t so_far = 0;

	fputs("\nLifetimes\n"
	    "       Below       Objects      %  so far          Bytes\n", fp);
	for (unsigned i = 0; i <= SUM_LIVES; i++) {
		const struct sum_class *sc = &sum->sum_life[i];
		char bound[32];

		if (sc->sc_count == 0)
			continue;
		so_far += sc->sc_count;
		tracesum_life(i, bound, sizeof(bound));
		fprintf(fp, "%12s %13" PRIu64 " %6.2f %7.2f %14" PRIu64 "\n",
		    bound, sc->sc_count,
		    percent(sc->sc_count, sum->sum_requests),
		    percent(so_far, sum->sum_requests), sc->sc_bytes);
	}
	if (tt->tt_objects > 0)
		fprintf(fp, "%12s %13" PRIu64 " %6.2f %7.2f %14" PRIu64 "\n",
		    "never freed", tt->tt_objects,
		    percent(tt->tt_objects, sum->sum_requests), 100.0,
		    tt->tt_bytes);
}

static void
print_types(FILE *fp, const struct tracesum *sum, const struct tracefile *tf)
{
	if (sum->sum_ntypes == 0 ||
	    (sum->sum_ntypes == 1 && sum->sum_type[0].st_type == 0))
		return;
	fputs("\nTypes\n"
	    "                            Type      Requests          Bytes"
	    "    Live at end\n", fp);
	for (unsigned i = 0; i < sum->sum_ntypes; i++) {
		const struct sum_type *st = &sum->sum_type[i];
		const char *name = tracefile_typename(tf, st->st_type);

		fprintf(fp, "%32s %13" PRIu64 " %14" PRIu64 " %14" PRIu64
		    "\n", *name != '\0' ? name : "(none)", st->st_count,
		    st->st_bytes, st->st_live);
	}
}

bool
tracesum_print(FILE *fp, const struct tracesum *sum, struct tracefile *tf)
{
	const struct trace_totals *tt = tracefile_totals(tf);

	print_header(fp, tracefile_header(tf));
	print_totals(fp, sum, tt);
	if (tt->tt_ops > 0) {
		print_curve(fp, sum);
		print_sizes(fp, sum);
		print_lives(fp, sum, tt);
		print_types(fp, sum, tf);
	}
	return (fflush(fp) == 0 && !ferror(fp));
}

/*
 * JSON.
 */

static void
set(json_t *json, const char *name, uint64_t value)
{
	json_object_set_new(json, name, json_integer((json_int_t)value));
}

static json_t *
json_curve(const struct tracesum *sum)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < sum->sum_nslots; i++) {
		json_t *json = json_object();

		set(json, "until_ns", (i + 1) * sum->sum_width);
		set(json, "bytes", sum->sum_slot[i].ss_bytes);
		set(json, "objects", sum->sum_slot[i].ss_objects);
		set(json, "peak_bytes", sum->sum_slot[i].ss_peak);
		json_array_append_new(array, json);
	}
	return (array);
}

static json_t *
json_sizes(const struct tracesum *sum)
{
	json_t *array = json_array();

	for (unsigned i = 0; i <= SUM_SIZES; i++) {
		json_t *json;

		if (sum->sum_size[i].sc_count == 0)
			continue;
		json = json_object();
		json_object_set_new(json, "up_to", i < 63 ? json_integer(
		    (json_int_t)1 << i) : json_null());
		set(json, "requests", sum->sum_size[i].sc_count);
		set(json, "bytes", sum->sum_size[i].sc_bytes);
		json_array_append_new(array, json);
	}
	return (array);
}

static json_t *
json_lives(const struct tracesum *sum)
{
	json_t *array = json_array();
	uint64_t bound = SUM_LIFE_UNIT;

	for (unsigned i = 0; i <= SUM_LIVES; i++, bound *= 10) {
		json_t *json = json_object();

		json_object_set_new(json, "below_ns", i < SUM_LIVES ?
		    json_integer((json_int_t)bound) : json_null());
		set(json, "objects", sum->sum_life[i].sc_count);
		set(json, "bytes", sum->sum_life[i].sc_bytes);
		json_array_append_new(array, json);
	}
	return (array);
}

static json_t *
json_types(const struct tracesum *sum, const struct tracefile *tf)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < sum->sum_ntypes; i++) {
		const struct sum_type *st = &sum->sum_type[i];
		json_t *json = json_object();

		json_object_set_new(json, "name", st->st_type == 0 ?
		    json_null() :
		    json_text(tracefile_typename(tf, st->st_type)));
		set(json, "requests", st->st_count);
		set(json, "bytes", st->st_bytes);
		set(json, "live_bytes", st->st_live);
		json_array_append_new(array, json);
	}
	return (array);
}

static json_t *
json_totals(const struct tracesum *sum, const struct trace_totals *tt)
{
	json_t *json = json_object();

	set(json, "operations", tt->tt_ops);
	set(json, "allocs", tt->tt_allocs);
	set(json, "frees", tt->tt_frees);
	set(json, "reallocs", tt->tt_reallocs);
	set(json, "failed", tt->tt_failed);
	set(json, "threads", tt->tt_threads);
	set(json, "time_ns", sum->sum_time);
	set(json, "requests", sum->sum_requests);
	set(json, "requested_bytes", sum->sum_bytes);
	set(json, "small_requests", sum->sum_small);
	set(json, "zeroed_requests", sum->sum_zeroed);
	set(json, "aligned_requests", sum->sum_aligned);
	set(json, "peak_bytes", sum->sum_peak);
	set(json, "peak_objects", sum->sum_peak_objects);
	set(json, "peak_time_ns", sum->sum_peak_time);
	set(json, "live_bytes", tt->tt_bytes);
	set(json, "live_objects", tt->tt_objects);
	set(json, "unknown_frees", tt->tt_unknown);
	set(json, "unrecorded_frees", tt->tt_unfreed);
	set(json, "file_bytes", sum->sum_file);
	return (json);
}

bool
tracesum_json(FILE *fp, const struct tracesum *sum, struct tracefile *tf)
{
	const struct trace_header *th = tracefile_header(tf);
	const char *note = tracefile_note(tf);
	json_t *json = json_object();
	bool done;

	set(json, "version", th->th_version);
	json_object_set_new(json, "command", json_text(th->th_command));
	set(json, "pid", th->th_pid);
	set(json, "parent", th->th_parent);
	set(json, "start_ns", th->th_start);
	set(json, "page_size", th->th_page);
	json_object_set_new(json, "missing", note != NULL ? json_text(note) :
	    json_null());
	json_object_set_new(json, "totals",
	    json_totals(sum, tracefile_totals(tf)));
	json_object_set_new(json, "live", json_curve(sum));
	json_object_set_new(json, "sizes", json_sizes(sum));
	json_object_set_new(json, "lifetimes", json_lives(sum));
	json_object_set_new(json, "types", json_types(sum, tf));
	done = json_dumpf(json, fp, JSON_INDENT(2)) == 0 &&
	    putc('\n', fp) != EOF && fflush(fp) == 0;
	json_decref(json);
	return (done);
}
