/*
 * test_fill.c - blocks that hold one byte, against the same done byte by byte.
 */
#include "fill.h"

#include <string.h>

#include "unit.h"

#define ROOM	2048
#define GUARD	64

static KMA_ALIGNED(16) uint8_t memory[GUARD + ROOM + GUARD];
static uint8_t *const block = memory + GUARD;

static const size_t sizes[] = { 16, 32, 48, 64, 80, 128, 512, 1008, 2048 };

/* All of memory is other, but for [from, to) of the block, which is byte. */
static bool
is(size_t from, size_t to, uint8_t byte, uint8_t other)
{
	for (size_t i = 0; i < sizeof(memory); i++)
		if (memory[i] != (i >= GUARD + from && i < GUARD + to ? byte :
		    other))
			return (false);
	return (true);
}

START_TEST(fills)
{
	for (size_t k = 0; k < nitems(sizes); k++) {
		memset(memory, 7, sizeof(memory));
		fill_block(block, sizes[k], FILL_BYTES(0xde));
		ck_assert(is(0, sizes[k], 0xde, 7));
		ck_assert(fill_holds(block, sizes[k], FILL_BYTES(0xde)));
	}
	memset(memory, 7, sizeof(memory));
	fill_block(block, 0, FILL_BYTES(0xde));
	ck_assert(is(0, 0, 0, 7));
}
END_TEST

/* Each bit of each byte counts, and nothing outside does. */
START_TEST(each_byte)
{
	for (size_t k = 0; k < nitems(sizes); k++) {
		memset(memory, 7, sizeof(memory));
		fill_block(block, sizes[k], FILL_BYTES(0xde));
		for (size_t at = 0; at < sizes[k]; at++) {
			block[at] ^= (uint8_t)(1 << at % 8);
			ck_assert(!fill_holds(block, sizes[k],
			    FILL_BYTES(0xde)));
			ck_assert_uint_eq(fill_differs(block, 0, sizes[k],
			    FILL_BYTES(0xde)), at);
			block[at] = 0xde;
		}
		ck_assert_uint_eq(fill_differs(block, 0, sizes[k],
		    FILL_BYTES(0xde)), sizes[k]);
	}
}
END_TEST

START_TEST(ends)
{
	for (size_t k = 0; k < nitems(sizes); k++)
		for (size_t size = 0; size <= sizes[k]; size++) {
			memset(memory, 7, sizeof(memory));
			fill_end(block, size, sizes[k], FILL_BYTES(0xde));
			ck_assert(is(size, sizes[k], 0xde, 7));
			ck_assert(fill_end_holds(block, size, sizes[k],
			    FILL_BYTES(0xde)));
		}
}
END_TEST

START_TEST(each_byte_of_ends)
{
	for (size_t k = 0; k < nitems(sizes); k++)
		for (size_t size = 0; size <= sizes[k];
		    size += sizes[k] > 128 ? 61 : 1) {
			memset(memory, 7, sizeof(memory));
			fill_end(block, size, sizes[k], FILL_BYTES(0xde));
			for (size_t at = 0; at < sizes[k]; at++) {
				uint8_t was = block[at];

				block[at] ^= (uint8_t)(1 << at % 8);
				ck_assert(fill_end_holds(block, size, sizes[k],
				    FILL_BYTES(0xde)) == (at < size));
				block[at] = was;
			}
		}
}
END_TEST

UNIT_MAIN("fill", 1, fills, each_byte, ends, each_byte_of_ends)
