/*
 * memory.c - what a program holds for what it asked for.
 *
 *	memory NAME [SIZE]	measures one, and prints its figure
 *	memory			lists the names
 *
 * Figures are of resident memory, of this very process and exact. What the
 * workload needs for itself (its tables, the program before it began) is
 * taken off where the figure is a ratio; where it is in MB or KB, it is what
 * the whole process holds. Every block is written to from end to end.
 */
#include <pthread.h>

#include "workload.h"

#define QUIET		2	/* s in which nothing is called */
#define LIVE		(200 * MB)	/* of the mixes */
#define MUCH		(500 * MB)
#define PHASE_LIVE	(100 * MB)
#define SURVIVORS	1000	/* one block in so many outlives its phase */
#define NTHREAD		8
#define THREAD_LIVE	(25 * MB)

/* A block that hangs in a list. */
struct block {
	struct block	*next;
	size_t		 size;
};

static size_t argument;

static struct block *
block_new(size_t size)
{
	struct block *b = get(size);

	memset(b, 'm', size);
	if (size >= sizeof(*b))
		b->size = size;
	return (b);
}

static double
mb(size_t bytes)
{
	return ((double)bytes / (double)MB);
}

/*
 * Blocks of several sizes, as many of each or as many bytes of each, that all
 * live: the room they take to what was asked for.
 */
static double
hold(const size_t *sizes, size_t nsizes, int equal_bytes)
{
	size_t asked = 0, before = resident(), given[64] = { 0 };

	while (asked < LIVE)
		for (size_t i = 0; i < nsizes; i++) {
			if (equal_bytes && given[i] > asked / nsizes)
				continue;
			(void)block_new(sizes[i]);
			given[i] += sizes[i];
			asked += sizes[i];
		}
	return ((double)(resident() - before) / (double)asked);
}

static const size_t awkward[] = {
	17, 24, 33, 40, 48, 65, 80, 96, 100, 129, 160, 200, 260, 520, 1030,
	2050, 5000
};
#define NAWKWARD	(sizeof(awkward) / sizeof(awkward[0]))

static double
mix(void)
{
	return (hold(awkward, NAWKWARD, 0));
}

static double
mix_bytes(void)
{
	return (hold(awkward, NAWKWARD, 1));
}

static double
single(void)
{
	require(argument > 0, "which size?");
	return (hold(&argument, 1, 0));
}

/*
 * Much, and then nothing. The blocks are in a list, so that no table is needed,
 * or in a table that is gone again afterwards.
 */
static struct block *
chain_new(size_t size, size_t bytes, size_t *most)
{
	struct block *first = NULL, **end = &first;

	for (size_t n = 0; n < bytes / size; n++) {
		struct block *b = block_new(size);

		*end = b;
		end = &b->next;
		if (most != NULL && n % (16 * MB / size) == 0 &&
		    resident() > *most)
			*most = resident();
	}
	*end = NULL;
	return (first);
}

static void
chain_free(struct block *b, size_t size)
{
	while (b != NULL) {
		struct block *next = b->next;

		require(b->size == size, "a block has changed");
		free(b);
		b = next;
	}
}

static void
shuffle(void **p, size_t n, uint64_t *state)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = between(state, 0, i - 1);
		void *other = p[j];

		p[j] = p[i - 1];
		p[i - 1] = other;
	}
}

static void
free_shuffled(size_t size, size_t bytes)
{
	uint64_t state = 88172645463325252u;
	size_t n = bytes / size;
	void **p = own_pages(n * sizeof(*p));

	for (size_t i = 0; i < n; i++)
		p[i] = block_new(size);
	shuffle(p, n, &state);
	for (size_t i = 0; i < n; i++)
		free(p[i]);
	(void)munmap(p, n * sizeof(*p));
}

static double
freed(void)
{
	chain_free(chain_new(64, MUCH, NULL), 64);
	(void)sleep(QUIET);
	return (mb(resident()));
}

static double
freed_shuffled(void)
{
	free_shuffled(64, MUCH);
	(void)sleep(QUIET);
	return (mb(resident()));
}

static double
again(void)
{
	size_t most = 0;
	struct block *b;

	b = chain_new(64, MUCH, &most);
	chain_free(b, 64);
	b = chain_new(200, MUCH, &most);
	if (resident() > most)
		most = resident();
	chain_free(b, 200);
	return (mb(most));
}

/* The same, where the first blocks went in no order. */
static double
again_shuffled(void)
{
	size_t most = 0;
	struct block *b;

	free_shuffled(64, MUCH);
	b = chain_new(200, MUCH, &most);
	if (resident() > most)
		most = resident();
	chain_free(b, 200);
	return (mb(most));
}

/*
 * A program whose favourite size changes ten times: blocks of the old size go,
 * in no order, as those of the new one come, but for a few that stay for good.
 */
static double
phases(void)
{
	static const size_t size[] = {
		48, 1000, 112, 4000, 24, 300, 2100, 64, 700, 150
	};
	size_t room = PHASE_LIVE / 24 * sizeof(void *);
	size_t nold = 0, oldsize = 0, needed = 0, before;
	void **old = own_pages(room), **new = own_pages(room), **other;
	uint64_t state = 88172645463325252u;
	double worst = 0, ratio;

	before = resident();
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
		size_t n = PHASE_LIVE / size[i], gone = 0;

		shuffle(old, nold, &state);
		for (size_t j = 0; j < n; j++) {
			new[j] = block_new(size[i]);
			needed += size[i];
			for (; gone < nold && gone * oldsize < j * size[i];
			    gone++)
				if (gone % SURVIVORS != 0) {
					free(old[gone]);
					needed -= oldsize;
				}
		}
		for (; gone < nold; gone++)
			if (gone % SURVIVORS != 0) {
				free(old[gone]);
				needed -= oldsize;
			}
		ratio = (double)(resident() - before) / (double)needed;
		if (ratio > worst)
			worst = ratio;
		other = old;
		old = new;
		new = other;
		nold = n;
		oldsize = size[i];
	}
	return (worst);
}

/*
 * A long run. Sizes are spread evenly over the doublings from 24 bytes to 8 KB;
 * most blocks die soon, some live long, a few very long; and the program is
 * busier at times. Dead blocks are found in a wheel by the time of their
 * death.
 */
#define WHEEL		((size_t)1 << 20)
#define OPERATIONS	6000000
#define SEASON		500000	/* operations; every other is busy */
#define SETTLED		1000000	/* the start, which is not looked at */
#define LOOK		50000	/* operations between two looks */

static void
long_run(double *worst, double *last)
{
	struct block **wheel = own_pages(WHEEL * sizeof(*wheel));
	size_t before = resident(), live = 0;
	uint64_t state = 88172645463325252u;

	*worst = *last = 0;
	for (size_t n = 0; n < OPERATIONS; n++) {
		size_t least = (size_t)24 << between(&state, 0, 7);
		size_t size = between(&state, least, 2 * least - 1);
		size_t busy = n / SEASON % 2 == 0 ? 2 : 1;
		size_t life = WHEEL * busy / between(&state, 1, 256);
		struct block *b = wheel[n % WHEEL], *next;

		for (; b != NULL; b = next) {
			next = b->next;
			live -= b->size;
			free(b);
		}
		wheel[n % WHEEL] = NULL;
		if (life >= WHEEL)
			life = WHEEL - 1;
		b = block_new(size);
		live += size;
		b->next = wheel[(n + life) % WHEEL];
		wheel[(n + life) % WHEEL] = b;
		if (n % LOOK == LOOK - 1 && n > SETTLED) {
			*last = (double)(resident() - before) / (double)live;
			if (*last > *worst)
				*worst = *last;
		}
	}
}

static double
long_run_worst(void)
{
	double worst, last;

	long_run(&worst, &last);
	return (worst);
}

static double
long_run_end(void)
{
	double worst, last;

	long_run(&worst, &last);
	return (last);
}

/*
 * Threads that fill memory with small blocks, and free each other's. Do they
 * live on, they wait.
 */
static pthread_barrier_t gate;
static struct block *handed[NTHREAD];
static int live_on;

static void *
one_of_many(void *arg)
{
	size_t me = (size_t)arg, bytes = 0;
	struct block *own = NULL, *next;
	uint64_t state = 88172645463325252u + me;

	while (bytes < THREAD_LIVE) {
		size_t size = between(&state, 16, 1023);
		struct block *b = block_new(size);
		struct block **list = size % 2 == 0 ? &own : &handed[me];

		b->next = *list;
		*list = b;
		bytes += size;
	}
	(void)pthread_barrier_wait(&gate);
	for (; own != NULL; own = next) {
		next = own->next;
		free(own);
	}
	for (own = handed[(me + 1) % NTHREAD]; own != NULL; own = next) {
		next = own->next;
		free(own);
	}
	if (live_on) {
		(void)pthread_barrier_wait(&gate);
		for (;;)
			(void)pause();
	}
	return (NULL);
}

static double
threads_freed(void)
{
	pthread_t t[NTHREAD];

	require(pthread_barrier_init(&gate, NULL, NTHREAD + 1) == 0,
	    "pthread_barrier_init failed");
	for (size_t i = 0; i < NTHREAD; i++)
		require(pthread_create(&t[i], NULL, one_of_many,
		    (void *)i) == 0, "pthread_create failed");
	(void)pthread_barrier_wait(&gate);
	if (live_on)
		(void)pthread_barrier_wait(&gate);
	else
		for (size_t i = 0; i < NTHREAD; i++)
			require(pthread_join(t[i], NULL) == 0,
			    "pthread_join failed");
	(void)sleep(QUIET);
	return (mb(resident()));
}

static double
threads_living(void)
{
	live_on = 1;
	return (threads_freed());
}

/*
 * A hello-world. Of a start's resident memory most is the pages of libraries,
 * which all processes share; what each process adds to the machine is what it
 * wrote to: private, dirty.
 */
static double
start_resident(void)
{
	printf("hello, world\n");
	(void)fflush(stdout);
	return ((double)resident() / 1024);
}

static double
start_dirty(void)
{
	printf("hello, world\n");
	(void)fflush(stdout);
	return ((double)smaps("\nPrivate_Dirty:"));
}

static const struct {
	const char	*name;
	double		(*measure)(void);
} measures[] = {
	{ "mix", mix },
	{ "mix-bytes", mix_bytes },
	{ "single", single },
	{ "freed", freed },
	{ "freed-shuffled", freed_shuffled },
	{ "again", again },
	{ "again-shuffled", again_shuffled },
	{ "phases", phases },
	{ "long-run-worst", long_run_worst },
	{ "long-run-end", long_run_end },
	{ "threads-living", threads_living },
	{ "threads-ended", threads_freed },
	{ "start-resident", start_resident },
	{ "start-dirty", start_dirty },
};
#define NMEASURE	(sizeof(measures) / sizeof(measures[0]))

int
main(int argc, char **argv)
{
	if (argc > 2)
		argument = strtoul(argv[2], NULL, 10);
	for (size_t i = 0; i < NMEASURE; i++) {
		if (argc == 1)
			printf("%s\n", measures[i].name);
		else if (strcmp(measures[i].name, argv[1]) == 0) {
			figure(measures[i].measure());
			return (0);
		}
	}
	require(argc == 1, "usage: memory [NAME [SIZE]]");
	return (0);
}
