/*
 * api.c - kma_malloc and its like, sentence by sentence of kma.h.
 */
#include "typed.h"

#include <time.h>

MALLOC_DECLARE(M_API);
MALLOC_DEFINE(M_API, "api", "blocks of this test");
static MALLOC_DEFINE(M_OTHER, "api other", "of another type");

static const size_t sizes[] = {
	0, 1, 15, 16, 17, 31, 33, 48, 63, 64, 65, 100, 128, 129, 1000, 1024,
	1025, 4095, 4096, 4097, 8191, 8192, 8193, 12288, 12289, 65536, 100000,
	256 * 1024, 256 * 1024 + 1, 500000, 1024 * 1024, 1024 * 1024 + 1,
	3000000, 4 * 1024 * 1024
};
#define NSIZE	(sizeof(sizes) / sizeof(sizes[0]))

static int
sizes_hold(int flags)
{
	void *p[NSIZE];
	size_t bytes = 0;
	int good = 1;

	for (size_t i = 0; i < NSIZE; i++) {
		p[i] = kma_malloc(sizes[i], M_API, flags);
		must(p[i] != NULL && (uintptr_t)p[i] % 16 == 0);
		must(malloc_usable_size(p[i]) >= sizes[i]);
		good &= !(flags & M_ZERO) || is_zero(p[i], sizes[i]);
		fill(p[i], malloc_usable_size(p[i]), (unsigned)i);
		bytes += malloc_usable_size(p[i]);
	}
	good &= inuse(M_API) == NSIZE && memuse(M_API) == bytes;
	for (size_t i = 0; i < NSIZE; i++) {
		good &= holds(p[i], malloc_usable_size(p[i]), (unsigned)i);
		memset(p[i], 0xff, malloc_usable_size(p[i]));
		kma_free(p[i], M_API);
	}
	return (good && inuse(M_API) == 0 && memuse(M_API) == 0);
}

static int
aligns_hold(int flags)
{
	int good = 1;

	for (size_t align = 1; align <= MB; align *= 2)
		for (size_t i = 0; i < NSIZE; i++) {
			char *p = kma_memalign(align, sizes[i], M_API, flags);
			size_t size;

			must(p != NULL && ((uintptr_t)p & (align - 1)) == 0);
			size = malloc_usable_size(p);
			must(size >= sizes[i]);
			good &= !(flags & M_ZERO) || is_zero(p, sizes[i]);
			good &= memuse(M_API) == size && inuse(M_API) == 1;
			memset(p, 0xff, size);
			kma_free(p, M_API);
		}
	return (good && memuse(M_API) == 0);
}

/* What a call said: NULL and this errno, and no figure has changed. */
static int
failed_with(const void *p, int error, const struct kma_type_figures *before)
{
	struct kma_type_figures now = figures(M_API);
	int got = errno;

	errno = 0;
	return (p == NULL && got == error &&
	    memcmp(before, &now, sizeof(now)) == 0);
}

static void
errors(void)
{
	static const int bogus[] = {
		0, M_ZERO, M_NOWAIT | M_WAITOK, M_NOWAIT | M_WAITOK | M_ZERO,
		4, 8, M_NOWAIT | 0x10, M_WAITOK | 0x8000, -1, 0x40000001
	};
	struct timespec never = { 0, 1000000000 }, less = { 0, -1 };
	struct kma_type_figures f = figures(M_API);
	int good = 1;

	errno = 0;
	for (size_t i = 0; i < sizeof(bogus) / sizeof(bogus[0]); i++) {
		good &= failed_with(kma_malloc(16, M_API, bogus[i]), EINVAL,
		    &f);
		good &= failed_with(kma_memalign(16, 16, M_API, bogus[i]),
		    EINVAL, &f);
		good &= failed_with(kma_realloc(NULL, 16, M_API, bogus[i]),
		    EINVAL, &f);
		good &= failed_with(kma_malloc_until(16, M_API, bogus[i],
		    &never), EINVAL, &f);
	}
	ok(good, "flags that make no sense: EINVAL");
	good = 1;
	for (size_t align = 0; align < 200; align++)
		if ((align & (align - 1)) != 0 || align == 0)
			good &= failed_with(kma_memalign(align, 16, M_API,
			    M_NOWAIT), EINVAL, &f);
	good &= failed_with(kma_memalign(SIZE_MAX, 16, M_API, M_NOWAIT),
	    EINVAL, &f);
	ok(good, "aligns that are no power of two: EINVAL");
	ok(failed_with(kma_malloc_until(16, M_API, M_WAITOK, &never), EINVAL,
	    &f) && failed_with(kma_malloc_until(16, M_API, M_WAITOK, &less),
	    EINVAL, &f), "a deadline that is no time: EINVAL");
}

static void
huge(void)
{
	static const size_t too_much[] = {
		SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 4096, SIZE_MAX / 2 + 2,
		PTRDIFF_MAX, PTRDIFF_MAX - 4096, (size_t)1 << 62,
		(size_t)1 << 50
	};
	char *p = kma_malloc(100, M_API, M_NOWAIT);
	struct kma_type_figures f;
	int good = 1;

	fill(p, 100, 1);
	f = figures(M_API);
	errno = 0;
	for (size_t i = 0; i < sizeof(too_much) / sizeof(size_t); i++) {
		struct kma_type_figures now;

		for (int how = M_NOWAIT; how <= M_WAITOK; how++) {
			good &= kma_malloc(too_much[i], M_API, how) == NULL;
			good &= errno == ENOMEM;
			good &= kma_memalign(MB, too_much[i], M_API,
			    how | M_ZERO) == NULL && errno == ENOMEM;
			good &= kma_realloc(p, too_much[i], M_API, how) ==
			    NULL && errno == ENOMEM;
			errno = 0;
		}
		now = figures(M_API);
		good &= now.ks_memuse == f.ks_memuse && now.ks_inuse == 1;
		good &= now.ks_calls == f.ks_calls;
		good &= now.ks_maxused == f.ks_maxused;
	}
	ok(good, "too much: ENOMEM, and no figure tells");
	ok(kma_memalign((size_t)1 << 62, 1, M_API, M_NOWAIT) == NULL &&
	    errno == ENOMEM, "an align that cannot be had: ENOMEM");
	ok(holds(p, 100, 1), "the block stayed as it was");
	kma_free(p, M_API);
}

/* Up and down, with what is in the block looked at. */
static int
reallocs_hold(int flags)
{
	size_t size = 0, old, seed = 0;
	char *p = NULL;
	int good = 1;

	for (unsigned i = 0; i < NSIZE * NSIZE; i++) {
		size_t to = sizes[i % 2 == 0 ? i / NSIZE : i % NSIZE], kept;

		if (to == 0)
			continue;
		old = p != NULL ? malloc_usable_size(p) : 0;
		kept = size < to ? size : to;
		p = kma_realloc(p, to, M_API, flags);
		must(p != NULL && (uintptr_t)p % 16 == 0);
		must(malloc_usable_size(p) >= to);
		for (size_t at = 0; at < kept; at += 509)
			good &= (unsigned char)p[at] ==
			    (unsigned char)(seed + at);
		if ((flags & M_ZERO) && to > old)
			good &= is_zero(p + old, to - old);
		good &= memuse(M_API) == malloc_usable_size(p);
		good &= inuse(M_API) == 1;
		memset(p, 0xff, malloc_usable_size(p));
		for (size_t at = 0; at < to; at += 509)
			p[at] = (char)(i + at);
		size = to;
		seed = i;
	}
	good &= kma_realloc(p, 0, M_API, flags) == NULL;
	return (good && inuse(M_API) == 0 && memuse(M_API) == 0);
}

static void
limits(void)
{
	struct kma_type_figures f;
	void *p, *q;

	kma_type_setlimit(M_API, 4096);
	ok(figures(M_API).ks_limit == 4096, "the limit is told");
	errno = 0;
	p = kma_malloc(2048, M_API, M_NOWAIT);
	q = kma_malloc(2048, M_API, M_NOWAIT);
	ok(p != NULL && q != NULL, "up to the limit there is memory");
	f = figures(M_API);
	ok(failed_with(kma_malloc(0, M_API, M_NOWAIT), ENOMEM, &f),
	    "not a block beyond: NULL, ENOMEM");
	ok(failed_with(kma_realloc(p, 2049, M_API, M_NOWAIT), ENOMEM, &f),
	    "no block gets larger");
	ok(kma_realloc(p, 2000, M_API, M_NOWAIT) == p, "it may stay");
	kma_free(q, M_API);
	q = kma_realloc(p, 4096, M_API, M_NOWAIT);
	ok(q != NULL && memuse(M_API) == 4096, "to the limit it may grow");
	kma_type_setlimit(M_API, 100);
	f = figures(M_API);
	ok(f.ks_memuse == 4096, "what is in use stays so below a new limit");
	ok(failed_with(kma_malloc(1, M_API, M_NOWAIT), ENOMEM, &f),
	    "and nothing is had");
	kma_type_setlimit(M_API, 0);
	ok(figures(M_API).ks_limit == 0, "no limit any more");
	p = kma_malloc(MB, M_API, M_NOWAIT);
	ok(p != NULL, "and any block");
	kma_free(p, M_API);
	kma_free(q, M_API);
	ok(memuse(M_API) == 0, "all is given back");
}

static void
deadlines(void)
{
	struct timespec ago = { 0, 0 }, before = { -5, 0 }, soon, now;
	struct kma_type_figures f;
	void *p;

	kma_type_setlimit(M_API, 4096);
	p = kma_malloc_until(4096, M_API, M_WAITOK, &ago);
	ok(p != NULL, "a deadline that has passed is none without a wait");
	f = figures(M_API);
	errno = 0;
	ok(kma_malloc_until(16, M_API, M_WAITOK, &ago) == NULL &&
	    errno == ETIMEDOUT, "with one: ETIMEDOUT at once");
	ok(kma_malloc_until(16, M_API, M_WAITOK, &before) == NULL &&
	    errno == ETIMEDOUT, "so with a time before all times");
	ok(kma_malloc_until(16, M_API, M_NOWAIT, &ago) == NULL &&
	    errno == ENOMEM, "M_NOWAIT waits for no deadline");
	clock_gettime(CLOCK_MONOTONIC, &soon);
	soon.tv_nsec += 50000000;
	if (soon.tv_nsec >= 1000000000) {
		soon.tv_sec++;
		soon.tv_nsec -= 1000000000;
	}
	ok(kma_malloc_until(16, M_API, M_WAITOK, &soon) == NULL &&
	    errno == ETIMEDOUT, "a deadline that comes: ETIMEDOUT");
	clock_gettime(CLOCK_MONOTONIC, &now);
	ok(now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec &&
	    now.tv_nsec >= soon.tv_nsec), "not before it");
	ok(figures(M_API).ks_memuse == f.ks_memuse &&
	    figures(M_API).ks_inuse == 1 &&
	    figures(M_API).ks_limblocks == f.ks_limblocks + 3,
	    "who slept is counted, and got nothing");
	kma_free(p, M_API);
	kma_type_setlimit(M_API, 0);
}

static struct kma_type first[1] = {
	{ KMA_TYPE_MAGIC, 0, "a name of thirty-one characters", "" }
}, second[1] = {
	{ KMA_TYPE_MAGIC, 0, "a name of thirty-one characters, and more", "" }
};

static void
names(void)
{
	void *p = kma_malloc(64, first, M_NOWAIT);

	ok(inuse(second) == 1, "two types of one name, as far as it is kept, "
	    "are one");
	ok(strcmp(figures(second).ks_name, first->kt_name) == 0 &&
	    strlen(first->kt_name) == KMA_NAMELEN - 1,
	    "31 characters are kept");
	kma_free(p, second);
	ok(inuse(first) == 0, "the one frees what is of the other");
}

static void
most(void)
{
	struct kma_type_figures f, g;
	size_t bytes = 0, max;
	void *p[100];

	for (int i = 0; i < 100; i++) {
		p[i] = kma_malloc((size_t)i * 100, M_OTHER, M_NOWAIT);
		bytes += malloc_usable_size(p[i]);
	}
	f = figures(M_OTHER);
	max = bytes;
	for (int i = 0; i < 100; i += 2) {
		bytes -= malloc_usable_size(p[i]);
		kma_free(p[i], M_OTHER);
	}
	g = figures(M_OTHER);
	ok(f.ks_maxused == max && g.ks_maxused == max && g.ks_memuse == bytes,
	    "High Use is the most, to the byte");
	ok(f.ks_calls == 100 && g.ks_calls == 100 && g.ks_inuse == 50,
	    "Requests and In Use");
	for (int i = 1; i < 100; i += 2)
		kma_free(p[i], M_OTHER);
	ok(figures(M_OTHER).ks_sizes == (1 << 4 | 1 << 7 | 1 << 8 | 1 << 9 |
	    1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14),
	    "each class of sizes has its bit: %#lx",
	    (unsigned long)figures(M_OTHER).ks_sizes);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 120);
	most();
	kma_free(NULL, M_API);
	ok(sizes_hold(M_NOWAIT) && sizes_hold(M_WAITOK), "any size");
	ok(sizes_hold(M_NOWAIT | M_ZERO) && sizes_hold(M_WAITOK | M_ZERO),
	    "M_ZERO, in memory that was dirty");
	ok(aligns_hold(M_NOWAIT), "any align");
	ok(aligns_hold(M_WAITOK | M_ZERO), "with M_ZERO too");
	ok(reallocs_hold(M_NOWAIT), "kma_realloc keeps what the block holds");
	ok(reallocs_hold(M_WAITOK | M_ZERO),
	    "with M_ZERO what is new of it is zero");
	errors();
	huge();
	limits();
	deadlines();
	names();
	errno = 1234;
	kma_free(kma_malloc(100, M_API, M_NOWAIT), M_API);
	kma_free(kma_malloc(5 * MB, M_API, M_NOWAIT), M_API);
	ok(errno == 1234, "errno is left alone where nothing fails");
	return (tap_end());
}
