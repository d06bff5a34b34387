/*
 * malloc.c - the face of libc: malloc and its family.
 *
 * Layer 9.  No state, no logic but what POSIX and glibc say of arguments and
 * errno.  Where they leave a choice, glibc's is taken: programs were tested
 * there.  glibc's controls and figures are in glibc.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "cdefs.h"
#include "kmem.h"
#include "mode.h"
#include "note.h"
#include "start.h"
#include "valgrind.h"

#define ALIAS_OF(name)	__attribute__((alias(#name), visibility("default"), \
			    copy(name)))

/* To whom a call is charged, where that matters. */
#define CALLER		__builtin_return_address(0)

/* What valgrind is told. */
#define TELL(p, size, zeroed)						\
	VALGRIND_TELL(p, size, zeroed, VALGRIND_MALLOC)
#define TELL_FREE(p)	VALGRIND_TELL_FREE(p, VALGRIND_MALLOC)

/* These are not in the headers of every libc. */
#ifndef __GLIBC__
void	*pvalloc(size_t size);
#endif
void	 cfree(void *p);
void	 free_sized(void *p, size_t size);
void	 free_aligned_sized(void *p, size_t align, size_t size);

/* An archive's member comes only when it is named. */
void (*const start_with_malloc)(int, char **, char **) = kma_start;
static const void *const take_note __attribute__((used)) = kma_note;

static void *
or_enomem(void *p)
{
	if (unlikely(p == NULL))
		errno = ENOMEM;
	return (p);
}

/* The same for func(a, b), which valgrind may want to know. */
static inline void *
or_refused(void *p, const char *func, uintptr_t a, uintptr_t b)
{
	if (unlikely(p == NULL))
		valgrind_refused(func, a, b);
	return (or_enomem(p));
}

static KMA_NOINLINE void *
malloc_slow(size_t size, const void *caller)
{
	return (or_refused(mode_alloc(size, caller), "malloc", size, 0));
}

KMA_EXPORT void *
malloc(size_t size)
{
	void *p;

	if (likely(kmem_alloc_fast(size, &p)))
		return (p);
	if (VALGRIND_IS_QUIET)
		return (malloc_slow(size, CALLER));
	p = malloc_slow(size, CALLER);
	TELL(p, size, false);
	return (p);
}

/* Not inline in free_sized(): valgrind is to be told here. */
KMA_EXPORT KMA_NOINLINE void
free(void *p)
{
	if (likely(kmem_free_fast(p)))
		return;
	if (VALGRIND_IS_QUIET) {
		mode_free(p, "free", CALLER);
		return;
	}
	TELL_FREE(p);
	mode_free(p, "free", CALLER);
}

KMA_EXPORT void *
calloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return (or_enomem(NULL));
	if (likely(kmem_alloc_fast(bytes, &p)))
		return (memset(p, 0, bytes));
	p = mode_zalloc(bytes, CALLER);
	TELL(p, bytes, true);
	return (or_refused(p, "calloc", n, size));
}

/* Under valgrind each block is another one, as memcheck's own would be. */
static KMA_NOINLINE void *
realloc_told(void *p, size_t size, const void *caller)
{
	size_t old = 0;
	void *new = NULL;

	if (size > 0 && valgrind_size(p, &old)) {
		new = mode_alloc(size, caller);
		TELL(new, size, false);
		if (new == NULL)
			return (or_refused(NULL, "realloc", (uintptr_t)p,
			    size));
		memmove(new, p, size < old ? size : old);
	}
	TELL_FREE(p);
	mode_free(p, "realloc", caller);
	return (new);
}

static KMA_NOINLINE void *
realloc_slow(unsigned indx, void *p, size_t size, const void *caller)
{
	void *new;

	if (size == 0) {
		if (!kmem_free_fast(p))
			mode_free(p, "realloc", caller);
		return (NULL);
	}
	new = kmem_realloc_cached(indx, p, size, "realloc");
	if (likely(new != NULL))
		return (new);
	return (or_enomem(mode_realloc(p, size, "realloc", caller)));
}

KMA_EXPORT KMA_NOINLINE void *
realloc(void *p, size_t size)
{
	unsigned indx;

	/* Some programs, Lua's for one, allocate in no other way. */
	if (p == NULL)
		return (malloc(size));
	indx = kmem_list_of(p);
	if (likely(kmem_suits(indx, p, size)))
		return (p);
	if (unlikely(valgrind_active()))
		return (realloc_told(p, size, CALLER));
	return (realloc_slow(indx, p, size, CALLER));
}

KMA_EXPORT void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return (or_enomem(NULL));
	return (realloc(p, bytes));
}

/*
 * The smallest power of two that is at least align, as glibc's memalign
 * takes it; 0 if there is none.
 */
static size_t
power_of_2(size_t align)
{
	if (align <= MINALLOCSIZE)
		return (MINALLOCSIZE);
	if (align > (SIZE_MAX >> 1) + 1)
		return (0);
	return ((size_t)1 << (64 - __builtin_clzl(align - 1)));
}

KMA_EXPORT void *
memalign(size_t align, size_t size)
{
	size_t power = power_of_2(align);
	void *p;

	if (unlikely(power == 0)) {
		errno = EINVAL;
		return (NULL);
	}
	p = mode_memalign(power, size, CALLER);
	TELL(p, size, false);
	return (or_refused(p, "memalign", power, size));
}

KMA_EXPORT int
posix_memalign(void **result, size_t align, size_t size)
{
	void *p;

	if (align % sizeof(void *) != 0 || !is_power_of_2(align))
		return (EINVAL);
	p = mode_memalign(align, size, CALLER);
	TELL(p, size, false);
	if (p == NULL)
		return (ENOMEM);
	*result = p;
	return (0);
}

KMA_EXPORT void *
valloc(size_t size)
{
	void *p;

	/* The page size is known from the start on. */
	if (unlikely(!kmem_init()))
		return (or_enomem(NULL));
	p = mode_memalign(PAGESIZE, size, CALLER);
	TELL(p, size, false);
	return (or_enomem(p));
}

KMA_EXPORT void *
pvalloc(size_t size)
{
	void *p;

	if (unlikely(size > PTRDIFF_MAX || !kmem_init()))
		return (or_enomem(NULL));
	size = size == 0 ? PAGESIZE : round_page(size);
	p = mode_memalign(PAGESIZE, size, CALLER);
	TELL(p, size, false);
	return (or_enomem(p));
}

KMA_EXPORT size_t
malloc_usable_size(void *p)
{
	size_t size = kmem_usable_fast(p);

	if (likely(size != 0))
		return (size);
	return (p == NULL ? 0 : mode_usable(p, "malloc_usable_size"));
}

KMA_EXPORT void
free_sized(void *p, size_t size)
{
	if (likely(kmem_free_fast(p)))
		return;
	TELL_FREE(p);
	mode_free_sized(p, size, 1, "free_sized", CALLER);
}

KMA_EXPORT void
free_aligned_sized(void *p, size_t align, size_t size)
{
	if (likely(kmem_free_fast(p)))
		return;
	TELL_FREE(p);
	mode_free_sized(p, size, align, "free_aligned_sized", CALLER);
}

void	*aligned_alloc(size_t align, size_t size) ALIAS_OF(memalign);

/* glibc's other names. */
void	 cfree(void *p) ALIAS_OF(free);
void	*__libc_malloc(size_t size) ALIAS_OF(malloc);
void	*__libc_calloc(size_t n, size_t size) ALIAS_OF(calloc);
void	*__libc_realloc(void *p, size_t size) ALIAS_OF(realloc);
void	 __libc_free(void *p) ALIAS_OF(free);
void	*__libc_memalign(size_t align, size_t size) ALIAS_OF(memalign);
void	*__libc_valloc(size_t size) ALIAS_OF(valloc);
void	*__libc_pvalloc(size_t size) ALIAS_OF(pvalloc);
int	 __posix_memalign(void **result, size_t align, size_t size)
	    ALIAS_OF(posix_memalign);
