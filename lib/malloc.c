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

#include "cdefs.h"
#include "kmem.h"
#include "mode.h"
#include "note.h"
#include "start.h"

#define ALIAS_OF(name)	__attribute__((alias(#name), visibility("default"), \
			    copy(name)))

/* To whom a call is charged, where that matters. */
#define CALLER		__builtin_return_address(0)

/* These are not in the headers of every libc. */
#ifndef __GLIBC__
void	*pvalloc(size_t size);
#endif
void	 cfree(void *p);
void	 free_sized(void *p, size_t size);
void	 free_aligned_sized(void *p, size_t align, size_t size);

/* An archive's member comes only when it is named. */
void (*const start_with_malloc)(void) = kma_start;
static const void *const take_note __attribute__((used)) = kma_note;

static void *
or_enomem(void *p)
{
	if (unlikely(p == NULL))
		errno = ENOMEM;
	return (p);
}

static KMA_NOINLINE void *
malloc_slow(size_t size, const void *caller)
{
	return (or_enomem(mode_alloc(size, caller)));
}

KMA_EXPORT void *
malloc(size_t size)
{
	void *p;

	return (likely(kmem_alloc_fast(size, &p)) ? p :
	    malloc_slow(size, CALLER));
}

static KMA_NOINLINE void
free_slow(void *p)
{
	mode_free(p, "free");
}

KMA_EXPORT void
free(void *p)
{
	if (unlikely(!kmem_free_fast(p)))
		free_slow(p);
}

KMA_EXPORT void *
calloc(size_t n, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return (or_enomem(NULL));
	return (or_enomem(mode_zalloc(bytes, CALLER)));
}

static KMA_NOINLINE void *
realloc_slow(void *p, size_t size, const void *caller)
{
	if (p == NULL)
		return (kmem_alloc_fast(size, &p) ? p :
		    malloc_slow(size, caller));
	if (size == 0) {
		if (!kmem_free_fast(p))
			mode_free(p, "realloc");
		return (NULL);
	}
	return (or_enomem(mode_realloc(p, size, "realloc")));
}

KMA_EXPORT void *
realloc(void *p, size_t size)
{
	if (likely(kmem_realloc_fast(p, size)))
		return (p);
	return (realloc_slow(p, size, CALLER));
}

KMA_EXPORT void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return (or_enomem(NULL));
	if (likely(kmem_realloc_fast(p, bytes)))
		return (p);
	return (realloc_slow(p, bytes, CALLER));
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

	if (unlikely(power == 0)) {
		errno = EINVAL;
		return (NULL);
	}
	return (or_enomem(mode_memalign(power, size, CALLER)));
}

KMA_EXPORT int
posix_memalign(void **result, size_t align, size_t size)
{
	void *p;

	if (align % sizeof(void *) != 0 || !is_power_of_2(align))
		return (EINVAL);
	p = mode_memalign(align, size, CALLER);
	if (p == NULL)
		return (ENOMEM);
	*result = p;
	return (0);
}

KMA_EXPORT void *
valloc(size_t size)
{
	/* The page size is known from the start on. */
	if (unlikely(!kmem_init()))
		return (or_enomem(NULL));
	return (or_enomem(mode_memalign(PAGESIZE, size, CALLER)));
}

KMA_EXPORT void *
pvalloc(size_t size)
{
	if (unlikely(size > PTRDIFF_MAX || !kmem_init()))
		return (or_enomem(NULL));
	size = size == 0 ? PAGESIZE : round_page(size);
	return (or_enomem(mode_memalign(PAGESIZE, size, CALLER)));
}

KMA_EXPORT size_t
malloc_usable_size(void *p)
{
	return (p == NULL ? 0 : kmem_usable(p, "malloc_usable_size"));
}

KMA_EXPORT void
free_sized(void *p, size_t size)
{
	(void)size;
	free(p);
}

KMA_EXPORT void
free_aligned_sized(void *p, size_t align, size_t size)
{
	(void)align;
	(void)size;
	free(p);
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
