/*
 * mode.c - the slow way of the faces, past the modes.
 *
 * Layer 7.  Owns each thread's current type; no lock.  Calls trace.h, kmem.h,
 * typed.h.
 */
#include "mode.h"

#include "account.h"
#include "cache.h"
#include "cdefs.h"
#include "kmem.h"
#include "memtype.h"
#include "options.h"
#include "trace.h"
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

static inline void *
untraced_alloc(size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0) ? kmem_alloc_slow(size) :
	    alloc_tagged(type, 1, size, 0));
}

static inline void *
untraced_zalloc(size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0) ? kmem_zalloc(size) :
	    alloc_tagged(type, 1, size, M_ZERO));
}

static inline void *
untraced_memalign(size_t align, size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0) ? kmem_memalign(align, size) :
	    alloc_tagged(type, align, size, 0));
}

/*
 * A tagged block stays of its type, and one that is not tagged stays so: the
 * type is whose memory it is, not who made it longer.
 */
static inline void *
untraced_realloc(void *p, size_t size, const char *func)
{
	struct typed_request tr = {
		.tr_align = 1, .tr_size = size, .tr_flags = M_NOWAIT,
		.tr_func = func,
	};

	if (likely(!typed_istagged(p)))
		return (kmem_realloc(p, size, func));
	return (typed_realloc(&tr, &p) == 0 ? p : NULL);
}

static inline void
untraced_free(void *p, const char *func)
{
	if (likely(!typed_istagged(p)))
		kmem_free_slow(p, func);
	else
		typed_free(p, 0, func);
}

/*
 * The outermost mode: what is asked for, and what comes of it.
 */

static KMA_NOINLINE void *
traced_alloc(size_t size, const void *caller)
{
	void *p = untraced_alloc(size, caller);

	trace_alloc(p, size, 1, type_of_call(caller), false);
	return (p);
}

static KMA_NOINLINE void *
traced_zalloc(size_t size, const void *caller)
{
	void *p = untraced_zalloc(size, caller);

	trace_alloc(p, size, 1, type_of_call(caller), true);
	return (p);
}

static KMA_NOINLINE void *
traced_memalign(size_t align, size_t size, const void *caller)
{
	void *p = untraced_memalign(align, size, caller);

	trace_alloc(p, size, align, type_of_call(caller), false);
	return (p);
}

static KMA_NOINLINE void *
traced_realloc(void *p, size_t size, const char *func)
{
	trace_realloc(p);
	p = untraced_realloc(p, size, func);
	trace_realloced(p, size);
	return (p);
}

static KMA_NOINLINE void
traced_free(void *p, const char *func)
{
	trace_free(p);
	untraced_free(p, func);
}

void *
mode_alloc(size_t size, const void *caller)
{
	return (likely(!options.o_trace) ? untraced_alloc(size, caller) :
	    traced_alloc(size, caller));
}

void *
mode_zalloc(size_t size, const void *caller)
{
	return (likely(!options.o_trace) ? untraced_zalloc(size, caller) :
	    traced_zalloc(size, caller));
}

void *
mode_memalign(size_t align, size_t size, const void *caller)
{
	return (likely(!options.o_trace) ?
	    untraced_memalign(align, size, caller) :
	    traced_memalign(align, size, caller));
}

void *
mode_realloc(void *p, size_t size, const char *func)
{
	return (likely(!options.o_trace) ? untraced_realloc(p, size, func) :
	    traced_realloc(p, size, func));
}

void
mode_free(void *p, const char *func)
{
	if (likely(!options.o_trace))
		untraced_free(p, func);
	else
		traced_free(p, func);
}

int
mode_typed_alloc(const struct typed_request *tr, void **p)
{
	int error = typed_alloc(tr, p);

	if (unlikely(options.o_trace))
		trace_alloc(error == 0 ? *p : NULL, tr->tr_size, tr->tr_align,
		    tr->tr_type, (tr->tr_flags & M_ZERO) != 0);
	return (error);
}

int
mode_typed_realloc(const struct typed_request *tr, void **p)
{
	int error;

	if (unlikely(options.o_trace))
		trace_realloc(*p);
	error = typed_realloc(tr, p);
	if (unlikely(options.o_trace))
		trace_realloced(error == 0 ? *p : NULL, tr->tr_size);
	return (error);
}

void
mode_typed_free(void *p, unsigned type, const char *func)
{
	if (unlikely(options.o_trace))
		trace_free(p);
	typed_free(p, type, func);
}

void
mode_object_alloc(const void *p, size_t size, unsigned type)
{
	if (unlikely(options.o_trace))
		trace_alloc(p, size, 1, type, false);
}

void
mode_object_free(const void *p)
{
	if (unlikely(options.o_trace))
		trace_free(p);
}

void
mode_start(void)
{
	if (options.o_accounting || options.o_trace) {
		cache_hide_all();
		cache_hide(false);
	}
	if (options.o_trace)
		bucket_see_all();
}

void
mode_exit(void)
{
	if (options.o_trace)
		trace_exit();
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
	trace_postfork_child();
	memtype_postfork_child();
	kmem_postfork_child();
}
