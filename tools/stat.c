/*
 * stat.c - kma stat: the figures of a running process or of a core file.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "figures.h"
#include "command.h"
#include "report.h"
#include "tables.h"
#include "target.h"

#define HEADING_EVERY	20	/* lines of -w */

enum form { FORM_TABLES, FORM_JSON, FORM_PROMETHEUS };

struct request {
	enum form	 r_form;
	double		 r_seconds;	/* between two; 0: once */
	unsigned long	 r_count;	/* of all; 0: no end */
	const char	*r_target;
};

static void
usage(FILE *fp)
{
	fputs("usage: kma stat [-w SECONDS] [-c COUNT] [--json | --prometheus] "
	    "PID | CORE\n"
	    "  -w, --watch SECONDS  go on, with rates\n"
	    "  -c, --count COUNT    stop after so many times\n"
	    "      --json           as JSON; with -w one document a line\n"
	    "      --prometheus     in Prometheus's text format\n"
	    "  -h, --help           this text\n", fp);
}

static bool
parse_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return (end != text && *end == '\0' && *seconds > 0 &&
	    *seconds <= 1e6);
}

/* STATUS_OK, or the status to exit with; -1: with success. */
static int
parse(int argc, char **argv, struct request *r)
{
	static const struct option options[] = {
		{ "watch", required_argument, NULL, 'w' },
		{ "count", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "prometheus", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "w:c:h", options, NULL)) != -1) {
		switch (c) {
		case 'w':
			if (!parse_seconds(optarg, &r->r_seconds))
				return (bad_usage("stat", usage,
				    "bad interval", optarg));
			break;
		case 'c':
			if (!parse_count(optarg, ULONG_MAX, &r->r_count))
				return (bad_usage("stat", usage, "bad count",
				    optarg));
			break;
		case 'j':
			r->r_form = FORM_JSON;
			break;
		case 'p':
			r->r_form = FORM_PROMETHEUS;
			break;
		case 'h':
			usage(stdout);
			return (-1);
		default:
			usage(stderr);
			return (STATUS_USAGE);
		}
	}
	if (optind != argc - 1)
		return (bad_usage("stat", usage,
		    "one process or core file is wanted", NULL));
	if (r->r_count > 1 && r->r_seconds == 0)
		r->r_seconds = 1;
	if (r->r_seconds > 0 && r->r_form == FORM_PROMETHEUS)
		return (bad_usage("stat", usage,
		    "--prometheus is for one look, without -w", NULL));
	r->r_target = argv[optind];
	return (STATUS_OK);
}

/*
 * Printing.
 */

static void
to_stdout(void *arg, const char *text, size_t len)
{
	(void)arg;
	fwrite(text, 1, len, stdout);
}

static void
print_tables(const struct kma_figures *snap)
{
	struct report r;

	report_open_sink(&r, to_stdout, NULL);
	tables_print(&r, snap);
}

/* One line of -w; the rates are what happened since the line before. */
static void
print_line(const struct kma_figures *snap, const struct kma_figures *last,
    double seconds, unsigned long number)
{
	const struct kma_totals *st = &snap->sn_totals;
	const struct kma_totals *was = &last->sn_totals;
	double calls = st->st_calls < was->st_calls ? 0 :
	    (double)(st->st_calls - was->st_calls);
	double grown = (double)(int64_t)(st->st_inuse - was->st_inuse);

	if (number % HEADING_EVERY == 0)
		printf("%12s %12s %12s %12s %12s %12s %12s %7s\n", "In Use",
		    "Cached", "In Pages", "Free Res.", "Resident",
		    "Requests/s", "Growth/s", "Threads");
	printf("%12llu %12llu %12llu %12llu %12llu %12.0f %12.0f %7llu\n",
	    (unsigned long long)st->st_inuse,
	    (unsigned long long)st->st_cached,
	    (unsigned long long)st->st_pages,
	    (unsigned long long)st->st_dirty,
	    (unsigned long long)st->st_resident,
	    calls / seconds, grown / seconds,
	    (unsigned long long)st->st_threads);
}

static bool
print(const struct request *r, const struct kma_figures *snap,
    const struct kma_figures *last, double seconds, unsigned long number)
{
	if (r->r_form == FORM_PROMETHEUS)
		prometheus_print(stdout, snap);
	else if (r->r_form == FORM_JSON)
		json_print(stdout, snap, r->r_seconds > 0, seconds,
		    snap->sn_totals.st_calls < last->sn_totals.st_calls ? 0 :
		    snap->sn_totals.st_calls - last->sn_totals.st_calls);
	else if (number == 0)
		print_tables(snap);
	else
		print_line(snap, last, seconds, number - 1);
	return (fflush(stdout) == 0 && !ferror(stdout));
}

/*
 * Watching.
 */

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
sleep_until(double when)
{
	struct timespec ts = { (time_t)when,
		(long)((when - (double)(time_t)when) * 1e9) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	    EINTR)
		continue;
}

static int
watch(struct target *t, const struct request *r)
{
	static struct kma_figures snap, last;
	double begun = now(), then = begun, at;
	int status;

	for (unsigned long n = 0;; n++) {
		status = target_snapshot(t, &snap);
		at = now();
		if (status != STATUS_OK)	/* to go is no failure, then */
			return (n > 0 && status == STATUS_GONE ? STATUS_OK :
			    status);
		if (!print(r, &snap, &last, n == 0 ? 0 : at - then, n)) {
			complain("cannot write: %s", strerror(errno));
			return (STATUS_FAILED);
		}
		if (r->r_seconds == 0 || n + 1 == r->r_count)
			return (STATUS_OK);
		last = snap;
		then = at;
		sleep_until(begun + (double)(n + 1) * r->r_seconds);
	}
}

int
stat_main(int argc, char **argv)
{
	struct request r = { .r_form = FORM_TABLES };
	struct target t;
	int status = parse(argc, argv, &r);

	if (status != STATUS_OK)
		return (status < 0 ? STATUS_OK : status);
	status = target_open(&t, r.r_target);
	if (status == STATUS_OK)
		status = watch(&t, &r);
	target_close(&t);
	return (status);
}
