/*
 * os_thread.c - signs of life of threads.
 *
 * Layer 1.  Owns no state; a struct os_life has no lock but itself.  Rests
 * on robust mutexes: when their owner ends, however it ends, the kernel says
 * so to the next who tries.  A thread-specific key would take one of the
 * program's 1,024, and __cxa_thread_atexit_impl waits for the loader's lock,
 * which a constructor that joins a thread holds for ever.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "os.h"

void
os_life_init(struct os_life *life)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&life->life_mutex, &attr);
}

bool
os_life_claim(struct os_life *life)
{
	int error = pthread_mutex_trylock(&life->life_mutex);

	if (error == EOWNERDEAD)
		error = pthread_mutex_consistent(&life->life_mutex);
	return (error == 0);
}

void
os_life_release(struct os_life *life)
{
	pthread_mutex_unlock(&life->life_mutex);
}

/*
 * glibc's fork leaves the child's thread without any robust mutex; musl's
 * leaves it those that it had, and to begin one anew would tie a knot in their
 * list.
 */
void
os_life_go_on(struct os_life *life)
{
#ifdef __GLIBC__
	os_life_init(life);
	os_life_claim(life);
#else
	(void)life;
#endif
}
