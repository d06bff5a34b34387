/*
 * mode.c - the slow way of the faces, past the modes.
 *
 * Layer 7.  Owns each thread's current type, and whether any mode is on; no
 * lock.  Calls trace.h, valgrind.h, quarantine.h, watch.h, typed.h, account.h,
 * kmem.h.  From outside in, the modes are: a trace, valgrind, blocks that are
 * watched, types, and none.
 */
#include "mode.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "account.h"
#include "cache.h"
#include "cdefs.h"
#include "kmem.h"
#include "memtype.h"
#include "options.h"
#include "quarantine.h"
#include "random.h"
#include "trace.h"
#include "typed.h"
#include "valgrind.h"
#include "watch.h"

static KMA_TLS unsigned current;	/* type; 0: none */
static bool mode_none;	/* it is certain that no mode is on */
static bool mode_watch;	/* and here: that blocks are watched, and no more */

/* The type to which a call is charged, or 0. */
static inline unsigned
type_of_call(const void *caller)
{
	if (current != 0 || likely(!options.o_accounting))
		return (current);
	return (account_type(caller));
}

/*
 * The inner modes: blocks that are watched, types, or neither.
 */

static inline int
plain_typed_alloc(const struct typed_request *tr, void **p)
{
	return (unlikely(options.o_watch) ? watch_alloc(tr, p) :
	    typed_alloc(tr, p));
}

static inline int
plain_typed_realloc(const struct typed_request *tr, void **p)
{
	return (unlikely(options.o_watch) ? watch_realloc(tr, p) :
	    typed_realloc(tr, p));
}

static inline void
plain_typed_free(void *p, unsigned type, const char *func, const void *caller)
{
	if (unlikely(options.o_watch))
		watch_free(p, type, func, caller);
	else
		typed_free(p, type, func);
}

static KMA_NOINLINE void *
alloc_tagged(unsigned type, size_t align, size_t size, int flags,
    const void *caller)
{
	struct typed_request tr = {
		.tr_type = type, .tr_tag = true, .tr_align = align,
		.tr_size = size, .tr_flags = M_NOWAIT | flags,
		.tr_func = "malloc", .tr_caller = caller,
	};
	void *p;

	return (plain_typed_alloc(&tr, &p) == 0 ? p : NULL);
}

static inline void *
plain_alloc(size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	if (type != 0)
		return (alloc_tagged(type, 1, size, 0, caller));
	return (unlikely(options.o_watch) ? watch_malloc(size, caller) :
	    kmem_alloc_slow(size));
}

static inline void *
plain_zalloc(size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0 && !options.o_watch) ? kmem_zalloc(size) :
	    alloc_tagged(type, 1, size, M_ZERO, caller));
}

static inline void *
plain_memalign(size_t align, size_t size, const void *caller)
{
	unsigned type = type_of_call(caller);

	return (likely(type == 0 && !options.o_watch) ?
	    kmem_memalign(align, size) :
	    alloc_tagged(type, align, size, 0, caller));
}

/*
 * A tagged block stays of its type, and one that is not tagged stays so: the
 * type is whose memory it is, not who made it longer.
 */
static inline void *
plain_realloc(void *p, size_t size, const char *func, const void *caller)
{
	struct typed_request tr = {
		.tr_align = 1, .tr_size = size, .tr_flags = M_NOWAIT,
		.tr_func = func, .tr_caller = caller,
	};

	if (likely(!typed_istagged(p) && !options.o_watch))
		return (kmem_realloc(p, size, func));
	return (plain_typed_realloc(&tr, &p) == 0 ? p : NULL);
}

static inline void
plain_free(void *p, const char *func, const void *caller)
{
	if (unlikely(options.o_watch))
		watch_free(p, 0, func, caller);
	else if (likely(!typed_istagged(p)))
		kmem_free_slow(p, func);
	else
		typed_free(p, 0, func);
}

/*
 * Under valgrind, or before it is known.  What was freed is not used again for
 * a while.
 */

static void
release(void *base, size_t size)
{
	(void)size;
	plain_free(base, "free", NULL);
}

static KMA_COLD void *
told_alloc(size_t align, size_t size, const void *caller)
{
	size_t room = valgrind_room(align, size);
	void *base, *p;

	if (!valgrind_decide())
		return (plain_memalign(align, size, caller));
	base = plain_memalign(align, room, caller);
	if (base == NULL && size <= PTRDIFF_MAX && quarantine_drain(release))
		base = plain_memalign(align, room, caller);
	if (base == NULL)
		return (NULL);
	p = valgrind_place(base, align, size);
	if (p == NULL)
		plain_free(base, "malloc", caller);
	return (p);
}

static KMA_COLD void *
told_zalloc(size_t size, const void *caller)
{
	void *p = told_alloc(1, size, caller);

	if (p == NULL)
		return (NULL);
	client_undefined(p, size);
	return (memset(p, 0, size));
}

static KMA_COLD void
told_free(void *p, const char *func, const void *caller)
{
	void *base;
	size_t size;

	if (!valgrind_decide())
		plain_free(p, func, caller);
	else if (p != NULL && valgrind_remove(p, &base, &size))
		quarantine_put(base, size, release);
}

/*
 * With valgrind or without, what trace is not told.
 */

static inline void *
untraced_alloc(size_t size, const void *caller)
{
	return (VALGRIND_IS_QUIET ? plain_alloc(size, caller) :
	    told_alloc(1, size, caller));
}

static inline void *
untraced_zalloc(size_t size, const void *caller)
{
	return (valgrind_active() ? told_zalloc(size, caller) :
	    plain_zalloc(size, caller));
}

static inline void *
untraced_memalign(size_t align, size_t size, const void *caller)
{
	return (VALGRIND_IS_QUIET ? plain_memalign(align, size, caller) :
	    told_alloc(align, size, caller));
}

static inline void
untraced_free(void *p, const char *func, const void *caller)
{
	if (VALGRIND_IS_QUIET)
		plain_free(p, func, caller);
	else
		told_free(p, func, caller);
}

void
mode_free_sized(void *p, size_t size, size_t align, const char *func,
    const void *caller)
{
	if (likely(!options.o_watch) || watch_is_sized(p, size, align, func))
		mode_free(p, func, caller);
}

bool
mode_trim(void)
{
	bool any = unlikely(options.o_watch) && watch_trim();

	return (kmem_trim() || any);
}

size_t
mode_usable(const void *p, const char *func)
{
	size_t size;

	if (valgrind_active())
		return (valgrind_size(p, &size) ? size : 0);
	return (unlikely(options.o_watch) ? watch_usable(p, func) :
	    kmem_usable(p, func));
}

static KMA_COLD int
told_typed_alloc(const struct typed_request *tr, void **p)
{
	struct typed_request wider = *tr;
	void *base;
	int error;

	if (!valgrind_decide())
		return (plain_typed_alloc(tr, p));
	wider.tr_size = valgrind_room(tr->tr_align, tr->tr_size);
	wider.tr_flags &= ~M_ZERO;
	error = typed_alloc(&wider, &base);
	if (error != 0)
		return (error);
	*p = valgrind_place(base, tr->tr_align, tr->tr_size);
	if (*p == NULL) {
		typed_free(base, tr->tr_type, tr->tr_func);
		return (ENOMEM);
	}
	if (tr->tr_flags & M_ZERO) {
		client_undefined(*p, tr->tr_size);
		memset(*p, 0, tr->tr_size);
	}
	return (0);
}

static inline int
untraced_typed_alloc(const struct typed_request *tr, void **p)
{
	return (VALGRIND_IS_QUIET ? plain_typed_alloc(tr, p) :
	    told_typed_alloc(tr, p));
}

/* It is the type's to use again at once: somebody may wait for room. */
static KMA_COLD void
told_typed_free(void *p, unsigned type, const char *func,
    const void *caller)
{
	size_t size;

	if (!valgrind_decide() || valgrind_remove(p, &p, &size))
		plain_typed_free(p, type, func, caller);
}

static inline void
untraced_typed_free(void *p, unsigned type, const char *func,
    const void *caller)
{
	if (VALGRIND_IS_QUIET)
		plain_typed_free(p, type, func, caller);
	else
		told_typed_free(p, type, func, caller);
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
traced_realloc(void *p, size_t size, const char *func, const void *caller)
{
	trace_realloc(p);
	p = plain_realloc(p, size, func, caller);
	trace_realloced(p, size);
	return (p);
}

static KMA_NOINLINE void
traced_free(void *p, const char *func, const void *caller)
{
	trace_free(p);
	untraced_free(p, func, caller);
}

static KMA_NOINLINE void *
alloc_seen(size_t size, const void *caller)
{
	return (likely(!options.o_trace) ? untraced_alloc(size, caller) :
	    traced_alloc(size, caller));
}

void *
mode_alloc(size_t size, const void *caller)
{
	/* One look tells whether there is any. */
	if (likely(mode_none && current == 0))
		return (kmem_alloc_slow(size));
	if (likely(mode_watch && current == 0))
		return (watch_malloc(size, caller));
	return (alloc_seen(size, caller));
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
mode_realloc(void *p, size_t size, const char *func, const void *caller)
{
	return (likely(!options.o_trace) ?
	    plain_realloc(p, size, func, caller) :
	    traced_realloc(p, size, func, caller));
}

void
mode_free(void *p, const char *func, const void *caller)
{
	if (likely(mode_none)) {
		unsigned kind = kmem_kind(p);

		if (likely(!typed_iskind(kind)))
			kmem_free_kind(p, kind, func);
		else
			typed_free(p, 0, func);
	} else if (likely(mode_watch))
		watch_free(p, 0, func, caller);
	else if (likely(!options.o_trace))
		untraced_free(p, func, caller);
	else
		traced_free(p, func, caller);
}

int
mode_typed_alloc(const struct typed_request *tr, void **p)
{
	int error = untraced_typed_alloc(tr, p);

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
	error = plain_typed_realloc(tr, p);
	if (unlikely(options.o_trace))
		trace_realloced(error == 0 ? *p : NULL, tr->tr_size);
	return (error);
}

void
mode_typed_free(void *p, unsigned type, const char *func, const void *caller)
{
	if (unlikely(options.o_trace))
		trace_free(p);
	untraced_typed_free(p, type, func, caller);
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
	bool told = valgrind_active(), bare;

	if (options.o_watch)
		options.o_watch = watch_start();
	if (!options.o_watch)
		options.o_hardened = false;
	bare = !options.o_accounting && !options.o_trace && !told;
	mode_watch = bare && options.o_watch;
	mode_none = bare && !options.o_watch;
	if (!mode_none) {
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
	random_postfork_child();
	memtype_postfork_child();
	kmem_postfork_child();
}
