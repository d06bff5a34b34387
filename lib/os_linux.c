/*
 * os_linux.c - the system interface on Linux.
 *
 * Layer 1.  Owns the page size.  Every call goes through os_syscall(); what
 * is asked of libc (the auxiliary vector, the environment, the clock, abort)
 * allocates nothing and is no cancellation point.
 */
#define _GNU_SOURCE
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cdefs.h"
#include "os.h"
#include "param.h"

#ifndef MAP_FIXED_NOREPLACE		/* Linux 4.17 */
#define MAP_FIXED_NOREPLACE	0x100000
#endif
#ifndef MREMAP_DONTUNMAP		/* Linux 5.7 */
#define MREMAP_DONTUNMAP	4
#endif
#ifndef FUTEX_WAIT_PRIVATE
#define FUTEX_WAIT_PRIVATE	(0 | 128)
#define FUTEX_WAKE_PRIVATE	(1 | 128)
#define FUTEX_WAIT_BITSET_PRIVATE (9 | 128)
#define FUTEX_BITSET_MATCH_ANY	0xffffffffu
#endif

#define MAP_HEAP	(MAP_PRIVATE | MAP_ANONYMOUS)
#define DUP_HIGH	200	/* clear of the descriptors programs expect */

#ifndef __x86_64__
unsigned kmem_pageshift = 12;
#endif

/*
 * The kernel says ENOMEM, EAGAIN (a limit on locked memory) or EPERM for
 * what the caller of malloc knows as one thing.
 */
static int
map_error(long result)
{
	return (result == -EEXIST ? EEXIST : ENOMEM);
}

static bool
is_error(long result)
{
	return (result < 0 && result > -4096);
}

bool
os_init(void)
{
#ifndef __x86_64__
	kmem_pageshift = (unsigned)__builtin_ctzl(getauxval(AT_PAGESZ) |
	    1ul << 63);
#endif
	return (PAGESHIFT >= 12 && PAGESHIFT <= MAXPAGESHIFT);
}

size_t
os_physmem(void)
{
	static size_t known;
	struct sysinfo info;

	if (relaxed_load(&known) == 0 &&
	    os_syscall(SYS_sysinfo, (long)&info, 0, 0, 0, 0, 0) == 0)
		relaxed_store(&known, (size_t)info.totalram * info.mem_unit);
	return (relaxed_load(&known));
}

size_t
os_aslimit(void)
{
	struct rlimit limit;

	if (os_syscall(SYS_prlimit64, 0, RLIMIT_AS, 0, (long)&limit, 0, 0) != 0
	    || limit.rlim_cur == RLIM_INFINITY)
		return (SIZE_MAX);
	return ((size_t)limit.rlim_cur);
}

int
os_findspace(size_t len, uintptr_t *start)
{
	long addr = os_syscall(SYS_mmap, 0, (long)len, PROT_NONE,
	    MAP_HEAP | MAP_NORESERVE, -1, 0);

	if (is_error(addr))
		return (map_error(addr));
	os_syscall(SYS_munmap, addr, (long)len, 0, 0, 0, 0);
	*start = (uintptr_t)addr;
	return (0);
}

static int
map_at(uintptr_t addr, size_t len, int prot, int flags)
{
	long got = os_syscall(SYS_mmap, (long)addr, (long)len, prot,
	    MAP_HEAP | MAP_FIXED_NOREPLACE | flags, -1, 0);

	if (is_error(got))
		return (map_error(got));
	if ((uintptr_t)got != addr) {
		/* A kernel before 4.17 takes the address for a mere hint. */
		os_syscall(SYS_munmap, got, (long)len, 0, 0, 0, 0);
		return (EEXIST);
	}
	return (0);
}

int
os_map(uintptr_t addr, size_t len)
{
	return (map_at(addr, len, PROT_READ | PROT_WRITE, 0));
}

int
os_map_guard(uintptr_t addr)
{
	return (map_at(addr, PAGESIZE, PROT_NONE, MAP_NORESERVE));
}

int
os_map_any(size_t len, uintptr_t *addr)
{
	long got = os_syscall(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE,
	    MAP_HEAP, -1, 0);

	if (is_error(got))
		return (map_error(got));
	*addr = (uintptr_t)got;
	return (0);
}

int
os_unmap(uintptr_t addr, size_t len)
{
	return ((int)-os_syscall(SYS_munmap, (long)addr, (long)len,
	    0, 0, 0, 0));
}

int
os_readonly(uintptr_t addr, size_t len)
{
	return ((int)-os_syscall(SYS_mprotect, (long)addr, (long)len,
	    PROT_READ, 0, 0, 0));
}

int
os_purge(uintptr_t addr, size_t len)
{
	return ((int)-os_syscall(SYS_madvise, (long)addr, (long)len,
	    MADV_DONTNEED, 0, 0, 0));
}

int
os_remap(uintptr_t addr, size_t len)
{
	long got = os_syscall(SYS_mmap, (long)addr, (long)len,
	    PROT_READ | PROT_WRITE, MAP_HEAP | MAP_FIXED, -1, 0);

	return (is_error(got) ? map_error(got) : 0);
}

/*
 * Does the word hold val, if there is one at all, whosever it is by now?  The
 * kernel looks, which cannot fault.
 */
static bool
word_holds(uint32_t *word, uint32_t val)
{
	static const struct timespec past;
	int error;

	do
		error = os_wait_until(word, val, &past);
	while (error == EINTR);
	return (error == ETIMEDOUT);
}

int
os_move(uintptr_t from, size_t len, uintptr_t to)
{
	uint32_t *target = (uint32_t *)to, mark = (uint32_t)(to >> 12) | 1;
	long got;

	*target = mark;
	got = os_syscall(SYS_mremap, (long)from, (long)len, (long)len,
	    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, (long)to, 0);
	if (!is_error(got)) {
		/* A fresh mapping joins its neighbours'; this one may not. */
		os_remap(from, len);
		return (0);
	}
	if (got == -EINVAL)	/* before 5.7: the move leaves a gap */
		got = os_syscall(SYS_mremap, (long)from, (long)len, (long)len,
		    MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0);
	if (!is_error(got))
		return (os_map(from, len) == 0 ? 0 : EEXIST);
	/*
	 * The kernel unmaps the target before it looks at most of the rest,
	 * but not if there are too many mappings.  If there is something now
	 * without the mark, nobody knows whose it is.
	 */
	return (os_map(to, len) == 0 || word_holds(target, mark) ? ENOMEM :
	    ENXIO);
}

int
os_forbid(uintptr_t addr, size_t len)
{
	return ((int)-os_syscall(SYS_mprotect, (long)addr, (long)len,
	    PROT_NONE, 0, 0, 0));
}

int
os_allow(uintptr_t addr, size_t len)
{
	return ((int)-os_syscall(SYS_mprotect, (long)addr, (long)len,
	    PROT_READ | PROT_WRITE, 0, 0, 0));
}

uint64_t
os_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

static uint64_t
nanoseconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ((uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec);
}

uint64_t
os_monotonic(void)
{
	return (nanoseconds(CLOCK_MONOTONIC));
}

uint64_t
os_realtime(void)
{
	return (nanoseconds(CLOCK_REALTIME));
}

/* What a write may raise: a pipe without a reader, a file at its limit. */
#define SIGNAL_SET(sig)	(UINT64_C(1) << ((sig) - 1))
static const uint64_t write_signals = SIGNAL_SET(SIGPIPE) | SIGNAL_SET(SIGXFSZ);

/* 0, or an errno: the signals of that are then pending, if not ignored. */
static int
write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		long n = os_syscall(SYS_write, fd, (long)p, (long)len, 0, 0, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return (n == 0 ? EIO : (int)-n);
		p += n;
		len -= (size_t)n;
	}
	return (0);
}

/*
 * The program did not ask for what is written here, so it does not die of it:
 * a signal is taken back.
 */
int
os_write(int fd, const void *buf, size_t len)
{
	static const struct timespec at_once;
	uint64_t mask = 0;
	bool blocked;
	int error;

	blocked = os_syscall(SYS_rt_sigprocmask, SIG_BLOCK,
	    (long)&write_signals, (long)&mask, sizeof(mask), 0, 0) == 0;
	error = write_all(fd, buf, len);
	if (error == EPIPE || error == EFBIG)
		os_syscall(SYS_rt_sigtimedwait, (long)&write_signals, 0,
		    (long)&at_once, sizeof(write_signals), 0, 0);
	if (blocked)
		os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0,
		    sizeof(mask), 0, 0);
	return (error);
}

int
os_dup_high(int fd)
{
	return ((int)os_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, DUP_HIGH,
	    0, 0, 0));
}

void
os_close(int fd)
{
	os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

bool
os_isopen(int fd)
{
	return (os_syscall(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) != -EBADF);
}

int
os_create(const char *path)
{
	int high, fd = (int)os_syscall(SYS_openat, AT_FDCWD, (long)path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666, 0, 0);

	if (fd < 0 || fd > 2)
		return (fd);
	/* The program closed its standard streams: leave them closed. */
	high = os_dup_high(fd);
	os_close(fd);
	return (high);
}

int
os_open(const char *path)
{
	return ((int)os_syscall(SYS_openat, AT_FDCWD, (long)path,
	    O_RDONLY | O_CLOEXEC, 0, 0, 0));
}

long
os_read(int fd, void *buf, size_t len)
{
	long n;

	do
		n = os_syscall(SYS_read, fd, (long)buf, (long)len, 0, 0, 0);
	while (n == -EINTR);
	return (n);
}

long
os_read_at(int fd, void *buf, size_t len, uint64_t offset)
{
	size_t have = 0;
	long n;

	do {
		n = os_syscall(SYS_pread64, fd, (long)((char *)buf + have),
		    (long)(len - have), (long)(offset + have), 0, 0);
		have += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && have < len) || n == -EINTR);
	return (n < 0 ? n : (long)have);
}

long
os_read_file(const char *path, void *buf, size_t len)
{
	size_t have = 0;
	int fd = os_open(path);
	long n;

	if (fd < 0)
		return (fd);
	do {
		n = os_read(fd, (char *)buf + have, len - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 && have < len);
	os_close(fd);
	return (n < 0 ? n : (long)have);
}

int
os_getpid(void)
{
	return ((int)os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0));
}

/* The twentieth field; the second, in brackets, may have spaces. */
unsigned
os_nthreads(void)
{
	char text[512];
	long len = os_read_file("/proc/self/stat", text, sizeof(text) - 1);
	unsigned field = 2, n = 0;

	if (len > 0)
		text[len] = '\0';
	while (len > 0 && text[len - 1] != ')')
		len--;
	if (len <= 0)
		return (0);
	for (char *at = text + len; *at != '\0' && field <= 20; at++) {
		if (*at == ' ')
			field++;
		else if (field == 20)
			n = 10 * n + (unsigned)(*at - '0');
	}
	return (n);
}

void
os_wait(uint32_t *word, uint32_t val)
{
	os_syscall(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)val,
	    0, 0, 0);
}

int
os_wait_until(uint32_t *word, uint32_t val, const struct timespec *deadline)
{
	return ((int)-os_syscall(SYS_futex, (long)word,
	    FUTEX_WAIT_BITSET_PRIVATE, (long)val, (long)deadline, 0,
	    FUTEX_BITSET_MATCH_ANY));
}

void
os_wake(uint32_t *word, int nthreads)
{
	os_syscall(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, nthreads,
	    0, 0, 0);
}

void
os_yield(void)
{
	os_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/*
 * At boot, or where a filter forbids the call, the clock and where the kernel
 * put things have to do.  (AT_RANDOM would be one more name of libc's.)
 */
uint64_t
os_random(void)
{
	struct timespec now;
	uint64_t bits;

	if (os_syscall(SYS_getrandom, (long)&bits, sizeof(bits), GRND_NONBLOCK,
	    0, 0, 0) == sizeof(bits))
		return (bits);
	clock_gettime(CLOCK_MONOTONIC, &now);
	bits = (uint64_t)now.tv_nsec << 32 ^ (uintptr_t)&now ^
	    (uintptr_t)os_random;
	return (bits * 0x9e3779b97f4a7c15u);
}

/* From the kernel, where a constructor was told: see os_start(). */
static struct {
	char	**environ;
	bool	  secure;	/* set-user-ID, or the like */
	bool	  bare;		/* no page of code of the kernel's (vDSO) */
} given;

KMA_START void
os_start(int argc, char **argv, char **envp)
{
	const unsigned long *aux;
	char **end = envp;

	if (envp != argv + argc + 1)
		return;
	/* What the loader has unset leaves NULLs behind the environment. */
	while (*end != NULL)
		end++;
	while (*end == NULL)
		end++;
	given.environ = envp;
	given.bare = true;
	for (aux = (const unsigned long *)end; *aux != AT_NULL; aux += 2)
		if (*aux == AT_SECURE)
			given.secure = aux[1] != 0;
		else if (*aux == AT_SYSINFO_EHDR)
			given.bare = aux[1] == 0;
}

bool
os_isemulated(void)
{
	return (given.bare);
}

/* The value, if the line sets that name. */
static inline const char *
value_of(const char *line, const char *name)
{
	while (*name != '\0' && *line == *name)
		line++, name++;
	return (*name == '\0' && *line == '=' ? line + 1 : NULL);
}

KMA_START const char *
os_getenv(const char *name)
{
	const char *value = NULL;
	char **at = given.environ;

	if (at == NULL)
		return (secure_getenv(name));
	for (; *at != NULL && value == NULL; at++)
		if (**at == *name)	/* most are done with */
			value = value_of(*at, name);
	return (given.secure ? NULL : value);
}

_Noreturn void
os_abort(void)
{
	abort();
}
