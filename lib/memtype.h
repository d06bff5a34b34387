/*
 * memtype.h - malloc types: figures, limits, sleep and wake-up.
 *
 * Layer 6.  A type has a number, from 1 up; 0 is no type.  What is charged to
 * a type is bytes of blocks.  Each thread counts for itself, so that threads
 * that use one type do not wait for each other: it takes bytes from the type
 * in advance (ks_taken) and keeps what it did not need yet (tc_spare).
 *
 *	bytes in use = ks_taken - the sum of tc_spare <= ks_limit
 *	blocks in use = ks_inuse + the sum of tc_inuse
 *	requests = ks_calls + the sum of tc_calls
 *	the most bytes ever in use = ks_maxused, or since the last change of
 *	    ks_taken, ks_taken - the sum of tc_low
 *
 * Of a type with a limit nothing is taken in advance.  The last equation
 * holds for types that one thread uses; for others it may be too high by what
 * the other threads have to spare, MEMTYPE_SPARE bytes each.
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
#define MEMTYPE_SPARE	((size_t)32 * 1024)

/* A type.  Its name never changes; the figures by atomic operations. */
struct kmemstats {
	char		ks_name[KMA_NAMELEN];
	size_t		ks_taken;
	size_t		ks_limit;
	size_t		ks_maxused;
	int64_t		ks_inuse;	/* of threads without a cache */
	uint64_t	ks_calls;	/* the same */
	uint64_t	ks_limblocks;
	uint64_t	ks_sizes;	/* as in struct kma_type_figures */
	struct waiter	*ks_waiters;	/* in order, by memtype_lock */
};

/* What a thread counted; its cache has NTYPE of them (kc_types) or none. */
struct memtype_count {
	size_t		tc_spare;	/* other threads may take it */
	size_t		tc_low;		/* the least of it, see above */
	int64_t		tc_inuse;
	uint64_t	tc_calls;
};

extern KMA_HIDDEN struct kmemstats memtype[NTYPE];
/* Types are 1 up to memtype_ntypes - 1. */
extern KMA_HIDDEN unsigned memtype_ntypes;

/* Before there is a type. */
void	memtype_init(void);

/*
 * The number of the type of that name, which is made if there is none.  The
 * last number is for all that come when the table is full.
 */
unsigned memtype_number(const char *name);

/*
 * Charges a block of bytes to a type, as kma_malloc(3) with these flags; a
 * deadline of NULL is none.  0, ENOMEM, ETIMEDOUT or EDEADLK.  func is the
 * caller's name, for a message about a wait that cannot end.
 */
int	memtype_charge(unsigned type, size_t bytes, int flags,
	    const struct timespec *deadline, const char *func);

/*
 * The same with M_WAITOK, for those whose wait can end by something else too:
 * EAGAIN once *word is not val.  Whoever changes it calls memtype_kick().
 */
int	memtype_charge_unless(unsigned type, size_t bytes,
	    const uint32_t *word, uint32_t val, const char *func);
void	memtype_kick(unsigned type);

/*
 * The block is freed.  False: the type never had as much, so the block was
 * another type's.
 */
bool	memtype_discharge(unsigned type, size_t bytes);

/* The block could not be had: the charge, and the request, never were. */
void	memtype_cancel(unsigned type, size_t bytes);

/*
 * The same for a block that becomes larger, from and to so many bytes, or
 * smaller, which is a request too.
 */
int	memtype_grow(unsigned type, size_t from, size_t to, int flags,
	    const char *func);
void	memtype_cancel_grow(unsigned type, size_t from, size_t to);
void	memtype_shrink(unsigned type, size_t from, size_t to);

/* The block has to bytes, not from as was charged; beyond the limit, even. */
void	memtype_correct(unsigned type, size_t from, size_t to);

/* Sets a limit in bytes, or NOLIMIT. */
void	memtype_setlimit(unsigned type, size_t bytes);

void	memtype_figures(unsigned type, struct kma_type_figures *figures);

/* In the child of a fork: nobody waits. */
void	memtype_postfork_child(void);

#endif /* KMA_MEMTYPE_H */
