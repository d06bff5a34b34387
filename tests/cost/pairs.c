/*
 * pairs.c - the patterns whose instructions are counted.
 *
 * Runs under callgrind. Each pattern is run n times and 2n times, and the
 * counters are dumped and cleared around each run: the difference of the two
 * is n times the pattern, whatever it costs to start, to warm up and to dump.
 * Then the same again with two functions in place of malloc and free that do
 * nothing. What is left between the two differences is what malloc and free
 * cost at the caller, less the few instructions of those functions, which are
 * known. The dumps carry the names
 *
 *	PATTERN real|null 1|2 N
 *
 * and instructions.sh does the sums.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAVE_CALLGRIND	1
#endif
#endif

#ifndef HAVE_CALLGRIND
int
main(void)
{
	printf("skip: built without valgrind/callgrind.h\n");
	return (77);
}
#else

/*
 * In place of malloc and free: call, body, return make NULL_COST
 * instructions for the two together. Real calls go through the PLT; these do
 * not, so that its jump counts as malloc's.
 */
#ifdef __x86_64__
void	*null_malloc(size_t);
void	null_free(void *);

__asm__ (
    ".text\n"
    ".type null_malloc, @function\n"
    "null_malloc:\n"
    "	leaq null_block(%rip), %rax\n"
    "	ret\n"
    ".size null_malloc, .-null_malloc\n"
    ".type null_free, @function\n"
    "null_free:\n"
    "	ret\n"
    ".size null_free, .-null_free\n"
    ".local null_block\n"
    ".comm null_block, 64, 16\n"
);
#define NULL_COST	5
#else
static char null_block[64];

static __attribute__((noinline, noclone)) void *
null_malloc(size_t size)
{
	__asm__ volatile ("" : : "r" (size));
	return (null_block);
}

static __attribute__((noinline, noclone)) void
null_free(void *p)
{
	__asm__ volatile ("" : : "r" (p));
}
#define NULL_COST	6	/* one for an address */
#endif

#define LIVE		2000	/* of the random replacement */
#define BATCH		1000
#define STRIDE		3	/* that LIVE is no multiple of */

static void *slot[LIVE];

/* The same numbers in every run. */
static inline uint32_t
next(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return (*state = x);
}

/*
 * The loops, once with malloc and free and once with the null functions: the
 * compiler makes the same code of both, but for the two calls.
 */
#define PAIR(name, ALLOC, RELEASE)					\
static __attribute__((noinline, noclone)) void				\
pair_##name(size_t size, long n)					\
{									\
	while (n-- > 0) {						\
		void *p = ALLOC(size);					\
									\
		__asm__ volatile ("" : "+r" (p) : : "memory");		\
		RELEASE(p);						\
	}								\
}

#define LOOPS(name, ALLOC, RESIZE, RELEASE)				\
static __attribute__((noinline, noclone)) void				\
grow_##name(size_t size, long n)					\
{									\
	while (n-- > 0)							\
		RELEASE(RESIZE(ALLOC(size), 2 * size));			\
}									\
									\
static __attribute__((noinline, noclone)) void				\
batch_##name(size_t size, long n)					\
{									\
	for (n /= BATCH; n > 0; n--) {					\
		for (int i = 0; i < BATCH; i++)				\
			slot[i] = ALLOC(size);				\
		for (int i = 0; i < BATCH; i++)				\
			RELEASE(slot[i]);				\
	}								\
}									\
									\
static __attribute__((noinline, noclone)) void				\
replace_##name(size_t size, long n)					\
{									\
	uint32_t state = (uint32_t)size;				\
									\
	while (n-- > 0) {						\
		uint32_t r = next(&state);				\
		void **at = &slot[(r >> 12) % LIVE];			\
									\
		RELEASE(*at);						\
		*at = ALLOC(size + (r & 1023) % 1008);			\
	}								\
}									\
									\
static __attribute__((noinline, noclone)) void				\
halves_##name(size_t size, long n)					\
{									\
	uint32_t state = (uint32_t)size;				\
									\
	for (n /= LIVE / 2; n > 0; n--) {				\
		int first = (int)(next(&state) % LIVE);			\
									\
		for (int i = 0; i < LIVE / 2; i++)			\
			RELEASE(slot[(first + i * STRIDE) % LIVE]);	\
		for (int i = 0; i < LIVE / 2; i++)			\
			slot[(first + i * STRIDE) % LIVE] =		\
			    ALLOC(size + next(&state) % (7 * size));	\
	}								\
}

/* realloc's stand-in has three instructions, which are not counted. */
#define null_realloc(p, size)	((void)(p), null_malloc(size))

#define zeroed(size)		calloc(1, size)
#define resized(size)		realloc(NULL, size)

PAIR(real, malloc, free)
PAIR(null, null_malloc, null_free)
PAIR(zeroed, zeroed, free)
PAIR(resized, resized, free)
LOOPS(real, malloc, realloc, free)
LOOPS(null, null_malloc, null_realloc, null_free)

typedef void loop_fn(size_t, long);

static void
measure(const char *name, const char *kind, loop_fn *fn, size_t arg, long n)
{
	char title[64];

	for (int i = 1; i <= 2; i++) {
		(void)snprintf(title, sizeof(title), "%s %s %d %ld", name, kind,
		    i, n);
		CALLGRIND_ZERO_STATS;
		fn(arg, i * n);
		CALLGRIND_DUMP_STATS_AT(title);
	}
}

static void
pattern(const char *name, loop_fn *real, loop_fn *null, size_t arg, long n)
{
	real(arg, n);		/* warm up */
	measure(name, "real", real, arg, n);
	measure(name, "null", null, arg, n);
}

/* Live blocks of random sizes from least on, of which some are replaced. */
static void
replacement(const char *name, loop_fn *real, loop_fn *null, size_t least,
    size_t range, long n)
{
	for (size_t i = 0; i < LIVE; i++)
		slot[i] = malloc(least + i * 7919 % range);
	real(least, n);
	measure(name, "real", real, least, n);
	for (int i = 0; i < LIVE; i++) {
		free(slot[i]);
		slot[i] = null_malloc(1);
	}
	measure(name, "null", null, least, n);
}

static const size_t sizes[] = {
	16, 32, 48, 64, 100, 128, 256, 512, 1000, 1024, 2048, 4096, 8192,
	16384, 32768, 65536, 131072, 262144, 1048576
};
#define NSIZE	(sizeof(sizes) / sizeof(sizes[0]))

static void
pairs(const char *prefix, size_t max, long n)
{
	char name[64];

	for (size_t i = 0; i < NSIZE && sizes[i] <= max; i++) {
		(void)snprintf(name, sizeof(name), "%s%zu", prefix, sizes[i]);
		pattern(name, pair_real, pair_null, sizes[i], n);
	}
}

/* One of the threads that will have existed. */
static void *
thread(void *arg)
{
	static pthread_mutex_t slots = PTHREAD_MUTEX_INITIALIZER;

	pair_real(64, 1000);
	(void)pthread_mutex_lock(&slots);
	batch_real(64, 2 * BATCH);
	(void)pthread_mutex_unlock(&slots);
	pair_real(4096, 100);
	pair_real(100000, 100);
	return (arg);
}

int
main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 0) : 1000;
	void *which = dlsym(RTLD_DEFAULT, "malloc");
	pthread_t t[4];
	Dl_info info;

	if (!RUNNING_ON_VALGRIND) {
		printf("skip: not under valgrind\n");
		return (77);
	}
	if (which == NULL || dladdr(which, &info) == 0)
		return (1);
	printf("malloc %s\n", info.dli_fname);
	printf("null %d\n", NULL_COST);
	(void)fflush(stdout);

	pairs("pair ", SIZE_MAX, n);
	pattern("1000 then freed 64", batch_real, batch_null, 64, 8 * BATCH);
	pattern("calloc 64", pair_zeroed, pair_null, 64, n);
	pattern("realloc of NULL", pair_resized, pair_null, 64, n);
	pattern("grown from 64 to 128", grow_real, grow_null, 64, n);
	replacement("random replacement", replace_real, replace_null, 16, 1008,
	    20 * n);
	replacement("halves 4K to 32K", halves_real, halves_null, 4096, 28672,
	    20 * n);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, thread, NULL) != 0)
			return (1);
	for (int i = 0; i < 4; i++)
		if (pthread_join(t[i], NULL) != 0)
			return (1);
	/* What the threads did is counted until the next dump. */
	CALLGRIND_DUMP_STATS_AT("the threads");
	pairs("threads pair ", 262144, n);
	/* To give back a long run takes so much for each page. */
	pattern("pair 1G", pair_real, pair_null, (size_t)1 << 30, 4);
	return (0);
}
#endif /* HAVE_CALLGRIND */
