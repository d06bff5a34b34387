/*
 * kma.c - the face of <kma.h>.
 *
 * Layer 9.  No state but each thread's current type.  MALLOC and FREE work in
 * line on the calling thread's cache, of which kma.h shows the first members
 * under names of its own.
 */
#include "kma.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "cache.h"
#include "cdefs.h"
#include "kmem.h"
#include "learn.h"
#include "memtype.h"
#include "mode.h"
#include "objcache.h"
#include "param.h"
#include "report.h"
#include "start.h"
#include "stats.h"
#include "typed.h"
#include "valgrind.h"

#define SAME(member)							\
	static_assert(offsetof(struct kma_cache, member) ==		\
	    offsetof(struct kmemcache, member) &&			\
	    sizeof(((struct kma_cache *)NULL)->member) ==		\
	    sizeof(((struct kmemcache *)NULL)->member), #member)
SAME(kc_word);
SAME(kc_mask);
SAME(kc_indx);
SAME(kc_sizes);
SAME(kc_base);
SAME(kc_npages);
static_assert(KMA_NTYPE == NTYPE - 1 && KMA_NLEARNED == NLEARNED,
    "a row for each");
static_assert(KMA_INLINE_MAX == MAXCACHED, "what the table knows");
static_assert(STACK_POP == 0xffff && STACK_PUSH == 1, "said there in figures");

/* The archive's malloc too: a program may have no other call of it. */
static const void *const take_along __attribute__((used)) =
    &start_with_malloc;

/* To whom a call is charged, where that matters. */
#define CALLER		__builtin_return_address(0)

/*
 * Memory by type.
 */

/* The type's number, or 0 after a message. */
static unsigned
number_of(struct kma_type *type, const char *func)
{
	unsigned number;

	if (unlikely(type == NULL || type->kt_magic != KMA_TYPE_MAGIC ||
	    type->kt_name == NULL)) {
		report_misuse(func, type, REASON_BOGUSTYPE);
		return (0);
	}
	/* Who sees the number sees that it is one. */
	number = __atomic_load_n(&type->kt_number, __ATOMIC_ACQUIRE);
	if (unlikely(number == 0 && kmem_init())) {
		number = memtype_number(type->kt_name);
		__atomic_store_n(&type->kt_number, number, __ATOMIC_RELEASE);
	}
	if (unlikely(number >= relaxed_load(&memtype_ntypes))) {
		report_misuse(func, type, REASON_BOGUSTYPE);
		return (0);
	}
	return (number);
}

static bool
flags_make_sense(int flags)
{
	int how = flags & ~M_ZERO;

	return (how == M_NOWAIT || how == M_WAITOK);
}

static bool
is_time(const struct timespec *ts)
{
	return (ts == NULL || (ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000));
}

static void *
alloc(struct kma_type *type, size_t align, size_t size, int flags,
    const struct timespec *deadline, const char *func, const void *caller)
{
	struct typed_request tr = {
		.tr_type = number_of(type, func), .tr_tag = mode_tags(),
		.tr_align = align, .tr_size = size, .tr_flags = flags,
		.tr_deadline = deadline, .tr_func = func, .tr_caller = caller,
	};
	void *p = NULL;
	int error = EINVAL;

	if (likely(tr.tr_type != 0 && flags_make_sense(flags) &&
	    is_power_of_2(align) && is_time(deadline)))
		error = mode_typed_alloc(&tr, &p);
	if (unlikely(error != 0))
		errno = error;
	VALGRIND_TELL(p, size, (flags & M_ZERO) != 0, VALGRIND_MALLOC);
	return (p);
}

KMA_EXPORT void *
kma_malloc(size_t size, struct kma_type *type, int flags)
{
	return (alloc(type, 1, size, flags, NULL, "kma_malloc", CALLER));
}

KMA_EXPORT void *
kma_malloc_until(size_t size, struct kma_type *type, int flags,
    const struct timespec *deadline)
{
	return (alloc(type, 1, size, flags, deadline, "kma_malloc_until",
	    CALLER));
}

KMA_EXPORT void *
kma_memalign(size_t align, size_t size, struct kma_type *type, int flags)
{
	return (alloc(type, align, size, flags, NULL, "kma_memalign", CALLER));
}

static inline void
free_as(void *addr, struct kma_type *type, const char *func,
    const void *caller)
{
	unsigned number = number_of(type, func);

	if (unlikely(number == 0))
		return;
	VALGRIND_TELL_FREE(addr, VALGRIND_MALLOC);
	mode_typed_free(addr, number, func, caller);
}

KMA_EXPORT void
kma_free(void *addr, struct kma_type *type)
{
	if (likely(addr != NULL))
		free_as(addr, type, "kma_free", CALLER);
}

/* Under valgrind each block is another one. */
static KMA_COLD void *
realloc_told(void *addr, size_t size, struct kma_type *type, int flags,
    const void *caller)
{
	void *new = NULL;
	size_t old;

	if (valgrind_size(addr, &old)) {
		new = alloc(type, 1, size, flags, NULL, "kma_realloc",
		    caller);
		if (new == NULL)
			return (NULL);
		memcpy(new, addr, size < old ? size : old);
	}
	free_as(addr, type, "kma_realloc", caller);
	return (new);
}

KMA_EXPORT void *
kma_realloc(void *addr, size_t size, struct kma_type *type, int flags)
{
	struct typed_request tr = {
		.tr_align = 1, .tr_size = size, .tr_flags = flags,
		.tr_func = "kma_realloc", .tr_caller = CALLER,
	};
	size_t old = SIZE_MAX;
	int error = EINVAL;

	if (addr == NULL)
		return (alloc(type, 1, size, flags, NULL, "kma_realloc",
		    CALLER));
	if (size == 0) {
		free_as(addr, type, "kma_realloc", CALLER);
		return (NULL);
	}
	if (valgrind_active())
		return (realloc_told(addr, size, type, flags, CALLER));
	tr.tr_type = number_of(type, "kma_realloc");
	if (likely(tr.tr_type != 0 && flags_make_sense(flags))) {
		if (flags & M_ZERO)
			old = mode_usable(addr, "kma_realloc");
		if (likely(old != 0))
			error = mode_typed_realloc(&tr, &addr);
	}
	if (unlikely(error != 0)) {
		errno = error;
		return (NULL);
	}
	if (size > old)
		memset((char *)addr + old, 0, size - old);
	return (addr);
}

KMA_EXPORT void
kma_type_setlimit(struct kma_type *type, size_t bytes)
{
	unsigned number = number_of(type, "kma_type_setlimit");

	if (number != 0)
		memtype_setlimit(number, bytes == 0 ? NOLIMIT : bytes);
}

KMA_EXPORT void
kma_type_stats(struct kma_type *type, struct kma_type_figures *figures)
{
	unsigned number = number_of(type, "kma_type_stats");

	if (number != 0)
		memtype_figures(number, figures);
}

KMA_EXPORT struct kma_type *
kma_settype(struct kma_type *type)
{
	static KMA_TLS struct kma_type *current;
	struct kma_type *before = current;
	unsigned number = type == NULL ? 0 : number_of(type, "kma_settype");

	if (unlikely(type != NULL && number == 0))
		return (before);
	mode_settype(number);
	current = type;
	return (before);
}

/*
 * What is in use when an object is unloaded will not be freed by it any more,
 * nor read.  When the process ends, that is no fault.
 */
KMA_EXPORT void
kma_type_unload(struct kma_type *type)
{
	struct kma_type_figures figures;

	if (type->kt_number == 0 || !start_still_running())
		return;
	memtype_figures(type->kt_number, &figures);
	if (figures.ks_inuse > 0)
		report_warn("type %s is unloaded with %lu blocks, %lu bytes, "
		    "in use", figures.ks_name, figures.ks_inuse,
		    figures.ks_memuse);
}

/*
 * All figures.
 */

KMA_EXPORT int
kma_snapshot(struct kma_figures *snap, size_t bytes)
{
	return (bytes == sizeof(*snap) ? stats_snapshot(snap) : EINVAL);
}

/*
 * Object caches.
 */

KMA_EXPORT struct kma_objcache *
kma_cache_create(const char *name, size_t size, size_t align,
    int (*ctor)(void *obj, void *arg), void (*dtor)(void *obj, void *arg),
    void *arg)
{
	struct kma_objcache *cache;
	int error;

	cache = objcache_create(name, size, align, ctor, dtor, arg, &error);
	if (cache == NULL)
		errno = error;
	return (cache);
}

KMA_EXPORT int
kma_cache_destroy(struct kma_objcache *cache)
{
	return (objcache_destroy(cache));
}

KMA_EXPORT void *
kma_cache_alloc(struct kma_objcache *cache, int flags)
{
	int error = EINVAL;
	void *obj = NULL;

	if (likely(flags == M_NOWAIT || flags == M_WAITOK))
		obj = objcache_alloc(cache, flags, &error);
	mode_object_alloc(obj, cache->oc_stride, cache->oc_type);
	if (unlikely(obj == NULL))
		errno = error;
	else if (!VALGRIND_IS_QUIET)
		VALGRIND_MALLOCLIKE_BLOCK(obj, cache->oc_stride, 0, true);
	return (obj);
}

KMA_EXPORT void
kma_cache_free(struct kma_objcache *cache, void *obj)
{
	if (unlikely(obj == NULL))
		return;
	if (!VALGRIND_IS_QUIET)
		VALGRIND_FREELIKE_BLOCK(obj, 0);
	mode_object_free(obj);
	objcache_free(cache, obj, "kma_cache_free");
}

KMA_EXPORT size_t
kma_cache_reap(struct kma_objcache *cache)
{
	return (cache == NULL ? objcache_reap_all() : objcache_reap(cache));
}
