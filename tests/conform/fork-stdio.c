/*
 * fork-stdio - fork beside fflush(NULL) and a getline that grows its buffer:
 * stdio's list lock, a stream's lock and malloc's locks, each waited for by
 * the holder of another if fork takes them in the wrong order.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"

#define FORKS	600

static volatile int stop;

static void *
flusher(void *arg)
{
	int n;

	for (n = 0; !stop; n++) {
		if (n % 50 == 0)
			usleep(100);
		fflush(NULL);
	}
	return (arg);
}

static void *
liner(void *arg)
{
	char *line;
	size_t cap;
	FILE *fp;

	fp = (FILE *)arg;
	while (!stop) {
		usleep(100);
		rewind(fp);
		line = NULL;
		cap = 0;
		while (getline(&line, &cap, fp) > 0)
			continue;
		free(line);
	}
	return (NULL);
}

static void *
opener(void *arg)
{
	FILE *fp;

	while (!stop) {
		usleep(50);
		must((fp = fopen("/dev/null", "w")) != NULL);
		fprintf(fp, "%s", "some words");
		fclose(fp);
	}
	return (arg);
}

static FILE *
lines(void)
{
	FILE *fp;
	int i, k;

	must((fp = tmpfile()) != NULL);
	for (i = 0; i < 40; i++) {
		for (k = 0; k < i * i * 20; k++)
			fputc('x', fp);
		fputc('\n', fp);
	}
	fflush(fp);
	return (fp);
}

int
main(int argc, char **argv)
{
	pthread_t t[4];
	FILE *fp[2], *null;
	pid_t pid;
	int failed, i, n;

	(void)argc;
	tap_begin(argv, 120);
	fp[0] = lines();
	fp[1] = lines();
	must((null = fopen("/dev/null", "w")) != NULL);
	must(pthread_create(&t[0], NULL, flusher, NULL) == 0);
	must(pthread_create(&t[1], NULL, liner, fp[0]) == 0);
	must(pthread_create(&t[2], NULL, liner, fp[1]) == 0);
	must(pthread_create(&t[3], NULL, opener, NULL) == 0);
	for (n = failed = 0; n < FORKS; n++) {
		must((pid = fork()) >= 0);
		if (pid == 0) {
			alarm(30);
			must((fp[0] = fopen("/dev/null", "w")) != NULL);
			fprintf(fp[0], "%1000d", n);
			fprintf(null, "%d", n);
			fclose(fp[0]);
			fflush(null);
			_exit(0);
		}
		failed += tap_wait(pid) != 0;
	}
	stop = 1;
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ok(failed == 0, "%d forks beside stdio in other threads", FORKS);
	return (tap_end());
}
