/*
 * target.h - a process, or a core file, as memory to take a snapshot of.
 *
 * Reads and does nothing else: the process is not stopped, gets no signal and
 * no tracer, and needs no preparation.  The library is found by the ELF note
 * that it carries, in memory, since its file may have been replaced.
 */
#ifndef KMA_TARGET_H
#define KMA_TARGET_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root.h"

struct kma_figures;

/* A piece of memory in a core file. */
struct segment {
	uint64_t	s_addr, s_bytes;
	uint64_t	s_offset;	/* in the file */
};

struct target {
	const char	*t_name;	/* as the user gave it */
	pid_t		 t_pid;
	int		 t_fd;		/* /proc/PID, or the core file */
	bool		 t_core;
	struct segment	*t_segment;	/* of a core file */
	size_t		 t_nsegment;
	bool		 t_cut;		/* the file is shorter than it says */
	struct kma_root	 t_root;
	bool		 t_taken;	/* a snapshot, before */

	/* While the library is looked for. */
	bool		 t_found;	/* t_root holds one */
	bool		 t_started;	/* that has a heap */
	bool		 t_other;	/* there is one of another version */
	char		 t_library[16];	/* which is this */
	uint32_t	 t_layout;
};

/*
 * Opens a process (a number) or a core file.  STATUS_OK, or what is wrong,
 * after a message.  Must be closed in either case.
 */
int	target_open(struct target *t, const char *name);
void	target_close(struct target *t);

/*
 * Takes a snapshot; the same results.  Where the process has become another
 * program meanwhile, of that.
 */
int	target_snapshot(struct target *t, struct kma_figures *snap);

#endif /* KMA_TARGET_H */
