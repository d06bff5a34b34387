/*
 * toobig - sizes beyond PTRDIFF_MAX fail with ENOMEM in every function, at
 * once, and so do sizes that no machine has.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"

static volatile size_t size;

static void *
by_posix_memalign(void)
{
	void *p;
	int rc;

	p = NULL;
	rc = posix_memalign(&p, 64, size);
	errno = rc;
	return (rc == 0 ? p : NULL);
}

static void *by_malloc(void) { return (malloc(size)); }
static void *by_calloc1(void) { return (calloc(1, size)); }
static void *by_calloc2(void) { return (calloc(size, 1)); }
static void *by_calloc3(void) { return (calloc(size / 16 + 1, 16)); }
static void *by_realloc(void) { return (realloc(NULL, size)); }
static void *by_reallocarray(void) { return (reallocarray(NULL, size, 1)); }
static void *by_aligned_alloc(void) { return (aligned_alloc(64, size)); }
static void *by_memalign(void) { return (memalign(4096, size)); }
static void *by_memalign8(void) { return (memalign(8, size)); }
static void *by_valloc(void) { return (valloc(size)); }
static void *by_pvalloc(void) { return (pvalloc(size)); }

static void *
by_realloc_of_block(void)
{
	void *p, *q;

	p = malloc(100);
	q = realloc(p, size);
	if (q == NULL)
		free(p);
	return (q);
}

static void *
by_realloc_of_large(void)
{
	void *p, *q;

	p = malloc(MB);
	q = realloc(p, size);
	if (q == NULL)
		free(p);
	return (q);
}

static const struct {
	const char	*name;
	void		*(*fn)(void);
} ways[] = {
	{ "malloc", by_malloc },
	{ "calloc(1, n)", by_calloc1 },
	{ "calloc(n, 1)", by_calloc2 },
	{ "calloc(n / 16 + 1, 16)", by_calloc3 },
	{ "realloc(NULL)", by_realloc },
	{ "realloc of 100 B", by_realloc_of_block },
	{ "realloc of 1 MB", by_realloc_of_large },
	{ "reallocarray", by_reallocarray },
	{ "aligned_alloc", by_aligned_alloc },
	{ "memalign", by_memalign },
	{ "memalign(8)", by_memalign8 },
	{ "posix_memalign", by_posix_memalign },
	{ "valloc", by_valloc },
	{ "pvalloc", by_pvalloc },
};

int
main(int argc, char **argv)
{
	static const size_t sizes[] = {
		(size_t)PTRDIFF_MAX + 1, (size_t)PTRDIFF_MAX + 4096,
		SIZE_MAX / 2 + 4097, SIZE_MAX / 4 * 3, SIZE_MAX - 65536,
		SIZE_MAX - 8192, SIZE_MAX - 4096, SIZE_MAX - 4095,
		SIZE_MAX - 64, SIZE_MAX - 16, SIZE_MAX - 15, SIZE_MAX - 1,
		SIZE_MAX,
		/* Legal, but no address space is that large. */
		PTRDIFF_MAX, (size_t)PTRDIFF_MAX - 4096, (size_t)1 << 60,
		(size_t)1 << 50, ((size_t)1 << 48) + 5,
	};
	size_t i, k;
	double start;
	void *p;
	int bad;

	(void)argc;
	tap_begin(argv, 60);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		bad = 0;
		start = now();
		for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			size = sizes[k];
			errno = 0;
			p = ways[i].fn();
			if (p != NULL || errno != ENOMEM) {
				diag("size %#zx: %p, errno %d", size, p,
				    errno);
				bad++;
			}
			free(p);
		}
		ok(bad == 0, "%s of too much: ENOMEM", ways[i].name);
		ok(now() - start < 1, "at once");
	}
	p = malloc(1000);
	ok(p != NULL, "and malloc still works");
	free(p);
	return (tap_end());
}
