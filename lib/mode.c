/*
 * mode.c - the slow way of the faces, past the modes.
 *
 * Layer 7.  Owns each thread's current type; no lock.  Calls kmem.h, typed.h.
 */
#include "mode.h"

#include "account.h"
#include "cache.h"
#include "cdefs.h"
#include "kmem.h"
#include "memtype.h"
#include "options.h"
#include "typed.h"

static KMA_TLS unsigned current;	/* type; 0: none */

/* The type to which a call is charged, or 0. */
static inline unsigned
type_of_call(const void *caller)
{
	if (current != 0 || likely(!options.o_accounting))
		return (current);
	return (account_type(caller));
}

static KMA_NOINLINE void *
alloc_tagged(unsigned type, size_t align, size_t size, int flags)
{
	struct typed_request tr = {
		.tr_type = type, .tr_tag = true, .tr_align = align,
		.tr_size = size, .tr_flags = M_NOWAIT | flags,
		.tr_func = "malloc",
	};
	void *p;

	return (typed_alloc(&tr, &p) == 0 ? p : NULL);
}

void *
mode_alloc(size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0) ? kmem_alloc_slow(size) :
	    alloc_tagged(type, 1, size, 0));
}

void *
mode_zalloc(size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0) ? kmem_zalloc(size) :
	    alloc_tagged(type, 1, size, M_ZERO));
}

void *
mode_memalign(size_t align, size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0) ? kmem_memalign(align, size) :
	    alloc_tagged(type, align, size, 0));
}

/*
 * A tagged block stays of its type, and one that is not tagged stays so: the
 * type is whose memory it is, not who made it longer.
 */
void *
mode_realloc(void *p, size_t size, const char *func)
{
	struct typed_request tr = {
		.tr_align = 1, .tr_size = size, .tr_flags = M_NOWAIT,
		.tr_func = func,
	};

	if (likely(!typed_istagged(p)))
		return (kmem_realloc(p, size, func));
	return (typed_realloc(&tr, &p) == 0 ? p : NULL);
}

void
mode_free(void *p, const char *func)
{
	if (likely(!typed_istagged(p)))
		kmem_free_slow(p, func);
	else
		typed_free(p, 0, func);
}

void
mode_start(void)
{
	if (options.o_accounting) {
		cache_hide_all();
		cache_hide(false);
	}
}

bool
mode_tags(void)
{
	return (options.o_accounting);
}

void
mode_settype(unsigned type)
{
	current = type;
	cache_hide(type != 0);
}

void
mode_postfork_child(void)
{
	memtype_postfork_child();
	kmem_postfork_child();
}
