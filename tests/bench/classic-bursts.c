/*
 * classic-bursts.c: bursts of blocks of one size, most of them freed soon and
 * in order, some kept for long.
 *
 * usage: classic-bursts threads rounds
 *
 * A burst is freed from its end or from its start, but for one block in eight,
 * which stays on a shelf until as many newer ones have pushed it off. Short
 * sizes come in longer bursts. (The pattern of "sh6bench" and "sh8bench".)
 */
#include "classic.h"

#define LONGEST	2000	/* blocks in a burst */
#define SHELF	20000

struct shelf {
	struct block	*block[SHELF];
	size_t		next;
};

static void
burst(struct shelf *s, struct random *r)
{
	struct block *block[LONGEST];
	size_t size = random_skewed(r, 16, 6);
	size_t count = LONGEST * 16 / (16 + size / 8);
	bool backwards = random_below(r, 2);

	for (size_t i = 0; i < count; i++)
		block[i] = block_new(size, i);
	for (size_t i = 0; i < count; i++) {
		struct block *b = block[backwards ? count - 1 - i : i];

		if (i % 8 == 0) {
			struct block **place = &s->block[s->next++ % SHELF];
			struct block *old = *place;

			*place = b;
			b = old;
		}
		block_free(b);
	}
}

static void *
bursts(void *worker)
{
	struct worker *w = worker;
	struct random random = random_start(w->number);
	struct shelf *shelf = calloc(1, sizeof(*shelf));
	size_t rounds = *(size_t *)w->shared;

	require(shelf != NULL, "calloc returned NULL");
	while (rounds-- > 0)
		burst(shelf, &random);
	for (size_t at = 0; at < SHELF; at++)
		block_free(shelf->block[at]);
	free(shelf);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	size_t rounds = argument(argc, argv, 2, 20000);

	workers_run(argument(argc, argv, 1, 1), bursts, &rounds);
	return (0);
}
