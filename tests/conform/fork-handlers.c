/*
 * fork-handlers - a library registered its fork handlers before libkma's
 * constructor could have run, were it not the first: its handler waits for a
 * thread that waits in malloc.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"

#define FORKS	200

static int stop;

static void *
worker(void *arg)
{
	void (*work)(void) = *(void (**)(void))arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		work();
		usleep(1);
	}
	return (NULL);
}

int
main(int argc, char **argv)
{
	void (*work)(void);
	int (*ran)(void), failed = 0;
	pthread_t t;
	pid_t pid;

	tap_begin(argv, 120);
	if (argc == 1)
		tap_again_with(argv, "lib-handlers");
	*(void **)&work = dlsym(RTLD_DEFAULT, "handlers_work");
	*(void **)&ran = dlsym(RTLD_DEFAULT, "handlers_ran");
	if (work == NULL || ran == NULL)
		bail("lib-handlers is not there");
	must(pthread_create(&t, NULL, worker, &work) == 0);
	for (int n = 0; n < FORKS; n++) {
		must((pid = fork()) >= 0);
		if (pid == 0) {
			must(ran() == 1);
			work();
			_exit(0);
		}
		failed += tap_wait(pid) != 0;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	ok(failed == 0, "%d forks beside a thread that allocates under a lock "
	    "that a handler waits for", FORKS);
	return (tap_end());
}
