/*
 * tap.h - what the conformance programs share: TAP output that allocates
 * nothing, the proof that malloc is libkma's, and children that report by
 * their exit status.
 *
 * Include it first.  Each program may assume that after tap_begin() it runs
 * under libkma, or, with KMA_TEST_ANY in the environment, under whatever
 * malloc there is: that is how the expectations are validated on glibc.
 * ok() may be called by the main thread of the first process only; others
 * use must(), which ends them.
 */
#ifndef TAP_H
#define TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/types.h>
#include <sys/wait.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAP_UNUSED	__attribute__((unused))
#define TAP_PRINTF(m, n) __attribute__((unused, format(printf, m, n)))

static int tap_count, tap_failed;
static int tap_kma;			/* malloc is libkma's */

/* One line to a descriptor in one write: no stdio, hence no malloc. */
static void
tap_vline(int fd, const char *prefix, const char *fmt, va_list ap)
{
	char line[512];
	size_t len;
	int n;

	len = strlen(prefix);
	memcpy(line, prefix, len);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(fd, line, len) < 0)
		_exit(98);
}

TAP_PRINTF(1, 2) static void
diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline(1, "# ", fmt, ap);
	va_end(ap);
}

TAP_PRINTF(4, 5) static int
tap_ok(int cond, const char *file, int line, const char *fmt, ...)
{
	char prefix[40];
	va_list ap;

	snprintf(prefix, sizeof(prefix), "%sok %d - ", cond ? "" : "not ",
	    ++tap_count);
	va_start(ap, fmt);
	tap_vline(1, prefix, fmt, ap);
	va_end(ap);
	if (!cond) {
		tap_failed++;
		diag("failed at %s:%d", file, line);
	}
	return (cond);
}

#define ok(cond, ...)	tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

/* A promise that libkma makes and other allocators do not. */
#define ok_kma(cond, ...) do {						\
	if (tap_kma)							\
		ok(cond, __VA_ARGS__);					\
	else								\
		skip("only libkma promises: " #cond);			\
} while (0)

TAP_PRINTF(1, 2) static void
skip(const char *fmt, ...)
{
	char prefix[40];
	va_list ap;

	snprintf(prefix, sizeof(prefix), "ok %d # SKIP ", ++tap_count);
	va_start(ap, fmt);
	tap_vline(1, prefix, fmt, ap);
	va_end(ap);
}

/* Ends the program: nothing of it can run here, for the reason given. */
TAP_PRINTF(1, 2) static void
skip_all(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline(1, "1..0 # SKIP ", fmt, ap);
	va_end(ap);
	exit(0);
}

TAP_PRINTF(1, 2) static void
bail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline(1, "Bail out! ", fmt, ap);
	va_end(ap);
	_exit(99);
}

/* In threads and children: true, or the process ends with a message. */
TAP_PRINTF(4, 5) static void
tap_must(int cond, const char *file, int line, const char *fmt, ...)
{
	char prefix[PATH_MAX];
	va_list ap;

	if (cond)
		return;
	snprintf(prefix, 128, "%.80s:%d: ", file, line);
	va_start(ap, fmt);
	tap_vline(2, prefix, fmt, ap);
	va_end(ap);
	_exit(97);
}

#define must(cond)							\
	tap_must(!!(cond), __FILE__, __LINE__, "must hold: %s", #cond)

/* The library under test, or NULL. */
TAP_UNUSED static const char *
tap_libkma(void)
{
	static char path[PATH_MAX];
	const char *env;

	env = getenv("LIBKMA");
	if (realpath(env != NULL ? env : "lib/.libs/libkma.so", path) == NULL)
		return (NULL);
	return (path);
}

/* Whether the function at addr comes from libkma. */
static int
tap_from_kma(void *addr)
{
	Dl_info info;
	const char *base;

	if (addr == NULL || dladdr(addr, &info) == 0 || info.dli_fname == NULL)
		return (0);
	base = strrchr(info.dli_fname, '/');
	base = base != NULL ? base + 1 : info.dli_fname;
	return (strncmp(base, "libkma.so", 9) == 0);
}

static int
tap_is_kma(void)
{
	return (tap_from_kma(dlsym(RTLD_DEFAULT, "malloc")) &&
	    tap_from_kma(dlsym(RTLD_DEFAULT, "free")) &&
	    tap_from_kma((void *)(uintptr_t)&malloc));
}

/*
 * The path of a module of the tests, built beside the program or in the
 * directory KMA_TEST_MODULES.
 */
TAP_UNUSED static const char *
tap_module(const char *name)
{
	static char path[4][PATH_MAX + 64];
	static unsigned turn;
	char dir[PATH_MAX], *p, *slash;
	ssize_t n;

	p = path[turn++ % 4];
	n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (n <= 0)
		bail("no /proc/self/exe");
	dir[n] = '\0';
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	if (getenv("KMA_TEST_MODULES") != NULL)
		snprintf(dir, sizeof(dir), "%s", getenv("KMA_TEST_MODULES"));
	snprintf(p, sizeof(path[0]), "%s/.libs/%s.so", dir, name);
	if (access(p, R_OK) != 0)
		snprintf(p, sizeof(path[0]), "%s/%s.so", dir, name);
	if (access(p, R_OK) != 0)
		bail("module %s is not built", name);
	return (p);
}

/*
 * Makes sure that libkma serves this program, by running it again with
 * LD_PRELOAD if need be.  The program is killed after so many seconds.
 */
TAP_UNUSED static void
tap_begin(char **argv, unsigned seconds)
{
	char preload[2 * PATH_MAX];
	const char *lib, *old;

	alarm(seconds);
	tap_kma = tap_is_kma();
	if (tap_kma || getenv("KMA_TEST_ANY") != NULL)
		return;
	if (getenv("KMA_TEST_REEXEC") != NULL)
		bail("preloaded, but malloc is not libkma's");
	if ((lib = tap_libkma()) == NULL)
		bail("no libkma.so: set LIBKMA to its path");
	old = getenv("LD_PRELOAD");
	snprintf(preload, sizeof(preload), "%s%s%s", lib,
	    old != NULL ? ":" : "", old != NULL ? old : "");
	setenv("LD_PRELOAD", preload, 1);
	setenv("KMA_TEST_REEXEC", "1", 1);
	execv("/proc/self/exe", argv);
	bail("cannot run again: %s", strerror(errno));
}

/* Runs the program again, with one argument and a module preloaded as well. */
TAP_UNUSED static void
tap_again_with(char **argv, const char *module)
{
	char preload[2 * PATH_MAX];
	const char *old = getenv("LD_PRELOAD");

	snprintf(preload, sizeof(preload), "%s%s%s", old != NULL ? old : "",
	    old != NULL ? ":" : "", tap_module(module));
	setenv("LD_PRELOAD", preload, 1);
	execl("/proc/self/exe", argv[0], "again", (char *)NULL);
	bail("cannot run again");
}

/* The plan, last; returns the program's exit status. */
TAP_UNUSED static int
tap_end(void)
{
	char line[32];
	int n;

	n = snprintf(line, sizeof(line), "1..%d\n", tap_count);
	if (write(1, line, (size_t)n) < 0)
		return (98);
	return (tap_failed != 0);
}

/* Waits for a child; 0 if it exited with 0, else says how it ended. */
TAP_UNUSED static int
tap_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return (-1);
	if (WIFSIGNALED(status))
		diag("child killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		diag("child exited with %d", WEXITSTATUS(status));
	return (status);
}

/* This program again, as a new process, with arguments of its own. */
TAP_UNUSED static pid_t
tap_spawn_self(const char *arg1, const char *arg2)
{
	char *args[4];
	pid_t pid;

	args[0] = (char *)(uintptr_t)"self";
	args[1] = (char *)(uintptr_t)arg1;
	args[2] = (char *)(uintptr_t)arg2;
	args[3] = NULL;
	if ((pid = fork()) == 0) {
		execv("/proc/self/exe", args);
		_exit(96);
	}
	return (pid);
}

TAP_UNUSED static int
tap_run_self(const char *arg1, const char *arg2)
{
	return (tap_wait(tap_spawn_self(arg1, arg2)));
}

/* A function in a forked child; it returns the child's exit status. */
TAP_UNUSED static int
tap_run_child(int (*fn)(void))
{
	pid_t pid;

	if ((pid = fork()) == 0)
		_exit(fn());
	return (tap_wait(pid));
}

#endif /* TAP_H */
