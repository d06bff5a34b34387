/*
 * dso.c - what the compiler's start files would bring into a shared object.
 *
 * Layer 9.  The library is linked without them: they look for four symbols
 * that nobody has, which costs every program three thousand instructions at
 * its start.  pthread_atfork() wants this one.
 */
#include <pthread.h>

#include "cdefs.h"

KMA_HIDDEN extern void *__dso_handle;

void *__dso_handle = &__dso_handle;

#ifdef __GLIBC__
/*
 * glibc has this one in an archive, from which the linker puts it behind all
 * else.  So near kma_start(), its only caller, the kernel does not map what
 * lies between.
 */
int	__register_atfork(void (*prepare)(void), void (*parent)(void),
	    void (*child)(void), void *dso);

KMA_HIDDEN KMA_START int
pthread_atfork(void (*prepare)(void), void (*parent)(void),
    void (*child)(void))
{
	return (__register_atfork(prepare, parent, child, __dso_handle));
}
#endif
