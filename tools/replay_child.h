/*
 * replay_child.h - between the process that replays for real and the one that
 * started it.
 */
#ifndef KMA_REPLAY_CHILD_H
#define KMA_REPLAY_CHILD_H

#include <stdint.h>

/* kma replay --child FULL SPOOL RESULT OPERATIONS SLOTS THREADS */
enum child_argument {
	CHILD_SELF,
	CHILD_FULL,	/* 0: an empty run, all but the calls */
	CHILD_SPOOL,	/* descriptors */
	CHILD_RESULT,
	CHILD_OPS,
	CHILD_SLOTS,
	CHILD_THREADS,
	CHILD_ARGUMENTS
};

struct child_result {
	int32_t		cr_fault;	/* errno of what went wrong, or 0 */
	char		cr_what[60];	/* what that was */
	char		cr_malloc[256];	/* the file that malloc comes from */
	double		cr_cpu, cr_wall;	/* seconds */
	uint64_t	cr_peak;	/* bytes resident */
	uint64_t	cr_failed;	/* requests */
};

#endif /* KMA_REPLAY_CHILD_H */
