/*
 * freeres.c - the end of a program under valgrind.
 *
 * Layer 9.  No state.  When a program has ended, and before memcheck looks for
 * leaks, valgrind has the C library free what it keeps.  It calls by name, so
 * that it finds this function first, and nothing of the program runs after it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "cdefs.h"
#include "valgrind.h"

void	__libc_freeres(void);

KMA_EXPORT void
__libc_freeres(void)
{
	void (*real)(void) = (void (*)(void))dlsym(RTLD_NEXT,
	    "__libc_freeres");

	if (real != NULL)
		real();
	valgrind_end();
}
