/*
 * classic-large.c: big arrays that come and go.
 *
 * usage: classic-large rounds least most
 *
 * A handful of arrays of least to most KB is live; one after the other is
 * replaced by one of another length, written once over and summed up. (The
 * pattern of "malloc-large", and of programs for numbers.)
 */
#include "classic.h"

#define LIVE	8

static uint64_t *
array_new(size_t words, uint64_t seed)
{
	uint64_t *array = obtain(words * sizeof(*array));

	for (size_t i = 0; i < words; i++)
		array[i] = seed + i;
	return (array);
}

static void
array_free(uint64_t *array, size_t words, uint64_t seed)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < words; i++)
		sum += array[i];
	require(sum == seed * words + words * (words - 1) / 2,
	    "an array was damaged");
	free(array);
}

int
main(int argc, char *argv[])
{
	size_t rounds = argument(argc, argv, 1, 300);
	size_t least = argument(argc, argv, 2, 2048);
	size_t most = argument(argc, argv, 3, 16384);
	struct random random = random_start(1);
	uint64_t *array[LIVE] = { NULL };
	size_t words[LIVE];

	for (size_t i = 0; i < rounds; i++) {
		size_t at = random_below(&random, LIVE);

		if (array[at] != NULL)
			array_free(array[at], words[at], at);
		words[at] = random_between(&random, least, most) * 1024 / 8;
		array[at] = array_new(words[at], at);
	}
	for (size_t at = 0; at < LIVE; at++)
		if (array[at] != NULL)
			array_free(array[at], words[at], at);
	return (0);
}
