/*
 * fork-atfork - pthread_atfork handlers that allocate and free, in the
 * program and in a library whose constructor ran before everybody else's,
 * while other threads allocate.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define THREADS	4
#define FORKS	500

static volatile int stop;
static void *held[3];
static int ran[3];

static void *
worker(void *arg)
{
	void *b[64] = { NULL };
	uint64_t rng;
	int i, n;

	rng = (uint64_t)(uintptr_t)arg;
	for (n = 0; !stop; n++) {
		if (n % 200 == 0)
			usleep(200);
		i = (int)rnd_range(&rng, 0, 63);
		free(b[i]);
		must((b[i] = malloc(rnd_size(&rng, 17))) != NULL);
	}
	for (i = 0; i < 64; i++)
		free(b[i]);
	return (NULL);
}

static void
turn(int i)
{
	size_t size;

	for (size = 10; size < 300000; size *= 3) {
		free(held[i]);
		must((held[i] = malloc(size)) != NULL);
		memset(held[i], 1, size);
	}
	ran[i]++;
}

static void prepare(void) { turn(0); }
static void parent(void) { turn(1); }
static void child(void) { turn(2); }

int
main(int argc, char **argv)
{
	pthread_t t[THREADS];
	int (*lib_forks)(void);
	pid_t pid;
	uintptr_t i;
	int failed, n;

	tap_begin(argv, 120);
	if (argc == 1)	/* with the library that is there first */
		tap_again_with(argv, "lib-first");
	*(void **)&lib_forks = dlsym(RTLD_DEFAULT, "early_forks");
	if (lib_forks == NULL)
		bail("lib-first is not there");
	must(pthread_atfork(prepare, parent, child) == 0);
	for (i = 0; i < THREADS; i++)
		must(pthread_create(&t[i], NULL, worker,
		    (void *)(i + 1)) == 0);
	failed = 0;
	for (n = 0; n < FORKS; n++) {
		must((pid = fork()) >= 0);
		if (pid == 0) {
			alarm(30);
			must(ran[0] == n + 1 && ran[1] == n && ran[2] == 1);
			must(malloc(100) != NULL);
			_exit(0);
		}
		failed += tap_wait(pid) != 0;
	}
	stop = 1;
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	ok(failed == 0 && ran[0] == FORKS && ran[1] == FORKS,
	    "%d forks with handlers that allocate", FORKS);
	ok(lib_forks() == 2 * FORKS, "also in a library that was first");
	return (tap_end());
}
