/*
 * memtype.h - malloc types: figures, limits, sleep and wake-up.
 *
 * Layer 7.  A type has a number, from 1 up; 0 is no type.  What is charged to
 * a type is bytes of blocks.  Each thread counts for itself, so that threads
 * that use one type do not wait for each other: it takes bytes from the type
 * in advance (ks_taken) and keeps what it did not need yet (tc_spare).
 *
 *	bytes in use = ks_taken - the sum of tc_spare <= ks_limit
 *	blocks in use = ks_inuse + the sum of tc_inuse
 *	requests = ks_calls + the sum of tc_calls
 *
 * A type with a limit has nothing taken in advance.
 */
#ifndef KMA_MEMTYPE_H
#define KMA_MEMTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "kma.h"

struct timespec;
struct waiter;

#define NTYPE		256
#define NOLIMIT		SIZE_MAX

/* A type.  Its name never changes; the rest by atomic operations. */
struct kmemstats {
	char		ks_name[KMA_NAMELEN];
	size_t		ks_taken;
	size_t		ks_limit;
	size_t		ks_maxused;
	uint64_t	ks_inuse;	/* of threads without a cache */
	uint64_t	ks_calls;	/* the same */
	uint64_t	ks_limblocks;
	uint64_t	ks_sizes[2];	/* as in struct kma_type_figures */
	struct waiter	*ks_waiters;	/* the first; by memtype_lock */
	struct waiter	**ks_last;	/* where the next one is put */
};

/* What a thread counted; its cache has NTYPE of them (kc_types) or none. */
struct memtype_count {
	size_t		tc_spare;	/* others may take it: atomic */
	int64_t		tc_inuse;
	uint64_t	tc_calls;
};

extern KMA_HIDDEN struct kmemstats memtype[NTYPE];
/* Types are 1 up to memtype_count - 1. */
extern KMA_HIDDEN unsigned memtype_count;

/*
 * The number of the type of that name, which is made if there is none.  The
 * last number is for all that come when the table is full.
 */
unsigned memtype_number(const char *name);

/*
 * Charges a block of bytes to a type, as kma_malloc(3) with these flags; a
 * deadline of NULL is none.  0, ENOMEM, ETIMEDOUT or EDEADLK.
 */
int	memtype_charge(unsigned type, size_t bytes, int flags,
	    const struct timespec *deadline);

/* The block is freed, or could not be had. */
void	memtype_discharge(unsigned type, size_t bytes);
void	memtype_cancel(unsigned type, size_t bytes);

/* Sets a limit in bytes, or NOLIMIT. */
void	memtype_setlimit(unsigned type, size_t bytes);

void	memtype_figures(unsigned type, struct kma_type_figures *figures);

/* In the child of a fork: nobody waits. */
void	memtype_postfork_child(void);

/* Checks what is quiet: at no time when threads allocate. */
void	memtype_check(void);

#endif /* KMA_MEMTYPE_H */
