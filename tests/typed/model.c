/*
 * model.c - random operations of all kinds on blocks of four types and of
 * none, against a model that knows what each block holds and what each type
 * has: contents all the time, figures now and then, by one thread and by
 * several that hand each other their blocks.
 *
 * usage: model [seconds [seed]]
 */
#include "typed.h"

#include <time.h>

MALLOC_DEFINE(M_0, "model 0", "free to grow");
MALLOC_DEFINE(M_1, "model 1", "free to grow");
MALLOC_DEFINE(M_2, "model 2", "with a limit");
MALLOC_DEFINE(M_3, "model 3", "with a small limit");

#define NTYPE		4
#define NONE		NTYPE
#define NSLOT		600
#define NTHREAD		4
#define LIMIT_2		(512 * KB)
#define LIMIT_3		(16 * KB)

static struct kma_type *const types[NTYPE] = { M_0, M_1, M_2, M_3 };
static const size_t limits[NTYPE] = { 0, 0, LIMIT_2, LIMIT_3 };

struct block {
	char		*p;
	size_t		 size;
	unsigned	 type;		/* NONE: of none */
	unsigned	 seed;
	int		 tagged;	/* any free will do */
};

/* A thread of the model.  What it counts may be below 0: blocks travel. */
struct run {
	struct block	 slot[NSLOT];
	uint64_t	 state;
	unsigned	 current;
	long		 blocks[NTYPE], bytes[NTYPE];
	unsigned long	 calls[NTYPE], reallocs[NTYPE];
	unsigned	 refused;
	time_t		 until;
};

static struct block shelf[64];		/* blocks on their way to others */
static pthread_mutex_t shelf_mutex = PTHREAD_MUTEX_INITIALIZER;

static unsigned
next(struct run *r, unsigned below)
{
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return ((unsigned)(r->state >> 33) % below);
}

static size_t
any_size(struct run *r)
{
	switch (next(r, 20)) {
	case 0:
		return (next(r, 1000000));
	case 1:
		return (next(r, 100000));
	case 2:
	case 3:
		return (next(r, 16000));
	default:
		return (next(r, 1 + next(r, 1200)));
	}
}

static void
account(struct run *r, unsigned type, long blocks, long bytes)
{
	if (type != NONE) {
		r->blocks[type] += blocks;
		r->bytes[type] += bytes;
	}
}

static void
check(struct run *r, struct block *b)
{
	(void)r;
	must(holds(b->p, b->size, b->seed));
	must(malloc_usable_size(b->p) >= b->size);
}

/* b has come or changed its size: it was so many bytes before. */
static void
made(struct run *r, struct block *b, size_t size, size_t before)
{
	b->size = size;
	b->seed = next(r, 1 << 16);
	account(r, b->type, before == 0,
	    (long)malloc_usable_size(b->p) - (long)before);
	fill(b->p, size, b->seed);
}

static void
refused(struct run *r, unsigned type)
{
	must(type != NONE && limits[type] != 0);
	must(errno == ENOMEM);
	r->refused++;
}

static char *
allocate(struct run *r, struct block *b, size_t size, size_t align, int zero)
{
	void *p = NULL;

	errno = 0;
	if (b->tagged || b->type == NONE)
		switch (next(r, 5)) {
		case 0:
			return (zero ? calloc(1, size) : realloc(NULL, size));
		case 1:
			if (zero)
				return (calloc(1, size));
			errno = posix_memalign(&p, align < 8 ? 8 : align,
			    size);
			return (p);
		case 2:
			return (zero ? calloc(1, size) : memalign(align,
			    size));
		default:
			return (zero ? calloc(1, size) : malloc(size));
		}
	if (next(r, 3) == 0)
		return (kma_memalign(align, size, types[b->type],
		    M_NOWAIT | (zero ? M_ZERO : 0)));
	if (next(r, 3) == 0)
		return (kma_realloc(NULL, size, types[b->type],
		    M_NOWAIT | (zero ? M_ZERO : 0)));
	return (kma_malloc(size, types[b->type],
	    M_NOWAIT | (zero ? M_ZERO : 0)));
}

static void
get(struct run *r, struct block *b)
{
	size_t size = any_size(r), align = (size_t)1 << next(r, 14);
	int zero = next(r, 4) == 0;

	b->tagged = next(r, 2);
	b->type = b->tagged ? r->current : next(r, NTYPE);
	if (b->type == NONE)
		b->tagged = 0;
	b->p = allocate(r, b, size, align, zero);
	if (b->p == NULL) {
		refused(r, b->type);
		return;
	}
	must(!zero || is_zero(b->p, size));
	if (b->type != NONE)
		r->calls[b->type]++;
	made(r, b, size, 0);
}

static void
put(struct run *r, struct block *b)
{
	check(r, b);
	account(r, b->type, -1, -(long)malloc_usable_size(b->p));
	if (b->type == NONE || (b->tagged && next(r, 2)))
		free(b->p);
	else if (next(r, 8) == 0)
		must(kma_realloc(b->p, 0, types[b->type], M_NOWAIT) == NULL);
	else
		kma_free(b->p, types[b->type]);
	b->p = NULL;
}

static void
resize(struct run *r, struct block *b)
{
	size_t size = 1 + any_size(r), before = malloc_usable_size(b->p), i;
	int zero = next(r, 2), by_libc = b->type == NONE || (b->tagged &&
	    next(r, 2));
	unsigned char head[64];
	char *p;

	check(r, b);
	memcpy(head, b->p, b->size < 64 ? b->size : 64);
	errno = 0;
	p = by_libc ? realloc(b->p, size) : kma_realloc(b->p, size,
	    types[b->type], M_NOWAIT | (zero ? M_ZERO : 0));
	if (p == NULL) {
		refused(r, b->type);
		check(r, b);
		return;
	}
	for (i = 0; i < 64 && i < size && i < b->size; i++)
		must((unsigned char)p[i] == head[i]);
	if (size >= b->size)
		must(holds(p, b->size, b->seed));
	if (zero && !by_libc && size > before)
		must(is_zero(p + before, size - before));
	if (b->type != NONE)
		r->reallocs[b->type]++;
	b->p = p;
	made(r, b, size, before);
}

/* Changes places with a block on the shelf. */
static void
swap(struct run *r, struct block *b)
{
	struct block *s = &shelf[next(r, 64)], was;

	pthread_mutex_lock(&shelf_mutex);
	was = *s;
	*s = *b;
	*b = was;
	pthread_mutex_unlock(&shelf_mutex);
}

static void
set_current(struct run *r)
{
	struct kma_type *before;
	unsigned was = r->current;

	r->current = next(r, NTYPE + 2);
	if (r->current > NONE)
		r->current = NONE;
	before = kma_settype(r->current == NONE ? NULL : types[r->current]);
	must(before == (was == NONE ? NULL : types[was]));
}

static void
operate(struct run *r)
{
	struct block *b = &r->slot[next(r, NSLOT)];

	switch (next(r, 16)) {
	case 0:
		set_current(r);
		break;
	case 1:
	case 2:
		swap(r, b);
		break;
	case 3:
	case 4:
	case 5:
		if (b->p != NULL) {
			resize(r, b);
			break;
		}
		/* FALLTHROUGH */
	default:
		if (b->p != NULL)
			put(r, b);
		else
			get(r, b);
	}
}

/* The sum of what the threads counted is what the library tells. */
static int
agree(struct run *runs, int n)
{
	int good = 1;

	for (int type = 0; type < NTYPE; type++) {
		struct kma_type_figures f = figures(types[type]);
		long blocks = 0, bytes = 0;
		unsigned long calls = 0, reallocs = 0;

		for (int i = 0; i < n; i++) {
			blocks += runs[i].blocks[type];
			bytes += runs[i].bytes[type];
			calls += runs[i].calls[type];
			reallocs += runs[i].reallocs[type];
		}
		/* Which realloc leaves the block alone is the library's. */
		if ((long)f.ks_inuse == blocks && (long)f.ks_memuse == bytes &&
		    f.ks_calls >= calls && f.ks_calls <= calls + reallocs &&
		    f.ks_maxused >= f.ks_memuse && (limits[type] == 0 ||
		    f.ks_maxused <= limits[type]))
			continue;
		diag("type %d: %lu blocks, %lu bytes, %lu calls, max %lu; "
		    "the model has %ld, %ld, %lu to %lu", type, f.ks_inuse,
		    f.ks_memuse, f.ks_calls, f.ks_maxused, blocks, bytes,
		    calls, calls + reallocs);
		good = 0;
	}
	return (good);
}

static void *
work(void *arg)
{
	struct run *r = arg;

	while (time(NULL) < r->until)
		for (int i = 0; i < 1000; i++)
			operate(r);
	kma_settype(NULL);
	r->current = NONE;
	return (NULL);
}

static void
free_all(struct run *r)
{
	for (int i = 0; i < NSLOT; i++)
		if (r->slot[i].p != NULL)
			put(r, &r->slot[i]);
	for (int i = 0; i < 64; i++)
		if (shelf[i].p != NULL)
			put(r, &shelf[i]);
}

static void
alone(struct run *r)
{
	time_t until = r->until;
	int good = 1;

	while (good && time(NULL) < until) {
		for (int i = 0; i < 1000; i++)
			operate(r);
		good = agree(r, 1);
	}
	ok(good, "one thread: the figures are the model's, all the time");
	kma_settype(NULL);
	r->current = NONE;
	free_all(r);
	ok(agree(r, 1) && r->blocks[0] == 0, "and when all is freed");
	ok(r->refused > 0, "limits were met");
}

static void
together(struct run *runs)
{
	pthread_t t[NTHREAD];

	for (int i = 0; i < NTHREAD; i++)
		must(pthread_create(&t[i], NULL, work, &runs[i]) == 0);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(t[i], NULL);
	ok(agree(runs, NTHREAD), "%d threads: the figures are the sum",
	    NTHREAD);
	for (int i = 0; i < NTHREAD; i++)
		free_all(&runs[i]);
	ok(agree(runs, NTHREAD), "and when all is freed");
	for (int i = 0; i < NTYPE; i++)
		must(inuse(types[i]) == 0 && memuse(types[i]) == 0);
}

int
main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 4;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	static struct run runs[NTHREAD];

	tap_begin(argv, (unsigned)seconds * 10 + 60);
	diag("seed %lu", (unsigned long)seed);
	for (int i = 0; i < NTHREAD; i++) {
		runs[i].state = seed + (uint64_t)i;
		runs[i].current = NONE;
		runs[i].until = time(NULL) + seconds / 2;
	}
	for (int i = 0; i < NTYPE; i++)
		kma_type_setlimit(types[i], limits[i]);
	alone(&runs[0]);
	for (int i = 0; i < NTHREAD; i++)
		runs[i].until = time(NULL) + (seconds + 1) / 2;
	together(runs);
	return (tap_end());
}
