/*
 * One thread flushes all streams, another reads lines that grow its buffer,
 * a third forks. glibc's fork takes its lock on the list of streams first: an
 * allocator that takes its own locks before that deadlocks against the two.
 */
#include "conform/tap.h"

#include <pthread.h>
#include <time.h>

#define SECONDS		60	/* then the watchdog ends it */
#define NFORK		4000
#define NLINE		40
#define LENGTH(i)	((i) * (i) * (i) % 50000)

static volatile int stop;
static volatile unsigned long nflush, nline;

/* Locks are not fair: the others shall get them too. */
static void
breathe(void)
{
	struct timespec nap = { 0, 20 * 1000 };

	(void)nanosleep(&nap, NULL);
}

static void *
flusher(void *arg)
{
	while (!stop) {
		(void)fflush(NULL);
		nflush++;
		breathe();
	}
	return (arg);
}

/*
 * Lines of very different lengths. Nothing of it may be left in the buffer: a
 * child would write it again.
 */
static FILE *
lines(void)
{
	FILE *f = tmpfile();
	size_t i, j;

	must(f != NULL);
	for (i = 1; i < NLINE; i++) {
		for (j = 0; j < LENGTH(i); j++)
			(void)putc('x', f);
		(void)putc('\n', f);
	}
	must(fflush(f) == 0);
	return (f);
}

/* getline() reallocates while it holds the stream's lock. */
static void *
reader(void *f)
{
	char *line;
	size_t i, len;

	while (!stop) {
		rewind(f);
		line = NULL;
		len = 0;
		for (i = 1; i < NLINE; i++) {
			must(getline(&line, &len, f) ==
			    (ssize_t)LENGTH(i) + 1);
			nline++;
			if (i % 4 == 0) {
				free(line);
				line = NULL;
				len = 0;
			}
		}
		free(line);
		breathe();
	}
	return (f);
}

/* The child uses what the other threads held when it was made. */
static void
child(void)
{
	char *p = NULL;
	size_t i;

	for (i = 1; i <= 20; i++)
		must((p = realloc(p, i * 1000)) != NULL);
	free(p);
	(void)fflush(NULL);
	_exit(0);
}

static void *
forker(void *arg)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < NFORK; i++) {
		pid = fork();
		if (pid == 0)
			child();
		must(pid > 0 && waitpid(pid, &status, 0) == pid);
		must(status == 0);
	}
	stop = 1;
	return (arg);
}

int
main(int argc, char **argv)
{
	static void *(*const fn[])(void *) = {
		flusher, reader, reader, forker
	};
	pthread_t t[4];
	void *arg[4];
	int i;

	(void)argc;
	tap_begin(argv, SECONDS);
	for (i = 0; i < 4; i++)
		arg[i] = fn[i] == reader ? lines() : NULL;
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, fn[i], arg[i]) == 0);
	for (i = 0; i < 4; i++)
		must(pthread_join(t[i], NULL) == 0);
	ok(nflush > 0 && nline > 0, "%d forks, %lu flushes, %lu lines: "
	    "no deadlock", NFORK, nflush, nline);
	return (tap_end());
}
