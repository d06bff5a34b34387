/*
 * classic-carousel.c: threads that free in strides, some of it made by others.
 *
 * usage: classic-carousel threads rounds
 *
 * A thread fills its table, frees every third block and fills the gaps again,
 * three times over; then it leaves the table on a carousel and works on with
 * the one that it finds there. Sizes follow a steep curve from 16 bytes to
 * 8 KB. (The pattern of "rptest".)
 */
#include <stdatomic.h>

#include "classic.h"

#define TABLE	6000	/* blocks, divisible by STRIDE */
#define STRIDE	3

struct table {
	struct block	*block[TABLE];
};

struct carousel {
	_Atomic(struct table *) place;
	size_t		rounds;
};

static size_t
some_size(struct random *r)
{
	size_t a = random_below(r, 90), b = random_below(r, 90);

	return (16 + a * b * (a < b ? a : b) / 90);
}

static void
refill(struct table *t, size_t from, struct random *r)
{
	for (size_t i = from; i < TABLE; i += STRIDE)
		block_free(t->block[i]);
	for (size_t i = from; i < TABLE; i += STRIDE)
		t->block[i] = block_new(some_size(r), i);
}

static void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < TABLE; i++)
		block_free(t->block[i]);
	free(t);
}

static void *
ride(void *worker)
{
	struct worker *w = worker;
	struct carousel *c = w->shared;
	struct random random = random_start(w->number);
	struct table *t = NULL;

	for (size_t n = 0; n < c->rounds; n++) {
		if (t == NULL)
			t = calloc(1, sizeof(*t));
		require(t != NULL, "calloc returned NULL");
		for (size_t from = 0; from < STRIDE; from++)
			refill(t, from, &random);
		t = atomic_exchange(&c->place, t);
	}
	table_free(t);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	struct carousel carousel = {
		.rounds = argument(argc, argv, 2, 400),
	};

	workers_run(argument(argc, argv, 1, 2), ride, &carousel);
	table_free(carousel.place);
	return (0);
}
