/*
 * test_valgrind.c - the table of blocks that valgrind is told of, against an
 * array; what the tools say is in tests/valgrind.
 */
#include "unit.h"
#include "valgrind.h"

#define NBLOCK	20000

static char *
base_of(unsigned i)
{
	return ((char *)0x100000000 + (size_t)i * 48);
}

START_TEST(room)
{
	ck_assert_uint_eq(valgrind_room(1, 0), 32);
	ck_assert_uint_eq(valgrind_room(16, 100), 132);
	ck_assert_uint_eq(valgrind_room(64, 100), 180);
	ck_assert_uint_eq(valgrind_room(64, SIZE_MAX - 50), SIZE_MAX);
}
END_TEST

START_TEST(one)
{
	char *base = base_of(1), *p = valgrind_place(base, 64, 77);
	void *at = NULL;
	size_t size = 0;

	ck_assert_ptr_eq(p, base + 64);
	ck_assert(valgrind_size(p, &size));
	ck_assert_uint_eq(size, 77);
	ck_assert(!valgrind_size(base, &size));
	ck_assert(valgrind_matches(p, VALGRIND_MALLOC));
	valgrind_set_kind(p, VALGRIND_NEW);
	ck_assert(!valgrind_matches(p, VALGRIND_MALLOC));
	ck_assert(valgrind_matches(p, VALGRIND_NEW));
	ck_assert(valgrind_remove(p, &at, &size));
	ck_assert_ptr_eq(at, base);
	ck_assert(!valgrind_remove(p, &at, &size));
	/* Of what is no block, the tool says so. */
	ck_assert(valgrind_matches(p, VALGRIND_MALLOC));
	valgrind_check();
}
END_TEST

START_TEST(many)
{
	static bool there[NBLOCK];
	uint32_t x = 1;

	for (unsigned n = 0; n < 10 * NBLOCK; n++) {
		unsigned i = (x = x * 1664525u + 1013904223u) >> 8;
		char *p = base_of(i %= NBLOCK) + VALGRIND_REDZONE;
		void *at;
		size_t size;

		ck_assert(valgrind_size(p, &size) == there[i]);
		if (there[i]) {
			ck_assert(valgrind_remove(p, &at, &size));
			ck_assert_ptr_eq(at, base_of(i));
			ck_assert_uint_eq(size, i);
		} else
			ck_assert_ptr_eq(valgrind_place(base_of(i), 1, i), p);
		there[i] = !there[i];
		if (n % NBLOCK == 0)
			valgrind_check();
	}
	for (unsigned i = 0; i < NBLOCK; i++) {
		void *at;
		size_t size;

		ck_assert(valgrind_remove(base_of(i) + VALGRIND_REDZONE, &at,
		    &size) == there[i]);
	}
	valgrind_check();
}
END_TEST

UNIT_MAIN("valgrind", 1, room, one, many)
