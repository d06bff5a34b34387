/*
 * launch.c: runs one command and writes what it took.
 *
 *	launch [-t SECONDS] [-o FILE] [-e NAME=VALUE]... -- COMMAND [ARG...]
 *
 *	-t	kill the command and its process group after SECONDS
 *	-o	where the line goes; standard error without it
 *	-e	set a variable for the command alone (LD_PRELOAD)
 *
 * The line, of the command and of all its children that it waited for:
 *
 *	WALL USER SYSTEM RSS MINOR MAJOR HOW NUMBER
 *
 * seconds, peak resident KB of the largest process, page faults; HOW is
 * `exit' (NUMBER: status), `signal' (NUMBER: signal) or `timeout'.
 *
 * The exit status is the command's, 128 + the signal, 124 after a timeout, and
 * 125 if the launcher itself failed. SIGTERM and SIGINT are passed on as
 * SIGTERM; a command that does not end within five seconds then is killed.
 *
 * A program of its own, and a small one, because Linux counts the peak memory
 * of a process from what the process that forked it had.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LAUNCH_FAILED 125
#define GRACE 5.0		/* seconds between SIGTERM and SIGKILL */
#define MAXVARS 32

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec + ts.tv_nsec * 1e-9);
}

static double
seconds(struct timeval tv)
{
	return (tv.tv_sec + tv.tv_usec * 1e-6);
}

/* The environment with the variables of -e in place of those it has. */
static char **
environment(char **vars, int nvars)
{
	size_t n = 0, out = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = malloc((n + nvars + 1) * sizeof(*env));
	if (env == NULL)
		err(LAUNCH_FAILED, "malloc");
	for (size_t i = 0; i < n; i++) {
		int replaced = 0;

		for (int v = 0; v < nvars; v++) {
			size_t name = strcspn(vars[v], "=") + 1;

			if (strncmp(environ[i], vars[v], name) == 0)
				replaced = 1;
		}
		if (!replaced)
			env[out++] = environ[i];
	}
	for (int v = 0; v < nvars; v++)
		env[out++] = vars[v];
	env[out] = NULL;
	return (env);
}

/*
 * In a process group of its own, with the signals as they were. vfork, so that
 * nothing is copied: the child may only make system calls and change `failed'.
 */
static pid_t
start(char **argv, char **env, const sigset_t *mask)
{
	static volatile int failed;
	pid_t pid = vfork();

	if (pid < 0)
		err(LAUNCH_FAILED, "vfork");
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, mask, NULL);
		execvpe(argv[0], argv, env);
		failed = errno;
		_exit(127);
	}
	if (failed != 0) {
		errno = failed;
		err(LAUNCH_FAILED, "%s", argv[0]);
	}
	return (pid);
}

/* Waits for the command; 1 if it had to be killed. */
static int
watch(pid_t pid, double limit, const sigset_t *set, int *status,
    struct rusage *usage)
{
	double end = limit > 0 ? now() + limit : 0;
	int killed = 0;

	for (;;) {
		struct timespec wait = { 3600, 0 };
		double left = end - now();
		int sig;

		if (wait4(pid, status, WNOHANG, usage) == pid)
			return (killed);
		if (end > 0 && left <= 0) {
			kill(-pid, SIGKILL);
			killed = 1;
			end = 0;
		} else if (end > 0) {
			wait.tv_sec = (time_t)left;
			wait.tv_nsec = (long)((left - wait.tv_sec) * 1e9);
		}
		sig = sigtimedwait(set, NULL, &wait);
		if (sig == SIGTERM || sig == SIGINT) {
			kill(-pid, SIGTERM);
			end = now() + GRACE;
		}
	}
}

static int
usage_error(void)
{
	fputs("usage: launch [-t SECONDS] [-o FILE] [-e NAME=VALUE]... "
	    "-- COMMAND [ARG...]\n", stderr);
	return (LAUNCH_FAILED);
}

int
main(int argc, char **argv)
{
	char *vars[MAXVARS];
	int nvars = 0, c, status, killed;
	double limit = 0, begin, wall;
	FILE *out = stderr;
	struct rusage usage;
	sigset_t set, mask;
	const char *how;
	char **env;
	pid_t pid;

	while ((c = getopt(argc, argv, "+t:o:e:")) != -1) {
		switch (c) {
		case 't':
			limit = atof(optarg);
			break;
		case 'o':
			out = fopen(optarg, "we");
			if (out == NULL)
				err(LAUNCH_FAILED, "%s", optarg);
			break;
		case 'e':
			if (strchr(optarg, '=') == NULL || nvars == MAXVARS)
				return (usage_error());
			vars[nvars++] = optarg;
			break;
		default:
			return (usage_error());
		}
	}
	if (optind == argc)
		return (usage_error());
	env = environment(vars, nvars);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &mask);

	begin = now();
	pid = start(argv + optind, env, &mask);
	killed = watch(pid, limit, &set, &status, &usage);
	wall = now() - begin;
	kill(-pid, SIGKILL);	/* what it left behind */

	how = killed ? "timeout" : WIFSIGNALED(status) ? "signal" : "exit";
	status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	fprintf(out, "%.6f %.6f %.6f %ld %ld %ld %s %d\n", wall,
	    seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss,
	    usage.ru_minflt, usage.ru_majflt, how, killed ? 0 : status);
	if (fclose(out) != 0)
		err(LAUNCH_FAILED, "cannot write");
	return (killed ? 124 : *how == 's' ? 128 + status : status);
}
