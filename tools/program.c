/*
 * program.c - the library, and a program to run with it.
 */
#include "program.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

#ifdef __x86_64__
#define MACHINE		EM_X86_64
#else
#define MACHINE		EM_AARCH64
#endif

#define LIBRARY		"libkma.so.0"
#define MOST_SCRIPTS	4	/* interpreters of interpreters */

/*
 * The library.
 */

static bool
try_library(char *path, size_t size, const char *dir, const char *below)
{
	int n = snprintf(path, size, "%s%s/%s", dir, below, LIBRARY);

	return (n > 0 && (size_t)n < size && access(path, R_OK) == 0);
}

bool
library_can_preload(const char *who, const char *path)
{
	if (strpbrk(path, ": ") == NULL)
		return (true);
	complain("%s: LD_PRELOAD cannot name a path with a colon or a blank: "
	    "%s", who, path);
	return (false);
}

/*
 * Beside the command, in the build tree or where both were installed; or where
 * it was to be installed.
 */
bool
library_find(const char *who, char *path, size_t size)
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
			complain("%s: no %s, neither beside %s nor in %s", who,
			    LIBRARY, dir, KMA_LIBDIR);
			return (false);
		}
	if (realpath(path, dir) != NULL && strlen(dir) < size)
		strcpy(path, dir);
	return (library_can_preload(who, path));
}

bool
program_preload(const char *library)
{
	const char *old = getenv("LD_PRELOAD");
	char *value = NULL;
	bool done;

	if (old == NULL || *old == '\0')
		return (setenv("LD_PRELOAD", library, 1) == 0);
	if (asprintf(&value, "%s:%s", library, old) < 0)
		return (false);
	done = setenv("LD_PRELOAD", value, 1) == 0;
	free(value);
	return (done);
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
search(const char *name, char *path, size_t size)
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
is_suitable(const char *who, const char *program)
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
			complain("%s: %s %s", who, name, reason);
			return (false);
		}
	}
	return (true);
}

int
program_find(const char *who, const char *name, char *path, size_t size)
{
	int status = search(name, path, size);

	if (status != STATUS_OK)
		complain("%s: %s: %s", who, name,
		    status == STATUS_NOT_FOUND ? "not found" :
		    "not executable");
	else if (!is_suitable(who, path))
		status = STATUS_NOT_EXECUTABLE;
	return (status);
}

bool
tool_find(const char *name, char *path, size_t size)
{
	return (search(name, path, size) == STATUS_OK);
}
