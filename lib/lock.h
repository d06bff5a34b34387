/*
 * lock.h - the mutex, the order of locks, and fork.
 *
 * Layer 1.  A lock is taken only while holding locks of lower rank.  Around
 * fork, all of them are held, taken in rank order, so that parent and child
 * find every invariant whole.
 */
#ifndef KMA_LOCK_H
#define KMA_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

/* What each lock guards, in the order in which they may be nested. */
enum lock_rank {
	RANK_OBJCACHES,	/* objcache.c: the register of object caches */
	RANK_MAGAZINE,	/* objcache.c: one magazine of an object cache */
	RANK_OBJCACHE,	/* objcache.c: the slabs of an object cache */
	RANK_ACCOUNT,	/* account.c: which type a caller has */
	RANK_MEMTYPE,	/* memtype.c: types, and who waits for room */
	RANK_LEARN,	/* learn.c: the register of learned lists */
	RANK_CACHES,	/* cache.c: the register of thread caches */
	RANK_DEPOT,	/* cache.c: full and empty batches of one list */
	RANK_BUCKET,	/* bucket.c: the clusters of one list */
	RANK_PAGERUN,	/* pagerun.c: the free page runs, and the arena */
	RANK_QUARANTINE, /* quarantine.c: freed blocks that wait */
	RANK_VALGRIND,	/* valgrind.c: the table of blocks in use */
	RANK_META,	/* meta.c: memory for bookkeeping */
	NRANK
};

/*
 * l_word:	0 free, 1 held, 2 held and somebody may be asleep on it
 * l_next:	the lock of its rank that was registered before it
 */
struct lock {
	uint32_t	l_word;
	struct lock	*l_next;
};

/*
 * Makes a free lock known to fork.  Once for each lock, before its first use;
 * and before there is a second thread, or while a lock of lower rank is held,
 * always the same one for this rank: it keeps fork away meanwhile.
 */
void	lock_init(struct lock *lk, enum lock_rank rank);
/* The same for n locks, the first of them lk, stride bytes apart. */
void	lock_init_array(struct lock *lk, unsigned n, size_t stride,
	    enum lock_rank rank);

/* Contended halves; the inline ones below are the interface. */
void	lock_wait(struct lock *lk);
void	lock_wake(struct lock *lk);

/*
 * How deep the thread is in locks: a fork from a signal handler must not
 * wait for what its own thread holds.  LOCK_FORKING: the thread holds them
 * all, since it forks.
 */
extern KMA_HIDDEN KMA_TLS uint32_t lock_depth;
#define LOCK_FORKING	0x80000000u

/* A signal between its two steps finds the depth no less than the truth. */
static inline void
lock_acquire(struct lock *lk)
{
	uint32_t was = 0;

	lock_depth++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(!__atomic_compare_exchange_n(&lk->l_word, &was, 1, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		lock_wait(lk);
}

/* Takes the lock if nobody has it; false, and nothing is changed, if not. */
static inline bool
lock_try(struct lock *lk)
{
	uint32_t was = 0;

	lock_depth++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (likely(__atomic_compare_exchange_n(&lk->l_word, &was, 1, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		return (true);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lock_depth--;
	return (false);
}

static inline void
lock_release(struct lock *lk)
{
	if (likely(!(lock_depth & LOCK_FORKING)) &&
	    __atomic_exchange_n(&lk->l_word, 0, __ATOMIC_RELEASE) != 1)
		lock_wake(lk);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	lock_depth--;
}

/* The fork protocol: before, and after in the parent and in the child. */
void	lock_prefork(void);
void	lock_postfork_parent(void);
void	lock_postfork_child(void);

#endif /* KMA_LOCK_H */
