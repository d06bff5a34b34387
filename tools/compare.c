/*
 * compare.c - kma compare: a program on glibc's malloc and on libkma, side by
 * side: its options, and what is done in which order.
 */
#include "compare.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocators.h"
#include "child.h"
#include "command.h"
#include "gnuplot.h"
#include "program.h"

#define ROUNDS		5	/* if nothing else is said */
#define ALL_PARTS	((1u << NPART) - 1)
#define PLAIN_PARTS	(1u << PART_TIME | 1u << PART_MEMORY)

struct request {
	bool		 r_json;	/* in place of the table, */
	const char	*r_file;	/* or in this file */
	const char	*r_plot;
};

static void
usage(FILE *fp)
{
	fputs("usage: kma compare [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
	    "  --only PART,...   time, memory, instructions, cache, massif, "
	    "memcheck\n"
	    "  --rounds N        plain runs, for time and memory (5)\n"
	    "  --with NAME|FILE  another allocator: jemalloc, mimalloc, "
	    "tcmalloc or a library\n"
	    "  --json[=FILE]     as JSON; into a file, as well as the table\n"
	    "  --plot FILE       a picture too, as SVG\n"
	    "  --output FILE     what the program writes goes there\n"
	    "  -h, --help        this text\n", fp);
}

void
progress(struct comparison *cmp, const char *what, const char *who)
{
	cmp->cmp_step++;
	fprintf(stderr, "[%u/%u] %s, %s\n", cmp->cmp_step, cmp->cmp_steps,
	    what, who);
}

/*
 * Contenders.
 */

static int
add_contender(struct comparison *cmp, const char *name)
{
	struct contender *c = &cmp->cmp_contender[cmp->cmp_ncontender];
	const char *slash = strrchr(name, '/');
	char found[PATH_MAX];

	if (cmp->cmp_ncontender == MOST_CONTENDERS) {
		complain("compare: no more than %d allocators",
		    MOST_CONTENDERS);
		return (STATUS_USAGE);
	}
	if (strcmp(name, "glibc") == 0 || strcmp(name, "libkma") == 0) {
		complain("compare: --with %s: it is there anyway", name);
		return (STATUS_USAGE);
	}
	if (!allocator_find("compare", name, found, sizeof(found)))
		return (STATUS_USAGE);
	/* As /proc has it. */
	if (realpath(found, c->c_path) == NULL) {
		complain("compare: %s: %s", found, strerror(errno));
		return (STATUS_USAGE);
	}
	c->c_kind = KIND_OTHER;
	snprintf(c->c_name, sizeof(c->c_name), "%s",
	    slash != NULL ? slash + 1 : name);
	cmp->cmp_ncontender++;
	return (STATUS_OK);
}

/*
 * Options.
 */

static bool
parse_parts(char *text, unsigned *parts)
{
	*parts = 0;
	for (char *word; (word = strsep(&text, ",")) != NULL;) {
		unsigned part = 0;

		while (part < NPART && strcmp(word, part_names[part]) != 0)
			part++;
		if (part == NPART) {
			bad_usage("compare", usage, "no such part", word);
			return (false);
		}
		*parts |= 1u << part;
	}
	return (true);
}

static bool
open_output(struct comparison *cmp, const char *file)
{
	if (cmp->cmp_stdout >= 0)
		close(cmp->cmp_stdout);
	cmp->cmp_stdout = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND |
	    O_CLOEXEC, 0666);
	if (cmp->cmp_stdout < 0)
		complain("compare: %s: %s", file, strerror(errno));
	return (cmp->cmp_stdout >= 0);
}

/* STATUS_OK, or the status to exit with; -1: with success. */
static int
take_option(int c, struct comparison *cmp, struct request *r)
{
	switch (c) {
	case 'o':
		return (parse_parts(optarg, &cmp->cmp_parts) ? STATUS_OK :
		    STATUS_USAGE);
	case 'r':
		return (parse_count(optarg, MOST_ROUNDS, &cmp->cmp_rounds) ?
		    STATUS_OK :
		    bad_usage("compare", usage, "rounds are 1 to 1000",
		    optarg));
	case 'w':
		return (add_contender(cmp, optarg));
	case 'j':
		r->r_json = optarg == NULL;
		r->r_file = optarg;
		return (STATUS_OK);
	case 'p':
		r->r_plot = optarg;
		return (STATUS_OK);
	case 'f':
		return (open_output(cmp, optarg) ? STATUS_OK : STATUS_FAILED);
	case 'h':
		usage(stdout);
		return (-1);
	default:
		usage(stderr);
		return (STATUS_USAGE);
	}
}

static int
parse(int argc, char **argv, struct comparison *cmp, struct request *r)
{
	static const struct option options[] = {
		{ "only", required_argument, NULL, 'o' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "with", required_argument, NULL, 'w' },
		{ "json", optional_argument, NULL, 'j' },
		{ "plot", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status = STATUS_OK;

	/* The plus: the program's own options are not ours. */
	while (status == STATUS_OK &&
	    (c = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		status = take_option(c, cmp, r);
	if (status == STATUS_OK && optind == argc)
		status = bad_usage("compare", usage, "no program", NULL);
	return (status);
}

/*
 * What it needs.
 */

/* Without valgrind the other parts still are to be had. */
static int
find_valgrind(struct comparison *cmp)
{
	unsigned need = cmp->cmp_parts & ~PLAIN_PARTS;

	if (need == 0 || tool_find("valgrind", cmp->cmp_valgrind,
	    sizeof(cmp->cmp_valgrind)))
		return (STATUS_OK);
	cmp->cmp_parts &= PLAIN_PARTS;
	for (unsigned part = 0; part < NPART; part++)
		if (need >> part & 1)
			complain("compare: %s: needs valgrind: install "
			    "Debian's package valgrind", part_names[part]);
	return (cmp->cmp_parts != 0 ? STATUS_OK : STATUS_FAILED);
}

/* To know that there will be none is better before than after. */
static bool
can_write(const char *file)
{
	int fd;

	if (file == NULL)
		return (true);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		complain("compare: %s: %s", file, strerror(errno));
	else
		close(fd);
	return (fd >= 0);
}

/* Each run reads the input again: that can be done with a file alone. */
static void
find_input(struct comparison *cmp)
{
	struct stat st;

	cmp->cmp_stdin = -1;
	if (fstat(0, &st) != 0)
		return;
	if (S_ISREG(st.st_mode)) {
		cmp->cmp_stdin = fcntl(0, F_DUPFD_CLOEXEC, 3);
		cmp->cmp_offset = lseek(0, 0, SEEK_CUR);
	} else if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		complain("compare: standard input is no file that can be read "
		    "again: the program gets /dev/null");
}

static bool
make_dir(struct comparison *cmp)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(cmp->cmp_dir, sizeof(cmp->cmp_dir), "%s/kma-compare.XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(cmp->cmp_dir) != NULL)
		return (true);
	complain("compare: %s: %s", cmp->cmp_dir, strerror(errno));
	return (false);
}

static void
remove_dir(const struct comparison *cmp)
{
	DIR *dir = opendir(cmp->cmp_dir);
	struct dirent *de;

	while (dir != NULL && (de = readdir(dir)) != NULL)
		if (de->d_name[0] != '.')
			unlinkat(dirfd(dir), de->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	rmdir(cmp->cmp_dir);
}

static unsigned
count_steps(const struct comparison *cmp)
{
	unsigned n = cmp->cmp_ncontender, steps = n;

	if (cmp->cmp_parts & PLAIN_PARTS)
		steps += n * (unsigned)cmp->cmp_rounds;
	if (has_part(cmp, PART_INSTRUCTIONS))
		steps += n;
	if (has_part(cmp, PART_CACHE))
		steps += n;
	if (has_part(cmp, PART_MASSIF))
		steps += 4;
	if (has_part(cmp, PART_MEMCHECK))
		steps += 2;
	return (steps);
}

/*
 * Doing it.
 */

static int
prepare(struct comparison *cmp, const struct request *r)
{
	struct contender *kma = &cmp->cmp_contender[1];
	int status;

	if (!library_find("compare", kma->c_path, sizeof(kma->c_path)))
		return (STATUS_FAILED);
	status = program_find("compare", cmp->cmp_argv[0], cmp->cmp_program,
	    sizeof(cmp->cmp_program));
	if (status == STATUS_OK)
		status = find_valgrind(cmp);
	if (status == STATUS_OK &&
	    ((r->r_plot != NULL && !gnuplot_there("compare")) ||
	    !can_write(r->r_plot) || !can_write(r->r_file)))
		status = STATUS_FAILED;
	if (status != STATUS_OK)
		return (status);
	find_input(cmp);
	cmp->cmp_steps = count_steps(cmp);
	return (make_dir(cmp) ? STATUS_OK : STATUS_FAILED);
}

static bool
write_json(const struct comparison *cmp, const char *file)
{
	FILE *fp = fopen(file, "we");
	bool done = fp != NULL && compare_json(fp, cmp);

	if (fp != NULL && fclose(fp) != 0)
		done = false;
	if (!done)
		complain("compare: %s: %s", file, strerror(errno));
	return (done);
}

static bool
print(const struct comparison *cmp, const struct request *r)
{
	if (r->r_json ? !compare_json(stdout, cmp) :
	    !compare_table(stdout, cmp)) {
		complain("cannot write: %s", strerror(errno));
		return (false);
	}
	return ((r->r_file == NULL || write_json(cmp, r->r_file)) &&
	    (r->r_plot == NULL || compare_plot(cmp, r->r_plot)));
}

static int
measure_and_print(struct comparison *cmp, const struct request *r)
{
	int status;

	child_catch();
	status = compare_plain(cmp);
	if (status == STATUS_OK) {
		status = compare_valgrind(cmp);
		if (child_caught() == 0 && !print(cmp, r))
			status = STATUS_FAILED;
	}
	remove_dir(cmp);
	if (child_caught() != 0) {
		signal(child_caught(), SIG_DFL);
		raise(child_caught());
	}
	return (status);
}

int
compare_main(int argc, char **argv)
{
	static struct comparison cmp = {
		.cmp_rounds = ROUNDS,
		.cmp_parts = ALL_PARTS,
		.cmp_stdout = -1,
		.cmp_ncontender = 2,
		.cmp_contender = {
			{ .c_kind = KIND_GLIBC, .c_name = "glibc" },
			{ .c_kind = KIND_KMA, .c_name = "libkma" },
		},
	};
	struct request r = { .r_json = false };
	int status = parse(argc, argv, &cmp, &r);

	if (status != STATUS_OK)
		return (status < 0 ? STATUS_OK : status);
	cmp.cmp_argv = argv + optind;
	status = prepare(&cmp, &r);
	if (status == STATUS_OK)
		status = measure_and_print(&cmp, &r);
	for (unsigned n = 0; n < cmp.cmp_ncontender; n++)
		for (unsigned id = 0; id < NMEASURE; id++)
			free(cmp.cmp_contender[n].c_samples[id].s_value);
	return (status);
}
