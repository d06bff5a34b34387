/*
 * subject.c - a program for kma stat to look at.
 *
 *	subject quiet SIZE COUNT ...	has so many blocks of these sizes
 *	subject busy THREADS		allocates and frees, starts and ends
 *					threads and children, all the time
 *	subject short			allocates, and is gone at once
 *	subject zombie			has a child that ended, not waited for
 *	subject hidden			is not dumpable
 *	subject exec PROGRAM ...	becomes another program when told to
 *
 * It says "ready" and, but for short, ends when its standard input does.
 * Nothing here uses stdio, which allocates.
 */
#include <sys/prctl.h>
#include <sys/wait.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NSLOT	500

static int
say_ready(void)
{
	return (write(1, "ready\n", 6) == 6 ? 0 : 1);
}

static int
wait_for_end(void)
{
	char c;

	if (say_ready() != 0)
		return (1);
	while (read(0, &c, 1) > 0)
		continue;
	return (0);
}

static int
quiet(int argc, char **argv)
{
	for (int i = 0; i + 1 < argc; i += 2) {
		size_t size = strtoul(argv[i], NULL, 10);

		for (long n = strtol(argv[i + 1], NULL, 10); n > 0; n--)
			if (malloc(size) == NULL)
				return (1);
	}
	return (wait_for_end());
}

static void
play(uint64_t seed, unsigned rounds)
{
	void *slot[NSLOT] = { NULL };

	for (; rounds > 0; rounds--) {
		unsigned i, shift;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		i = (unsigned)(seed >> 33) % NSLOT;
		shift = (unsigned)(seed >> 50) % 20;
		free(slot[i]);
		slot[i] = malloc((size_t)(seed >> 40) % ((size_t)1 << shift) +
		    1);
	}
	for (unsigned i = 0; i < NSLOT; i++)
		free(slot[i]);
}

static void *
short_thread(void *arg)
{
	play((uintptr_t)arg, 2000);
	return (NULL);
}

static void *
busy_thread(void *arg)
{
	for (uintptr_t i = 0;; i++) {
		pthread_t thread;

		play((uintptr_t)arg + i, 100000);
		if (pthread_create(&thread, NULL, short_thread,
		    (void *)i) == 0)
			pthread_join(thread, NULL);
		if (i % 8 == 0) {
			pid_t pid = fork();

			if (pid == 0) {
				play(i, 1000);
				_exit(0);
			}
			waitpid(pid, NULL, 0);
		}
	}
	return (NULL);
}

static int
busy(int argc, char **argv)
{
	long n = argc > 0 ? strtol(argv[0], NULL, 10) : 1;
	pthread_t thread;

	for (long i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, busy_thread,
		    (void *)(uintptr_t)(i + 1)) != 0)
			return (1);
	wait_for_end();
	_exit(0);
}

static int
zombie(void)
{
	pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0)
		return (1);
	return (wait_for_end());
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "quiet") == 0)
		return (quiet(argc - 2, argv + 2));
	if (strcmp(what, "busy") == 0)
		return (busy(argc - 2, argv + 2));
	if (strcmp(what, "short") == 0) {
		play(1, 20000);
		return (say_ready());
	}
	if (strcmp(what, "hidden") == 0) {
		play(1, 1000);
		return (prctl(PR_SET_DUMPABLE, 0) != 0 || wait_for_end());
	}
	if (strcmp(what, "zombie") == 0)
		return (zombie());
	if (strcmp(what, "exec") == 0 && argc > 2 && wait_for_end() == 0)
		execvp(argv[2], argv + 2);
	return (2);
}
