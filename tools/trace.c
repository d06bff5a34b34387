/*
 * trace.c - kma trace: what a trace holds.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "tracefile.h"
#include "traceformat.h"
#include "tracesum.h"
#include "tracetext.h"
#include "tracewrite.h"

static const char *from_text, *pack, *plot;
static bool want_json, want_text;

static void
usage(FILE *fp)
{
	fputs("usage: kma trace [OPTIONS] FILE\n"
	    "  --json            the summary as JSON\n"
	    "  --plot FILE.svg   live bytes, sizes and lifetimes as a picture\n"
	    "  --text            one line for each operation\n"
	    "  --pack OUT        the same trace, smaller, in another file\n"
	    "  --from-text TEXT  makes the trace FILE from such lines\n"
	    "  -h, --help        this text\n", fp);
}

/* STATUS_OK, or the status to exit with; -1: with success. */
static int
parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "plot", required_argument, NULL, 'p' },
		{ "text", no_argument, NULL, 't' },
		{ "pack", required_argument, NULL, 'k' },
		{ "from-text", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			want_json = true;
			break;
		case 'p':
			plot = optarg;
			break;
		case 't':
			want_text = true;
			break;
		case 'k':
			pack = optarg;
			break;
		case 'f':
			from_text = optarg;
			break;
		case 'h':
			usage(stdout);
			return (-1);
		default:
			usage(stderr);
			return (STATUS_USAGE);
		}
	}
	if (optind + 1 != argc) {
		complain("trace: %s", optind == argc ? "no file" :
		    "more than one file");
		usage(stderr);
		return (STATUS_USAGE);
	}
	if (want_json + (plot != NULL) + want_text + (pack != NULL) +
	    (from_text != NULL) > 1) {
		complain("trace: one of these options at a time");
		return (STATUS_USAGE);
	}
	return (STATUS_OK);
}

int
trace_status(const struct trace_error *te)
{
	switch (te->te_fault) {
	case TRACE_FAULT_VERSION:
		return (STATUS_OTHER_VERSION);
	case TRACE_FAULT_OPEN:
	case TRACE_FAULT_MEMORY:
		return (STATUS_FAILED);
	default:
		return (STATUS_NO_TRACE);
	}
}

/*
 * After the last operation: says what is wrong or missing.  got: what
 * tracefile_next() said.
 */
int
trace_end(struct tracefile *tf, int got)
{
	const char *note;

	if (got < 0) {
		complain("%s", tracefile_error(tf)->te_text);
		return (trace_status(tracefile_error(tf)));
	}
	note = tracefile_note(tf);
	if (note != NULL)
		complain("%s", note);
	return (STATUS_OK);
}

static int
written(const char *path, bool done)
{
	if (!done)
		complain("trace: %s: %s", path, strerror(errno));
	return (done ? STATUS_OK : STATUS_FAILED);
}

/* One line for each operation. */
static int
print_text(struct tracefile *tf)
{
	struct trace_op op;
	int got, status;

	while ((got = tracefile_next(tf, &op)) > 0)
		tracetext_print(stdout, tf, &op);
	status = trace_end(tf, got);
	if (fflush(stdout) != 0 || ferror(stdout))
		return (written("standard output", false));
	return (status);
}

static int
write_packed(struct tracefile *tf, const char *path)
{
	struct tracewrite *tw = tracewrite_open(path,
	    tracefile_header(tf)->th_command);
	struct trace_op op;
	bool done = tw != NULL;
	int got = 0, status;

	while (done && (got = tracefile_next(tf, &op)) > 0) {
		const char *type = tracefile_typename(tf, op.to_type);

		op.to_type = *type != '\0' ? tracewrite_type(tw, type) : 0;
		done = tracewrite_op(tw, &op);
	}
	status = trace_end(tf, got);
	if (tw != NULL && !tracewrite_close(tw))
		done = false;
	return (done ? status : written(path, false));
}

static int
make_from_text(const char *text, const char *path)
{
	FILE *fp = strcmp(text, "-") == 0 ? stdin : fopen(text, "re");
	struct tracetext tx = { .tx_thread = 1 };
	struct tracewrite *tw;
	struct trace_op op;
	const char *why = NULL;
	unsigned long line = 0;
	char *buf = NULL;
	size_t room = 0;
	bool done = true;
	int got = 0;

	if (fp == NULL)
		return (written(text, false));
	tw = tracewrite_open(path, text);
	if (tw == NULL)
		return (written(path, false));
	while (done && got >= 0 && getline(&buf, &room, fp) >= 0) {
		line++;
		got = tracetext_parse(&tx, buf, tw, &op, &why);
		if (got > 0)
			done = tracewrite_op(tw, &op);
	}
	free(buf);
	if (fp != stdin)
		fclose(fp);
	done = tracewrite_close(tw) && done;
	if (got < 0) {
		complain("trace: %s: line %lu: %s", text, line, why);
		return (STATUS_NO_TRACE);
	}
	return (written(path, done));
}

/* What could be read is shown, also where the trace is damaged. */
static int
summarise(struct tracefile *tf)
{
	struct tracesum sum;
	int status = trace_end(tf, tracesum_read(&sum, tf));
	bool done;

	if (plot != NULL)
		done = tracesum_plot(plot, &sum, tf);
	else if (want_json)
		done = tracesum_json(stdout, &sum, tf);
	else
		done = tracesum_print(stdout, &sum, tf);
	tracesum_free(&sum);
	if (!done && plot == NULL)
		return (written("standard output", false));
	return (done || status != STATUS_OK ? status : STATUS_FAILED);
}

int
trace_main(int argc, char **argv)
{
	struct trace_error error;
	struct tracefile *tf;
	int status = parse(argc, argv);

	if (status != STATUS_OK)
		return (status < 0 ? STATUS_OK : status);
	if (from_text != NULL)
		return (make_from_text(from_text, argv[optind]));
	tf = tracefile_open(argv[optind], &error);
	if (tf == NULL) {
		complain("%s", error.te_text);
		return (trace_status(&error));
	}
	if (want_text)
		status = print_text(tf);
	else if (pack != NULL)
		status = write_packed(tf, pack);
	else
		status = summarise(tf);
	tracefile_close(tf);
	return (status);
}
