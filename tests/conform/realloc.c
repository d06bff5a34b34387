/*
 * realloc - every path of realloc and reallocarray: NULL, 0, growth and
 * shrinkage in place and by moving, failure, and the contents through all of
 * them.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

static volatile size_t too_big = (size_t)PTRDIFF_MAX + 1;

/* The address again, as one that the compiler has not seen freed. */
static unsigned char *
same(unsigned char *p)
{
	unsigned char *volatile q;

	q = p;
	return (q);
}

static void
test_edges(void)
{
	unsigned char *p, *q;
	volatile size_t zero, half, wraps;
	size_t before;
	int i;

	zero = 0;
	wraps = SIZE_MAX / 8 + 2;
	p = (unsigned char *)realloc(NULL, 100);
	ok(p != NULL && malloc_usable_size(p) >= 100,
	    "realloc(NULL, n) is malloc");
	fill(p, 100, 5);
	errno = 0;
	q = (unsigned char *)realloc(same(p), too_big);
	ok(q == NULL && errno == ENOMEM, "realloc beyond PTRDIFF_MAX fails");
	ok(intact(p, 100, 5), "and leaves the block as it was");
	errno = 0;
	q = (unsigned char *)reallocarray(same(p), wraps, 8);
	ok(q == NULL && errno == ENOMEM, "reallocarray overflow fails");
	ok(intact(p, 100, 5), "and leaves the block as it was");
	half = (size_t)1 << 32;
	errno = 0;
	q = (unsigned char *)reallocarray(same(p), half, half);
	ok(q == NULL && errno == ENOMEM, "also if the product wraps to 0");
	ok(intact(p, 100, 5), "and the block is still there");
	p = (unsigned char *)reallocarray(p, 30, 100);
	ok(p != NULL && intact(p, 100, 5) && malloc_usable_size(p) >= 3000,
	    "reallocarray grows");
	errno = 55;
	q = (unsigned char *)realloc(p, zero);
	ok(q == NULL, "realloc(p, 0) is NULL");
	ok(errno == 55, "which is no error");
	p = (unsigned char *)realloc(NULL, zero);
	ok(p != NULL, "realloc(NULL, 0) is malloc(0)");
	q = (unsigned char *)reallocarray(p, 8, zero);
	ok(q == NULL, "reallocarray(p, 8, 0) is realloc(p, 0)");
	p = (unsigned char *)reallocarray(NULL, 8, 8);
	ok(p != NULL, "reallocarray(NULL, 8, 8) is malloc(64)");
	free(p);

	before = rss();
	for (i = 0; i < 20000; i++) {
		p = (unsigned char *)malloc(16 * KB);
		memset(p, 1, 16 * KB);
		if (realloc(p, zero) != NULL)
			break;
	}
	ok(i == 20000 && rss() < before + 32 * MB,
	    "realloc(p, 0) frees: 320 MB went through it");
}

/* From every size to every other, forth and back. */
static void
test_pairs(void)
{
	static size_t sizes[200];
	unsigned char *p;
	size_t a, b, i, j, n, s;
	int bad;

	n = 0;
	for (s = 16; s <= 2 * MB; s *= 2) {
		sizes[n++] = s - 1;
		sizes[n++] = s;
		sizes[n++] = s + 1;
		sizes[n++] = s + s / 2;
	}
	bad = 0;
	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++) {
			a = sizes[i];
			b = sizes[j];
			if (a > 64 * KB && b > 64 * KB && (i + j) % 3 != 0)
				continue;
			p = (unsigned char *)malloc(a);
			fill(p, a, i);
			p = (unsigned char *)realloc(p, b);
			bad += p == NULL || !intact(p, a < b ? a : b, i);
			bad += malloc_usable_size(p) < b;
			fill(p, b, j);
			p = (unsigned char *)realloc(p, a);
			bad += p == NULL || !intact(p, a < b ? a : b, j);
			free(p);
		}
	ok(bad == 0, "contents kept between %zu sizes up to 2 MB", n);
}

/* One block by small steps, as a growing string does. */
static void
test_steps(void)
{
	unsigned char *p, *hog[64];
	size_t size, step;
	int bad, h;

	bad = h = 0;
	p = NULL;
	for (size = 1; size <= 2 * MB; size += step) {
		step = size < 4096 ? 1 : size / 97;
		p = (unsigned char *)realloc(p, size);
		p[size - 1] = (unsigned char)(size * 7);
		if (size > 1)
			bad += p[0] != 7;
		if (step > 1 && size % 5 == 0 && h < 64)
			hog[h++] = (unsigned char *)malloc(size % 50000);
	}
	for (size = 1; size <= 2 * MB; size += step) {
		step = size < 4096 ? 1 : size / 97;
		bad += p[size - 1] != (unsigned char)(size * 7);
	}
	while (h > 0)
		free(hog[--h]);
	ok(bad == 0, "a block grows from 1 B to 2 MB in small steps");
	p = (unsigned char *)realloc(p, 2 * MB);
	fill(p, 2 * MB, 9);
	for (size = 2 * MB; size > 1; size -= size / 13 + 1) {
		p = (unsigned char *)realloc(p, size);
		bad += !intact(p, size, 9);
		bad += malloc_usable_size(p) < size;
	}
	free(p);
	ok(bad == 0, "and shrinks back in small steps");
}

/* Shrinking in place must give the tail away for good. */
static void
test_shrunk_tail(void)
{
	enum { N = 200 };
	static unsigned char *p[N], *q[N];
	int bad, i;

	bad = 0;
	for (i = 0; i < N; i++) {
		p[i] = (unsigned char *)malloc(512 * KB);
		fill(p[i], 512 * KB, (uint64_t)i);
	}
	for (i = 0; i < N; i++)
		p[i] = (unsigned char *)realloc(p[i], 40 * KB);
	for (i = 0; i < N; i++) {
		q[i] = (unsigned char *)calloc(1, 100 * KB);
		bad += !zeroed(q[i], 100 * KB);
		fill(q[i], 100 * KB, (uint64_t)(1000 + i));
	}
	for (i = 0; i < N; i++) {
		bad += !intact(p[i], 40 * KB, (uint64_t)i);
		p[i] = (unsigned char *)realloc(p[i], 300 * KB);
		bad += !intact(p[i], 40 * KB, (uint64_t)i);
		fill(p[i], 300 * KB, (uint64_t)i);
	}
	for (i = 0; i < N; i++) {
		bad += !intact(p[i], 300 * KB, (uint64_t)i);
		bad += !intact(q[i], 100 * KB, (uint64_t)(1000 + i));
		free(p[i]);
		free(q[i]);
	}
	ok(bad == 0, "tails that shrinking gave away are used by others");
}

/* A random walk of many blocks. */
static void
test_walk(void)
{
	enum { N = 400 };
	static struct { unsigned char *p; size_t size; } b[N];
	uint64_t seed;
	size_t kept, size;
	int bad, i, k;

	bad = 0;
	seed = 7;
	for (k = 0; k < 150000; k++) {
		i = (int)rnd_range(&seed, 0, N - 1);
		size = rnd_size(&seed, (rnd(&seed) & 63) == 0 ? 21 : 13) + 1;
		b[i].p = (unsigned char *)realloc(b[i].p, size);
		kept = size < b[i].size ? size : b[i].size;
		bad += b[i].p == NULL || !intact(b[i].p, kept, (uint64_t)i);
		b[i].size = size;
		fill(b[i].p, size, (uint64_t)i);
	}
	for (i = 0; i < N; i++) {
		bad += !intact(b[i].p, b[i].size, (uint64_t)i);
		free(b[i].p);
	}
	ok(bad == 0, "400 blocks keep their contents through 150,000 calls");
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 120);
	test_edges();
	test_pairs();
	test_steps();
	test_shrunk_tail();
	test_walk();
	return (tap_end());
}
