/*
 * os.h - every request the library makes of the system.
 *
 * Layer 1.  Nothing else in the library enters the kernel.  No function here
 * allocates, none touches errno, none is a cancellation point: a program may
 * call malloc where it could not bear either.  Functions that can fail return
 * 0 or an errno value.  All are safe in any thread, and in a signal handler.
 *
 * os_linux.c implements the calls over os_syscall(), the one door, so that a
 * test can put a failing one in its place.
 */
#ifndef KMA_OS_H
#define KMA_OS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timespec;

/*
 * The system call itself: the kernel's result, or -errno.
 */
long	os_syscall(long nr, long a, long b, long c, long d, long e, long f);

/* Reads the page size; false where it is not one that param.h supports. */
bool	os_init(void);

/*
 * Bytes of physical memory; 0 if unknown.  The system is asked once: programs
 * may forbid themselves such calls later.
 */
size_t	os_physmem(void);
/* The soft limit on address space, in bytes; SIZE_MAX when there is none. */
size_t	os_aslimit(void);

/*
 * Finds len unused bytes of address space and stores their start.  Nothing
 * stays mapped: what is wanted of it is claimed later with os_map().
 */
int	os_findspace(size_t len, uintptr_t *start);
/*
 * Maps zeroed, readable and writable memory at exactly addr.  EEXIST when
 * any of it is in use by somebody else, ENOMEM when there is none.  addr and
 * len are multiples of the page.
 */
int	os_map(uintptr_t addr, size_t len);
/* The same wherever there is room, for what is soon unmapped again. */
int	os_map_any(size_t len, uintptr_t *addr);
/* The same for one page at addr that nobody may touch. */
int	os_map_guard(uintptr_t addr);
/* Unmaps memory that these mapped. */
int	os_unmap(uintptr_t addr, size_t len);
/* Forbids to write to pages that are ours, from now on. */
int	os_readonly(uintptr_t addr, size_t len);
/* Gives the memory behind mapped pages back; they read as zero afterwards. */
int	os_purge(uintptr_t addr, size_t len);
/*
 * Moves the memory of len bytes at from to to, both mapped with os_map(),
 * copying nothing.  What to held is lost; from stays mapped and reads as
 * zero.  EEXIST: the move is done, but from could not be mapped again and is
 * not ours any more.  Any other errno: from is as before; with ENXIO, to could
 * not be mapped again and is not ours any more.
 */
int	os_move(uintptr_t from, size_t len, uintptr_t to);
/* Maps fresh memory over pages that are ours: as purge, and unsplits maps. */
int	os_remap(uintptr_t addr, size_t len);

/* Forbids all access to pages that are ours; or allows it again. */
int	os_forbid(uintptr_t addr, size_t len);
int	os_allow(uintptr_t addr, size_t len);

/* Milliseconds of a clock that does not jump; coarse and cheap. */
uint64_t os_now(void);

/* Writes all of buf; gives up at an error, and no signal comes of it. */
int	os_write(int fd, const void *buf, size_t len);
/* Opens a file for writing from its start; a descriptor above 2, or -errno. */
int	os_create(const char *path);
/* A close-on-exec duplicate of fd well above 2, or -errno. */
int	os_dup_high(int fd);
void	os_close(int fd);
bool	os_isopen(int fd);
/* Reads up to len bytes of a file from its start: a count, or -errno. */
long	os_read_file(const char *path, void *buf, size_t len);
/* Opens a file for reading, for a moment: a descriptor, or -errno. */
int	os_open(const char *path);
/* Reads up to len bytes, some at least: a count, 0 at the end, or -errno. */
long	os_read(int fd, void *buf, size_t len);
/* The same at an offset; fewer only at the end. */
long	os_read_at(int fd, void *buf, size_t len, uint64_t offset);
int	os_getpid(void);
int	os_gettid(void);
bool	os_process_exists(int pid);
/* The working directory with its end: its bytes, or -errno. */
long	os_getcwd(char *buf, size_t size);
/* Threads of the process; 0 if unknown. */
unsigned os_nthreads(void);

/*
 * Files that are written to through memory, in windows.
 */

struct os_file {
	uint64_t	file_dev, file_ino;	/* which file it is */
};

/* Makes a file, or opens one, for both ways: a descriptor, or -errno. */
int	os_create_new(const char *path);
int	os_open_rw(const char *path);
int	os_identify(int fd, struct os_file *file);
/*
 * Makes the file reach to offset + len, with zeros and with room on the disk,
 * so that no window there can fault for want of it.  Raises no signal.
 */
int	os_file_reserve(int fd, uint64_t offset, size_t len);
/*
 * Maps what was reserved; os_unmap() ends it.  A forked child has no such
 * window.  offset and len are multiples of the page.
 */
int	os_map_window(int fd, uint64_t offset, size_t len, uintptr_t *addr);
/* Memory of os_map_any() reads as zero in a child from now on. */
int	os_wipe_on_fork(uintptr_t addr, size_t len);

/* No signal reaches the thread between these. */
void	os_block_signals(uint64_t *mask);
void	os_unblock_signals(const uint64_t *mask);

/* Nanoseconds of CLOCK_MONOTONIC, and of CLOCK_REALTIME. */
uint64_t os_monotonic(void);
uint64_t os_realtime(void);

/*
 * The processor's clock, which costs less, in units of some 10 to 300 ns.  It
 * may differ between processors by as much.
 */
static inline uint64_t
os_ticks(void)
{
#if defined(__x86_64__)
	return (__builtin_ia32_rdtsc() >> 8);
#else
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return (ticks >> 3);
#endif
}

/* Sleeps while *word is val (or until woken for no reason). */
void	os_wait(uint32_t *word, uint32_t val);
/* The same until a time of CLOCK_MONOTONIC at most (NULL: none): ETIMEDOUT. */
int	os_wait_until(uint32_t *word, uint32_t val,
	    const struct timespec *deadline);
void	os_wake(uint32_t *word, int nthreads);
void	os_yield(void);

/* 64 bits that nobody can foresee, as far as the system has any. */
uint64_t os_random(void);

/* The environment's value, or NULL; always NULL in a set-user-ID program. */
const char *os_getenv(const char *name);
/*
 * What a constructor was handed by glibc.  If it is what the kernel made,
 * os_getenv() looks there: libc may know of no environment yet.
 */
void	os_start(int argc, char **argv, char **envp);
/*
 * Does the system lack what every kernel has?  Then it is no kernel, but an
 * emulator of one (qemu up to 7), as far as os_start() knows.
 */
bool	os_isemulated(void);

/* Ends the process the way abort(3) does. */
_Noreturn void os_abort(void);

/*
 * A sign of life that outlasts its thread without a destructor: the kernel
 * marks a robust mutex whose owner is gone.  Neither a pthread key nor TLS is
 * used up, and it works however the thread ended.
 */
struct os_life {
	pthread_mutex_t	life_mutex;
};

/* Makes life belong to nobody. */
void	os_life_init(struct os_life *life);
/*
 * Makes life the calling thread's if it belongs to nobody or to a thread
 * that has ended, and tells whether it does now.  Never waits.
 */
bool	os_life_claim(struct os_life *life);
/* Gives up the calling thread's life; it then belongs to nobody. */
void	os_life_release(struct os_life *life);
/* In a forked child: the sign of the thread that forked is one there too. */
void	os_life_go_on(struct os_life *life);

#endif /* KMA_OS_H */
