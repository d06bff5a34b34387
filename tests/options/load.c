/*
 * A load whose figures are known: THREADS threads, one after the other, each
 * of which keeps LIVE blocks of SIZE bytes and allocates and frees FREED
 * more. Nothing is printed, so that nothing else allocates.
 *
 * usage: load SIZE LIVE FREED [THREADS]	0 threads: in main
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static size_t size, live, freed;

static void *
load(void *arg)
{
	void *volatile p;
	size_t i;

	for (i = 0; i < live; i++)
		if ((p = malloc(size)) == NULL)
			_exit(3);
	for (i = 0; i < freed; i++) {
		if ((p = malloc(size)) == NULL)
			_exit(3);
		free(p);
	}
	return (arg);
}

int
main(int argc, char **argv)
{
	unsigned long n;
	pthread_t t;

	if (argc < 4)
		return (2);
	size = strtoul(argv[1], NULL, 0);
	live = strtoul(argv[2], NULL, 0);
	freed = strtoul(argv[3], NULL, 0);
	n = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;
	if (n == 0)
		(void)load(NULL);
	for (; n > 0; n--)
		if (pthread_create(&t, NULL, load, NULL) != 0 ||
		    pthread_join(t, NULL) != 0)
			return (4);
	return (0);
}
