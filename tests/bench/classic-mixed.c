/*
 * classic-mixed.c: many objects of mixed sizes, replaced at random.
 *
 * usage: classic-mixed threads slots operations
 *
 * Each thread has its own slots; an operation frees what one of them holds, or
 * fills it when it is empty. 16 bytes to 4 KB, small ones most often. (The
 * pattern of "alloc-test".)
 */
#include "classic.h"

struct plan {
	size_t		slots;
	size_t		operations;
};

static void *
replace(void *worker)
{
	struct worker *w = worker;
	const struct plan *plan = w->shared;
	struct random random = random_start(w->number);
	struct block **slot = calloc(plan->slots, sizeof(*slot));

	require(slot != NULL, "calloc returned NULL");
	for (size_t i = 0; i < plan->operations; i++) {
		size_t at = random_below(&random, plan->slots);

		if (slot[at] == NULL) {
			slot[at] = block_new(random_skewed(&random, 16, 8), i);
		} else {
			block_free(slot[at]);
			slot[at] = NULL;
		}
	}
	for (size_t at = 0; at < plan->slots; at++)
		block_free(slot[at]);
	free(slot);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	struct plan plan = {
		.slots = argument(argc, argv, 2, 20000),
		.operations = argument(argc, argv, 3, 20000000),
	};

	workers_run(argument(argc, argv, 1, 1), replace, &plan);
	return (0);
}
