/*
 * child.h - runs a program once, and measures it.
 */
#ifndef KMA_CHILD_H
#define KMA_CHILD_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct child {
	/* What to run, and how. */
	const char	*c_path;
	char *const	*c_argv;
	const char	*c_preload;	/* put before LD_PRELOAD, or NULL */
	const char	*c_options;	/* KMA_OPTIONS, or NULL: as it is */
	int		 c_stdin, c_stdout, c_stderr;
	/*
	 * Called when the process is about to end, with all of its memory
	 * there still; or NULL.
	 */
	void		(*c_look)(struct child *c, pid_t pid);
	void		*c_arg;

	/* What became of it. */
	int		 c_status;	/* wait(2)'s */
	double		 c_wall, c_cpu;	/* seconds; cpu of children as well */
	uint64_t	 c_resident;	/* bytes, of the largest process */
};

/* 0, or an errno: then it never ran. */
int	child_run(struct child *c);

/* Its memory's peak, as /proc has it; 0 if that is not to be known. */
uint64_t	child_peak(pid_t pid);

/*
 * From child_catch() on, a signal that would end this process ends the child
 * first.  child_caught() is that signal, or 0.
 */
void	child_catch(void);
int	child_caught(void);

#endif /* KMA_CHILD_H */
