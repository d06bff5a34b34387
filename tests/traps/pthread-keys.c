/*
 * The program takes every pthread key that there is: the allocator has none
 * of its own, and returns a thread's memory all the same.
 */
#include "conform/tap.h"

#include <limits.h>
#include <pthread.h>

static pthread_key_t keys[PTHREAD_KEYS_MAX];
static int nkey;

/* Also when the destructor of the last key still allocates. */
static void
destructor(void *p)
{
	free(p);
	free(malloc(100));
	free(malloc(100000));
}

static void *
thread(void *arg)
{
	static __thread void *p[64];
	int i;

	for (i = 0; i < nkey; i += 8)
		must(pthread_setspecific(keys[i], malloc(64 + i)) == 0);
	for (i = 0; i < 64; i++)
		must((p[i] = malloc(16u << (i % 16))) != NULL);
	for (i = 0; i < 64; i++)
		free(p[i]);
	return (arg);
}

int
main(int argc, char **argv)
{
	pthread_t t;
	int i, err = 0;

	(void)argc;
	tap_begin(argv, 60);
	free(malloc(100));
	while (nkey < PTHREAD_KEYS_MAX &&
	    (err = pthread_key_create(&keys[nkey], destructor)) == 0)
		nkey++;
	ok(nkey == PTHREAD_KEYS_MAX, "%d of %d keys are the program's", nkey,
	    PTHREAD_KEYS_MAX);
	if (err != 0)
		diag("pthread_key_create: %s", strerror(err));
	for (i = 0; i < 200; i++) {
		must(pthread_create(&t, NULL, thread, NULL) == 0);
		must(pthread_join(t, NULL) == 0);
	}
	ok(1, "200 threads allocated and ended");
	return (tap_end());
}
