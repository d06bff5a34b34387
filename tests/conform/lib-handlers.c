/*
 * lib-handlers - a library whose constructor registers fork handlers: they hold
 * its own lock around a fork, and wait for a thread that allocates in the
 * child.
 */
#include <pthread.h>
#include <stdlib.h>

void	handlers_work(void);
int	handlers_ran(void);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ran;

/* Some of these blocks come from lists, some from page runs. */
static void
allocate(void)
{
	enum { N = 400 };
	void *p[N];

	for (size_t i = 0; i < N; i++) {
		p[i] = malloc(20000 + 50 * i);
		if (p[i] == NULL)
			abort();
	}
	for (size_t i = 0; i < N; i++)
		free(p[i]);
}

void
handlers_work(void)
{
	pthread_mutex_lock(&lock);
	allocate();
	pthread_mutex_unlock(&lock);
}

int
handlers_ran(void)
{
	return (ran);
}

static void
prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void
parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void *
worker(void *arg)
{
	allocate();
	return (arg);
}

static void
child(void)
{
	pthread_t t;

	pthread_mutex_unlock(&lock);
	if (pthread_create(&t, NULL, worker, NULL) != 0 ||
	    pthread_join(t, NULL) != 0)
		abort();
	ran++;
}

static void __attribute__((constructor))
begin(void)
{
	pthread_atfork(prepare, parent, child);
}
