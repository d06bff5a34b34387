/*
 * A cancellation is pending: no call of the malloc family may act on it, on
 * whatever path it goes down.
 */
#include "conform/tap.h"

#include <malloc.h>
#include <pthread.h>

struct step {
	const char	*s_name;
	void		(*s_fn)(size_t);
};

static void
do_malloc(size_t n)
{
	free(malloc(n));
}

static void
do_calloc(size_t n)
{
	free(calloc(3, n));
}

static void
do_realloc(size_t n)
{
	void *p = realloc(NULL, n);

	p = realloc(p, 3 * n);
	p = realloc(p, n);
	free(p);
}

static void
do_memalign(size_t n)
{
	void *p;

	free(memalign(4096, n));
	free(aligned_alloc(64, n));
	if (posix_memalign(&p, 1 << 20, n) == 0)
		free(p);
	free(valloc(n));
	free(pvalloc(n));
}

static void
do_many(size_t n)
{
	static __thread void *p[300];
	int i;

	for (i = 0; i < 300; i++)
		p[i] = malloc(n);
	for (i = 0; i < 300; i++)
		free(p[i]);
}

static void
do_too_much(size_t n)
{
	void *volatile p = malloc(PTRDIFF_MAX - n);

	must(p == NULL);
}

static void
do_trim(size_t n)
{
	free(malloc(n));
	(void)malloc_trim(0);
}

static void
do_ask(size_t n)
{
	void *p = malloc(n);

	(void)malloc_usable_size(p);
	(void)mallinfo2();
	(void)mallopt(M_ARENA_MAX, 2);
	free(p);
}

static const struct step steps[] = {
	{ "malloc", do_malloc },
	{ "calloc", do_calloc },
	{ "realloc", do_realloc },
	{ "the aligned calls", do_memalign },
	{ "many blocks", do_many },
	{ "too much", do_too_much },
	{ "malloc_trim", do_trim },
	{ "mallinfo2 and the like", do_ask },
};
#define NSTEP	(sizeof(steps) / sizeof(steps[0]))

static const struct step *step;
static volatile int done;

/* The cancellation is pending before this thread's first malloc. */
static void *
thread(void *arg)
{
	static const size_t sizes[] = {
		16, 1000, 8192, 50000, 300000, 9000000
	};
	size_t i;

	must(pthread_cancel(pthread_self()) == 0);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		step->s_fn(sizes[i]);
	done = 1;
	pthread_testcancel();
	done = 2;
	return (arg);
}

int
main(int argc, char **argv)
{
	pthread_t t;
	void *result;

	(void)argc;
	tap_begin(argv, 60);
	for (step = steps; step < steps + NSTEP; step++) {
		done = 0;
		must(pthread_create(&t, NULL, thread, NULL) == 0);
		must(pthread_join(t, &result) == 0);
		ok(done == 1, "%s: not a cancellation point", step->s_name);
		ok(result == PTHREAD_CANCELED,
		    "%s: the cancellation comes afterwards", step->s_name);
	}
	return (tap_end());
}
