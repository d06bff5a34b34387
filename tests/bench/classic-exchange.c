/*
 * classic-exchange.c: threads that work in generations, keep some of what they
 * make, and leave some in a hall that all share.
 *
 * usage: classic-exchange threads generations items
 *
 * Sizes are small for the most part, some pages now and then. An item is freed
 * by whichever thread finds it in the hall. Between two generations part of the
 * hall is cleared. (The pattern of "mstress".)
 */
#include <stdatomic.h>

#include "classic.h"

#define HALL		2000	/* places */
#define KEPT_SHARE	10	/* in 100: kept to the end of the generation */

struct exchange {
	_Atomic(struct block *) hall[HALL];
	size_t		generation;
	size_t		items;
};

static size_t
some_size(struct random *r)
{
	size_t dice = random_below(r, 1000);

	if (dice < 2)
		return (random_between(r, 16384, 65536));
	if (dice < 50)
		return (random_between(r, 1024, 8192));
	return (random_skewed(r, 16, 5));
}

static void *
take_part(void *worker)
{
	struct worker *w = worker;
	struct exchange *x = w->shared;
	struct random random = random_start(w->number * 1000 + x->generation);
	struct block **kept = obtain(x->items * sizeof(struct block *));
	size_t nkept = 0;

	for (size_t i = 0; i < x->items; i++) {
		struct block *b = block_new(some_size(&random), i);

		if (random_below(&random, 100) < KEPT_SHARE)
			kept[nkept++] = b;
		else
			block_free(atomic_exchange(
			    &x->hall[random_below(&random, HALL)], b));
		if (nkept > 0 && random_below(&random, 100) < KEPT_SHARE / 2) {
			size_t at = random_below(&random, nkept);

			block_free(kept[at]);
			kept[at] = kept[--nkept];
		}
	}
	while (nkept > 0)
		block_free(kept[--nkept]);
	free(kept);
	return (NULL);
}

static void
clear(struct exchange *x, size_t step)
{
	for (size_t at = 0; at < HALL; at += step)
		block_free(atomic_exchange(&x->hall[at], NULL));
}

int
main(int argc, char *argv[])
{
	size_t threads = argument(argc, argv, 1, 2);
	size_t generations = argument(argc, argv, 2, 50);
	struct exchange *x = calloc(1, sizeof(*x));

	require(x != NULL, "calloc returned NULL");
	x->items = argument(argc, argv, 3, 50000);
	while (x->generation++ < generations) {
		workers_run(threads, take_part, x);
		clear(x, 2);
	}
	clear(x, 1);
	free(x);
	return (0);
}
