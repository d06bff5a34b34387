/* One thread frees what another has already freed. */
#include <pthread.h>

#include "misuse.h"

static pthread_barrier_t freed;
static char *p;

/* Starting a thread allocates: so this one starts before the block is free. */
static void *
again(void *arg)
{
	(void)pthread_barrier_wait(&freed);
	free(about_to_misuse(p));
	return (arg);
}

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	pthread_t t;

	(void)pthread_barrier_init(&freed, NULL, 2);
	if (pthread_create(&t, NULL, again, NULL) != 0)
		skip("no thread");
	p = block(size);
	free(p);
	(void)pthread_barrier_wait(&freed);
	(void)pthread_join(t, NULL);
	survive(NULL, size);
}
