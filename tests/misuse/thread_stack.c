/* A thread frees an address on its stack. */
#include <pthread.h>

#include "misuse.h"

static void *
own_stack(void *arg)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	free(about_to_misuse((char *)opaque(buf) + 64));
	return (arg);
}

int
main(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, own_stack, NULL) != 0)
		skip("no thread");
	(void)pthread_join(t, NULL);
	survive(NULL, 64);
}
