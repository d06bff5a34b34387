/*
 * meanwhile.h - what another thread, or a signal, does while memory is given
 * back.  For a test that is linked with --wrap=os_syscall, once.
 */
#ifndef KMA_TEST_MEANWHILE_H
#define KMA_TEST_MEANWHILE_H

#include <sys/syscall.h>

#include <stddef.h>

#include "wrap.h"

/* What happens in the next such call, and in no other. */
static void (*meanwhile)(void);

long
__wrap_os_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	void (*fn)(void) = meanwhile;

	if (nr == SYS_madvise && fn != NULL) {
		meanwhile = NULL;
		fn();
	}
	return (__real_os_syscall(nr, a, b, c, d, e, f));
}

#endif /* KMA_TEST_MEANWHILE_H */
