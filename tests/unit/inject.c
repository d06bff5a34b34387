/*
 * inject.c - every system call of the library failing, each in turn.
 *
 * Linked with --wrap=os_syscall.  One run of a fixed scenario counts the
 * calls; then the scenario runs once for each of them and for each way to
 * fail, in a child, and must neither crash nor lose anything: allocations
 * fail with NULL only, live blocks keep their contents, all invariants hold,
 * and when the system is well again everything works and nothing is in use.
 *
 * KMA_TEST_OPTIONS: the same in a mode, see tests/survival/inject.sh.
 * KMA_TEST_ALL: each call in turn, in a mode too, and a line now and then.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kma.h"
#include "kmem.h"
#include "mode.h"
#include "objcache.h"
#include "options.h"
#include "pagerun.h"
#include "stats.h"
#include "wrap.h"

/* In a mode, if the program is compiled for one. */
#ifndef INJECT_OPTIONS
#define INJECT_OPTIONS	""
#endif
#define CALLER		__builtin_return_address(0)

#define MB		((size_t)1 << 20)
#define CHILD_LIMIT	120	/* s */
#define PROGRESS	250	/* calls between two lines */

/*
 * What fails, and how.
 */
enum mode { COUNT, ONCE, FROM_ON, UNTIL_HEALED, NMODE };
static const char *const mode_name[] = { "none", "one call", "from one on",
    "from one on, then healed" };
#define NVARIANT	4

static const struct failure {
	long		 nr;
	const char	*name;
	int		 error[NVARIANT];	/* 0: does not fail */
} failures[] = {
	{ SYS_mmap, "mmap", { ENOMEM, EAGAIN, EPERM, EEXIST } },
	{ SYS_munmap, "munmap", { ENOMEM, EINVAL, ENOMEM, 0 } },
	{ SYS_madvise, "madvise", { EINVAL, EAGAIN, ENOMEM, EPERM } },
	{ SYS_mprotect, "mprotect", { ENOMEM, EACCES, ENOMEM, EAGAIN } },
	{ SYS_getrandom, "getrandom", { EAGAIN, ENOSYS, EPERM, EAGAIN } },
	{ SYS_mremap, "mremap", { ENOMEM, EINVAL, EAGAIN, EFAULT } },
	{ SYS_prlimit64, "prlimit64", { EPERM, EPERM, EINVAL, 0 } },
	{ SYS_sysinfo, "sysinfo", { EPERM, EFAULT, ENOSYS, 0 } },
	{ SYS_openat, "openat", { EMFILE, ENOENT, EPERM, EACCES } },
	{ SYS_read, "read", { EIO, EPERM, EISDIR, EBADF } },
	{ SYS_write, "write", { EIO, EPIPE, ENOSPC, EBADF } },
	{ SYS_fcntl, "fcntl", { EMFILE, EBADF, EINVAL, EPERM } },
	{ SYS_close, "close", { EINTR, EIO, EIO, 0 } },
	{ SYS_futex, "futex", { EINTR, EAGAIN, EINTR, EAGAIN } },
};
#define NFAILURE	(sizeof(failures) / sizeof(failures[0]))
#define NSITE		64

/* Shared between the children and their parent. */
static struct shared {
	unsigned	calls;
	unsigned	failed;		/* allocations that got NULL */
	unsigned	count[NFAILURE];
	unsigned	injected[NFAILURE];
	unsigned	nsites;
	struct {
		void		*caller;
		unsigned	 what;
	} site[NSITE];
} *shared;

static enum mode mode;
static unsigned target, variant;
static bool healed;
static int devnull;

static void
note_site(unsigned what, void *caller)
{
	for (unsigned i = 0; i < shared->nsites; i++)
		if (shared->site[i].caller == caller)
			return;
	if (shared->nsites == NSITE)
		return;
	shared->site[shared->nsites].caller = caller;
	shared->site[shared->nsites++].what = what;
}

static bool
fails(unsigned call)
{
	switch (mode) {
	case ONCE:
		return (call == target);
	case FROM_ON:
		return (call >= target);
	case UNTIL_HEALED:
		return (call >= target && !healed);
	default:
		return (false);
	}
}

static int
error_of(unsigned what, long op)
{
	/* A wake-up of a word that is there cannot fail. */
	if (failures[what].nr == SYS_futex && (op & FUTEX_CMD_MASK) !=
	    FUTEX_WAIT)
		return (0);
	return (failures[what].error[variant]);
}

long
__wrap_os_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	unsigned what, call;

	for (what = 0; what < NFAILURE && failures[what].nr != nr; what++)
		continue;
	if (what == NFAILURE || shared == NULL || error_of(what, b) == 0)
		return (__real_os_syscall(nr, a, b, c, d, e, f));
	call = __atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
	if (mode == COUNT) {
		shared->count[what]++;
		note_site(what, CALLER);
	}
	if (!fails(call))
		return (__real_os_syscall(nr, a, b, c, d, e, f));
	shared->injected[what]++;
	/* These have happened when they fail: as in the kernel. */
	if (nr == SYS_close)
		__real_os_syscall(nr, a, b, c, d, e, f);
	if (nr == SYS_mremap && error_of(what, b) == EFAULT)
		__real_os_syscall(SYS_munmap, e, b, 0, 0, 0, 0);
	return (-error_of(what, b));
}

/*
 * Blocks with contents.
 */
#define NBLOCK	4096
static struct block {
	char	*p;
	size_t	 size;
	unsigned char fill;
} block[NBLOCK];
static unsigned nblock;

static void
die(const char *what)
{
	fprintf(stderr, "# %s, variant %u, call %u: %s\n", mode_name[mode],
	    variant, target, what);
	_exit(1);
}

#define REQUIRE(cond)	((cond) ? (void)0 : die(#cond))

/* A byte in each page, and both ends. */
static void
mark(struct block *b, size_t from)
{
	if (b->size == 0)
		return;
	for (size_t i = from; i < b->size; i += PAGESIZE)
		b->p[i] = (char)b->fill;
	b->p[b->size - 1] = (char)b->fill;
}

static void
expect(const struct block *b, size_t size)
{
	for (size_t i = 0; i < size; i += PAGESIZE)
		REQUIRE((unsigned char)b->p[i] == b->fill);
	if (size == b->size && size > 0)
		REQUIRE((unsigned char)b->p[size - 1] == b->fill);
}

static struct block *
keep(void *p, size_t size)
{
	struct block *b = &block[nblock];

	if (p == NULL) {
		shared->failed++;
		return (NULL);
	}
	REQUIRE(nblock < NBLOCK);
	nblock++;
	b->p = p;
	b->size = size;
	b->fill = (unsigned char)(nblock * 7 + 1);
	mark(b, 0);
	return (b);
}

/* As the faces do it: fast, or past the modes. */
static struct block *
get(size_t size)
{
	void *p;

	if (!kmem_alloc_fast(size, &p))
		p = mode_alloc(size, CALLER);
	return (keep(p, size));
}

static struct block *
get_zeroed(size_t size)
{
	char *p = mode_zalloc(size, CALLER);

	for (size_t i = 0; p != NULL && i < size; i += 512)
		REQUIRE(p[i] == 0);
	return (keep(p, size));
}

static void
get_aligned(size_t align, size_t size)
{
	keep(mode_memalign(align, size, CALLER), size);
}

static void
put(struct block *b)
{
	if (b == NULL || b->p == NULL)
		return;
	expect(b, b->size);
	if (!kmem_free_fast(b->p))
		mode_free(b->p, "free", CALLER);
	b->p = NULL;
}

static void
resize(struct block *b, size_t size)
{
	char *p;

	if (b == NULL)
		return;
	expect(b, b->size);
	p = mode_realloc(b->p, size, "realloc", CALLER);
	if (p == NULL) {
		shared->failed++;
		expect(b, b->size);
		return;
	}
	b->p = p;
	if (size < b->size) {
		b->size = size - 1;	/* the last byte is no mark */
		expect(b, size - 1 < PAGESIZE ? 1 : size - 1 - PAGESIZE);
	} else
		expect(b, b->size);
	b->size = size;
	mark(b, 0);
}

/*
 * The scenario.
 */

static void
small_blocks(void)
{
	for (size_t size = 16; size <= 40000; size += size / 3)
		for (int i = 0; i < 6; i++)
			get(size);
	for (unsigned i = 0; i < nblock; i += 2)
		put(&block[i]);
}

static void
large_blocks(void)
{
	struct block *a = get(900000), *b = get_zeroed(2 * MB), *c;

	put(a);
	a = get_zeroed(MB);
	c = get(700000);
	resize(b, 3 * MB);		/* in place, or to a new place */
	resize(a, 4 * MB);		/* moves: c is in the way */
	resize(a, 5 * MB);
	resize(b, MB);
	resize(c, 600000);
	resize(c, 200000);
	resize(c, 2000);
	get_aligned(65536, 100000);
	get_aligned(4096, 3000);
	put(b);
}

/* Free runs between runs in use: purged one by one. */
static void
comb(void)
{
	unsigned first = nblock;

	for (int i = 0; i < 8; i++)
		get(300000 + (size_t)i * 4096);
	for (unsigned i = first; i < nblock; i += 2)
		put(&block[i]);
	for (int i = 0; i < 3; i++)
		get_zeroed(1100000);
}

static void *
in_thread(void *arg)
{
	for (int i = 0; i < 300; i++)
		get(100);
	get(400000);
	for (unsigned i = 0; i < nblock; i += 3)
		put(&block[i]);
	return (arg);
}

static void
threads(void)
{
	for (int i = 0; i < 3; i++) {
		pthread_t thread;

		REQUIRE(pthread_create(&thread, NULL, in_thread, NULL) == 0);
		pthread_join(thread, NULL);
	}
}

/* Objects, of which a list goes through all that are out. */
static struct kma_objcache *objects[2];

static void
object_caches(void)
{
	void *out[2] = { NULL, NULL }, *p;
	int error = 0;

	for (int c = 0; c < 2; c++) {
		if (objects[c] == NULL)
			objects[c] = objcache_create("inject",
			    c == 0 ? 200 : 90000, 0, NULL, NULL, NULL, &error);
		if (objects[c] == NULL) {
			REQUIRE(error == ENOMEM);
			continue;
		}
		for (int i = 0; i < 400; i++) {
			p = objcache_alloc(objects[c], M_NOWAIT, &error);
			REQUIRE(p != NULL || error == ENOMEM);
			shared->failed += p == NULL;
			if (p == NULL)
				continue;
			*(void **)p = out[c];
			out[c] = p;
		}
		objcache_check(objects[c]);
	}
	for (int c = 0; c < 2; c++)
		while ((p = out[c]) != NULL) {
			out[c] = *(void **)p;
			objcache_free(objects[c], p, "object");
		}
	objcache_reap_all();
}

static void
to_nowhere(void *arg, const char *text, size_t len)
{
	(void)arg;
	(void)text;
	(void)len;
}

static void
figures(void)
{
	struct report r;
	char file;
	int out;

	report_open_sink(&r, to_nowhere, NULL);
	stats_print(&r);
	stats_start();
	stats_exit();
	/* And to standard error, which is nowhere meanwhile. */
	file = options.o_stats_file[0];
	options.o_stats_file[0] = '\0';
	out = dup(2);
	dup2(devnull, 2);
	stats_start();
	stats_exit();
	dup2(out, 2);
	close(out);
	options.o_stats_file[0] = file;
}

static void
clock_goes_on(uint64_t *now)
{
	for (int i = 0; i < 3; i++) {
		cache_reap();
		pagerun_tick(*now += 1000);
	}
}

static void
scenario(void)
{
	static uint64_t now;

	nblock = 0;
	small_blocks();
	large_blocks();
	comb();
	if (kmem_init())
		clock_goes_on(&now);
	threads();
	object_caches();
	kmem_trim();
	small_blocks();
	figures();
	for (unsigned i = 0; i < nblock; i++)
		if (block[i].p != NULL)
			expect(&block[i], block[i].size);
}

static void
check(void)
{
	if (kmem_init())
		kmem_check();
}

/* What cannot be made accessible again is not used any more. */
static bool
lost(void)
{
	return (options.o_hardened && mode != ONCE && mode != COUNT);
}

static void
free_all(void)
{
	struct kma_totals st;

	for (unsigned i = 0; i < nblock; i++)
		put(&block[i]);
	if (options.o_watch)
		mode_trim();
	check();
	stats_totals(&st);
	REQUIRE(st.st_inuse == 0 || lost());
}

static void
quiet(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	alarm(CHILD_LIMIT);
}

/* In a child. */
static void
run_one(void)
{
	struct pagerun_stats ps;
	unsigned failed;

	quiet();
	options_read();
	mode_start();
	scenario();
	check();
	free_all();
	if (mode == FROM_ON)
		return;
	healed = true;
	failed = shared->failed;
	scenario();
	REQUIRE(shared->failed == failed || mode == ONCE);
	check();
	free_all();
	if (mode == ONCE)
		return;
	kmem_trim();
	check();
	pagerun_stats(&ps);
	REQUIRE(ps.ps_inuse == 0 || lost());
	REQUIRE(ps.ps_dirty == 0);
}

/*
 * The driver.
 */

/* 0 if the child did well. */
static int
in_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		run_one();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return (-1);
	if (WIFSIGNALED(status))
		fprintf(stderr, "# %s, variant %u, call %u: signal %d\n",
		    mode_name[mode], variant, target, WTERMSIG(status));
	return (status);
}

static void
print_sites(void)
{
	printf("# %-10s %8s %8s %10s\n", "call", "sites", "calls",
	    "made fail");
	for (unsigned i = 0; i < NFAILURE; i++) {
		unsigned n = 0;

		for (unsigned j = 0; j < shared->nsites; j++)
			n += shared->site[j].what == i;
		printf("# %-10s %8u %8u %10u\n", failures[i].name, n,
		    shared->count[i], shared->injected[i]);
	}
}

/* All calls one by one; of the lasting failures, the rarer ones in steps. */
static unsigned
stride(void)
{
	if (getenv("KMA_TEST_ALL") != NULL)
		return (1);
	if (getenv("KMA_TEST_SLOW") != NULL)
		return (29);
	if (INJECT_OPTIONS[0] != '\0')
		return (37);	/* a mode makes the same calls over and over */
	return (mode == ONCE ? 1 : variant == 0 ? 2 : 7);
}

static unsigned
run_all(unsigned test, unsigned total)
{
	unsigned wrong = 0, n = 0;

	shared->failed = 0;
	for (target = 1; target <= total; target += stride(), n++) {
		shared->calls = 0;
		wrong += in_child() != 0;
		if (n % PROGRESS == PROGRESS - 1)
			printf("# %u of %u: call %u of %u, %u bad\n", test,
			    1 + (NMODE - 1) * NVARIANT, target, total, wrong);
	}
	printf("%sok %u - %s, variant %u: %u in turn, %u bad, "
	    "%u allocations failed\n", wrong ? "not " : "", test,
	    mode_name[mode], variant, n, wrong, shared->failed);
	return (wrong);
}

int
main(void)
{
	unsigned test = 1, bad, total;
	const char *more = getenv("KMA_TEST_OPTIONS");
	char text[1000];

	snprintf(text, sizeof(text), INJECT_OPTIONS "stats=/dev/null,%s",
	    more != NULL ? more : "");
	setenv("KMA_OPTIONS", text, 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	devnull = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (shared == MAP_FAILED || devnull < 0)
		return (1);
	mode = COUNT;
	bad = in_child() != 0;
	/* The scenario runs twice in a child: the first half is what fails. */
	total = shared->calls / 2 + 16;
	printf("1..%u\n%sok 1 - nothing fails: %u calls\n",
	    1 + (NMODE - 1) * NVARIANT, bad ? "not " : "", shared->calls);
	for (mode = ONCE; mode < NMODE; mode++)
		for (variant = 0; variant < NVARIANT; variant++)
			bad += run_all(++test, total);
	print_sites();
	return (bad != 0);
}
