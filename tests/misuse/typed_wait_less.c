/* A thread waits for more than the limit is all at once. */
#include <errno.h>
#include <pthread.h>

#include "typed.h"

static void *
wait_in_vain(void *arg)
{
	errno = 0;
	return (kma_malloc(3000, M_MISUSED, M_WAITOK) == NULL &&
	    errno == EDEADLK ? arg : NULL);
}

int
main(void)
{
	struct kma_type_figures f;
	pthread_t t;
	void *result;

	kma_type_setlimit(M_MISUSED, 4096);
	(void)typed_block(4096);
	if (pthread_create(&t, NULL, wait_in_vain, &f) != 0)
		return (1);
	do
		kma_type_stats(M_MISUSED, &f);
	while (f.ks_limblocks == 0);
	kma_type_setlimit(M_MISUSED, 2048);
	return (pthread_join(t, &result) != 0 || result != &f);
}
