/*
 * child.c - runs a program once, and measures it.
 *
 * The program is traced for one thing: to be stopped when it is about to end,
 * so that somebody may look whether its allocator is the one that was meant.
 * Where tracing is forbidden it runs without.  Tracing costs the program a stop
 * for each signal that it gets, and the time of the look is taken off again.
 */
#include "child.h"

#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static volatile sig_atomic_t caught;
static volatile pid_t current;

static void
on_signal(int signo)
{
	int saved = errno;

	caught = signo;
	if (current > 0)
		kill(-current, SIGKILL);
	errno = saved;
}

void
child_catch(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction sa = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

int
child_caught(void)
{
	return (caught);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static double
seconds(struct timeval tv)
{
	return ((double)tv.tv_sec + (double)tv.tv_usec / 1e6);
}

uint64_t
child_peak(pid_t pid)
{
	char path[32], line[128];
	unsigned long kb = 0;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fp = fopen(path, "re");
	if (fp == NULL)
		return (0);
	while (fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "VmHWM: %lu", &kb) == 1)
			break;
	fclose(fp);
	return ((uint64_t)kb << 10);
}

/*
 * In the child: waits for the word to start, and becomes the program.  A group
 * of its own, so that all of it can be ended.
 */
static _Noreturn void
become(const struct child *c, int start, int failed)
{
	int error;
	char word;

	if (dup2(c->c_stdin, 0) == 0 && dup2(c->c_stdout, 1) == 1 &&
	    dup2(c->c_stderr, 2) == 2 &&
	    (c->c_preload == NULL || program_preload(c->c_preload)) &&
	    (c->c_options == NULL ||
	    setenv("KMA_OPTIONS", c->c_options, 1) == 0) &&
	    read(start, &word, 1) == 1)
		execv(c->c_path, c->c_argv);
	error = errno;
	if (write(failed, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/* What the tracer has to do at a stop; how long the look took. */
static double
at_stop(struct child *c, pid_t pid, int status)
{
	int event = status >> 16, signo = WSTOPSIG(status);
	double begun = now();

	if (event == PTRACE_EVENT_EXIT) {
		uint64_t peak = child_peak(pid);

		if (peak > c->c_resident)
			c->c_resident = peak;
		c->c_look(c, pid);
		signo = 0;
	} else if (event == PTRACE_EVENT_STOP) {
		/* Stopped as by a shell, until somebody continues it. */
		if (signo == SIGSTOP || signo == SIGTSTP ||
		    signo == SIGTTIN || signo == SIGTTOU) {
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
			return (0);
		}
		signo = 0;
	}
	ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signo);
	return (now() - begun);
}

static void
attend(struct child *c, pid_t pid, double begun)
{
	struct rusage own, ru = { .ru_maxrss = 0 };
	double looked = 0;
	pid_t got;

	do {
		got = wait4(pid, &c->c_status, __WALL, &ru);
		if (got == pid && WIFSTOPPED(c->c_status))
			looked += at_stop(c, pid, c->c_status);
	} while ((got < 0 && errno == EINTR) ||
	    (got == pid && WIFSTOPPED(c->c_status)));
	c->c_wall = now() - begun - looked;
	c->c_cpu = seconds(ru.ru_utime) + seconds(ru.ru_stime);

	/*
	 * The kernel counts what the child was before it became the program:
	 * below what this process has, ru_maxrss says nothing.
	 */
	getrusage(RUSAGE_SELF, &own);
	if ((c->c_resident == 0 || ru.ru_maxrss > own.ru_maxrss) &&
	    (uint64_t)ru.ru_maxrss << 10 > c->c_resident)
		c->c_resident = (uint64_t)ru.ru_maxrss << 10;
}

int
child_run(struct child *c)
{
	int start[2], failed[2], error = 0;
	double begun;
	pid_t pid;

	c->c_resident = 0;
	if (pipe2(start, O_CLOEXEC) != 0)
		return (errno);
	if (pipe2(failed, O_CLOEXEC) != 0) {
		error = errno;
		close(start[0]);
		close(start[1]);
		return (error);
	}
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		setpgid(0, 0);
		close(start[1]);
		become(c, start[0], failed[1]);
	}
	error = pid < 0 ? errno : 0;
	close(start[0]);
	close(failed[1]);
	if (pid > 0) {
		setpgid(pid, pid);
		current = pid;
		if (caught != 0)
			kill(-pid, SIGKILL);
		if (c->c_look != NULL)
			ptrace(PTRACE_SEIZE, pid, NULL,
			    (void *)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL));
		begun = now();
		if (write(start[1], "", 1) == 1)
			attend(c, pid, begun);
		current = 0;
		/* What it left behind would take its time from the next. */
		kill(-pid, SIGKILL);
		if (read(failed[0], &error, sizeof(error)) !=
		    (ssize_t)sizeof(error))
			error = 0;
	}
	close(start[1]);
	close(failed[0]);
	return (error);
}
