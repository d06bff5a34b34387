/*
 * Threads with the smallest stack that the system allows: they start, and
 * every path of the allocator fits.
 */
#include "conform/tap.h"

#include <malloc.h>
#include <pthread.h>

static void *
thread(void *arg)
{
	static const size_t sizes[] = {
		1, 24, 100, 1000, 4096, 8192, 20000, 262144, 1000000, 30000000
	};
	size_t i, j;
	void *p;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *many[20];

		for (j = 0; j < 20; j++)
			must((many[j] = malloc(sizes[i])) != NULL);
		for (j = 0; j < 20; j++)
			free(many[j]);
		must((p = calloc(1, sizes[i])) != NULL);
		must((p = realloc(p, 2 * sizes[i])) != NULL);
		free(p);
		must(posix_memalign(&p, 16384, sizes[i]) == 0);
		free(p);
	}
	(void)malloc_trim(0);
	return (arg);
}

int
main(int argc, char **argv)
{
	size_t size = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attr;
	pthread_t t[8];
	int err, i, round;

	(void)argc;
	tap_begin(argv, 60);
	must(pthread_attr_init(&attr) == 0);
	must(pthread_attr_setstacksize(&attr, size) == 0);
	err = pthread_create(&t[0], &attr, thread, NULL);
	if (!ok(err == 0, "a thread with a stack of %zu bytes", size)) {
		diag("pthread_create: %s", strerror(err));
		return (tap_end());
	}
	must(pthread_join(t[0], NULL) == 0);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 8; i++)
			must(pthread_create(&t[i], &attr, thread, NULL) == 0);
		for (i = 0; i < 8; i++)
			must(pthread_join(t[i], NULL) == 0);
	}
	ok(1, "160 such threads went through every path");
	return (tap_end());
}
