/*
 * patterns.c - what malloc costs in the patterns that allocators are known by.
 *
 *	patterns NAME			times one, and prints its figure
 *	patterns --short N NAME		does N operations and no more: what 2N
 *					take more than N is instructions of N
 *	patterns			lists the names
 *
 * Every pattern runs a twentieth of its work before the clock starts. Each
 * block's first word is written, and found unchanged when the block goes.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "workload.h"

#define WARMUP		20	/* 1 part in so many */

#define BATCH		1000
#define MANY		10000	/* blocks alive, one thread */
#define SOME		1000	/* the same, each of several threads */
#define DOUBLING_MIN	16
#define DOUBLING_MAX	(16 * MB)
#define GROWING_MAX	65536
#define GROWING_STEP	16
#define CALLOC_SIZE	(16 * MB)
#define PAGE		4096
#define THREAD_BLOCKS	10
#define HANDFUL		64	/* blocks handed over at once */
#define RING		16	/* of those on their way, at most */
#define PATIENCE	2000	/* looks before the processor is left */

struct pattern {
	const char	*name;
	/* Does count operations, of sizes min..max. */
	void		(*run)(const struct pattern *, long count);
	long		 count;
	size_t		 min, max;	/* or what the pattern makes of it */
	double		 divisor;	/* nanoseconds in its unit */
	unsigned	 threads;	/* each does count operations */
};

static void **table;	/* MANY for each thread */

static inline void
mark(void *p, size_t tag)
{
	*(size_t *)p = tag;
}

static inline void
check(const void *p, size_t tag)
{
	if (*(const size_t *)p != tag)
		die("a block has changed");
}

static void
pair(const struct pattern *pt, long count)
{
	for (long i = 0; i < count; i++) {
		void *p = get(pt->min);

		mark(p, (size_t)i);
		/* Whoever reads p here would see it: nothing goes away. */
		__asm__ volatile ("" : : "r" (p) : "memory");
		free(p);
	}
}

static void
batch(const struct pattern *pt, long count)
{
	for (long n = 0; n < count; n += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			table[i] = get(pt->min);
			mark(table[i], i);
		}
		for (size_t i = 0; i < BATCH; i++) {
			check(table[i], i);
			free(table[i]);
		}
	}
}

/* Replaces one of nlive blocks, count times. */
static void
replace(void **slot, size_t nlive, const struct pattern *pt, long count,
    uint64_t *state)
{
	for (long n = 0; n < count; n++) {
		size_t i = between(state, 0, nlive - 1);

		check(slot[i], i);
		free(slot[i]);
		slot[i] = get(between(state, pt->min, pt->max));
		mark(slot[i], i);
	}
}

static void
fill(void **slot, size_t nlive, const struct pattern *pt, uint64_t *state)
{
	for (size_t i = 0; i < nlive; i++) {
		slot[i] = get(between(state, pt->min, pt->max));
		mark(slot[i], i);
	}
}

/* The blocks stay for the next call: the warm-up fills the table. */
static void
random_sizes(const struct pattern *pt, long count)
{
	static uint64_t state = 88172645463325252u;

	if (table[0] == NULL)
		fill(table, MANY, pt, &state);
	replace(table, MANY, pt, count, &state);
}

/*
 * Blocks that double their size; an operation is one of them grown to the end.
 * With two that grow in turn, each stands in the other's way.
 */
static void
doubling(const struct pattern *pt, long count)
{
	size_t nblock = pt->max;
	char *p[2];

	for (long n = 0; n < count; n += (long)nblock) {
		for (size_t i = 0; i < nblock; i++)
			p[i] = get(DOUBLING_MIN);
		for (size_t size = 2 * DOUBLING_MIN; size <= DOUBLING_MAX;
		    size *= 2) {
			for (size_t i = 0; i < nblock; i++) {
				p[i][size / 2 - 1] = 'x';
				p[i] = realloc(p[i], size);
				require(p[i] != NULL, "realloc returned NULL");
				require(p[i][size / 2 - 1] == 'x',
				    "realloc lost a byte");
			}
		}
		for (size_t i = 0; i < nblock; i++)
			free(p[i]);
	}
}

static void
growing(const struct pattern *pt, long count)
{
	char *p = NULL;

	(void)pt;
	for (size_t size = GROWING_STEP; count > 0;
	    count--, size += GROWING_STEP) {
		if (size > GROWING_MAX) {
			free(p);
			p = NULL;
			size = GROWING_STEP;
		}
		p = realloc(p, size);
		require(p != NULL, "realloc returned NULL");
		if (size > GROWING_STEP)
			check(p + size - 2 * GROWING_STEP, size - GROWING_STEP);
		mark(p + size - GROWING_STEP, size);
	}
	free(p);
}

static void
zeroed(const struct pattern *pt, long count)
{
	for (long n = 0; n < count; n++) {
		char *p = calloc(1, CALLOC_SIZE);

		require(p != NULL, "calloc returned NULL");
		/* Touches none, or a byte of each page. */
		for (size_t i = 0; i < pt->max; i += PAGE) {
			require(p[i] == 0, "calloc returned other than zeros");
			p[i] = 1;
		}
		__asm__ volatile ("" : : "r" (p) : "memory");
		free(p);
	}
}

static void *
brief(void *arg)
{
	void *p[THREAD_BLOCKS];

	for (size_t i = 0; i < THREAD_BLOCKS; i++) {
		p[i] = get(16 << i % 6);
		mark(p[i], i);
	}
	for (size_t i = 0; i < THREAD_BLOCKS; i++) {
		check(p[i], i);
		free(p[i]);
	}
	return (arg);
}

/* Threads, one after the other. */
static void
births(const struct pattern *pt, long count)
{
	pthread_t t;

	(void)pt;
	for (long n = 0; n < count; n++) {
		require(pthread_create(&t, NULL, brief, NULL) == 0,
		    "pthread_create failed");
		require(pthread_join(t, NULL) == 0, "pthread_join failed");
	}
}

/*
 * A ring of handfuls of blocks, between one who fills and one who empties.
 * Neither sleeps: what it takes to wake a thread is not malloc's.
 */
static struct {
	_Atomic unsigned	filled __attribute__((aligned(128)));
	_Atomic unsigned	emptied __attribute__((aligned(128)));
	void			*block[RING][HANDFUL]
				    __attribute__((aligned(128)));
} ring;

static void
wait_while(const _Atomic unsigned *counter, unsigned value)
{
	for (unsigned looks = 0; atomic_load_explicit(counter,
	    memory_order_acquire) == value; looks++) {
		if (looks > PATIENCE)
			(void)sched_yield();
#ifdef __x86_64__
		__builtin_ia32_pause();
#endif
	}
}

static void *
consumer(void *arg)
{
	unsigned last = (unsigned)*(long *)arg;

	for (unsigned n = 0; n != last; n++) {
		wait_while(&ring.filled, n);
		for (size_t i = 0; i < HANDFUL; i++) {
			check(ring.block[n % RING][i], i);
			free(ring.block[n % RING][i]);
		}
		atomic_store_explicit(&ring.emptied, n + 1,
		    memory_order_release);
	}
	return (NULL);
}

static void
pipeline(const struct pattern *pt, long count)
{
	long handfuls = (count + HANDFUL - 1) / HANDFUL;
	uint64_t state = 88172645463325252u;
	pthread_t t;

	atomic_store(&ring.filled, 0);
	atomic_store(&ring.emptied, 0);
	require(pthread_create(&t, NULL, consumer, &handfuls) == 0,
	    "pthread_create failed");
	for (unsigned n = 0; n != (unsigned)handfuls; n++) {
		wait_while(&ring.emptied, n - RING);
		for (size_t i = 0; i < HANDFUL; i++) {
			void *p = get(between(&state, pt->min, pt->max));

			mark(p, i);
			ring.block[n % RING][i] = p;
		}
		atomic_store_explicit(&ring.filled, n + 1,
		    memory_order_release);
	}
	require(pthread_join(t, NULL) == 0, "pthread_join failed");
}

/*
 * One of several threads that have nothing to do with each other. The first to
 * begin may be done before the last has woken up: each looks at the clock.
 */
static pthread_barrier_t gate;

struct share {
	const struct pattern	*pt;
	unsigned		 number;
	pthread_t		 thread;
	double			 begun, ended;
};

static void *
shared(void *arg)
{
	struct share *sh = arg;
	void **slot = table + (size_t)sh->number * SOME;
	uint64_t state = 88172645463325252u + sh->number;

	fill(slot, SOME, sh->pt, &state);
	replace(slot, SOME, sh->pt, sh->pt->count / WARMUP, &state);
	(void)pthread_barrier_wait(&gate);
	sh->begun = now();
	replace(slot, SOME, sh->pt, sh->pt->count, &state);
	sh->ended = now();
	for (size_t i = 0; i < SOME; i++)
		free(slot[i]);
	return (NULL);
}

static const struct pattern patterns[] = {
	{ "pair 64", pair, 100000000, 64, 64, 1, 1 },
	{ "pair 4096", pair, 20000000, 4096, 4096, 1, 1 },
	{ "pair 16K", pair, 20000000, 16384, 16384, 1, 1 },
	{ "pair 256K", pair, 10000000, 262144, 262144, 1, 1 },
	{ "pair 1M", pair, 10000000, MB, MB, 1, 1 },
	{ "1000 then freed, 64", batch, 60000000, 64, 64, 1, 1 },
	{ "1000 then freed, 1024", batch, 5000000, 1024, 1024, 1, 1 },
	{ "1000 then freed, 4096", batch, 500000, 4096, 4096, 1, 1 },
	{ "1000 then freed, 64K", batch, 500000, 65536, 65536, 1, 1 },
	{ "random 16..255", random_sizes, 30000000, 16, 255, 1, 1 },
	{ "random 1K..64K", random_sizes, 3000000, 1024, 65536, 1, 1 },
	{ "realloc doubling to 16M", doubling, 500, 0, 1, 1000, 1 },
	{ "realloc doubling, two in turn", doubling, 100, 0, 2, 1000, 1 },
	{ "realloc by 16 to 64K", growing, 20000000, 0, 0, 1, 1 },
	{ "calloc 16M", zeroed, 4000, 0, 0, 1000, 1 },
	{ "calloc 16M, touched", zeroed, 500, 0, CALLOC_SIZE, 1000, 1 },
	{ "thread of 10 mallocs", births, 5000, 0, 0, 1000, 1 },
	{ "producer consumer 64", pipeline, 5000000, 64, 64, 1, 1 },
	{ "producer consumer 16..1039", pipeline, 5000000, 16, 1039, 1, 1 },
	{ "producer consumer 16K", pipeline, 1000000, 16384, 16384, 1, 1 },
	{ "2 threads 1K..64K", NULL, 2000000, 1024, 65536, 1, 2 },
	{ "8 threads 16..4095", NULL, 1000000, 16, 4095, 1, 8 },
};
#define NPATTERN	(sizeof(patterns) / sizeof(patterns[0]))

static double
time_threads(const struct pattern *pt)
{
	struct share share[8];
	double first, last;

	require(pthread_barrier_init(&gate, NULL, pt->threads) == 0,
	    "pthread_barrier_init failed");
	for (unsigned i = 0; i < pt->threads; i++) {
		share[i].pt = pt;
		share[i].number = i;
		require(pthread_create(&share[i].thread, NULL, shared,
		    &share[i]) == 0, "pthread_create failed");
	}
	for (unsigned i = 0; i < pt->threads; i++)
		require(pthread_join(share[i].thread, NULL) == 0,
		    "pthread_join failed");
	first = share[0].begun;
	last = share[0].ended;
	for (unsigned i = 1; i < pt->threads; i++) {
		first = share[i].begun < first ? share[i].begun : first;
		last = share[i].ended > last ? share[i].ended : last;
	}
	return ((last - first) / pt->threads);
}

static double
time_one(const struct pattern *pt)
{
	double time;

	if (pt->threads > 1)
		return (time_threads(pt));
	pt->run(pt, pt->count / WARMUP);
	time = now();
	pt->run(pt, pt->count);
	return (now() - time);
}

static const struct pattern *
find(const char *name)
{
	for (size_t i = 0; i < NPATTERN; i++)
		if (strcmp(patterns[i].name, name) == 0)
			return (&patterns[i]);
	die("there is no such pattern");
	return (NULL);
}

int
main(int argc, char **argv)
{
	const struct pattern *pt;

	table = own_pages(MANY * sizeof(*table));
	if (argc == 4 && strcmp(argv[1], "--short") == 0) {
		pt = find(argv[3]);
		require(pt->threads == 1, "it has no short form");
		pt->run(pt, strtol(argv[2], NULL, 10));
	} else if (argc == 2) {
		pt = find(argv[1]);
		figure(time_one(pt) / (double)pt->count / pt->divisor);
	} else if (argc == 1) {
		for (size_t i = 0; i < NPATTERN; i++)
			printf("%s\n", patterns[i].name);
	} else
		die("usage: patterns [[--short N] NAME]");
	return (0);
}
