/*
 * workload.h - what the workloads share: time, chance, memory that the
 * allocator under test does not see, resident figures, and the last word.
 *
 * Nothing here calls malloc: a measurement must not change what it measures.
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <sys/mman.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MB	((size_t)1 << 20)

static inline void
die(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	exit(1);
}

static inline void
require(int ok, const char *what)
{
	if (!ok)
		die(what);
}

/* malloc, for workloads that cannot do without. */
static inline void *
get(size_t size)
{
	void *p = malloc(size);

	if (p == NULL)
		die("malloc returned NULL");
	return (p);
}

/* Nanoseconds of the clock on the wall. */
static inline double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec * 1e9 + (double)ts.tv_nsec);
}

/* The same numbers in every run. */
static inline uint64_t
next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (*state = x);
}

/* One of min..max, both included; at most 2^32 of them. */
static inline size_t
between(uint64_t *state, size_t min, size_t max)
{
	return (min + (size_t)((next(state) >> 32) * (max - min + 1) >> 32));
}

/*
 * Room for the workload's own tables.  It is resident from here on, so that
 * it can be taken off what is measured later.
 */
static inline void *
own_pages(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap failed");
	return (p);
}

/*
 * A line of smaps_rollup, in KB.  It counts page by page; statm lags behind,
 * by some pages on each processor.
 */
static inline size_t
smaps(const char *line)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t len = 0, n = 1;
	const char *at;

	if (fd < 0)
		die("cannot open /proc/self/smaps_rollup");
	for (; n > 0 && len < (ssize_t)sizeof(text) - 1; len += n) {
		n = read(fd, text + len, sizeof(text) - 1 - (size_t)len);
		if (n < 0)
			die("cannot read /proc/self/smaps_rollup");
	}
	(void)close(fd);
	text[len] = '\0';
	at = strstr(text, line);
	if (at == NULL)
		die("smaps_rollup has no such line");
	return (strtoul(at + strlen(line), NULL, 10));
}

static inline size_t
resident(void)
{
	return (smaps("\nRss:") * 1024);
}

static inline void
figure(double x)
{
	printf("figure %.4g\n", x);
}

#endif /* WORKLOAD_H */
