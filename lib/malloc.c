/*
 * malloc.c - the face of libc: malloc and its family.
 *
 * Layer 9.  No state, no logic but what POSIX and glibc say of arguments and
 * errno.  Where they leave a choice, glibc's is taken: programs were tested
 * there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "cdefs.h"
#include "kmem.h"
#include "report.h"
#include "start.h"
#include "stats.h"

#define ALIAS_OF(name)	__attribute__((alias(#name), visibility("default"), \
			    copy(name)))

/* These are not in the headers of every libc. */
void	 cfree(void *p);
void	 free_sized(void *p, size_t size);
void	 free_aligned_sized(void *p, size_t align, size_t size);

/* An archive's member comes only when it is named. */
static void (*const take_along)(void) __attribute__((used)) = kma_start;

static void *
or_enomem(void *p)
{
	if (unlikely(p == NULL))
		errno = ENOMEM;
	return (p);
}

static KMA_NOINLINE void *
malloc_slow(size_t size)
{
	return (or_enomem(kmem_alloc_slow(size)));
}

KMA_EXPORT void *
malloc(size_t size)
{
	void *p = kmem_alloc_fast(size);

	return (likely(p != NULL) ? p : malloc_slow(size));
}

static KMA_NOINLINE void
free_slow(void *p)
{
	kmem_free_slow(p, "free");
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
	return (or_enomem(kmem_zalloc(bytes)));
}

KMA_EXPORT void *
realloc(void *p, size_t size)
{
	if (p == NULL)
		return (malloc(size));
	if (size == 0) {
		if (!kmem_free_fast(p))
			kmem_free_slow(p, "realloc");
		return (NULL);
	}
	return (or_enomem(kmem_realloc(p, size, "realloc")));
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

	if (unlikely(power == 0)) {
		errno = EINVAL;
		return (NULL);
	}
	return (or_enomem(kmem_memalign(power, size)));
}

KMA_EXPORT void *
aligned_alloc(size_t align, size_t size)
{
	return (memalign(align, size));
}

KMA_EXPORT int
posix_memalign(void **result, size_t align, size_t size)
{
	void *p;

	if (align % sizeof(void *) != 0 || align == 0 ||
	    (align & (align - 1)) != 0)
		return (EINVAL);
	p = kmem_memalign(align, size);
	if (p == NULL)
		return (ENOMEM);
	*result = p;
	return (0);
}

KMA_EXPORT void *
valloc(size_t size)
{
	return (or_enomem(kmem_memalign(PAGESIZE, size)));
}

KMA_EXPORT void *
pvalloc(size_t size)
{
	if (unlikely(size > PTRDIFF_MAX))
		return (or_enomem(NULL));
	return (valloc(size == 0 ? PAGESIZE : round_page(size)));
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

/*
 * glibc's controls and figures.
 */

KMA_EXPORT int
malloc_trim(size_t pad)
{
	(void)pad;
	return (kmem_trim());
}

/* There are no such knobs; programs check that setting them works. */
KMA_EXPORT int
mallopt(int param, int value)
{
	(void)param;
	(void)value;
	return (1);
}

KMA_EXPORT struct mallinfo2
mallinfo2(void)
{
	struct stats_totals st;

	stats_totals(&st);
	return ((struct mallinfo2) {
		.arena = st.st_mapped,
		.ordblks = st.st_freeruns,
		.hblks = st.st_runs,
		.hblkhd = st.st_runbytes,
		.usmblks = st.st_maxmapped,
		.fsmblks = st.st_cached,
		.uordblks = st.st_inuse,
		.fordblks = st.st_mapped - st.st_inuse,
		.keepcost = st.st_dirty,
	});
}

static int
clamp(size_t n)
{
	return (n > INT32_MAX ? INT32_MAX : (int)n);
}

KMA_EXPORT struct mallinfo
mallinfo(void)
{
	struct mallinfo2 wide = mallinfo2();
	struct mallinfo mi = {
		.arena = clamp(wide.arena),
		.ordblks = clamp(wide.ordblks),
		.hblks = clamp(wide.hblks),
		.hblkhd = clamp(wide.hblkhd),
		.usmblks = clamp(wide.usmblks),
		.fsmblks = clamp(wide.fsmblks),
		.uordblks = clamp(wide.uordblks),
		.fordblks = clamp(wide.fordblks),
		.keepcost = clamp(wide.keepcost),
	};

	return (mi);
}

KMA_EXPORT void
malloc_stats(void)
{
	struct report r;

	report_open(&r, 2);
	stats_print(&r);
}

struct stream {
	FILE	*fp;
	int	 error;
};

static void
to_stream(void *arg, const char *text, size_t len)
{
	struct stream *stream = arg;

	if (fwrite(text, 1, len, stream->fp) != len)
		stream->error = EIO;
}

KMA_EXPORT int
malloc_info(int options, FILE *fp)
{
	struct stream stream = { fp, 0 };
	struct report r;

	if (options != 0)
		return (EINVAL);
	report_open_sink(&r, to_stream, &stream);
	stats_xml(&r);
	return (stream.error);
}

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
