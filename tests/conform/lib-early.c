/*
 * lib-early - a library that allocates in its constructor, keeps the blocks,
 * registers fork and exit handlers that allocate, and allocates in its
 * destructor.  Built twice: as lib-early, and as lib-first, which the loader
 * initialises before any other object (-z initfirst).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N	2000

int	early_check(void);
int	early_forks(void);

static unsigned char *kept[N];
static int handlers;

static size_t
size_of(int i)
{
	return ((size_t)(i * 37 % 9000 + (i % 100 == 0 ? 300000 : 1)));
}

static void
die(const char *why)
{
	if (write(2, why, strlen(why)) < 0)
		_exit(94);
	_exit(93);
}

static void
at_fork(void)
{
	void *p;

	if ((p = malloc(5000)) == NULL)
		die("lib-early: no memory in a fork handler\n");
	free(p);
	handlers++;
}

static void
at_exit(void)
{
	void *p;

	if ((p = calloc(1, 7000)) == NULL)
		die("lib-early: no memory in an exit handler\n");
	free(p);
}

static void __attribute__((constructor))
early_begin(void)
{
	int i;

	for (i = 0; i < N; i++) {
		kept[i] = i % 2 ? malloc(size_of(i)) : calloc(1, size_of(i));
		if (kept[i] == NULL)
			die("lib-early: no memory in the constructor\n");
		memset(kept[i], i, size_of(i));
		if (i % 3 == 0) {
			free(kept[i]);
			kept[i] = malloc(size_of(i));
			memset(kept[i], i, size_of(i));
		}
	}
	for (i = 0; i < N; i += 5) {
		kept[i] = realloc(kept[i], size_of(i) * 2);
		if (kept[i] == NULL)
			die("lib-early: no memory for realloc\n");
	}
	pthread_atfork(at_fork, at_fork, at_fork);
	atexit(at_exit);
}

static void __attribute__((destructor))
early_end(void)
{
	int i;

	for (i = 0; i < N; i++)
		free(kept[i]);
	at_exit();
}

/* 1 if every block of the constructor is intact; frees half of them. */
int
early_check(void)
{
	size_t k;
	int good, i;

	good = 1;
	for (i = 0; i < N; i++) {
		if (kept[i] == NULL)
			return (0);
		for (k = 0; k < size_of(i); k++)
			good &= kept[i][k] == (unsigned char)i;
	}
	for (i = 0; i < N; i += 2) {
		free(kept[i]);
		kept[i] = NULL;
	}
	return (good);
}

/* How often the fork handlers ran in this process. */
int
early_forks(void)
{
	return (handlers);
}
