/*
 * os_window.c - files that are written to through memory.
 *
 * Layer 1.  Owns no state.  What lies in a shared window of a file is in the
 * file, whatever becomes of the process.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "cdefs.h"
#include "os.h"

#ifndef MADV_WIPEONFORK		/* Linux 4.14 */
#define MADV_WIPEONFORK	18
#endif

int
os_create_new(const char *path)
{
	return ((int)os_syscall(SYS_openat, AT_FDCWD, (long)path,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666, 0, 0));
}

int
os_open_rw(const char *path)
{
	return ((int)os_syscall(SYS_openat, AT_FDCWD, (long)path,
	    O_RDWR | O_CLOEXEC, 0, 0, 0));
}

int
os_identify(int fd, struct os_file *file)
{
	struct stat st;
	int error = (int)-os_syscall(SYS_fstat, fd, (long)&st, 0, 0, 0, 0);

	if (error == 0) {
		file->file_dev = st.st_dev;
		file->file_ino = st.st_ino;
	}
	return (error);
}

/* Where the file system cannot set blocks aside, zeros are written. */
static int
write_zeros(int fd, uint64_t offset, size_t len)
{
	static const char zeros[4096];

	while (len > 0) {
		size_t take = len < sizeof(zeros) ? len : sizeof(zeros);
		long n = os_syscall(SYS_pwrite64, fd, (long)zeros, (long)take,
		    (long)offset, 0, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return (n == 0 ? EIO : (int)-n);
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return (0);
}

int
os_file_reserve(int fd, uint64_t offset, size_t len)
{
	struct rlimit limit;
	long result;

	/* The kernel's answer to a file that is too long is a signal. */
	if (os_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0)
	    == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    offset + len > limit.rlim_cur)
		return (EFBIG);
	do
		result = os_syscall(SYS_fallocate, fd, 0, (long)offset,
		    (long)len, 0, 0);
	while (result == -EINTR);
	if (result == -EOPNOTSUPP || result == -ENOSYS)
		return (write_zeros(fd, offset, len));
	return ((int)-result);
}

int
os_map_window(int fd, uint64_t offset, size_t len, uintptr_t *addr)
{
	long got = os_syscall(SYS_mmap, 0, (long)len, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, (long)offset);

	if (got < 0 && got > -4096)
		return ((int)-got);
	os_syscall(SYS_madvise, got, (long)len, MADV_DONTFORK, 0, 0, 0);
	*addr = (uintptr_t)got;
	return (0);
}

int
os_wipe_on_fork(uintptr_t addr, size_t len)
{
	return ((int)-os_syscall(SYS_madvise, (long)addr, (long)len,
	    MADV_WIPEONFORK, 0, 0, 0));
}

void
os_block_signals(uint64_t *mask)
{
	static const uint64_t all = UINT64_MAX;

	*mask = 0;
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)mask,
	    sizeof(all), 0, 0);
}

void
os_unblock_signals(const uint64_t *mask)
{
	os_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)mask, 0,
	    sizeof(*mask), 0, 0);
}

int
os_gettid(void)
{
	return ((int)os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0));
}

bool
os_process_exists(int pid)
{
	return (os_syscall(SYS_kill, pid, 0, 0, 0, 0, 0) != -ESRCH);
}

long
os_getcwd(char *buf, size_t size)
{
	return (os_syscall(SYS_getcwd, (long)buf, (long)size, 0, 0, 0, 0));
}
