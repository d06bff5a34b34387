/*
 * fork-signal - a signal handler forks while it interrupts malloc: neither
 * process may wait for a lock that the interrupted thread holds.  Where there
 * are no other threads, the child may even finish the interrupted call.
 */
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "measure.h"
#include "pattern.h"

#define FORKS	1000

static volatile sig_atomic_t forks, is_child;
static volatile sig_atomic_t child_allocates, child_runs;
static volatile int stop, main_forks;

static void
handler(int signo)
{
	static char name[] = "fork-signal", what[] = "nothing";
	static char *args[] = { name, what, NULL };
	pid_t pid;
	int saved;

	(void)signo;
	/*
	 * Enough is enough: a fork starts anew when a signal is pending, so one
	 * that the handler's own forks outlast would never end.
	 */
	if (is_child || forks >= FORKS)
		return;
	saved = errno;
	if ((pid = fork()) == 0) {
		if (child_runs)
			execv("/proc/self/exe", args);
		if (!child_allocates)
			_exit(child_runs);
		/* Back into the malloc that was interrupted. */
		is_child = 1;
		alarm(30);
	} else if (pid > 0)
		forks++;
	errno = saved;
}

static void
churn(uint64_t *rng)
{
	static __thread void *b[256];
	int i;

	i = (int)rnd_range(rng, 0, 255);
	if (rnd(rng) % 4 == 0)
		b[i] = realloc(b[i], rnd_size(rng, 17) + 1);
	else {
		free(b[i]);
		b[i] = malloc(rnd_size(rng, 15) + 1);
	}
	must(b[i] != NULL);
	*(char *)b[i] = 1;
}

static void *
worker(void *arg)
{
	sigset_t set;
	uint64_t rng;
	int n;

	sigemptyset(&set);
	sigaddset(&set, SIGVTALRM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	rng = (uint64_t)(uintptr_t)arg;
	while (!stop) {
		for (n = 0; n < 200; n++)
			churn(&rng);
		usleep(200);
	}
	return (NULL);
}

static void *
opener(void *arg)
{
	FILE *fp;

	must((fp = fopen("/dev/null", "w")) != NULL);
	fclose(fp);
	fflush(NULL);
	return (arg);
}

static void
storm(const char *what)
{
	struct itimerspec it;
	struct sigevent ev;
	timer_t timer;
	uint64_t rng;
	pid_t pid;
	int failed, i, status;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = SIGVTALRM;
	must(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	memset(&it, 0, sizeof(it));
	it.it_interval.tv_nsec = it.it_value.tv_nsec = 1300000;
	forks = failed = 0;
	rng = 3;
	timer_settime(timer, 0, &it, NULL);
	while (forks < FORKS && !is_child) {
		for (i = 0; i < 50; i++)
			churn(&rng);
		if (main_forks && (pid = fork()) == 0)
			_exit(0);
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			failed += status != 0;
	}
	if (is_child) {
		for (i = 0; i < 2000; i++)
			churn(&rng);
		_exit(0);
	}
	timer_delete(timer);
	while ((pid = waitpid(-1, &status, 0)) > 0)
		failed += status != 0;
	ok(failed == 0, "%d forks in a handler, %s", (int)forks, what);
}

int
main(int argc, char **argv)
{
	struct sigaction sa;
	pthread_t t[4];
	uintptr_t i;

	if (argc > 1)
		return (0);	/* a program that a child runs */
	tap_begin(argv, 60);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGVTALRM, &sa, NULL);
	storm("one thread, the child ends");
	child_allocates = 1;
	storm("one thread, the child goes on allocating");
	child_allocates = 0;
	main_forks = 1;
	storm("one thread that forks as well");
	main_forks = 0;		/* with threads, glibc's own lock is held */
	/* Whoever forgot to give up stdio's lock shows it now. */
	must(pthread_create(&t[0], NULL, opener, NULL) == 0);
	pthread_join(t[0], NULL);
	ok(1, "stdio is not left locked");
	if (!tap_kma) {
		skip("glibc's fork may deadlock in a handler when threaded");
		skip("glibc's fork may deadlock in a handler when threaded");
		return (tap_end());
	}
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, worker,
		    (void *)(i + 1)) == 0);
	storm("beside four threads, the child ends");
	child_runs = 1;
	storm("beside four threads, the child runs a program");
	stop = 1;
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return (tap_end());
}
