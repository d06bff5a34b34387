/*
 * chaos.c - threads that allocate, free each other's blocks, reallocate,
 * align and trim, with the contents checked.
 *
 * Each spacing gets KMA_FUZZ_SECONDS (15) in a process of its own.  Threads
 * come and go; blocks lie in a table that all share.  What sizes are asked for
 * changes with each era, so that lists that were learned fall out of use.
 */
#include <sys/wait.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kmem.h"
#include "learn.h"
#include "options.h"
#include "pagerun.h"
#include "stats.h"
#include "unit/blocks.h"

#define NTHREAD		8
#define NSLOT		4096
#define ROUND_OPS	20000	/* in a thread's life */
#define ERA_OPS		(3 * ROUND_OPS)
#define PROGRESS	30	/* s between two lines of it */

/* A block that lies in the table begins with these. */
struct head {
	size_t		size;		/* of all of it */
	uint64_t	seed;
};

static _Atomic(struct head *) table[NSLOT];
static _Atomic uint64_t operations;

static uint64_t
next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31);
}

static void
require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "# chaos: %s\n", what);
	abort();
}

/* Eight bytes in each 504 are marked. */
#define STEP	63

static void
fill(struct head *h, size_t size, uint64_t seed)
{
	uint64_t *word = (uint64_t *)h;

	for (size_t i = 2; i < size / 8; i += STEP)
		word[i] = seed + i;
	h->size = size;
	h->seed = seed;
}

static void
expect(const struct head *h, size_t size)
{
	const uint64_t *word = (const uint64_t *)h;

	for (size_t i = 2; i < size / 8; i += STEP)
		require(word[i] == h->seed + i, "contents changed");
}

/* A number that is an era's; seven of eight eras prefer some sizes. */
static uint64_t
era(void)
{
	uint64_t state = operations / ERA_OPS;

	return (state % 8 == 0 ? 0 : next_random(&state));
}

static size_t
some_size(uint64_t r)
{
	uint64_t now = era();
	size_t most = (size_t)64 << (r >> 8) % 5;

	if (r % 64 == 0)
		most = (size_t)1 << 21;
	else if (now != 0)
		return (sizeof(struct head) + now % 2000 + (r >> 16) % 32);
	else if (r % 8 == 0)
		most = 65536;
	return (sizeof(struct head) + (r >> 16) % most);
}

static struct head *
get(uint64_t r)
{
	size_t size = some_size(r);
	struct head *h;

	switch (r >> 60) {
	case 0:
		h = kmem_memalign((size_t)16 << (r >> 50) % 13, size);
		require((uintptr_t)h % ((size_t)16 << (r >> 50) % 13) == 0,
		    "not aligned");
		break;
	case 1:
	case 2:
		h = kmem_zalloc(size);
		for (size_t i = 0; h != NULL && i < size / 8; i++)
			require(((uint64_t *)h)[i] == 0, "not zero");
		break;
	default:
		h = block_get(size);
	}
	require(h != NULL, "no memory");
	fill(h, size, r);
	return (h);
}

static void
put(struct head *h)
{
	if (h == NULL)
		return;
	expect(h, h->size);
	block_put(h);
}

static struct head *
change(struct head *h, uint64_t r)
{
	size_t size = some_size(r), old = h->size;

	expect(h, old);
	h = kmem_realloc(h, size, "chaos");
	require(h != NULL, "no memory");
	expect(h, old < size ? old : size);
	fill(h, size, r);
	return (h);
}

/* A size of which there are so many that a list may be learned for it. */
#define NFAVOURITE	1000

static struct head **
favour(uint64_t r)
{
	size_t size = sizeof(struct head) + ((size_t)64 << r % 7);
	struct head **p = block_get(NFAVOURITE * sizeof(*p));

	require(p != NULL, "no memory");
	size += (r >> 16) % size;
	if (era() != 0)
		size = some_size(r | 1);
	for (unsigned i = 0; i < NFAVOURITE; i++) {
		p[i] = block_get(size);
		require(p[i] != NULL, "no memory");
		fill(p[i], size, r + i);
	}
	return (p);
}

static void
forsake(struct head **p)
{
	for (unsigned i = 0; i < NFAVOURITE; i++)
		put(p[i]);
	block_put(p);
}

static void *
thread(void *arg)
{
	uint64_t state = (uint64_t)(uintptr_t)arg;
	struct head **favourites = favour(next_random(&state));

	for (unsigned i = 0; i < ROUND_OPS; i++) {
		uint64_t r = next_random(&state);
		_Atomic(struct head *) *at = &table[r % NSLOT];
		struct head *h = atomic_exchange(at, NULL);

		r = next_random(&state);
		if (h == NULL)
			h = get(r);
		else if (r % 4 == 0)
			h = change(h, r);
		else {
			put(h);
			h = NULL;
		}
		if (h != NULL)
			put(atomic_exchange(at, h));
		if (r >> 20 == 0 || r % 50000 == 0)
			kmem_trim();
	}
	forsake(favourites);
	atomic_fetch_add(&operations, ROUND_OPS);
	return (NULL);
}

static void
check_empty(void)
{
	struct kma_totals st;
	struct pagerun_stats ps;

	for (unsigned i = 0; i < NSLOT; i++)
		put(atomic_exchange(&table[i], NULL));
	kmem_check();
	stats_totals(&st);
	require(st.st_inuse == 0, "something is in use");
	kmem_trim();
	pagerun_stats(&ps);
	require(ps.ps_inuse == 0, "pages are in use");
	kmem_check();
}

/* As KMA_OPTIONS has it. */
static const char *
spacing_name(unsigned spacing)
{
	static char name[16];

	snprintf(name, sizeof(name), "%u", spacing);
	return (spacing == SPACING_LEARN ? "learn" : name);
}

static void
chaos(unsigned spacing, long seconds)
{
	time_t begin = time(NULL), last = begin, t = begin;
	uint64_t lives = NTHREAD;
	pthread_t id[NTHREAD];

	require(kmem_init(), "no heap");
	for (uint64_t i = 0; i < NTHREAD; i++)
		pthread_create(&id[i], NULL, thread,
		    (void *)(uintptr_t)(i << 32 | spacing));
	for (; t - begin < seconds; t = time(NULL), lives++) {
		pthread_join(id[lives % NTHREAD], NULL);
		pthread_create(&id[lives % NTHREAD], NULL, thread,
		    (void *)(uintptr_t)(lives << 32 | spacing));
		if (t - last >= PROGRESS) {
			last = t;
			fprintf(stderr, "# chaos, spacing %s: %ld of %ld s, "
			    "%llu operations\n", spacing_name(spacing),
			    (long)(t - begin), seconds,
			    (unsigned long long)operations);
		}
	}
	for (unsigned i = 0; i < NTHREAD; i++)
		pthread_join(id[i], NULL);
	check_empty();
	printf("# spacing %s: %llu threads, %llu operations, %u lists "
	    "at once, %u learned\n", spacing_name(spacing),
	    (unsigned long long)lives, (unsigned long long)operations,
	    learn_count(), learn_births());
	fflush(stdout);
}

static bool
in_child(unsigned spacing, long seconds)
{
	const char *old = getenv("KMA_OPTIONS");
	char opts[300];
	int status = -1;
	pid_t pid;

	snprintf(opts, sizeof(opts), "%s,spacing=%s",
	    old != NULL ? old : "", spacing_name(spacing));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		setenv("KMA_OPTIONS", opts, 1);
		chaos(spacing, seconds);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return (status == 0);
}

int
main(void)
{
	static const unsigned spacings[] = { 1, 2, 4, SPACING_LEARN };
	const char *value = getenv("KMA_FUZZ_SECONDS");
	int bad = 0;

	printf("1..4\n");
	for (unsigned i = 0; i < 4; i++) {
		bool ok = in_child(spacings[i], value ? atol(value) : 15);

		printf("%sok %u - spacing %s\n", ok ? "" : "not ", i + 1,
		    spacing_name(spacings[i]));
		bad += !ok;
	}
	return (bad != 0);
}
