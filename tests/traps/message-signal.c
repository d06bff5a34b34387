/*
 * What libkma writes on its own account is never the program's end: not where
 * standard error is a pipe without a reader, nor where it is a file that may
 * not grow.  The program has not asked, and finds no signal pending after.
 */
#include "conform/tap.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <signal.h>

static char file[64];

static int
dead_pipe(void)
{
	int fd[2];

	if (pipe(fd) != 0)
		return (-1);
	close(fd[0]);
	return (fd[1]);
}

static int
full_file(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_FSIZE, &none) != 0)
		return (-1);
	return (open(file, O_WRONLY | O_APPEND));
}

/* The status of this program in the role of a victim, with such a stderr. */
static int
status_of(int (*make)(void), const char *options)
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		if (dup2(make(), 2) != 2 ||
		    setenv("KMA_OPTIONS", options, 1) != 0)
			_exit(97);
		execl("/proc/self/exe", "message-signal", "victim",
		    (char *)NULL);
		_exit(98);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return (-1);
	return (status);
}

/* Makes a message, and exits with 7 if that has left nothing behind. */
static int
victim(void)
{
	sigset_t pending;
	int on_stack;

	free(&on_stack);
	if (sigpending(&pending) != 0 || !sigisemptyset(&pending) ||
	    sigprocmask(SIG_BLOCK, NULL, &pending) != 0 ||
	    !sigisemptyset(&pending))
		return (96);
	return (7);
}

static void
try(const char *name, int (*make)(void))
{
	static const char *const options[] = {
		"abort=no", "abort=no,diagnostic=leaks", "abort=no,stats",
		"abort=no,unknown",
	};
	size_t i;
	int status;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		status = status_of(make, options[i]);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == 7,
		    "%s, %s: status %#x", name, options[i], (unsigned)status);
	}
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc == 2)
		return (victim());
	tap_begin(argv, 60);
	strcpy(file, "/tmp/message-signal.XXXXXX");
	must((fd = mkstemp(file)) >= 0);
	close(fd);
	try("a pipe without a reader", dead_pipe);
	try("a file at its limit", full_file);
	unlink(file);
	return (tap_end());
}
