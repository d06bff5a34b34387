/*
 * classic-waves.c: a working set of all sizes to 32 KB that swells and shrinks.
 *
 * usage: classic-waves threads waves
 *
 * Within a wave each thread fills its slots in order and frees half of them in
 * another order, then fills the gaps; at the wave's end it frees all but a
 * tenth. Small sizes are more likely in the measure in which they are smaller.
 * (The pattern of "glibc-simple" and "glibc-thread".)
 */
#include "classic.h"

#define SLOTS	8192	/* a power of two */
#define STRIDE	5003	/* odd: goes through all slots */

static void
fill(struct block **slot, struct random *r)
{
	for (size_t at = 0; at < SLOTS; at++)
		if (slot[at] == NULL)
			slot[at] = block_new(random_skewed(r, 16, 11), at);
}

/* The count slots that come next in an order that looks random. */
static void
empty(struct block **slot, size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++) {
		size_t at = i * STRIDE % SLOTS;

		block_free(slot[at]);
		slot[at] = NULL;
	}
}

static void *
waves(void *worker)
{
	struct worker *w = worker;
	struct random random = random_start(w->number);
	struct block **slot = calloc(SLOTS, sizeof(*slot));
	size_t count = *(size_t *)w->shared;

	require(slot != NULL, "calloc returned NULL");
	for (size_t n = 0; n < count; n++) {
		for (size_t turn = 0; turn < 8; turn++) {
			fill(slot, &random);
			empty(slot, turn * SLOTS / 2 + n, SLOTS / 2);
		}
		empty(slot, n, SLOTS * 9 / 10);
	}
	empty(slot, 0, SLOTS);
	free(slot);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	size_t count = argument(argc, argv, 2, 100);

	workers_run(argument(argc, argv, 1, 1), waves, &count);
	return (0);
}
