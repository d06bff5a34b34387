/*
 * thread-minstack - threads with the smallest legal stack can be created and
 * can allocate.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

static void *
worker(void *arg)
{
	char *p, *q;
	size_t size;

	for (size = 1; size < 4 * MB; size += size / 2 + 1) {
		p = (char *)malloc(size);
		q = (char *)calloc(1, size);
		must(p != NULL && q != NULL);
		p[size - 1] = 1;
		must(q[size - 1] == 0);
		p = (char *)realloc(p, 2 * size);
		must(p != NULL && p[size - 1] == 1);
		free(q);
		free(p);
		must(realloc(NULL, (size_t)PTRDIFF_MAX) == NULL);
	}
	return (arg);
}

static int
run(size_t stack, int threads)
{
	pthread_attr_t attr;
	pthread_t t;
	int i, rc;

	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, stack) != 0)
		return (-1);
	for (i = rc = 0; i < threads && rc == 0; i++)
		if ((rc = pthread_create(&t, &attr, worker, NULL)) == 0)
			pthread_join(t, NULL);
	pthread_attr_destroy(&attr);
	return (rc);
}

int
main(int argc, char **argv)
{
	int rc;

	(void)argc;
	tap_begin(argv, 60);
	rc = run((size_t)sysconf(_SC_THREAD_STACK_MIN), 50);
	ok(rc == 0, "PTHREAD_STACK_MIN of this machine: %s", strerror(rc));
	rc = run(16384, 50);
	if (rc == -1)
		skip("16 KB is not legal here");
	else
		ok(rc == 0, "PTHREAD_STACK_MIN of old, 16 KB: %s",
		    strerror(rc));
	return (tap_end());
}
