/*
 * The system calls that give memory back fail inside free and malloc_trim,
 * and those that get it inside malloc: free keeps errno, malloc says ENOMEM
 * whatever the system said, and nothing is lost. A seccomp filter makes them
 * fail, so that it also covers calls made past libc.
 */
#include "conform/tap.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <malloc.h>
#include <stddef.h>

#define NRUN		600
#define RUN		(size_t)(400 * 1024)

static char *run[NRUN];

/* From now on, these calls fail with this error. */
static int
forbid(const int *nr, unsigned n, unsigned err)
{
	struct sock_filter f[16];
	struct sock_fprog prog;
	unsigned i, at = 0;

	f[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (i = 0; i < n; i++)
		f[at++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr[i],
		    (unsigned char)(n - i), 0);
	f[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	f[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ERRNO | err);
	prog.len = (unsigned short)at;
	prog.filter = f;
	return (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0);
}

static void
allocate(void)
{
	int i;

	for (i = 0; i < NRUN; i++) {
		must((run[i] = malloc(RUN)) != NULL);
		memset(run[i], i & 0x7f, RUN);
	}
}

/* Frees every step-th; false if one of them changed errno. */
static int
release(int from, int step)
{
	int good = 1, i;

	for (i = from; i < NRUN; i += step) {
		errno = 4711;
		free(run[i]);
		run[i] = NULL;
		good &= errno == 4711;
	}
	return (good);
}

static int
intact(void)
{
	size_t j;
	int i;

	for (i = 0; i < NRUN; i++)
		for (j = 0; run[i] != NULL && j < RUN; j++)
			if (run[i][j] != (char)(i & 0x7f))
				return (0);
	return (1);
}

static int
no_giving_back(void)
{
	static const int nr[] = {
		__NR_munmap, __NR_madvise, __NR_mremap, __NR_mprotect
	};
	char *p;
	int i;

	allocate();
	if (!forbid(nr, sizeof(nr) / sizeof(nr[0]), ENOMEM))
		return (77);
	must(release(0, 2));
	errno = 4711;
	(void)malloc_trim(0);
	must(intact());
	for (i = 0; i < 3000; i++) {
		must((p = malloc(RUN / 2 + (size_t)i * 100)) != NULL);
		memset(p, 0xff, 1000);
		errno = 4711;
		free(p);
		must(errno == 4711);
	}
	/* Pages that could not be given back do not pass for clean ones. */
	for (i = 0; i < NRUN / 2; i++) {
		size_t j;

		must((p = calloc(1, RUN)) != NULL);
		for (j = 0; j < RUN; j++)
			must(p[j] == 0);
		memset(p, 0xff, RUN);
		if (i % 2 == 0)
			free(p);
	}
	must(intact());
	must((p = malloc(RUN)) != NULL);
	memset(p, 5, RUN);
	must((p = realloc(p, 64 * RUN)) != NULL);
	for (i = 0; i < (int)RUN; i++)
		must(p[i] == 5);
	free(p);
	must(release(1, 2));
	return (0);
}

/* Pages of address space. */
static long
mapped(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long n = 0;

	must(f != NULL && fscanf(f, "%ld", &n) == 1);
	(void)fclose(f);
	return (n);
}

/*
 * Blocks that grow are copied, then, and where they should have gone is free.
 * The kernel itself does so to a program with very many mappings.
 */
static int
no_moving(void)
{
	static const int nr[] = { __NR_mremap };
	const size_t size = 400 * RUN;	/* so long that all move each time */
	long before, growth;
	int i;

	if (!forbid(nr, 1, ENOMEM))
		return (77);
	before = mapped();
	for (i = 0; i < 8; i++) {
		char *p = malloc(size);

		must(p != NULL && (run[0] = malloc(size / 2)) != NULL);
		p[0] = p[size - 1] = 5;
		must((p = realloc(p, size + size / 2)) != NULL);
		must(p[0] == 5 && p[size - 1] == 5);
		free(p);
		free(run[0]);
	}
	/* Three times the size were in use at once. */
	growth = (mapped() - before) * getpagesize();
	if (growth > (long)(5 * size))
		diag("%ld bytes more are mapped", growth);
	return (growth > (long)(5 * size));
}

static int
no_getting(unsigned err)
{
	static const int nr[] = { __NR_mmap, __NR_brk, __NR_mremap };
	static void *p[2000];
	int i, n;

	for (n = 0; n < 10; n++)
		must((p[n] = malloc(n == 0 ? 3000 : RUN)) != NULL);
	if (!forbid(nr, sizeof(nr) / sizeof(nr[0]), err))
		return (77);
	for (; n < 2000; n++) {
		errno = 4711;
		if ((p[n] = malloc(RUN)) == NULL)
			break;
	}
	must(n < 2000 && errno == ENOMEM);
	errno = 4711;
	must((p[n] = calloc(64, RUN)) == NULL && errno == ENOMEM);
	errno = 4711;
	must((p[n] = realloc(p[0], 64 * RUN)) == NULL && errno == ENOMEM);
	errno = 4711;
	must((p[n] = memalign(65536, 64 * RUN)) == NULL && errno == ENOMEM);
	for (i = 0; i < n; i++) {
		errno = 4711;
		free(p[i]);
		must(errno == 4711);
	}
	/* What was freed serves again. */
	for (i = 1; i < n; i++)
		must((p[i] = malloc(RUN)) != NULL);
	return (0);
}

static int
get_enomem(void)
{
	return (no_getting(ENOMEM));
}

static int
get_eagain(void)
{
	return (no_getting(EAGAIN));
}

static int
get_eperm(void)
{
	return (no_getting(EPERM));
}

static void
report(int status, const char *what)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip("%s: no seccomp filters here", what);
	else
		ok(status == 0, "%s", what);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	report(tap_run_child(no_giving_back),
	    "munmap, madvise, mremap and mprotect fail");
	report(tap_run_child(no_moving), "mremap fails, and nothing is lost");
	report(tap_run_child(get_enomem), "mmap fails with ENOMEM");
	report(tap_run_child(get_eagain), "mmap fails with EAGAIN");
	report(tap_run_child(get_eperm), "mmap fails with EPERM");
	return (tap_end());
}
