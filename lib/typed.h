/*
 * typed.h - blocks that are charged to a malloc type.
 *
 * Layer 7.  There are two kinds.  A block of kma_malloc(3) is like any other,
 * since whoever frees it names its type.  A tagged block keeps the number of
 * its type, out of line: any free will do.  Tagged blocks come from lists of
 * their own (bucket.h) or are page runs of their own kind, KU_TYPEDRUN, so
 * that the fast path never meets one.
 */
#ifndef KMA_TYPED_H
#define KMA_TYPED_H

#include <stdbool.h>
#include <stddef.h>

#include "kmem.h"

struct timespec;

/* A request for a block, or for another size of one. */
struct typed_request {
	unsigned	 tr_type;
	bool		 tr_tag;
	size_t		 tr_align;	/* a power of two */
	size_t		 tr_size;
	int		 tr_flags;	/* of kma_malloc(3) */
	const struct timespec *tr_deadline;	/* or NULL */
	const char	*tr_func;	/* the caller's name, for messages */
	const void	*tr_caller;	/* and return address, for records */
};

/* Stores the block.  0, ENOMEM, ETIMEDOUT or EDEADLK. */
int	typed_alloc(const struct typed_request *tr, void **p);

/*
 * Makes *p, a block of the type, tr_size > 0 bytes long, here or elsewhere.
 * Whether it is tagged it knows itself; if so, and tr_type is 0, it stays of
 * its type.  Errors as above, or EINVAL after a misuse (and abort=no): then
 * the block is as before.
 */
int	typed_realloc(const struct typed_request *tr, void **p);

/* Frees a block of the type; type 0: a tagged one, of any. */
void	typed_free(void *p, unsigned type, const char *func);

/* Is a page of that kind one of tagged blocks?  Is p in one? */
static inline bool
typed_iskind(unsigned kind)
{
	return (kind - KU_TYPEDRUN < KU_LIST - KU_TYPEDRUN);
}

static inline bool
typed_istagged(const void *p)
{
	return (typed_iskind(kmem_kind(p)));
}

#endif /* KMA_TYPED_H */
