/*
 * limit - KMA_OPTIONS=limit=TYPE:BYTES: a library that has as much as it may
 * gets NULL and ENOMEM, the others do not mind, and what is freed, by whom
 * ever, it can have again.
 */
#include "figures.h"

#include <pthread.h>

#define LIMIT	((size_t)1 << 20)
#define N	((int)(2 * LIMIT / 1024))
#define NTHREAD	8

static const struct lib *one, *two;
static void *p[N], *q[N];

static int
fill(void **at, int n, size_t size)
{
	int i;

	errno = 0;
	for (i = 0; i < n; i++)
		if ((at[i] = one->do_malloc(size)) == NULL)
			break;
	must(i == n || errno == ENOMEM);
	return (i);
}

static void
alone(void)
{
	int n = fill(p, N, 1024);

	ok(n == (int)(LIMIT / 1024), "%d blocks of 1 KB", n);
	errno = 0;
	ok(one->do_calloc(1, 1) == NULL && errno == ENOMEM, "calloc");
	errno = 0;
	ok(one->do_realloc(p[0], 2000) == NULL && errno == ENOMEM, "realloc");
	ok(one->do_realloc(p[0], 900) == p[0], "realloc within the block");
	ok(one->do_posix_memalign(64, 64) == NULL, "posix_memalign");
	for (int i = 0; i < N; i++)
		must((q[i] = two->do_malloc(1024)) != NULL);
	ok(1, "another library has %d", N);
	free(malloc(4 * LIMIT));
	for (int i = 0; i < N; i++)
		free(q[i]);
	two->do_free(p[--n]);
	ok((p[n] = one->do_malloc(1000)) != NULL, "one is freed: one more");
	ok(one->do_malloc(1000) == NULL, "and not two");
	while (n >= 0)
		free(p[n--]);
	p[0] = one->do_malloc(LIMIT);
	ok(p[0] != NULL, "all are freed: one of 1 MB");
	ok(one->do_malloc(1) == NULL, "and no more");
	free(p[0]);
	ok(one->do_malloc(LIMIT + 1) == NULL, "never more than the limit");
	ok(figures("libone.so").ks_limit == LIMIT, "its figures tell it");
}

static void *
thread(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	uintptr_t failed = 0;
	void *mine[64];
	size_t have = 0;

	for (int i = 0; i < 20000; i++) {
		if (have < 64)
			mine[have] = one->do_malloc(
			    (size_t)rand_r(&seed) % 16384);
		if (have < 64 && mine[have] != NULL) {
			have++;
			continue;
		}
		failed += have < 64;
		while (have > (size_t)rand_r(&seed) % 64)
			free(mine[--have]);
	}
	while (have > 0)
		free(mine[--have]);
	return ((void *)failed);
}

static void
threads(void)
{
	uintptr_t failed = 0;
	pthread_t t[NTHREAD];
	void *result;
	int n;

	for (uintptr_t i = 0; i < NTHREAD; i++)
		must(pthread_create(&t[i], NULL, thread, (void *)(i + 1)) == 0);
	for (int i = 0; i < NTHREAD; i++) {
		pthread_join(t[i], &result);
		failed += (uintptr_t)result;
	}
	ok(failed > 0, "threads met it %lu times", (unsigned long)failed);
	ok(figures("libone.so").ks_maxused <= LIMIT, "and never passed it");
	ok(figures("libone.so").ks_memuse == 0, "nothing is left");
	n = fill(p, N, 1024);
	ok(n == (int)(LIMIT / 1024), "%d blocks of 1 KB again", n);
	while (n > 0)
		free(p[--n]);
}

int
main(int argc, char **argv)
{
	(void)argc;
	begin(argv, "accounting=object,limit=libone.so:1M,limit=libthree:1K");
	one = open_lib("libone", NULL);
	two = open_lib("libtwo", NULL);
	alone();
	threads();
	one = open_lib("libthree", NULL);
	ok(fill(p, N, 64) == 16, "limit=libthree is for libthree.so");
	return (tap_end());
}
