/*
 * classic-sharing.c: do two threads get blocks in one cache line?
 *
 * usage: classic-sharing passive|active threads rounds
 *
 * active: each thread allocates a small block, writes to it over and over, and
 * frees it; an allocator that cuts one line for two threads makes them wait for
 * each other. passive: the main thread allocates the first blocks, side by side
 * and gives one to each; when they free them and ask again, do they get the
 * neighbours back for ever? (The patterns of "cache-thrash", "cache-scratch".)
 */
#include "classic.h"

#define SIZE	16	/* bytes in a block */
#define WRITES	2000	/* in each round */

struct probe {
	bool		passive;
	size_t		rounds;
	char		**given;	/* one block for each thread */
};

static void
write_over(volatile char *block)
{
	for (size_t i = 0; i < WRITES; i++)
		block[i % SIZE]++;
}

static void *
work(void *worker)
{
	struct worker *w = worker;
	struct probe *probe = w->shared;

	if (probe->passive)
		free(probe->given[w->number]);
	for (size_t n = 0; n < probe->rounds; n++) {
		char *block = obtain(SIZE);

		memset(block, 0, SIZE);
		write_over(block);
		require(block[0] == (char)(WRITES / SIZE),
		    "a block was damaged");
		free(block);
	}
	return (NULL);
}

int
main(int argc, char *argv[])
{
	size_t threads = argument(argc, argv, 2, 2);
	struct probe probe = {
		.passive = argc > 1 && strcmp(argv[1], "passive") == 0,
		.rounds = argument(argc, argv, 3, 50000),
		.given = obtain(threads * sizeof(char *)),
	};

	for (size_t i = 0; probe.passive && i < threads; i++)
		probe.given[i] = obtain(SIZE);
	workers_run(threads, work, &probe);
	free(probe.given);
	return (0);
}
