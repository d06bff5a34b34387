/*
 * run.c - kma run: a program under libkma.
 *
 * Ends by becoming the program, so that its exit status, its signals and its
 * PID are its own.  What cannot work is refused with the reason: the loader
 * would say nothing, or too little.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "program.h"
#include "tracewrite.h"

#define OPTIONS_MAX	65536

static char kma_options[OPTIONS_MAX];

static void
usage(FILE *fp)
{
	fputs("usage: kma run [OPTIONS] [--] PROGRAM [ARGUMENTS]\n"
	    "  --stats[=FILE]            print the tables at exit\n"
	    "  --limit [TYPE:]BYTES      a limit for all, or for a type\n"
	    "  --accounting object|FILE  charge malloc to types\n"
	    "  --trace FILE              record each operation, for kma trace\n"
	    "  --option KEY[=VALUE]      any other option of KMA_OPTIONS\n"
	    "  -h, --help                this text\n", fp);
}

/*
 * Options.
 */

/* Adds key=value, or key alone; false: it cannot be said in KMA_OPTIONS. */
static bool
add_option(const char *key, const char *value)
{
	size_t len = strlen(kma_options);
	int n;

	if (strchr(key, ',') != NULL ||
	    (value != NULL && strchr(value, ',') != NULL)) {
		complain("run: no comma can be in an option: %s",
		    value != NULL ? value : key);
		return (false);
	}
	n = snprintf(kma_options + len, sizeof(kma_options) - len, "%s%s%s%s",
	    len > 0 ? "," : "", key, value != NULL ? "=" : "",
	    value != NULL ? value : "");
	if (n < 0 || (size_t)n >= sizeof(kma_options) - len) {
		complain("run: the options are too long");
		return (false);
	}
	return (true);
}

/*
 * The file is named from the root, since programs change their directory.  One
 * of before goes, if it is a trace; the library itself overwrites nothing.
 */
static bool
add_trace(const char *file)
{
	char path[PATH_MAX], dir[PATH_MAX];
	int n;

	if (*file == '/')
		dir[0] = '\0';
	else if (getcwd(dir, sizeof(dir)) == NULL) {
		complain("run: %s: %s", file, strerror(errno));
		return (false);
	}
	n = snprintf(path, sizeof(path), "%s%s%s", dir,
	    *file == '/' ? "" : "/", file);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		complain("run: the name of the trace is too long");
		return (false);
	}
	if (!tracewrite_remove(path)) {
		complain("run: %s: %s", path, errno == EEXIST ?
		    "exists, and is no trace" : strerror(errno));
		return (false);
	}
	return (add_option("trace", path));
}

/* STATUS_OK, or the status to exit with; -1: with success. */
static int
parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "stats", optional_argument, NULL, 's' },
		{ "limit", required_argument, NULL, 'l' },
		{ "accounting", required_argument, NULL, 'a' },
		{ "trace", required_argument, NULL, 't' },
		{ "option", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *old = getenv("KMA_OPTIONS");
	bool good = true;
	int c;

	if (old != NULL && *old != '\0') {
		if (strlen(old) >= sizeof(kma_options)) {
			complain("run: KMA_OPTIONS is too long");
			return (STATUS_RUN_FAILED);
		}
		strcpy(kma_options, old);
	}
	/* The plus: the program's own options are not ours. */
	while (good &&
	    (c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (c) {
		case 's':
			good = add_option("stats", optarg);
			break;
		case 'l':
			good = add_option("limit", optarg);
			break;
		case 'a':
			good = add_option("accounting", optarg);
			break;
		case 't':
			good = add_trace(optarg);
			break;
		case 'o':
			good = add_option(optarg, NULL);
			break;
		case 'h':
			usage(stdout);
			return (-1);
		default:
			usage(stderr);
			return (STATUS_RUN_FAILED);
		}
	}
	if (good && optind == argc) {
		bad_usage("run", usage, "no program", NULL);
		good = false;
	}
	return (good ? STATUS_OK : STATUS_RUN_FAILED);
}

/*
 * The environment.
 */

static bool
set_environment(const char *library)
{
	return (program_preload(library) && (kma_options[0] == '\0' ||
	    setenv("KMA_OPTIONS", kma_options, 1) == 0));
}

/*
 * Valgrind serves the program itself unless told, and says nothing of it.
 * What stands in .valgrindrc is not looked at.
 */

#define VALGRIND_OPTION	"--soname-synonyms=somalloc=nouserintercepts"

/* Does the tool leave malloc alone? */
static bool
only_counts(const char *option)
{
	static const char *const tools[] = {
		"callgrind", "cachegrind", "lackey", "none", "exp-bbv",
	};
	const char *tool;

	if (strncmp(option, "--tool=", strlen("--tool=")) != 0)
		return (false);
	tool = option + strlen("--tool=");
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(tool, tools[i]) == 0)
			return (true);
	return (false);
}

static void
hint_of_valgrind(char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const char *env = getenv("VALGRIND_OPTS");

	if (strcmp(name != NULL ? name + 1 : argv[0], "valgrind") != 0 ||
	    (env != NULL && strstr(env, "somalloc=") != NULL))
		return;
	for (argv++; *argv != NULL && **argv == '-'; argv++)
		if (strstr(*argv, "somalloc=") != NULL || only_counts(*argv))
			return;
	complain("run: valgrind serves the program with its own malloc, not "
	    "libkma, unless it has the option " VALGRIND_OPTION);
}

int
run_main(int argc, char **argv)
{
	char library[PATH_MAX], program[PATH_MAX];
	int status = parse(argc, argv);

	if (status != STATUS_OK)
		return (status < 0 ? STATUS_OK : status);
	if (!library_find("run", library, sizeof(library)))
		return (STATUS_RUN_FAILED);
	status = program_find("run", argv[optind], program, sizeof(program));
	if (status != STATUS_OK)
		return (status);
	if (!set_environment(library)) {
		complain("run: %s", strerror(errno));
		return (STATUS_RUN_FAILED);
	}
	hint_of_valgrind(argv + optind);
	execv(program, argv + optind);
	status = errno;
	complain("run: %s: %s", program, strerror(status));
	return (status == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}
