/* free() of what a thread had allocated and freed before it ended. */
#include <pthread.h>

#include "misuse.h"

static void *
once(void *arg)
{
	char *p = block(*(size_t *)arg);

	free(p);
	return (opaque(p));
}

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	pthread_t t;
	void *p;

	if (pthread_create(&t, NULL, once, &size) != 0)
		skip("no thread");
	(void)pthread_join(t, &p);
	free(about_to_misuse(p));
	survive(NULL, size);
}
