/*
 * lock.c - the mutex and the fork protocol.
 *
 * Layer 1.  Owns the register of locks.  Calls os.h only.  The mutex is the
 * three-state futex mutex of Drepper, "Futexes Are Tricky" (2011).
 *
 * Fork.  The handlers take all locks in rank order.  Two things make that
 * safe where it was seen to deadlock others:
 *
 *  - glibc's fork takes its list of open streams after the handlers ran,
 *    while fflush(NULL) holds that list and waits for a stream whose owner
 *    waits for us.  So the list is taken first, here; it is recursive.
 *  - Handlers of others, run while everything is held, may allocate.  The
 *    forking thread passes through every lock: nothing can change under it,
 *    as it holds them all.
 *
 * A thread that is interrupted inside the allocator and forks from the
 * signal handler takes nothing: it must not wait for itself.  POSIX lets its
 * child call nothing but async-signal-safe functions.
 */
#define _GNU_SOURCE
#include <stddef.h>

#include "lock.h"
#include "os.h"

#define SPINS	64	/* about a batch's time under a bucket's lock */

KMA_TLS uint32_t lock_depth;

static struct lock *lock_list[NRANK];
static struct lock_array {		/* one a rank */
	struct lock	*la_first;
	unsigned	 la_n;
	size_t		 la_stride;
} lock_array[NRANK];
static bool fork_took_locks;

#ifdef __GLIBC__
void	_IO_list_lock(void);
void	_IO_list_unlock(void);
void	_IO_list_resetlock(void);
#define stdio_lock()	_IO_list_lock()
#define stdio_unlock()	_IO_list_unlock()
#define stdio_reset()	_IO_list_resetlock()
#else
/* musl's fork takes its own locks after the handlers, and exports none. */
#define stdio_lock()	((void)0)
#define stdio_unlock()	((void)0)
#define stdio_reset()	((void)0)
#endif

static inline void
cpu_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

void
lock_init(struct lock *lk, enum lock_rank rank)
{
	lk->l_next = lock_list[rank];
	lock_list[rank] = lk;
}

void
lock_init_array(struct lock *lk, unsigned n, size_t stride,
    enum lock_rank rank)
{
	lock_array[rank] = (struct lock_array){ lk, n, stride };
}

static void
for_each(int rank, void (*fn)(struct lock *lk))
{
	const struct lock_array *la = &lock_array[rank];
	char *at = (char *)la->la_first;

	for (unsigned i = 0; i < la->la_n; i++, at += la->la_stride)
		fn((struct lock *)(void *)at);
	for (struct lock *lk = lock_list[rank]; lk != NULL; lk = lk->l_next)
		fn(lk);
}

KMA_COLD void
lock_wait(struct lock *lk)
{
	if (lock_depth & LOCK_FORKING)
		return;
	for (int i = 0; i < SPINS; i++) {
		uint32_t was = 0;

		if (relaxed_load(&lk->l_word) == 0 &&
		    __atomic_compare_exchange_n(&lk->l_word, &was, 1, false,
		    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		cpu_relax();
	}
	while (__atomic_exchange_n(&lk->l_word, 2, __ATOMIC_ACQUIRE) != 0)
		os_wait(&lk->l_word, 2);
}

KMA_COLD void
lock_wake(struct lock *lk)
{
	os_wake(&lk->l_word, 1);
}

void
lock_prefork(void)
{
	if (lock_depth != 0) {
		/* A fork inside of a fork is counted, and takes nothing. */
		if (lock_depth & LOCK_FORKING)
			lock_depth++;
		return;
	}
	stdio_lock();
	for (int rank = 0; rank < NRANK; rank++)
		for_each(rank, lock_acquire);
	fork_took_locks = true;
	lock_depth = LOCK_FORKING;
}

static void
release(struct lock *lk)
{
	if (__atomic_exchange_n(&lk->l_word, 0, __ATOMIC_RELEASE) != 1)
		lock_wake(lk);
}

static void
release_all(void)
{
	for (int rank = NRANK - 1; rank >= 0; rank--)
		for_each(rank, release);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lock_depth = 0;
}

void
lock_postfork_parent(void)
{
	if (!(lock_depth & LOCK_FORKING))
		return;
	if (lock_depth != LOCK_FORKING) {
		lock_depth--;
		return;
	}
	fork_took_locks = false;
	release_all();
	stdio_unlock();
}

void
lock_postfork_child(void)
{
	if (!fork_took_locks)
		return;
	fork_took_locks = false;
	release_all();
	/* glibc's fork does this only if there were other threads. */
	stdio_reset();
}
