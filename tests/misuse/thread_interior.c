/* A thread frees an address inside another thread's block. */
#include <pthread.h>

#include "misuse.h"

static void *
inside(void *p)
{
	free(about_to_misuse((char *)p + 16));
	return (NULL);
}

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);
	pthread_t t;

	if (pthread_create(&t, NULL, inside, p) != 0)
		skip("no thread");
	(void)pthread_join(t, NULL);
	survive(p, size);
}
