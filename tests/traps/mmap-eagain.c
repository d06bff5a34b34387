/*
 * mmap fails with EAGAIN where the limit on locked memory stands in the way,
 * after mlockall(MCL_FUTURE): malloc's caller sees ENOMEM.
 */
#include "conform/tap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define LOCKABLE	((size_t)2 << 20)

/* Root may lock all it wants: become somebody else. */
static int
drop_root(void)
{
	return (geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0));
}

/* Allocates until there is no more: whether the error was ENOMEM. */
static int
exhaust(size_t size, int *count)
{
	static void *p[100000];
	int i, n, err = 0;

	for (n = 0; n < 100000; n++) {
		errno = 0;
		if ((p[n] = malloc(size)) == NULL) {
			err = errno;
			break;
		}
	}
	for (i = 0; i < n; i++) {
		errno = 4711;
		free(p[i]);
		if (errno != 4711)
			err = -1;
	}
	*count = n;
	return (err);
}

int
main(int argc, char **argv)
{
	struct rlimit rl = { LOCKABLE, LOCKABLE };
	void *p, *old;
	int err, n;

	(void)argc;
	tap_begin(argv, 60);
	if (!drop_root())
		skip_all("cannot become an ordinary user");
	old = malloc(100000);
	if (setrlimit(RLIMIT_MEMLOCK, &rl) != 0 || mlockall(MCL_FUTURE) != 0)
		skip_all("mlockall: %s", strerror(errno));
	p = mmap(NULL, 2 * LOCKABLE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p != MAP_FAILED || errno != EAGAIN)
		skip_all("mmap does not fail with EAGAIN here");

	errno = 0;
	p = malloc(16 * LOCKABLE);
	ok(p == NULL && errno == ENOMEM, "malloc of too much: ENOMEM");
	diag("%p: %s", p, strerror(errno));
	errno = 0;
	p = calloc(16, LOCKABLE);
	ok(p == NULL && errno == ENOMEM, "calloc of too much: ENOMEM");
	errno = 0;
	p = realloc(old, 16 * LOCKABLE);
	ok(p == NULL && errno == ENOMEM, "realloc to too much: ENOMEM");
	errno = 0;
	p = aligned_alloc(4096, 16 * LOCKABLE);
	ok(p == NULL && errno == ENOMEM, "aligned_alloc of too much: ENOMEM");
	errno = 4711;
	p = NULL;
	err = posix_memalign(&p, 4096, 16 * LOCKABLE);
	ok(err == ENOMEM && p == NULL, "posix_memalign of too much: ENOMEM");
	errno = 4711;
	free(old);
	ok(errno == 4711, "free keeps errno");

	err = exhaust(100, &n);
	ok(err == ENOMEM, "blocks of 100 until the end: ENOMEM, free keeps "
	    "errno (%d blocks, error %d)", n, err);
	err = exhaust(10000, &n);
	ok(err == ENOMEM, "blocks of 10000 until the end: ENOMEM, free keeps "
	    "errno (%d blocks, error %d)", n, err);
	err = exhaust(300000, &n);
	ok(err == ENOMEM, "blocks of 300000 until the end: ENOMEM, free keeps "
	    "errno (%d blocks, error %d)", n, err);

	ok(munlockall() == 0, "munlockall");
	p = malloc(16 * LOCKABLE);
	ok(p != NULL, "and there is memory again");
	free(p);
	return (tap_end());
}
