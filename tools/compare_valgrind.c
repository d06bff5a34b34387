/*
 * compare_valgrind.c - the parts that valgrind measures.
 *
 * The program's child processes are followed: their figures are added up, but
 * of memory the largest process counts.
 *
 * Callgrind and cachegrind run whatever malloc there is.  Massif and memcheck
 * put their own in its place, and leave the real libkma alone when they are
 * told to; it tells them then what it does.  No other allocator does, so that
 * these two parts are for glibc and libkma.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "compare.h"

#define MOST_WORDS	16

/* What is read of a run, by one of the readers. */
struct result {
	const struct contender *r_contender;
	struct callgrind r_callgrind;
	struct cachegrind r_cachegrind;
	struct massif	 r_massif;
	uint64_t	 r_limit;	/* for massif */
	struct memcheck	 r_memcheck;
};

static bool
read_callgrind(FILE *fp, struct result *r)
{
	return (callgrind_read(fp, r->r_contender->c_kind == KIND_GLIBC ? NULL :
	    r->r_contender->c_path, &r->r_callgrind));
}

static bool
read_cachegrind(FILE *fp, struct result *r)
{
	return (cachegrind_read(fp, &r->r_cachegrind));
}

static bool
read_massif(FILE *fp, struct result *r)
{
	return (massif_read(fp, r->r_limit, &r->r_massif));
}

static bool
read_memcheck(FILE *fp, struct result *r)
{
	return (memcheck_read(fp, &r->r_memcheck));
}

struct tool {
	const char	*t_name;
	const char	*t_title;	/* for the user */
	bool		(*t_read)(FILE *fp, struct result *r);
	const char	*t_file;	/* the option that names its file */
	const char	*t_words[6];
};

static const struct tool callgrind = { "callgrind", "callgrind",
	read_callgrind, "--callgrind-out-file", { NULL } };
static const struct tool cachegrind = { "cachegrind", "cachegrind",
	read_cachegrind, "--cachegrind-out-file", { "--cache-sim=yes", NULL } };
static const struct tool useful = { "massif", "massif",
	read_massif, "--massif-out-file", { "--heap-admin=0", "--depth=1",
	"--peak-inaccuracy=0.0", NULL } };
static const struct tool pages = { "massif", "massif of pages",
	read_massif, "--massif-out-file", { "--pages-as-heap=yes", "--depth=1",
	"--max-snapshots=1000", "--detailed-freq=1000000", NULL } };
static const struct tool memcheck = { "memcheck", "memcheck",
	read_memcheck, "--xml-file", { "--xml=yes", "--leak-check=full",
	"--show-leak-kinds=all", "--child-silent-after-fork=yes", NULL } };

/* Reads what the run left, and clears it away; how many whole files. */
static unsigned
collect(const struct comparison *cmp, const struct tool *t, struct result *r,
    unsigned *halves)
{
	DIR *dir = opendir(cmp->cmp_dir);
	struct dirent *de;
	unsigned whole = 0;

	while (dir != NULL && (de = readdir(dir)) != NULL) {
		char path[2 * PATH_MAX];
		FILE *fp;

		if (strncmp(de->d_name, "out.", 4) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", cmp->cmp_dir,
		    de->d_name);
		fp = fopen(path, "re");
		if (fp != NULL && r != NULL && t->t_read(fp, r))
			whole++;
		else
			(*halves)++;
		if (fp != NULL)
			fclose(fp);
		unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	return (whole);
}

/* STATUS_OK: the result is there. */
static int
run_tool(struct comparison *cmp, const struct tool *t, struct contender *c,
    const char *options, struct result *r)
{
	char tool[32], log[PATH_MAX + 32], out[PATH_MAX + 64];
	const char *words[MOST_WORDS] = { cmp->cmp_valgrind,
		"--command-line-only=yes", "-v", "--trace-children=yes", tool,
		log, out };
	unsigned n = 7, whole, halves = 0;
	struct child child;
	int status;

	snprintf(tool, sizeof(tool), "--tool=%s", t->t_name);
	snprintf(log, sizeof(log), "--log-file=%s/log.%%p", cmp->cmp_dir);
	snprintf(out, sizeof(out), "%s=%s/out.%%p", t->t_file, cmp->cmp_dir);
	for (unsigned i = 0; t->t_words[i] != NULL; i++)
		words[n++] = t->t_words[i];
	if (c->c_kind == KIND_KMA)
		words[n++] = "--soname-synonyms=somalloc=nouserintercepts";
	r->r_contender = c;
	progress(cmp, t->t_title, c->c_name);
	status = compare_child(cmp, c, words, options, &child);
	whole = collect(cmp, t, status == STATUS_OK ? r : NULL, &halves);
	if (status != STATUS_OK)
		return (status);
	if (whole == 0 || halves > 0)
		complain("compare: %s, %s: %u of %u processes left whole "
		    "figures%s", t->t_title, c->c_name, whole, whole + halves,
		    whole == 0 ? ": left out" : "");
	return (whole > 0 ? STATUS_OK : STATUS_PROGRAM_FAILED);
}

static int
keep(struct contender *c, enum measure_id id, uint64_t value)
{
	if (sample_add(&c->c_samples[id], (double)value))
		return (STATUS_OK);
	complain("compare: no memory");
	return (STATUS_FAILED);
}

static int
instructions(struct comparison *cmp, struct contender *c)
{
	struct result r = { 0 };
	int status = run_tool(cmp, &callgrind, c, NULL, &r);

	if (status == STATUS_OK)
		status = keep(c, MEASURE_ALLOCATOR,
		    r.r_callgrind.cg_allocator);
	if (status == STATUS_OK)
		status = keep(c, MEASURE_TOTAL, r.r_callgrind.cg_total);
	return (status);
}

static int
cache(struct comparison *cmp, struct contender *c)
{
	struct result r = { 0 };
	int status = run_tool(cmp, &cachegrind, c, NULL, &r);

	if (status == STATUS_OK)
		status = keep(c, MEASURE_D1, r.r_cachegrind.cc_d1);
	if (status == STATUS_OK)
		status = keep(c, MEASURE_LL, r.r_cachegrind.cc_ll);
	return (status);
}

static int
useful_bytes(struct comparison *cmp, struct contender *c)
{
	struct result r = { .r_limit = UINT64_MAX };
	int status = run_tool(cmp, &useful, c, NULL, &r);

	return (status != STATUS_OK ? status :
	    keep(c, MEASURE_USEFUL, r.r_massif.ms_peak));
}

/*
 * Massif counts every page that is mapped, whether it holds memory or not.
 * libkma maps its whole reserve for a moment at its start, to see where it
 * would fit, and the peak would be that.  So for libkma and for glibc alike the
 * peak is the most that was seen at about a thousand regular times; and libkma
 * reserves more than it will need, so that this moment shows by its size.
 * Massif does not follow blocks here, so libkma's lie as in a plain run,
 * without the redzones that it gives them for massif of useful bytes.
 */
static int
peak_pages(struct comparison *cmp, struct contender *c)
{
	const struct samples *base =
	    &cmp->cmp_contender[0].c_samples[MEASURE_PAGES];
	const char *old = getenv("KMA_OPTIONS");
	struct result r = { .r_limit = UINT64_MAX };
	uint64_t reserve = (uint64_t)1 << 30;
	char *options = NULL;
	int status;

	while (base->s_number > 0 && (double)reserve < 4 * base->s_value[0])
		reserve *= 2;
	if (c->c_kind == KIND_KMA) {
		r.r_limit = reserve;
		if (asprintf(&options, "%s%sreserve=%" PRIu64,
		    old != NULL ? old : "",
		    old != NULL && *old != '\0' ? "," : "", reserve) < 0)
			return (STATUS_FAILED);
	}
	status = run_tool(cmp, &pages, c, options, &r);
	free(options);
	return (status != STATUS_OK ? status :
	    keep(c, MEASURE_PAGES, r.r_massif.ms_regular));
}

static int
heap(struct comparison *cmp, struct contender *c)
{
	int first = useful_bytes(cmp, c), second = STATUS_OK;

	if (child_caught() == 0)
		second = peak_pages(cmp, c);
	return (first != STATUS_OK ? first : second);
}

static int
errors(struct comparison *cmp, struct contender *c)
{
	static const struct {
		enum measure_id	bytes, blocks;
		const char	*kind;
	} leaks[] = {
		{ MEASURE_DEFINITE, MEASURE_DEFINITE_BLOCKS,
		    "Leak_DefinitelyLost" },
		{ MEASURE_INDIRECT, MEASURE_INDIRECT_BLOCKS,
		    "Leak_IndirectlyLost" },
		{ MEASURE_POSSIBLE, MEASURE_POSSIBLE_BLOCKS,
		    "Leak_PossiblyLost" },
		{ MEASURE_REACHABLE, MEASURE_REACHABLE_BLOCKS,
		    "Leak_StillReachable" },
	};
	struct result r = { 0 };
	const struct memcheck *mc = &r.r_memcheck;
	int status = run_tool(cmp, &memcheck, c, NULL, &r);
	uint64_t count = 0;

	for (unsigned i = 0; i < mc->mc_nkind; i++)
		if (strncmp(mc->mc_kind[i].mk_name, "Leak_", 5) != 0)
			count += mc->mc_kind[i].mk_count;
	if (status == STATUS_OK)
		status = keep(c, MEASURE_ERRORS, count);
	for (size_t i = 0; status == STATUS_OK &&
	    i < sizeof(leaks) / sizeof(leaks[0]); i++) {
		const struct memcheck_kind *mk =
		    memcheck_find(mc, leaks[i].kind);

		status = keep(c, leaks[i].bytes, mk->mk_bytes);
		if (status == STATUS_OK)
			status = keep(c, leaks[i].blocks, mk->mk_count);
	}
	c->c_memcheck = *mc;
	return (status);
}

int
compare_valgrind(struct comparison *cmp)
{
	static const struct {
		enum part part;
		bool all;
		int (*measure)(struct comparison *, struct contender *);
	} steps[] = {
		{ PART_INSTRUCTIONS, true, instructions },
		{ PART_CACHE, true, cache },
		{ PART_MASSIF, false, heap },
		{ PART_MEMCHECK, false, errors },
	};
	int status = STATUS_OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		for (unsigned n = 0; n < cmp->cmp_ncontender; n++) {
			struct contender *c = &cmp->cmp_contender[n];
			int one;

			if (!has_part(cmp, steps[i].part) ||
			    (!steps[i].all && c->c_kind == KIND_OTHER))
				continue;
			one = steps[i].measure(cmp, c);
			if (one != STATUS_OK)
				status = one;
			if (child_caught() != 0)
				return (STATUS_FAILED);
		}
	return (status);
}
