/*
 * measure.h - what the process occupies, read without allocating anything.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <sys/resource.h>

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MEASURE		__attribute__((unused)) static
#define KB		((size_t)1024)
#define MB		(KB * KB)

MEASURE size_t
read_whole(const char *path, char *buf, size_t size)
{
	size_t len;
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		abort();
	for (len = 0; len < size - 1; len += (size_t)n)
		if ((n = read(fd, buf + len, size - 1 - len)) <= 0)
			break;
	close(fd);
	buf[len] = '\0';
	return (len);
}

/* Field n, counted from 0, of /proc/self/statm, in bytes. */
MEASURE size_t
statm(int n)
{
	char buf[256], *p;

	read_whole("/proc/self/statm", buf, sizeof(buf));
	for (p = buf; n > 0; n--)
		(void)strtoul(p, &p, 10);
	return (strtoul(p, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE));
}

MEASURE size_t
vmsize(void)
{
	return (statm(0));
}

MEASURE size_t
rss(void)
{
	return (statm(1));
}

/* A line of /proc/self/status that counts kB, in bytes. */
MEASURE size_t
status_bytes(const char *key)
{
	char buf[8192], *p;

	read_whole("/proc/self/status", buf, sizeof(buf));
	if ((p = strstr(buf, key)) == NULL)
		abort();
	return (strtoul(p + strlen(key), NULL, 10) * KB);
}

/* The number of mappings. */
MEASURE size_t
maps(void)
{
	char buf[4096];
	size_t lines;
	ssize_t n, i;
	int fd;

	if ((fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) < 0)
		abort();
	for (lines = 0; (n = read(fd, buf, sizeof(buf))) > 0;)
		for (i = 0; i < n; i++)
			lines += buf[i] == '\n';
	close(fd);
	return (lines);
}

MEASURE long
minor_faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (ru.ru_minflt);
}

/* Seconds of a clock that does not jump. */
MEASURE double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

MEASURE void
sleep_ms(long ms)
{
	struct timespec ts;

	ts.tv_sec = ms / 1000;
	ts.tv_nsec = ms % 1000 * 1000000;
	while (nanosleep(&ts, &ts) != 0)
		continue;
}

#endif /* MEASURE_H */
