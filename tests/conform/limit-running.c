/*
 * limit-running - a limit that a program sets while it runs: what is
 * reserved must not count against it, nor keep threads from starting.
 */
#include "tap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

static void *
thread(void *arg)
{
	void *p;
	int i;

	for (i = 0; i < 1000; i++) {
		must((p = malloc((size_t)i * 100)) != NULL);
		free(p);
	}
	return (arg);
}

static void
limit_to(int resource, size_t bytes)
{
	struct rlimit rl;

	rl.rlim_cur = rl.rlim_max = bytes;
	must(setrlimit((__rlimit_resource_t)resource, &rl) == 0);
}

/* Half of what the limit leaves is there, and a thread can start. */
static int
work(void)
{
	pthread_t t[2];
	char *p[32];
	int i;

	for (i = 0; i < 32; i++) {
		must((p[i] = (char *)malloc(MB)) != NULL);
		memset(p[i], i, MB);
	}
	for (i = 0; i < 2; i++)
		must(pthread_create(&t[i], NULL, thread, NULL) == 0);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < 32; i++) {
		must(p[i][MB - 1] == i);
		free(p[i]);
	}
	return (0);
}

static int
limit_as(void)
{
	limit_to(RLIMIT_AS, vmsize() + 64 * MB);
	return (work());
}

static int
limit_data(void)
{
	limit_to(RLIMIT_DATA, status_bytes("VmData:") + 64 * MB);
	return (work());
}

static int
limit_as_after_use(void)
{
	void *p;

	must((p = malloc(200 * MB)) != NULL);
	memset(p, 1, 200 * MB);
	free(p);
	return (limit_as());
}

/* A request that cannot be had leaves nothing behind. */
static int
limit_and_too_much(void)
{
	void *p = malloc(1);
	size_t before;

	must(p != NULL);
	free(p);
	limit_to(RLIMIT_AS, vmsize() + 64 * MB);
	before = vmsize();
	must(malloc(20 * 1024 * MB) == NULL && errno == ENOMEM);
	must(vmsize() < before + MB);
	return (work());
}

/*
 * Nothing more can be mapped at all: what was freed before, or is freed now,
 * still serves.
 */
static int
limit_to_nothing(void)
{
	enum { N = 2000 };
	static void *b[N];
	int i;

	for (i = 0; i < N; i++)
		must((b[i] = malloc(1000)) != NULL);
	limit_to(RLIMIT_AS, vmsize() / 2);
	must(malloc(100 * MB) == NULL && errno == ENOMEM);
	for (i = 0; i < N; i++)
		free(b[i]);
	for (i = 0; i < N; i++)
		must((b[i] = malloc(1000)) != NULL);
	for (i = 0; i < N; i++)
		free(b[i]);
	return (0);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	ok(vmsize() < 100 * MB, "VmSize of a small program is %zu KB",
	    vmsize() / KB);
	ok(tap_run_child(limit_as) == 0,
	    "RLIMIT_AS set by a running program");
	ok(tap_run_child(limit_data) == 0,
	    "RLIMIT_DATA set by a running program");
	ok(tap_run_child(limit_as_after_use) == 0,
	    "RLIMIT_AS set after 200 MB were used and freed");
	ok(tap_run_child(limit_and_too_much) == 0,
	    "a request beyond RLIMIT_AS leaves nothing behind");
	/* Not glibc: it gives the top of its heap back and cannot get it. */
	ok_kma(tap_run_child(limit_to_nothing) == 0,
	    "RLIMIT_AS below what is in use");
	return (tap_end());
}
