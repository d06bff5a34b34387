/*
 * compare_child.c - one run of the program for kma compare: what it reads and
 * writes, whether it did well, and whether its allocator was the one meant.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "compare.h"
#include "kma.h"
#include "target.h"

#define LAST_WORDS	2000	/* bytes of what a failed program said */

/* What was seen in a process that was about to end. */
struct look {
	struct contender *l_contender;
	bool		 l_looked, l_found, l_kma;
	bool		 l_called;	/* libkma, at least once */
};

/*
 * Looking.
 */

/* Is a library mapped: that of the path, and any libkma? */
static void
look_at_maps(struct look *l, pid_t pid)
{
	char path[32], *line = NULL, *file, *base;
	size_t size = 0;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	fp = fopen(path, "re");
	if (fp == NULL)
		return;
	while (getline(&line, &size, fp) > 0) {
		file = strchr(line, '/');
		if (file == NULL)
			continue;
		file[strcspn(file, "\n")] = '\0';
		base = strrchr(file, '/') + 1;
		if (strcmp(file, l->l_contender->c_path) == 0)
			l->l_found = true;
		if (strncmp(base, "libkma.so", 9) == 0)
			l->l_kma = true;
		l->l_looked = true;
	}
	free(line);
	fclose(fp);
}

static bool
has_calls(pid_t pid)
{
	static struct kma_figures snap;
	struct target t;
	char name[16];
	bool called = true;	/* as long as nothing else is known */

	snprintf(name, sizeof(name), "%d", (int)pid);
	if (target_open(&t, name) == STATUS_OK &&
	    target_snapshot(&t, &snap) == STATUS_OK)
		called = snap.sn_totals.st_calls > 0;
	target_close(&t);
	return (called);
}

static void
look(struct child *c, pid_t pid)
{
	struct look *l = c->c_arg;

	look_at_maps(l, pid);
	l->l_called = l->l_contender->c_kind != KIND_KMA || !l->l_found ||
	    l->l_contender->c_proved || has_calls(pid);
}

static int
judge(const struct comparison *cmp, struct contender *c, const struct look *l)
{
	const char *program = cmp->cmp_argv[0];

	if (!l->l_looked) {
		if (!c->c_proved)
			complain("compare: %s could not be looked into: no "
			    "proof that %s serves it", program, c->c_name);
	} else if (c->c_kind == KIND_GLIBC && l->l_kma) {
		complain("compare: nothing compared: %s has libkma already, "
		    "by LD_PRELOAD or linked", program);
		return (STATUS_PROGRAM_FAILED);
	} else if (c->c_kind != KIND_GLIBC && !l->l_found) {
		complain("compare: nothing compared: %s does not get into %s: "
		    "it drops LD_PRELOAD", c->c_name, program);
		return (STATUS_PROGRAM_FAILED);
	} else if (!l->l_called)
		complain("compare: %s never calls libkma's malloc: it has one "
		    "of its own, or none", program);
	c->c_proved = true;
	return (STATUS_OK);
}

/* Valgrind names in its log each object that it reads. */
static bool
in_log(const char *path, const char *library)
{
	FILE *fp = fopen(path, "re");
	char *line = NULL, *at;
	size_t size = 0;
	bool found = false;

	if (fp == NULL)
		return (false);
	while (!found && getline(&line, &size, fp) > 0) {
		line[strcspn(line, "\n")] = '\0';
		at = strstr(line, "Reading syms from ");
		found = at != NULL && strcmp(at + 18, library) == 0;
	}
	free(line);
	fclose(fp);
	return (found);
}

static int
judge_logs(const struct comparison *cmp, const struct contender *c)
{
	DIR *dir = opendir(cmp->cmp_dir);
	bool found = c->c_kind == KIND_GLIBC;
	struct dirent *de;

	while (dir != NULL && (de = readdir(dir)) != NULL) {
		char path[2 * PATH_MAX];

		if (strncmp(de->d_name, "log.", 4) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", cmp->cmp_dir,
		    de->d_name);
		if (!found)
			found = in_log(path, c->c_path);
		unlink(path);
	}
	if (dir != NULL)
		closedir(dir);
	if (!found)
		complain("compare: %s is not in %s under valgrind: left out",
		    c->c_name, cmp->cmp_argv[0]);
	return (found ? STATUS_OK : STATUS_PROGRAM_FAILED);
}

/*
 * Input and output.
 */

/* Each run reads the same file from the same place. */
static int
open_input(const struct comparison *cmp)
{
	char path[32];
	int fd;

	if (cmp->cmp_stdin < 0)
		return (open("/dev/null", O_RDONLY | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", cmp->cmp_stdin);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		lseek(fd, cmp->cmp_offset, SEEK_SET);
	return (fd);
}

static int
open_errors(const struct comparison *cmp)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/err", cmp->cmp_dir);
	return (open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
	    0600));
}

/* From its end, and no half lines. */
static void
show_last_words(int fd)
{
	char text[LAST_WORDS + 1], *line = text, *end;
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > LAST_WORDS ? size - LAST_WORDS : 0;
	ssize_t n = pread(fd, text, LAST_WORDS, from);

	text[n > 0 ? n : 0] = '\0';
	if (from > 0 && (end = strchr(text, '\n')) != NULL)
		line = end + 1;
	for (; *line != '\0'; line = end) {
		end = strchrnul(line, '\n');
		fprintf(stderr, "    %.*s\n", (int)(end - line), line);
		end += *end != '\0';
	}
}

static void
append(int to, int from)
{
	char buf[1 << 14];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, buf, sizeof(buf), at)) > 0) {
		if (write(to, buf, (size_t)n) != n)
			break;
		at += n;
	}
}

/*
 * The run.
 */

static void
say_failed(const struct comparison *cmp, const struct contender *c, bool plain,
    int status)
{
	const char *what = plain ? "nothing compared: " : "";
	const char *where = plain ? "" : " under valgrind: left out";

	if (WIFSIGNALED(status))
		complain("compare: %s%s was ended by signal %d (%s) with %s%s",
		    what, cmp->cmp_argv[0], WTERMSIG(status),
		    strsignal(WTERMSIG(status)), c->c_name, where);
	else
		complain("compare: %s%s ended with exit status %d with %s%s",
		    what, cmp->cmp_argv[0], WEXITSTATUS(status), c->c_name,
		    where);
}

static int
run(const struct comparison *cmp, struct contender *c, bool plain,
    struct child *child)
{
	int error = child_run(child), status = STATUS_OK;

	if (child_caught() != 0)
		return (STATUS_FAILED);
	if (cmp->cmp_stdout >= 0)
		append(cmp->cmp_stdout, child->c_stderr);
	if (error != 0) {
		complain("compare: %s: %s", child->c_path, strerror(error));
		status = STATUS_NOT_EXECUTABLE;
	} else if (child->c_status != 0) {
		say_failed(cmp, c, plain, child->c_status);
		show_last_words(child->c_stderr);
		status = STATUS_PROGRAM_FAILED;
	}
	return (status);
}

/* The words of valgrind's command line, and then the program's. */
static char **
join(const struct comparison *cmp, const char *const *valgrind)
{
	size_t n = 0, m = 0, at = 0;
	char **all;

	while (valgrind[n] != NULL)
		n++;
	while (cmp->cmp_argv[m] != NULL)
		m++;
	all = calloc(n + m + 1, sizeof(*all));
	if (all == NULL)
		return (NULL);
	for (size_t i = 0; i < n; i++)
		all[at++] = (char *)(uintptr_t)valgrind[i];
	all[at++] = (char *)(uintptr_t)cmp->cmp_program;
	for (size_t i = 1; i < m; i++)
		all[at++] = cmp->cmp_argv[i];
	return (all);
}

int
compare_child(struct comparison *cmp, struct contender *c,
    const char *const *valgrind, const char *options, struct child *child)
{
	struct look l = { .l_contender = c };
	char **words = valgrind != NULL ? join(cmp, valgrind) : NULL;
	bool plain = valgrind == NULL;
	int status = STATUS_FAILED;

	*child = (struct child){
	    .c_path = plain ? cmp->cmp_program : cmp->cmp_valgrind,
	    .c_argv = plain ? cmp->cmp_argv : words,
	    .c_preload = c->c_kind == KIND_GLIBC ? NULL : c->c_path,
	    .c_options = options,
	    .c_look = plain ? look : NULL,
	    .c_arg = &l,
	    .c_stdin = open_input(cmp),
	    .c_stdout = cmp->cmp_stdout >= 0 ? dup(cmp->cmp_stdout) :
	    open("/dev/null", O_WRONLY | O_CLOEXEC),
	    .c_stderr = open_errors(cmp),
	};
	if (child->c_stdin < 0 || child->c_stdout < 0 || child->c_stderr < 0 ||
	    (!plain && words == NULL))
		complain("compare: %s", strerror(errno));
	else
		status = run(cmp, c, plain, child);
	if (status == STATUS_OK)
		status = plain ? judge(cmp, c, &l) : judge_logs(cmp, c);
	free(words);
	close(child->c_stdin);
	close(child->c_stdout);
	close(child->c_stderr);
	return (status);
}
