/*
 * start.h - what happens at the program's start and end, and at fork.
 *
 * Layer 9.
 */
#ifndef KMA_START_H
#define KMA_START_H

#include <stdbool.h>

#include "cdefs.h"

/*
 * Is it known that the process has not begun to exit?  Destructors run for an
 * object that is unloaded and at exit alike.  Before the first dlopen nothing
 * can be unloaded, and nothing is known.
 */
bool	start_still_running(void);
/* From dlopen, before it does its work. */
void	start_watch_exit(void);

/* The constructor, here so that malloc.c takes it along out of an archive. */
void	kma_start(int argc, char **argv, char **envp);
/* malloc.c's, so that kma.c takes malloc along. */
extern KMA_HIDDEN void (*const start_with_malloc)(int, char **, char **);

#endif /* KMA_START_H */
