/* One thread frees what another has already freed. */
#include <pthread.h>

#include "misuse.h"

static void *
again(void *p)
{
	free(about_to_misuse(p));
	return (NULL);
}

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);
	pthread_t t;

	free(p);
	if (pthread_create(&t, NULL, again, p) != 0)
		skip("no thread");
	(void)pthread_join(t, NULL);
	survive(NULL, size);
}
