/*
 * race.c - two threads free the same blocks at the same time, thousands of
 * times: of each block exactly one free is told to be the second.
 */
#include "../conform/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>

#define N	4000

static void *block[N];
static unsigned turn[2];	/* which block each thread is at */

static void *
freer(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < N; i++) {
		__atomic_store_n(&turn[me], i + 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&turn[!me], __ATOMIC_SEQ_CST) < i + 1)
			;
		free(block[i]);
	}
	return (NULL);
}

static void
free_all_twice(void)
{
	pthread_t t;
	size_t i;

	for (i = 0; i < N; i++)
		must((block[i] = malloc(i % 300 + (i % 50 == 0) * 9000)) !=
		    NULL);
	must(pthread_create(&t, NULL, freer, (void *)(uintptr_t)1) == 0);
	freer(NULL);
	must(pthread_join(t, NULL) == 0);
}

/* Each message has one first line. */
static unsigned
messages(const char *path)
{
	char line[4096];
	unsigned n = 0;
	FILE *fp;

	must((fp = fopen(path, "r")) != NULL);
	while (fgets(line, sizeof(line), fp) != NULL)
		n += strstr(line, "): duplicated free") != NULL;
	fclose(fp);
	return (n);
}

int
main(int argc, char **argv)
{
	char path[] = "/tmp/kma-race.XXXXXX";
	unsigned n;
	int fd;

	(void)argc;
	setenv("KMA_OPTIONS", "diagnostic,abort=no", 1);
	tap_begin(argv, 300);
	must((fd = mkstemp(path)) >= 0);
	must(dup2(fd, 2) == 2);
	free_all_twice();
	n = messages(path);
	unlink(path);
	ok(n == N, "%u of %u second frees are told, each once", n, N);
	return (tap_end());
}
