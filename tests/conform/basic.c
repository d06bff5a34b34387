/*
 * basic - malloc(0), free(NULL), calloc's overflow and zeroing, and that
 * free leaves errno alone.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

/* Sizes that overflow when multiplied, some of them to small products. */
static const struct {
	size_t	nmemb, size;
} overflows[] = {
	{ SIZE_MAX, SIZE_MAX },
	{ SIZE_MAX, 2 },
	{ 2, SIZE_MAX },
	{ SIZE_MAX / 2 + 1, 2 },
	{ (size_t)1 << 32, (size_t)1 << 32 },
	{ SIZE_MAX / 16 + 2, 16 },
	{ 16, SIZE_MAX / 16 + 2 },
	{ SIZE_MAX / 3 + 1, 3 },
	{ (size_t)PTRDIFF_MAX / 4 + 1, 4 },
};

static void
test_zero(void)
{
	enum { N = 1000 };
	static void *p[N];
	int i, j, distinct, nonnull;

	distinct = nonnull = 1;
	for (i = 0; i < N; i++) {
		p[i] = malloc(0);
		nonnull &= p[i] != NULL;
		nonnull &= (uintptr_t)p[i] % 16 == 0;
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < i; j++)
			distinct &= p[i] != p[j];
	for (i = 0; i < N; i++)
		free(p[i]);
	ok(nonnull, "malloc(0) is an aligned address");
	ok(distinct, "each malloc(0) is unique");
	for (i = 0; i < N; i++)
		p[i] = calloc(i % 2 ? 0 : 7, i % 2 ? 7 : 0);
	distinct = nonnull = 1;
	for (i = 0; i < N; i++) {
		nonnull &= p[i] != NULL;
		for (j = 0; j < i; j++)
			distinct &= p[i] != p[j];
	}
	for (i = 0; i < N; i++)
		free(p[i]);
	ok(nonnull && distinct, "calloc of no bytes is unique and freeable");
	errno = 1234;
	free(NULL);
	ok(errno == 1234, "free(NULL) does nothing");
}

static void
test_overflow(void)
{
	volatile size_t n, s;
	size_t i;
	void *p;

	for (i = 0; i < sizeof(overflows) / sizeof(overflows[0]); i++) {
		n = overflows[i].nmemb;
		s = overflows[i].size;
		errno = 0;
		p = calloc(n, s);
		ok(p == NULL && errno == ENOMEM,
		    "calloc(%#zx, %#zx) fails with ENOMEM", n, s);
		free(p);
	}
}

/* Dirties blocks of a size, frees them, and asks calloc for them again. */
static int
calloc_after_dirt(size_t size, int count)
{
	static unsigned char *p[64];
	int good, i;

	for (i = 0; i < count; i++) {
		if ((p[i] = (unsigned char *)malloc(size)) == NULL)
			return (0);
		memset(p[i], 0xd1, malloc_usable_size(p[i]));
	}
	for (i = 0; i < count; i++)
		free(p[i]);
	good = 1;
	for (i = 0; i < count; i++) {
		p[i] = (unsigned char *)calloc(i % 2 ? 1 : size,
		    i % 2 ? size : 1);
		if (p[i] == NULL)
			return (0);
		good &= zeroed(p[i], size);
		memset(p[i], 0x5a, size);
	}
	for (i = 0; i < count; i++)
		free(p[i]);
	return (good);
}

static void
test_zeroing(void)
{
	enum { N = 256 };
	static struct { unsigned char *p; size_t size; } live[N];
	uint64_t seed;
	size_t size;
	int bad, i, k;

	bad = 0;
	for (size = 1; size <= 4096; size += 1)
		bad += !calloc_after_dirt(size, 8);
	ok(bad == 0, "calloc clears reused blocks of 1 to 4096 bytes");
	bad = 0;
	for (size = 4097; size <= 300000; size += 1777)
		bad += !calloc_after_dirt(size, 8);
	ok(bad == 0, "calloc clears reused blocks of 4 to 300 KB");
	bad = 0;
	for (size = MB; size <= 64 * MB; size *= 2)
		bad += !calloc_after_dirt(size + 4096, 2);
	ok(bad == 0, "calloc clears reused blocks of 1 to 64 MB");

	/* Pages move between large runs, small runs and lists of blocks. */
	bad = 0;
	seed = 42;
	for (k = 0; k < 60000; k++) {
		i = (int)rnd_range(&seed, 0, N - 1);
		free(live[i].p);
		live[i].size = rnd_size(&seed, 17);
		if (rnd(&seed) & 1) {
			live[i].p = (unsigned char *)calloc(1, live[i].size);
			bad += live[i].p == NULL ||
			    !zeroed(live[i].p, live[i].size);
		} else
			live[i].p = (unsigned char *)malloc(live[i].size);
		if (live[i].p == NULL) {
			bad++;
			continue;
		}
		memset(live[i].p, 0xee, live[i].size);
		if ((rnd(&seed) & 7) == 0) {
			live[i].size = rnd_size(&seed, 18);
			live[i].p = (unsigned char *)realloc(live[i].p,
			    live[i].size);
			memset(live[i].p, 0xdd, live[i].size);
		}
	}
	for (i = 0; i < N; i++)
		free(live[i].p);
	ok(bad == 0, "calloc clears in a random mixture of sizes");
}

static void
test_errno(void)
{
	enum { N = 4000 };
	static void *p[N];
	size_t size;
	int bad, i;

	bad = 0;
	for (size = 1; size <= 256 * MB; size *= 2) {
		p[0] = malloc(size);
		memset(p[0], 1, size < MB ? size : MB);
		errno = 4321;
		free(p[0]);
		bad += errno != 4321;
	}
	ok(bad == 0, "free of 1 B to 256 MB leaves errno alone");
	for (size = 16; size <= 65536; size *= 4) {
		bad = 0;
		for (i = 0; i < N; i++)
			p[i] = malloc(size);
		for (i = 0; i < N; i++) {
			errno = i + 1;
			free(p[i]);
			bad += errno != i + 1;
		}
		ok(bad == 0, "so does free of %d blocks of %zu", N, size);
	}
	errno = 77;
	p[0] = malloc(100);
	p[1] = calloc(10, 10);
	p[0] = realloc(p[0], 100000);
	ok(errno == 77, "nor does success set errno");
	free(p[0]);
	free(p[1]);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 120);
	test_zero();
	test_overflow();
	test_zeroing();
	test_errno();
	return (tap_end());
}
