/*
 * learned - blocks of lists that are made while the program runs: their size,
 * their alignment, their contents, and errors that are found in them.
 */
#include "tap.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>

#include "measure.h"
#include "pattern.h"

#define EACH		(4 * MB)	/* bytes of each size */
#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))

static const size_t favourites[] = { 24, 48, 200, 1030, 2050, 5000, 9000 };
#define NFAVOURITE	NITEMS(favourites)

/* A block; its contents follow from the seed, over all that is usable. */
struct block {
	char		*p;
	size_t		 size;
	size_t		 usable;
	uint64_t	 seed;
};

/* The compiler knows nothing of what p points to. */
static void *
opaque(void *p)
{
	__asm__ volatile ("" : "+r"(p) : : "memory");
	return (p);
}

static size_t
round16(size_t size)
{
	return ((size + 15) & ~(size_t)15);
}

/* A block that was just given. */
static void
enter(struct block *b, void *p, size_t size, uint64_t seed)
{
	must(p != NULL && (uintptr_t)p % 16 == 0);
	b->p = p;
	b->size = size;
	b->usable = malloc_usable_size(p);
	b->seed = seed;
	must(b->usable >= size);
	fill(p, b->usable, seed);
}

static int
is_whole(const struct block *b)
{
	return (malloc_usable_size(b->p) == b->usable &&
	    intact(b->p, b->usable, b->seed));
}

static void
leave(struct block *b)
{
	must(is_whole(b));
	free(b->p);
	b->p = NULL;
}

/*
 * All that is kept while lists are learned, in the order it came.
 */
static struct block *kept;
static size_t nkept, nroom;

static struct block *
keep(void *p, size_t size)
{
	must(nkept < nroom);
	enter(&kept[nkept], p, size, nkept);
	return (&kept[nkept++]);
}

static size_t
spoilt(void)
{
	size_t n = 0;

	for (size_t i = 0; i < nkept; i++)
		n += !is_whole(&kept[i]);
	return (n);
}

static void
test_sizes(void)
{
	for (unsigned i = 0; i < NFAVOURITE; i++) {
		size_t size = favourites[i], bad = 0, worst = 0;

		for (size_t n = 0; n < EACH / size; n++)
			keep(malloc(size), size);
		for (unsigned n = 0; n < 1000; n++) {
			struct block *b = keep(malloc(size), size);

			bad += (double)b->usable >
			    1.05 * (double)round16(size);
			worst = b->usable > worst ? b->usable : worst;
		}
		ok_kma(bad == 0, "%zu bytes in %zu after %zu MB of them", size,
		    worst, EACH / MB);
	}
	ok(spoilt() == 0, "usable sizes and contents stayed what they were");
	for (unsigned i = 0; i < NFAVOURITE; i++) {
		char *p = malloc(favourites[i]);
		char *q = calloc(1, favourites[i]);
		char *r = realloc(NULL, favourites[i]);

		must(p != NULL && q != NULL && r != NULL);
		ok_kma(malloc_usable_size(q) == malloc_usable_size(p) &&
		    malloc_usable_size(r) == malloc_usable_size(p),
		    "calloc and realloc give as much for %zu", favourites[i]);
		ok(zeroed(q, favourites[i]), "and calloc's is zero");
		free(p);
		free(q);
		free(r);
	}
}

static void
test_natural(void)
{
	enum { N = 200 };
	static char *p[N];

	for (size_t size = 16; size <= 8192; size *= 2) {
		size_t bad = 0;

		for (unsigned i = 0; i < N; i++) {
			p[i] = malloc(size);
			must(p[i] != NULL);
			bad += (uintptr_t)p[i] % size != 0;
			bad += malloc_usable_size(p[i]) != size;
			fill(p[i], size, i);
		}
		for (unsigned i = 0; i < N; i++) {
			must(intact(p[i], size, i));
			free(p[i]);
		}
		ok_kma(bad == 0, "malloc(%zu) is aligned to its size", size);
	}
}

/* Every size that may be near a list, and every alignment, by three names. */
static void
test_alignment(size_t align)
{
	enum { N = 12 };
	static const size_t sizes[] = { 0, 1, 17, 24, 40, 48, 100, 200, 208,
	    520, 1030, 1040, 2050, 2064, 4095, 4097, 5000, 5008, 8191, 8192,
	    8193, 9000, 9008, 12000, 12288, 13000, 16000, 20000, 70000 };
	static struct block b[NITEMS(sizes) * N];
	size_t bad = 0, n = 0;
	void *p;

	for (unsigned i = 0; i < NITEMS(sizes); i++)
		for (unsigned k = 0; k < N; k++, n++) {
			if (k % 3 == 0)
				p = memalign(align, sizes[i]);
			else if (k % 3 == 1)
				p = aligned_alloc(align, sizes[i]);
			else if (posix_memalign(&p, align, sizes[i]) != 0)
				p = NULL;
			bad += (uintptr_t)p % align != 0;
			enter(&b[n], p, sizes[i], n);
		}
	ok(bad == 0, "blocks aligned to %zu are", align);
	bad = 0;
	for (size_t i = 0; i < n; i++)
		bad += !is_whole(&b[i]);
	ok(bad == 0, "and do not overlap");
	/* They may grow, and need not stay aligned then. */
	for (size_t i = 0; i < n; i++)
		if (i % 5 == 0) {
			size_t size = b[i].size * 3 / 2 + 1, old = b[i].usable;

			p = realloc(b[i].p, size);
			must(p != NULL);
			must(intact(p, old < size ? old : size, b[i].seed));
			enter(&b[i], p, size, i);
		}
	for (size_t i = 0; i < n; i++)
		leave(&b[i]);
}

/* The same sizes for so long that lists would be learned by them. */
static void
test_aligned_long(void)
{
	static const struct { size_t align, size; } of[] = { { 32, 200 },
	    { 64, 200 }, { 64, 1030 }, { 128, 5000 }, { 4096, 5000 },
	    { 4096, 9000 }, { 64, 9000 }, { 32, 12000 }, { 8192, 12000 },
	    { 64, 13000 } };
	static void *p[2 * MB / 200];

	for (unsigned i = 0; i < NITEMS(of); i++) {
		size_t bad = 0, n = 2 * MB / of[i].size;

		for (size_t k = 0; k < n; k++) {
			p[k] = memalign(of[i].align, of[i].size);
			must(p[k] != NULL);
			bad += (uintptr_t)p[k] % of[i].align != 0;
			bad += malloc_usable_size(p[k]) < of[i].size;
			fill(p[k], of[i].size, k);
		}
		for (size_t k = 0; k < n; k++) {
			bad += !intact(p[k], of[i].size, k);
			free(p[k]);
		}
		ok(bad == 0, "%zu blocks of %zu at multiples of %zu", n,
		    of[i].size, of[i].align);
	}
}

static void
test_realloc(void)
{
	for (unsigned i = 0; i < NFAVOURITE; i++) {
		size_t size = favourites[i], usable, moved = 0, bad = 0;
		char *p = malloc(size), *q;
		uintptr_t was = (uintptr_t)p;

		must(p != NULL);
		usable = malloc_usable_size(p);
		fill(p, usable, i);
		/* Within the block, down to half of it. */
		for (size_t to = usable; to > usable / 2 && to > 16; to--) {
			p = realloc(p, to);
			must(p != NULL);
			if (usable > 8192 && to + 4096 < usable)
				break;
			moved += (uintptr_t)p != was;
			moved += malloc_usable_size(p) != usable;
			bad += !intact(p, to, i);
		}
		if (usable <= 8192)
			ok_kma(moved == 0,
			    "realloc within a block of %zu", usable);
		free(p);
		p = malloc(size);
		must(p != NULL);
		fill(p, size, i);
		for (size_t to = size; to < 8 * size; to += size / 3) {
			p = realloc(p, to);
			must(p != NULL && malloc_usable_size(p) >= to);
			bad += !intact(p, to < size ? to : size, i);
			fill(p, to, i);
		}
		for (size_t to = 8 * size; to > 16; to = to * 2 / 3) {
			q = realloc(p, to);
			must(q != NULL);
			bad += !intact(q, to < 7 * size ? to : size, i);
			p = q;
		}
		free(p);
		ok(bad == 0, "realloc from %zu up and down", size);
	}
}

/*
 * Errors.
 */

/* Whether free(p), or again if twice, ends a child with this message. */
static int
dies(void *p, int again, const char *expected)
{
	char text[512];
	int fd[2], status;
	ssize_t n, len = 0;
	pid_t pid;

	must(pipe(fd) == 0);
	if ((pid = fork()) == 0) {
		(void)dup2(fd[1], 2);
		free(opaque(p));
		if (again)
			free(opaque(p));
		_exit(0);
	}
	close(fd[1]);
	while ((n = read(fd[0], text + len,
	    sizeof(text) - 1 - (size_t)len)) > 0)
		len += n;
	text[len] = '\0';
	close(fd[0]);
	must(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	    strstr(text, expected) != NULL)
		return (1);
	diag("free(%p): status %#x, \"%s\"", p, status, text);
	return (0);
}

static void
test_misuse(void)
{
	for (unsigned i = 0; i < NFAVOURITE; i++) {
		size_t size = favourites[i], bad = 0;
		char *p[20];

		/* The lists' blocks at many places in a cluster. */
		for (unsigned k = 0; k < NITEMS(p); k++) {
			p[k] = malloc(size);
			must(p[k] != NULL);
		}
		for (unsigned k = 0; k < NITEMS(p); k += 5) {
			size_t usable = malloc_usable_size(p[k]);
			const size_t at[] = { 1, 8, 16, usable / 2,
			    usable / 2 - 1, usable - 16, usable - 1 };

			for (unsigned j = 0; tap_kma && j < NITEMS(at); j++)
				bad += !dies(p[k] + at[j], 0,
				    "unaligned addr");
			if (tap_kma)
				bad += !dies(p[k], 1, "duplicated free");
		}
		ok_kma(bad == 0, "errors in blocks of %zu are found", size);
		for (unsigned k = 0; k < NITEMS(p); k++)
			free(p[k]);
	}
}

/*
 * Behind the last block of a cluster there may be room that is no block: the
 * blocks of one chunk whose neighbour above is missing.
 */
static void
test_tail(void)
{
	static char *at[2000];	/* enough to earn the list, if it went */
	size_t bad = 0, n = 0, usable;
	const size_t chunk = 65536;

	for (unsigned i = 0; i < NITEMS(at); i++) {
		at[i] = malloc(5000);
		must(at[i] != NULL);
	}
	for (unsigned i = 0; tap_kma && i < NITEMS(at) && n < 20; i++) {
		usable = malloc_usable_size(at[i]);
		/* The last that fits below the chunk's end. */
		if ((uintptr_t)at[i] % chunk + 2 * usable > chunk &&
		    (uintptr_t)at[i] % chunk % usable == 0 &&
		    (uintptr_t)at[i] % chunk + usable < chunk) {
			bad += !dies(at[i] + usable, 0,
			    "unaligned addr");
			n++;
		}
	}
	ok_kma(n > 0 && bad == 0, "%zu addresses behind the last are found",
	    n);
	for (unsigned i = 0; i < NITEMS(at); i++)
		free(at[i]);
}

/* No address inside a block passes, wherever it lies in its cluster. */
static void
test_interior(void)
{
	static const size_t at[] = { 16, 32, 48, 64 };
	size_t bad = 0, n = 0;

	for (size_t i = 0; tap_kma && i < nkept && n < 400; i += 997) {
		struct block *b = &kept[i];

		for (unsigned j = 0; j < NITEMS(at); j++, n++)
			if (at[j] < b->usable)
				bad += !dies(b->p + at[j], 0,
				    "unaligned addr");
	}
	ok_kma(bad == 0, "errors in any kept block are found");
}

/*
 * Threads that learn at once, with blocks that others free.
 */
#define NTHREAD		4
#define NSLOT		2048
#define OPERATIONS	200000

static void *table[NSLOT];
static volatile int stop;

struct head {
	size_t		size;
	uint64_t	seed;
};

static void
put(struct head *h)
{
	if (h == NULL)
		return;
	must(malloc_usable_size(h) >= h->size);
	must(intact(h + 1, h->size - sizeof(*h), h->seed));
	free(h);
}

static size_t
some_size(uint64_t *state)
{
	/* Others than the main thread's, so that there is more to learn. */
	static const size_t of[] = { 40, 72, 136, 152, 264, 300, 400, 528,
	    600, 700, 1100, 1300, 2200, 3000, 4200, 6000, 10000, 13000 };

	return (rnd_range(state, 0, 3) == 0 ? rnd_range(state, 32, 2000) :
	    of[rnd_range(state, 0, NITEMS(of) - 1)]);
}

static struct head *
get(uint64_t *state)
{
	size_t size = some_size(state);
	struct head *h = malloc(size);

	must(h != NULL && (uintptr_t)h % 16 == 0);
	must(malloc_usable_size(h) >= size);
	h->size = size;
	h->seed = rnd(state);
	fill(h + 1, size - sizeof(*h), h->seed);
	return (h);
}

static void *
swap(unsigned at, void *p)
{
	return (__atomic_exchange_n(&table[at], p, __ATOMIC_ACQ_REL));
}

static void *
learner(void *arg)
{
	uint64_t state = (uint64_t)(uintptr_t)arg;
	struct head *h;

	for (unsigned i = 0; i < OPERATIONS && !stop; i++) {
		unsigned at = (unsigned)rnd_range(&state, 0, NSLOT - 1);

		h = get(&state);
		if (rnd_range(&state, 0, 7) == 0) {
			size_t size = some_size(&state);
			size_t least = h->size < size ? h->size : size;

			h = realloc(h, size);
			must(h != NULL);
			must(intact(h + 1, least - sizeof(*h), h->seed));
			h->size = size;
			fill(h + 1, size - sizeof(*h), h->seed);
		}
		put(swap(at, h));
	}
	return (arg);
}

static void
begin_threads(pthread_t *t, uint64_t seed)
{
	stop = 0;
	for (unsigned i = 0; i < NTHREAD; i++)
		must(pthread_create(&t[i], NULL, learner,
		    (void *)(uintptr_t)(seed + i)) == 0);
}

static void
end_threads(pthread_t *t)
{
	for (unsigned i = 0; i < NTHREAD; i++)
		must(pthread_join(t[i], NULL) == 0);
	for (unsigned i = 0; i < NSLOT; i++)
		put(swap(i, NULL));
}

static void
test_threads(void)
{
	pthread_t t[NTHREAD];

	begin_threads(t, 11);
	end_threads(t);
	ok(1, "%d threads learn, and free each other's blocks", NTHREAD);
}

/* A child goes on learning, whatever the other threads were at. */
static int
in_child(void)
{
	uint64_t state = (uint64_t)getpid() | 1;
	static struct head *h[500];

	alarm(60);
	for (unsigned i = 0; i < 4000; i++) {
		put(h[i % NITEMS(h)]);
		h[i % NITEMS(h)] = get(&state);
	}
	for (unsigned i = 0; i < NITEMS(h); i++)
		put(h[i]);
	for (unsigned i = 0; i < 20000; i++) {
		char *p = malloc(360);

		must(p != NULL && malloc_usable_size(p) >= 360);
		p[0] = p[359] = 1;
	}
	return (0);
}

static void
test_fork(void)
{
	pthread_t t[NTHREAD];
	int bad = 0;

	begin_threads(t, 23);
	for (int i = 0; i < 30; i++)
		bad += tap_run_child(in_child) != 0;
	stop = 1;
	end_threads(t);
	ok(bad == 0, "30 children of a fork among threads that learn");
}

/* Asked for before tap_begin() runs the program again. */
static void
want_learning(void)
{
	const char *old = getenv("KMA_OPTIONS");
	static char options[512];

	(void)snprintf(options, sizeof(options), "%s%sspacing=learn",
	    old != NULL ? old : "", old != NULL ? "," : "");
	setenv("KMA_OPTIONS", options, 1);
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (getenv("KMA_TEST_REEXEC") == NULL)
		want_learning();
	tap_begin(argv, 120);
	for (unsigned i = 0; i < NFAVOURITE; i++)
		nroom += EACH / favourites[i] + 1000;
	kept = calloc(nroom, sizeof(*kept));
	must(kept != NULL);
	test_sizes();
	test_natural();
	for (size_t align = 32; align <= 65536; align *= 2)
		test_alignment(align);
	test_aligned_long();
	test_realloc();
	test_misuse();
	test_interior();
	test_tail();
	test_threads();
	test_fork();
	ok(spoilt() == 0, "what was kept all the while is as it was");
	while (nkept > 0)
		leave(&kept[--nkept]);
	return (tap_end());
}
