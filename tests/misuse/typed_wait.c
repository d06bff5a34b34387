/* A wait that nothing can end, in several ways. */
#include <errno.h>
#include <pthread.h>

#include "typed.h"

/* Waits for room, which is in vain; EDEADLK is what it is told. */
static void *
wait_in_vain(void *arg)
{
	errno = 0;
	if (kma_malloc(1000, M_MISUSED, M_WAITOK) != NULL || errno != EDEADLK)
		_exit(1);
	exit(0);
	return (arg);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "alone";
	char *p = NULL;
	pthread_t t;

	kma_type_setlimit(M_MISUSED, 4096);
	if (strcmp(how, "more") == 0) {
		errno = 0;
		p = kma_malloc(4097, M_MISUSED, M_WAITOK);
	} else if (strcmp(how, "grow") == 0) {
		/* Its own bytes are in the way, whatever others free. */
		if (pthread_create(&t, NULL, (void *(*)(void *))(uintptr_t)
		    pause, NULL) != 0)
			return (1);
		p = typed_block(2048);
		errno = 0;
		p = kma_realloc(p, 5000, M_MISUSED, M_WAITOK);
	} else {
		(void)typed_block(4096);
		if (strcmp(how, "all") == 0)
			for (int i = 0; i < 3; i++)
				if (pthread_create(&t, NULL, wait_in_vain,
				    NULL) != 0)
					return (1);
		wait_in_vain(NULL);
	}
	return (p != NULL || errno != EDEADLK);
}
