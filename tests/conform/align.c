/*
 * align - the functions that take an alignment, with every odd argument, and
 * random alignments and sizes with their contents checked.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

static size_t page;

static int
aligned(const void *p, size_t alignment)
{
	return (p != NULL && (uintptr_t)p % alignment == 0);
}

/* Aligned, large enough, writable and freeable. */
static int
usable(void *p, size_t alignment, size_t size)
{
	int good;

	if (p == NULL)
		return (0);
	good = aligned(p, alignment) && malloc_usable_size(p) >= size;
	memset(p, 0x77, malloc_usable_size(p));
	free(p);
	return (good);
}

static void
test_aligned_alloc(void)
{
	volatile size_t huge;
	size_t a;
	void *p;

	ok(usable(aligned_alloc(64, 100), 64, 100), "aligned_alloc(64, 100)");
	ok(usable(aligned_alloc(16, 0), 16, 0), "aligned_alloc(16, 0)");
	ok(usable(aligned_alloc(4096, 1), 4096, 1), "aligned_alloc(4096, 1)");
	ok(usable(aligned_alloc(1, 10), 16, 10), "aligned_alloc(1, 10)");
	for (a = 1; a <= 256 * MB; a *= 2)
		if (!usable(aligned_alloc(a, 3 * a / 2), a, 3 * a / 2))
			break;
	ok(a > 256 * MB, "aligned_alloc up to an alignment of 256 MB");
	huge = (size_t)PTRDIFF_MAX + 1;
	errno = 0;
	p = aligned_alloc(64, huge);
	ok(p == NULL && errno == ENOMEM, "aligned_alloc too large: ENOMEM");
	free(p);
}

static void
test_memalign(void)
{
	volatile size_t a, huge;
	size_t i;
	void *p;

	ok(usable(memalign(24, 100), 32, 100), "memalign(24) rounds up to 32");
	ok(usable(memalign(100, 5000), 128, 5000), "memalign(100) to 128");
	ok(usable(memalign(page + 1, 10), 2 * page, 10),
	    "memalign(page + 1) to two pages");
	ok(usable(memalign(3 * MB, 10), 4 * MB, 10),
	    "memalign(3 MB) to 4 MB");
	for (i = 0; i <= 17; i++)
		if (!usable(memalign(i, 40), 16, 40))
			break;
	ok(i == 18, "memalign(0) to memalign(17)");
	ok(usable(memalign(4096, 0), 4096, 0), "memalign(4096, 0)");
	a = SIZE_MAX / 2 + 2;
	errno = 0;
	p = memalign(a, 100);
	ok(p == NULL && errno == EINVAL,
	    "an alignment that no power of two reaches: EINVAL");
	free(p);
	a = SIZE_MAX;
	errno = 0;
	p = memalign(a, 100);
	ok(p == NULL && errno == EINVAL, "memalign(SIZE_MAX): EINVAL");
	free(p);
	a = SIZE_MAX / 2 + 1;
	errno = 0;
	p = memalign(a, 100);
	ok(p == NULL && errno == ENOMEM, "memalign(2^63): ENOMEM");
	free(p);
	a = SIZE_MAX / 4 + 1;
	errno = 0;
	p = memalign(a, 100);
	ok(p == NULL && errno == ENOMEM, "memalign(2^62): ENOMEM");
	free(p);
	huge = SIZE_MAX - 32;
	errno = 0;
	p = memalign(64, huge);
	ok(p == NULL && errno == ENOMEM, "alignment plus size wraps: ENOMEM");
	free(p);
}

static void
test_posix_memalign(void)
{
	static const size_t bogus[] = { 0, 1, 2, 3, 4, 5, 7, 9, 12, 20, 24,
	    48, 100, 4095, 4097, SIZE_MAX, SIZE_MAX / 2 + 2 };
	volatile size_t huge;
	void *const mark = (void *)0x1234;
	void *p;
	size_t a, i;
	int rc;

	for (i = 0; i < sizeof(bogus) / sizeof(bogus[0]); i++) {
		p = mark;
		rc = posix_memalign(&p, bogus[i], 64);
		ok(rc == EINVAL && p == mark,
		    "posix_memalign(%#zx): EINVAL, result untouched",
		    bogus[i]);
	}
	huge = SIZE_MAX - 100;
	p = mark;
	rc = posix_memalign(&p, 64, huge);
	ok(rc == ENOMEM && p == mark, "too large: ENOMEM, result untouched");
	huge = SIZE_MAX / 2 + 1;
	p = mark;
	rc = posix_memalign(&p, huge, 8);
	ok(rc == ENOMEM && p == mark, "alignment 2^63: ENOMEM, untouched");
	for (a = sizeof(void *); a <= 64 * MB; a *= 2) {
		p = mark;
		if (posix_memalign(&p, a, 100) != 0 || p == mark ||
		    !usable(p, a, 100))
			break;
	}
	ok(a > 64 * MB, "posix_memalign up to an alignment of 64 MB");
	p = mark;
	rc = posix_memalign(&p, 64, 0);
	ok(rc == 0 && p != mark && usable(p, 64, 0), "posix_memalign of 0");
}

static void
test_valloc(void)
{
	volatile size_t huge;
	void *p;

	ok(usable(valloc(100), page, 100), "valloc(100)");
	ok(usable(valloc(0), page, 0), "valloc(0)");
	ok(usable(valloc(5 * page + 1), page, 5 * page + 1), "valloc of six");
	huge = SIZE_MAX;
	errno = 0;
	p = valloc(huge);
	ok(p == NULL && errno == ENOMEM, "valloc(SIZE_MAX): ENOMEM");
	free(p);
}

/* musl has none. */
#ifdef __GLIBC__
static void
test_pvalloc(void)
{
	volatile size_t huge;
	void *p, *q;

	ok(usable(pvalloc(1), page, page), "pvalloc(1) is a page");
	ok(usable(pvalloc(page + 1), page, 2 * page), "pvalloc rounds up");
	p = pvalloc(0);
	q = pvalloc(0);
	ok(p != NULL && p != q && aligned(p, page), "pvalloc(0) is unique");
	ok_kma(p != NULL && malloc_usable_size(p) >= page,
	    "pvalloc(0) is a page");
	free(p);
	free(q);
	huge = SIZE_MAX;
	errno = 0;
	p = pvalloc(huge);
	ok(p == NULL && errno == ENOMEM, "pvalloc(SIZE_MAX): ENOMEM");
	free(p);
	huge = SIZE_MAX - page;
	errno = 0;
	p = pvalloc(huge);
	ok(p == NULL && errno == ENOMEM, "pvalloc(SIZE_MAX - page): ENOMEM");
	free(p);
}
#endif

static void
test_random(void)
{
	enum { N = 300 };
	static struct { unsigned char *p; size_t size; } b[N];
	uint64_t seed;
	size_t a;
	int bad_align, bad_data, i, k;

	seed = 99;
	bad_align = bad_data = 0;
	for (k = 0; k < 60000; k++) {
		i = (int)rnd_range(&seed, 0, N - 1);
		if (b[i].p != NULL) {
			bad_data += !intact(b[i].p, b[i].size, (uint64_t)i);
			if (rnd(&seed) & 3) {
				free(b[i].p);
				b[i].p = NULL;
			} else {
				b[i].p = (unsigned char *)realloc(b[i].p,
				    b[i].size * 2);
				bad_data += !intact(b[i].p, b[i].size,
				    (uint64_t)i);
				fill(b[i].p, b[i].size * 2, (uint64_t)i);
				b[i].size *= 2;
				continue;
			}
		}
		a = (size_t)1 << rnd_range(&seed, 0,
		    (rnd(&seed) & 31) == 0 ? 21 : 13);
		b[i].size = rnd_size(&seed, 15);
		b[i].p = (unsigned char *)memalign(a, b[i].size);
		bad_align += !aligned(b[i].p, a < 16 ? 16 : a);
		bad_align += malloc_usable_size(b[i].p) < b[i].size;
		fill(b[i].p, b[i].size, (uint64_t)i);
		if (b[i].size > 64 * KB)
			b[i].size = 64 * KB;
	}
	for (i = 0; i < N; i++)
		if (b[i].p != NULL) {
			bad_data += !intact(b[i].p, b[i].size, (uint64_t)i);
			free(b[i].p);
		}
	ok(bad_align == 0, "60,000 random alignments and sizes: aligned");
	ok(bad_data == 0, "and no block overlaps another");
}

/* A power of two up to two pages is aligned to its own size. */
static void
test_natural(void)
{
	enum { N = 100 };
	static void *p[N];
	size_t size;
	int bad, i;

	for (size = 16; size <= 2 * page; size *= 2) {
		bad = 0;
		for (i = 0; i < N; i++) {
			p[i] = malloc(size);
			bad += !aligned(p[i], size);
		}
		for (i = 0; i < N; i++)
			free(p[i]);
		/*
		 * With a byte more behind each, small ones may have a list
		 * between the powers of two, and two pages are a run.
		 */
		ok_kma(bad == 0 || (getenv("KMA_TEST_MODE") != NULL &&
		    (size <= 128 || size > page)),
		    "malloc(%zu) is aligned to its size", size);
	}
	bad = 0;
	for (size = 1; size < 20000; size++) {
		p[0] = malloc(size);
		p[1] = calloc(1, size);
		p[2] = realloc(NULL, size);
		for (i = 0; i < 3; i++) {
			bad += !aligned(p[i], 16);
			free(p[i]);
		}
	}
	ok(bad == 0, "blocks of 1 to 20,000 bytes are 16-aligned");
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 120);
	page = (size_t)sysconf(_SC_PAGESIZE);
	test_aligned_alloc();
	test_memalign();
	test_posix_memalign();
	test_valloc();
#ifdef __GLIBC__
	test_pvalloc();
#endif
	test_random();
	test_natural();
	return (tap_end());
}
