/*
 * typed.h - misuse of types.
 */
#ifndef TYPED_H
#define TYPED_H

#include <kma.h>

#include "misuse.h"

static MALLOC_DEFINE(M_MISUSED, "misused", "what is misused");
static MALLOC_DEFINE(M_OTHER, "other", "what it is taken for");

/* A block of M_MISUSED whose content survive() knows. */
static inline char *
typed_block(size_t size)
{
	return (filled(opaque(kma_malloc(size, M_MISUSED, M_NOWAIT)), size));
}

/* The same with a tag: any free will do. */
static inline char *
tagged_block(size_t size)
{
	char *p;

	(void)kma_settype(M_MISUSED);
	p = block(size);
	(void)kma_settype(NULL);
	return (p);
}

/* The type has one block, of so many bytes or more. */
static inline void
expect_one(size_t bytes)
{
	struct kma_type_figures f;

	kma_type_stats(M_MISUSED, &f);
	if (f.ks_inuse != 1 || f.ks_memuse < bytes) {
		say("the figures are not those of one block\n");
		_exit(1);
	}
}

#endif /* TYPED_H */
