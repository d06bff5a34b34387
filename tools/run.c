/*
 * run.c - kma run: a program under libkma.
 *
 * Ends by becoming the program, so that its exit status, its signals and its
 * PID are its own.  What cannot work is refused with the reason: the loader
 * would say nothing, or too little.
 */
#include <sys/stat.h>
#include <sys/xattr.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "tracewrite.h"

#ifdef __x86_64__
#define MACHINE		EM_X86_64
#else
#define MACHINE		EM_AARCH64
#endif

#define LIBRARY		"libkma.so.0"
#define MOST_SCRIPTS	4	/* interpreters of interpreters */
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
		complain("run: no program");
		usage(stderr);
		good = false;
	}
	return (good ? STATUS_OK : STATUS_RUN_FAILED);
}

/*
 * The library.
 */

static bool
try_library(char *path, size_t size, const char *dir, const char *below)
{
	int n = snprintf(path, size, "%s%s/%s", dir, below, LIBRARY);

	return (n > 0 && (size_t)n < size && access(path, R_OK) == 0);
}

/*
 * Beside the command, in the build tree or where both were installed; or where
 * it was to be installed.
 */
bool
library_find(const char *command, char *path, size_t size)
{
	char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	char *slash;

	dir[n > 0 ? n : 0] = '\0';
	slash = strrchr(dir, '/');
	if (slash != NULL)
		*slash = '\0';
	if (slash == NULL ||
	    (!try_library(path, size, dir, "/../lib/.libs") &&
	    !try_library(path, size, dir, "/../lib")))
		if (!try_library(path, size, KMA_LIBDIR, "")) {
			complain("%s: no %s, neither beside %s nor in %s",
			    command, LIBRARY, dir, KMA_LIBDIR);
			return (false);
		}
	if (realpath(path, dir) != NULL && strlen(dir) < size)
		strcpy(path, dir);
	if (strpbrk(path, ": ") != NULL) {
		complain("%s: LD_PRELOAD cannot name a path with a colon or "
		    "a blank: %s", command, path);
		return (false);
	}
	return (true);
}

static bool
set_environment(const char *library)
{
	const char *old = getenv("LD_PRELOAD");
	char *value = NULL;
	bool done;

	if (old == NULL || *old == '\0')
		old = NULL;
	if (asprintf(&value, "%s%s%s", library, old != NULL ? ":" : "",
	    old != NULL ? old : "") < 0)
		return (false);
	done = setenv("LD_PRELOAD", value, 1) == 0 &&
	    (kma_options[0] == '\0' ||
	    setenv("KMA_OPTIONS", kma_options, 1) == 0);
	free(value);
	return (done);
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

/*
 * The program.
 */

/*
 * Finds the program as a shell does: 0, or STATUS_NOT_FOUND, or
 * STATUS_NOT_EXECUTABLE where a file of that name may not be executed.
 */
static int
is_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (errno == EACCES ? STATUS_NOT_EXECUTABLE :
		    STATUS_NOT_FOUND);
	return (S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? STATUS_OK :
	    STATUS_NOT_EXECUTABLE);
}

static int
find_program(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH"), *end;
	int best = STATUS_NOT_FOUND, status;

	if (strchr(name, '/') != NULL) {
		snprintf(path, size, "%s", name);
		return (is_program(path));
	}
	if (dirs == NULL)
		dirs = "/bin:/usr/bin";
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		snprintf(path, size, "%.*s%s%s", (int)(end - dirs), dirs,
		    end > dirs ? "/" : "", name);
		status = *name != '\0' ? is_program(path) : best;
		if (status == STATUS_OK)
			return (status);
		if (status == STATUS_NOT_EXECUTABLE)
			best = status;
		if (*end == '\0')
			return (best);
	}
}

/* Why the loader would not do as LD_PRELOAD says; NULL if it would. */
static const char *
why_not_object(int fd, const Elf64_Ehdr *eh)
{
	Elf64_Phdr ph;

	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != MACHINE)
		return ("is for another kind of machine than libkma");
	for (unsigned i = 0; i < eh->e_phnum; i++)
		if (pread(fd, &ph, sizeof(ph), (off_t)(eh->e_phoff +
		    i * sizeof(ph))) == (ssize_t)sizeof(ph) &&
		    ph.p_type == PT_INTERP)
			return (NULL);
	return ("is linked statically: no library can be put before its "
	    "malloc. Link it with libkma.a");
}

/* The interpreter that the first line of a script names. */
static bool
interpreter(const char *head, char *path, size_t size)
{
	size_t len;

	if (strncmp(head, "#!", 2) != 0)
		return (false);
	head += 2;
	head += strspn(head, " \t");
	len = strcspn(head, " \t\n");
	if (len == 0 || len >= size)
		return (false);
	memcpy(path, head, len);
	path[len] = '\0';
	return (true);
}

/* Looks at one file; what path names next is an interpreter, if *next. */
static const char *
why_not_file(char *path, size_t size, bool *next)
{
	union {
		Elf64_Ehdr	eh;
		char		text[256];
	} head;
	const char *reason = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	*next = false;
	if (fd < 0)		/* may be executed, and not read */
		return (stat(path, &st) == 0 &&
		    (st.st_mode & (S_ISUID | S_ISGID)) ?
		    "is set-user-ID or set-group-ID" : NULL);
	memset(&head, 0, sizeof(head));
	n = read(fd, &head, sizeof(head) - 1);
	if (n >= (ssize_t)sizeof(head.eh) &&
	    memcmp(head.eh.e_ident, ELFMAG, SELFMAG) == 0) {
		if (fstat(fd, &st) == 0 && (st.st_mode & S_ISUID))
			reason = "is set-user-ID: it would ignore LD_PRELOAD";
		else if (fstat(fd, &st) == 0 && (st.st_mode & S_ISGID))
			reason = "is set-group-ID: it would ignore LD_PRELOAD";
		else if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
			reason = "has file capabilities: it would ignore "
			    "LD_PRELOAD";
		else
			reason = why_not_object(fd, &head.eh);
	} else
		*next = interpreter(head.text, path, size);
	close(fd);
	return (reason);
}

/* The program itself, or if it is a script, what interprets it. */
static bool
is_suitable(const char *program)
{
	char path[PATH_MAX];
	bool next = true;

	snprintf(path, sizeof(path), "%s", program);
	for (int i = 0; next && i <= MOST_SCRIPTS; i++) {
		char name[PATH_MAX];
		const char *reason;

		strcpy(name, path);
		reason = why_not_file(path, sizeof(path), &next);
		if (reason != NULL) {
			complain("run: %s %s", name, reason);
			return (false);
		}
	}
	return (true);
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
	status = find_program(argv[optind], program, sizeof(program));
	if (status != STATUS_OK) {
		complain("run: %s: %s", argv[optind],
		    status == STATUS_NOT_FOUND ? "not found" :
		    "not executable");
		return (status);
	}
	if (!is_suitable(program))
		return (STATUS_NOT_EXECUTABLE);
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
