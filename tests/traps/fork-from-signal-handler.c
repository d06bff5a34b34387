/*
 * A signal handler forks while its own thread is inside malloc. The fork
 * must not wait for a lock that this very thread holds. The child only ends,
 * as it must there.
 */
#include "conform/tap.h"

#include <sys/time.h>

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define NFORK		1000
#define DELAY		300	/* microseconds */

static volatile sig_atomic_t nfork, nlost;
static volatile int stop;

/*
 * One signal, a little later. Not a steady tick: where a fork takes longer
 * than that, there would be nothing but handlers.
 */
static void
arm(void)
{
	struct itimerval once;

	memset(&once, 0, sizeof(once));
	once.it_value.tv_usec = DELAY;
	must(setitimer(ITIMER_REAL, &once, NULL) == 0);
}

static void
handler(int sig)
{
	int saved = errno, status;
	pid_t pid;

	(void)sig;
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		nlost++;
	if (++nfork < NFORK)
		arm();
	errno = saved;
}

/* Calls of all kinds, most of them beyond what a cache can serve. */
static void
allocate(unsigned i)
{
	static const size_t sizes[] = {
		64, 5000, 20000, 100000, 300000, 3000000
	};
	enum { NSIZE = sizeof(sizes) / sizeof(sizes[0]), N = 40 };
	void *p[N];
	unsigned j;

	for (j = 0; j < N; j++)
		must((p[j] = malloc(sizes[(i + j) % NSIZE])) != NULL);
	must((p[0] = realloc(p[0], sizes[(i + 3) % NSIZE])) != NULL);
	for (j = 0; j < N; j++)
		free(p[j]);
	if (i % 16 == 0)
		(void)malloc_trim(0);
}

static void *
other(void *arg)
{
	sigset_t all;
	unsigned i;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (i = 0; !stop; i++)
		allocate(i);
	return (arg);
}

/* Allocates until NFORK signals have come. */
static void
storm(void)
{
	unsigned i;

	nfork = nlost = 0;
	arm();
	for (i = 0; nfork < NFORK; i++)
		allocate(i);
}

/* In a process of its own, so that a deadlock is a failure, not a hang. */
static int
watched(int threads)
{
	struct timespec nap = { 0, 10 * 1000 * 1000 };
	int i, status;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t;

		if (threads)
			must(pthread_create(&t, NULL, other, NULL) == 0);
		storm();
		stop = 1;
		if (threads)
			must(pthread_join(t, NULL) == 0);
		_exit(nlost != 0);
	}
	for (i = 0; i < 3000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return (status);
		(void)nanosleep(&nap, NULL);
	}
	diag("still stuck after 30 seconds");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return (-1);
}

int
main(int argc, char **argv)
{
	struct sigaction sa;

	(void)argc;
	tap_begin(argv, 90);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sa.sa_flags = SA_RESTART;
	must(sigaction(SIGALRM, &sa, NULL) == 0);
	ok(watched(0) == 0, "%d forks from a handler, one thread", NFORK);
	if (tap_kma)
		ok(watched(1) == 0,
		    "%d forks from a handler, two threads", NFORK);
	else
		skip("two threads: other allocators wait for themselves");
	return (tap_end());
}
