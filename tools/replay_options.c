/*
 * replay_options.c - what kma replay is asked for.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "replay.h"

#define PAGE		4096
#define PAGE_MIN	64
#define PAGE_MAX	(1 << 20)
#define RUNS		3
#define RUNS_MAX	1000

static void
usage(FILE *fp)
{
	fputs("usage: kma replay [OPTIONS] TRACE\n"
	    "  --allocator LIST   which classic allocators (all)\n"
	    "  --page BYTES       of a page of the memory (4096)\n"
	    "  --memory BYTES     how much memory (enough)\n"
	    "  --zones            DMA, NORMAL and HIGHMEM\n"
	    "  --real LIST        replay for real: glibc, libkma, jemalloc,\n"
	    "                     mimalloc, tcmalloc or FILE.so\n"
	    "  --runs COUNT       of each --real; the best counts (3)\n"
	    "  --json             as JSON\n"
	    "  --csv              a line an allocator\n"
	    "  --plot FILE.svg    as a picture\n"
	    "  --progress         also where no terminal is\n"
	    "  -h, --help         this text\n", fp);
	fputs("allocators:", fp);
	for (unsigned i = 0; classic_all[i] != NULL; i++)
		fprintf(fp, " %s", classic_all[i]->co_name);
	fputc('\n', fp);
}

static int
refuse(const char *what, const char *value)
{
	complain("replay: %s%s%s", what, value != NULL ? ": " : "",
	    value != NULL ? value : "");
	fputs("kma replay --help tells more.\n", stderr);
	return (STATUS_USAGE);
}

/* A number, with K, M, G or T for powers of 1024. */
static bool
parse_bytes(const char *text, uint64_t *bytes)
{
	static const char units[] = "KMGT";
	unsigned long long n;
	const char *unit;
	unsigned shift = 0;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0)
		return (false);
	if (*end != '\0' && (unit = strchr(units, *end)) != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
	}
	*bytes = (uint64_t)n << shift;
	return (*end == '\0' && *bytes >> shift == n);
}

static int
parse_page(const char *text, struct classic_memory *memory)
{
	uint64_t page;

	if (!parse_bytes(text, &page) || page < PAGE_MIN || page > PAGE_MAX ||
	    (page & (page - 1)) != 0)
		return (refuse("a page has a power of two of bytes from 64 "
		    "to 1M", text));
	memory->cm_pagesize = (size_t)page;
	return (STATUS_OK);
}

static bool
add_allocator(struct replay_request *rq, const char *name)
{
	const struct classic_ops *ops = classic_find(name);

	if (strcmp(name, "all") == 0) {
		for (unsigned i = 0; classic_all[i] != NULL; i++)
			add_allocator(rq, classic_all[i]->co_name);
		return (true);
	}
	for (unsigned i = 0; i < rq->rq_nops; i++)
		if (rq->rq_ops[i] == ops)
			return (true);
	if (ops != NULL)
		rq->rq_ops[rq->rq_nops++] = ops;
	return (ops != NULL);
}

static bool
add_real(struct replay_request *rq, const char *name)
{
	return (rq->rq_nreal < REPLAY_REALS &&
	    replay_find_real(name, &rq->rq_real[rq->rq_nreal++]));
}

/* Calls add for each name of a list. */
static int
parse_list(struct replay_request *rq, char *list, const char *fault,
    bool (*add)(struct replay_request *, const char *))
{
	char *rest = list, *name;

	while ((name = strsep(&rest, ",")) != NULL)
		if (!add(rq, name))
			return (refuse(fault, name));
	return (STATUS_OK);
}

static int
parse_runs(const char *text, unsigned *runs)
{
	uint64_t n;

	if (!parse_bytes(text, &n) || n == 0 || n > RUNS_MAX)
		return (refuse("bad count of runs", text));
	*runs = (unsigned)n;
	return (STATUS_OK);
}

static int
parse_form(struct replay_request *rq, enum replay_form form)
{
	if (rq->rq_form != REPLAY_TABLE && rq->rq_form != form)
		return (refuse("--json or --csv, not both", NULL));
	rq->rq_form = form;
	return (STATUS_OK);
}

/*
 * After the options: what depends on more than one.  Memory of 0 bytes, which
 * none was asked for, becomes as much as the trace needs.
 */
static int
complete(int argc, char **argv, struct replay_request *rq, uint64_t memory)
{
	char all[] = "all";

	if (optind != argc - 1)
		return (refuse(optind == argc ? "no trace" :
		    "more than one trace", NULL));
	rq->rq_trace = argv[optind];
	if (rq->rq_nops == 0 && rq->rq_nreal == 0)
		add_allocator(rq, all);
	if (rq->rq_nops == 0 && rq->rq_plot != NULL)
		return (refuse("--plot shows the classic allocators: "
		    "--allocator", NULL));
	if (rq->rq_short && memory < rq->rq_memory.cm_pagesize)
		return (refuse("the memory is less than a page", NULL));
	if (memory / rq->rq_memory.cm_pagesize > UINT32_MAX / 2)
		return (refuse("the memory has too many pages", NULL));
	rq->rq_memory.cm_pages = (size_t)memory / rq->rq_memory.cm_pagesize;
	if (rq->rq_zones)
		memcpy(rq->rq_memory.cm_zone_end, classic_zone_end,
		    sizeof(classic_zone_end));
	return (STATUS_OK);
}

static const struct option options[] = {
	{ "allocator", required_argument, NULL, 'a' },
	{ "page", required_argument, NULL, 'P' },
	{ "memory", required_argument, NULL, 'm' },
	{ "zones", no_argument, NULL, 'z' },
	{ "real", required_argument, NULL, 'r' },
	{ "runs", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "csv", no_argument, NULL, 'c' },
	{ "plot", required_argument, NULL, 'p' },
	{ "progress", no_argument, NULL, 'g' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* STATUS_OK, or the status to exit with; -1: with success. */
static int
parse_option(int c, struct replay_request *rq, uint64_t *memory)
{
	switch (c) {
	case 'a':
		return (parse_list(rq, optarg, "no such allocator",
		    add_allocator));
	case 'P':
		return (parse_page(optarg, &rq->rq_memory));
	case 'm':
		rq->rq_short = true;
		return (parse_bytes(optarg, memory) ? STATUS_OK :
		    refuse("bad number of bytes", optarg));
	case 'z':
		rq->rq_zones = true;
		return (STATUS_OK);
	case 'r':
		return (parse_list(rq, optarg, "no such allocator",
		    add_real));
	case 'n':
		return (parse_runs(optarg, &rq->rq_runs));
	case 'j':
		return (parse_form(rq, REPLAY_JSON));
	case 'c':
		return (parse_form(rq, REPLAY_CSV));
	case 'p':
		rq->rq_plot = optarg;
		return (STATUS_OK);
	case 'g':
		rq->rq_progress = true;
		return (STATUS_OK);
	case 'h':
		usage(stdout);
		return (-1);
	default:
		usage(stderr);
		return (STATUS_USAGE);
	}
}

int
replay_parse(int argc, char **argv, struct replay_request *rq)
{
	uint64_t memory = 0;
	int c, status;

	rq->rq_memory.cm_pagesize = PAGE;
	rq->rq_runs = RUNS;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		status = parse_option(c, rq, &memory);
		if (status != STATUS_OK)
			return (status);
	}
	return (complete(argc, argv, rq, memory));
}
