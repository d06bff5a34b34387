/*
 * in_child.h - misuse in a child after fork.
 */
#ifndef IN_CHILD_H
#define IN_CHILD_H

#include <signal.h>
#include <sys/wait.h>

#include "misuse.h"

/* Returns in a child; the parent ends as the child does. */
static inline void
in_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		return;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		skip("fork fails");
	if (WIFSIGNALED(status)) {
		(void)signal(WTERMSIG(status), SIG_DFL);
		(void)raise(WTERMSIG(status));
	}
	_exit(WEXITSTATUS(status));
}

#endif /* IN_CHILD_H */
