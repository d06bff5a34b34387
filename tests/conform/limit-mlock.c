/*
 * limit-mlock - mlockall(MCL_CURRENT | MCL_FUTURE): only what is in use gets
 * locked, allocation goes on, and at the limit it fails with ENOMEM.
 */
#include "tap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

static int
lock_all(int flags)
{
	struct rlimit rl;

	if (mlockall(flags) == 0)
		return (1);
	getrlimit(RLIMIT_MEMLOCK, &rl);
	diag("mlockall: %s, limit %zu KB", strerror(errno),
	    (size_t)rl.rlim_cur / KB);
	return (0);
}

static void *
thread(void *arg)
{
	free(malloc(10000));
	return (arg);
}

/* Whether mlockall is allowed at all. */
static int
allowed(void)
{
	return (!lock_all(MCL_CURRENT));
}

static int
locked(void)
{
	pthread_attr_t attr;
	pthread_t t;
	size_t before;
	char *p;
	int i;

	must(lock_all(MCL_CURRENT | MCL_FUTURE));
	before = status_bytes("VmLck:");
	diag("%zu KB locked", before / KB);
	must(before < 64 * MB);
	for (i = 0; i < 20; i++) {
		must((p = (char *)malloc(10 * MB)) != NULL);
		memset(p, i, 10 * MB);
		free(p);
		must((p = (char *)malloc((size_t)i * 1000)) != NULL);
		free(p);
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * KB);
	must(pthread_create(&t, &attr, thread, NULL) == 0);
	pthread_join(t, NULL);
	diag("%zu KB locked in the end", status_bytes("VmLck:") / KB);
	/* glibc learns to keep blocks of that size. */
	must(!tap_kma || status_bytes("VmLck:") < before + 40 * MB);
	must(munlockall() == 0);
	return (0);
}

/* As an ordinary user: beyond the limit mmap fails with EAGAIN. */
static int
at_the_limit(void)
{
	struct rlimit rl;
	void *p[1000];
	int i, n, round;

	must(getrlimit(RLIMIT_MEMLOCK, &rl) == 0);
	if (rl.rlim_max > vmsize() + 32 * MB)
		rl.rlim_max = vmsize() + 32 * MB;
	rl.rlim_cur = rl.rlim_max;
	must(setrlimit(RLIMIT_MEMLOCK, &rl) == 0);
	if (setuid(65534) != 0 && geteuid() == 0)
		return (77);
	if (!lock_all(MCL_CURRENT | MCL_FUTURE))
		return (77);
	for (round = 0; round < 3; round++) {
		for (n = 0; n < 1000; n++) {
			errno = 0;
			if ((p[n] = malloc(100 * KB)) == NULL)
				break;
		}
		diag("%d blocks of 100 KB at the limit", n);
		must(n >= 10 && n < 1000);
		must(errno == ENOMEM);
		for (i = 0; i < n; i++) {
			errno = 12;
			free(p[i]);
			must(errno == 12);
		}
	}
	return (0);
}

int
main(int argc, char **argv)
{
	int status;

	(void)argc;
	tap_begin(argv, 60);
	if (tap_run_child(allowed) != 0)
		skip_all("mlockall is not allowed here");
	ok(tap_run_child(locked) == 0, "a program with all memory locked");
	status = tap_run_child(at_the_limit);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("cannot become an ordinary user with locked memory");
	else
		ok(status == 0, "at the limit, ENOMEM");
	return (tap_end());
}
