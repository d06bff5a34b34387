/*
 * start.c - what happens at the program's start and end, and at fork.
 *
 * Layer 9.  No state.  The allocator does not wait for this: it makes itself
 * ready at the first call, which may come before any constructor has run, or
 * never.
 */
#include <pthread.h>

#include "cdefs.h"
#include "kmem.h"
#include "options.h"
#include "start.h"
#include "stats.h"

__attribute__((constructor)) void
kma_start(void)
{
	options_read();
	pthread_atfork(kmem_prefork, kmem_postfork_parent,
	    kmem_postfork_child);
	stats_start();
}

static __attribute__((destructor)) void
at_exit(void)
{
	stats_exit();
}
