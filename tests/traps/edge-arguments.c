/*
 * The arguments at the edge, where allocators differ from what programs were
 * tested with: bogus alignments, sizes beyond all measure, nothing at all.
 */
#include "conform/tap.h"

#include <malloc.h>

#define UNTOUCHED	4711

/* Sizes are read through this, so that the compiler cannot object. */
static volatile size_t huge[] = {
	(size_t)PTRDIFF_MAX + 1, SIZE_MAX - 1, SIZE_MAX,
	SIZE_MAX - 15, SIZE_MAX - 4095, SIZE_MAX - 4096, SIZE_MAX - 65536,
	SIZE_MAX / 2 + 4096, PTRDIFF_MAX
};
#define NHUGE	(sizeof(huge) / sizeof(huge[0]))

static int
aligned(const void *p, size_t to)
{
	return (p != NULL && (uintptr_t)p % to == 0);
}

/* The call returned NULL with ENOMEM. */
#define NOMEM(expr) do {						\
	void *got;							\
	errno = UNTOUCHED;						\
	got = (expr);							\
	ok(got == NULL && errno == ENOMEM, "%s (%#zx): NULL, ENOMEM",	\
	    #expr, n);							\
	if (got != NULL || errno != ENOMEM)				\
		diag("%p, %s", got, strerror(errno));			\
} while (0)

static void
too_big(void)
{
	void *volatile old;
	void *p;
	size_t i, n;
	int err;

	must((old = malloc(100)) != NULL);
	memset(old, 0x42, 100);
	for (i = 0; i < NHUGE; i++) {
		n = huge[i];
		NOMEM(malloc(n));
		NOMEM(calloc(1, n));
		NOMEM(calloc(n, 1));
		NOMEM(realloc(NULL, n));
		NOMEM(realloc(old, n));
		NOMEM(memalign(64, n));
		NOMEM(memalign(65536, n));
		NOMEM(aligned_alloc(64, n));
		NOMEM(valloc(n));
		NOMEM(pvalloc(n));
		p = &n;
		err = posix_memalign(&p, 64, n);
		ok(err == ENOMEM && p == &n,
		    "posix_memalign(64, %#zx): ENOMEM, result untouched", n);
	}
	for (i = 0; i < 100; i++)
		must(((char *)old)[i] == 0x42);
	ok(1, "a block that realloc could not enlarge is intact");
	free(old);
}

static void
products(void)
{
	static volatile size_t factor[][2] = {
		{ SIZE_MAX, 2 }, { 2, SIZE_MAX }, { SIZE_MAX, SIZE_MAX },
		{ SIZE_MAX / 2 + 1, 2 }, { SIZE_MAX / 4 + 1, 4 },
		{ (size_t)1 << 32, (size_t)1 << 32 },
		{ (size_t)1 << 33, ((size_t)1 << 31) + 1 },
		{ SIZE_MAX / 3 + 2, 3 }, { 1 << 16, SIZE_MAX / 65536 + 2 }
	};
	size_t i, j, n, m;
	char *volatile old;

	must((old = malloc(100)) != NULL);
	memset(old, 0x42, 100);
	for (i = 0; i < sizeof(factor) / sizeof(factor[0]); i++) {
		n = factor[i][0];
		m = factor[i][1];
		NOMEM(calloc(n, m));
		NOMEM(reallocarray(NULL, n, m));
		NOMEM(reallocarray(old, n, m));
	}
	for (j = 0; j < 100; j++)
		must(old[j] == 0x42);
	ok(1, "a block that reallocarray could not enlarge is intact");
	old = reallocarray(old, 50, 10);
	ok(old != NULL && old[99] == 0x42, "reallocarray that fits");
	free(old);
}

static void
bogus_alignments(void)
{
	static volatile size_t odd[] = {
		0, 1, 2, 3, 7, 8, 12, 17, 24, 33, 48, 100, 1000, 4095, 5000
	};
	static volatile size_t wrong[] = {
		0, 1, 2, 4, 3, 7, 12, 24, 33, 48, 100, 1000, SIZE_MAX
	};
	static volatile size_t beyond[] = {
		SIZE_MAX, SIZE_MAX / 2 + 2, (size_t)3 << 62
	};
	size_t i, n, up;
	void *p;
	int err;

	/* memalign rounds an alignment up to a power of two. */
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		n = odd[i];
		for (up = 16; up < n; up *= 2)
			;
		p = memalign(n, 100);
		ok(aligned(p, up), "memalign(%zu, 100) is a multiple of %zu",
		    n, up);
		free(p);
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		n = wrong[i];
		errno = UNTOUCHED;
		p = &n;
		err = posix_memalign(&p, n, 100);
		ok(err == EINVAL && p == &n && errno == UNTOUCHED,
		    "posix_memalign(%zu): EINVAL, result untouched", n);
	}
	/* No power of two is as large as these. */
	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		n = beyond[i];
		errno = UNTOUCHED;
		p = memalign(n, 100);
		ok(p == NULL && errno == EINVAL,
		    "memalign(%#zx, 100): NULL, EINVAL", n);
		if (p != NULL || errno != EINVAL)
			diag("%p, %s", p, strerror(errno));
	}
	n = SIZE_MAX / 2 + 1;
	errno = UNTOUCHED;
	p = memalign(n, 100);
	ok(p == NULL && (errno == ENOMEM || errno == EINVAL),
	    "memalign(%#zx, 100): NULL and an error", n);
	p = aligned_alloc(64, 100);
	ok(aligned(p, 64), "aligned_alloc(64, 100)");
	free(p);
	for (n = 8; n <= (size_t)1 << 26; n *= 2) {
		p = NULL;
		err = posix_memalign(&p, n, 1);
		ok(err == 0 && aligned(p, n), "posix_memalign(%zu, 1)", n);
		if (err != 0)
			diag("%s", strerror(err));
		free(p);
	}
}

static void
nothing(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile size_t zero = 0;
	void *p, *q;

	p = malloc(zero);
	q = malloc(zero);
	ok(p != NULL && q != NULL && p != q, "malloc(0) is unique");
	free(p);
	free(q);
	p = calloc(zero, 10);
	q = calloc(10, zero);
	ok(p != NULL && q != NULL && p != q, "calloc of nothing is unique");
	free(p);
	free(q);
	p = realloc(NULL, zero);
	ok(p != NULL, "realloc(NULL, 0) is malloc(0)");
	free(p);
	must((p = malloc(100)) != NULL);
	errno = UNTOUCHED;
	q = realloc(p, zero);
	ok(q == NULL && errno == UNTOUCHED,
	    "realloc(p, 0) is NULL, and no error");
	must((p = malloc(1000000)) != NULL);
	errno = UNTOUCHED;
	q = realloc(p, zero);
	ok(q == NULL && errno == UNTOUCHED,
	    "realloc(p, 0) of a large block is NULL, and no error");
	must((p = malloc(100)) != NULL);
	q = reallocarray(p, zero, 10);
	ok(q == NULL, "reallocarray(p, 0, 10) is NULL");
	p = NULL;
	ok(posix_memalign(&p, 64, zero) == 0, "posix_memalign(64, 0)");
	free(p);
	p = memalign(64, zero);
	ok(aligned(p, 64), "memalign(64, 0)");
	free(p);
	p = aligned_alloc(64, zero);
	ok(aligned(p, 64), "aligned_alloc(64, 0)");
	free(p);
	p = valloc(zero);
	ok(aligned(p, page), "valloc(0)");
	free(p);
	p = pvalloc(zero);
	ok(aligned(p, page), "pvalloc(0)");
	free(p);
	p = pvalloc(1);
	ok(aligned(p, page) && malloc_usable_size(p) >= page,
	    "pvalloc(1) is a page");
	free(p);
	p = pvalloc(page + 1);
	ok(aligned(p, page) && malloc_usable_size(p) >= 2 * page,
	    "pvalloc(a page and a byte) is two");
	free(p);
	errno = UNTOUCHED;
	free(NULL);
	ok(errno == UNTOUCHED, "free(NULL)");
	ok(malloc_usable_size(NULL) == 0, "malloc_usable_size(NULL) is 0");
}

/* realloc(p, 0) frees: a million of them need no memory. */
static void
realloc_to_nothing(void)
{
	volatile size_t zero = 0;
	int before, after, i;
	struct mallinfo2 mi;
	void *p;

	mi = mallinfo2();
	before = (int)(mi.uordblks >> 10);
	for (i = 0; i < 100000; i++) {
		must((p = malloc(1000)) != NULL);
		must(realloc(p, zero) == NULL);
	}
	mi = mallinfo2();
	after = (int)(mi.uordblks >> 10);
	ok(after - before < 1000, "realloc(p, 0) frees: %d KB, then %d KB",
	    before, after);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	too_big();
	products();
	bogus_alignments();
	nothing();
	realloc_to_nothing();
	return (tap_end());
}
