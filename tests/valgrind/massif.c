/*
 * massif.c - a heap that grows and shrinks, in all ways, for massif; and
 * without a fault, for memcheck's count of what was allocated.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS	500

/* Sizes of all kinds, the same in each run. */
static size_t
size_of(uint32_t i)
{
	uint32_t x = i * 2654435761u;

	x ^= x >> 15;
	return (i % 50 == 0 ? x % 400000 : i % 7 == 0 ? x % 9000 : x % 300);
}

int
main(void)
{
	static char *blocks[BLOCKS];

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < BLOCKS; i++) {
			size_t size = size_of(round * BLOCKS + i);

			free(blocks[i]);
			if (i % 5 == 0)
				blocks[i] = calloc(1, size);
			else if (i % 11 == 0)
				blocks[i] = memalign(256, size);
			else
				blocks[i] = malloc(size);
		}
		for (uint32_t i = 0; i < BLOCKS; i += 3)
			blocks[i] = realloc(blocks[i], size_of(i) + 1);
	}
	for (uint32_t i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	return (0);
}
