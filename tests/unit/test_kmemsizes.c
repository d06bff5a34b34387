/*
 * test_kmemsizes.c - the arena: a place for it, growth, holes, retreat.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>

#include "kmemsizes.h"
#include "meta.h"
#include "os.h"
#include "unit.h"

#define MB	((size_t)1 << 20)
#define GB	((size_t)1 << 30)

static void
setup(size_t reserve)
{
	ck_assert(os_init());
	ck_assert_int_eq(kmemsizes_init(reserve), 0);
}

static void
extend(size_t npages, page_t *first, size_t *got)
{
	ck_assert_int_eq(kmemsizes_extend(npages, first, got), 0);
	ck_assert_uint_ge(*got, npages);
	ck_assert_uint_eq(kmempages, *first + *got);
	for (size_t i = 0; i < *got; i++)
		ck_assert_uint_eq(kmemsizes[*first + i], KU_CLEAN);
}

/* The new pages are there, and those beyond are not. */
static void
check_memory(page_t first, size_t got)
{
	char *p = page_to_addr(first);

	p[0] = p[ptob(got) - 1] = 1;
	ck_assert_uint_eq(unit_resident(p, PAGESIZE), 1);
	kmemusage[first + got - 1] = 1;
}

START_TEST(geometry)
{
	static const size_t reserve[] = { 64 * MB, GB, 16 * GB, 0 };
	size_t vm = unit_vmsize();

	for (unsigned i = 0; i < nitems(reserve); i++) {
		setup(reserve[i]);
		ck_assert_uint_eq(kmembase % PAGESIZE, 0);
		ck_assert_uint_ge(kmemlimit - kmembase, reserve[i]);
		ck_assert_uint_ge(kmemlimit - kmembase, 64 * MB);
		ck_assert_uint_eq(kmempages, 0);
		ck_assert_uint_gt(kmembase - meta_base, 64 * MB);
		ck_assert_uint_eq(addr_to_page(page_to_addr(77)), 77);
	}
	/* Addresses are looked for, not held. */
	ck_assert_uint_lt(unit_vmsize(), vm + 2 * MB);
}
END_TEST

START_TEST(grows)
{
	size_t got, end = 0, maps = unit_maps();
	page_t first;

	setup(8 * GB);
	for (int i = 0; i < 100; i++) {
		extend(1, &first, &got);
		ck_assert_uint_eq(first, end);
		check_memory(first, got);
		end += got;
	}
	extend(btop(GB), &first, &got);
	ck_assert_uint_eq(first, end);
	check_memory(first, got);
	ck_assert_uint_lt(unit_maps(), maps + 30);
	ck_assert_uint_ge(kmemsizes_mapped + kmemusage_mapped, kmempages * 5);
	ck_assert_uint_lt(kmemsizes_mapped + kmemusage_mapped,
	    kmempages * 5 + 4 * 65536);
}
END_TEST

START_TEST(the_end)
{
	size_t got, room;
	page_t first;

	setup(64 * MB);
	room = btop(kmemlimit - kmembase);
	ck_assert_int_eq(kmemsizes_extend(room + 1, &first, &got), ENOMEM);
	ck_assert_int_eq(kmemsizes_extend(SIZE_MAX / PAGESIZE, &first, &got),
	    ENOMEM);
	ck_assert_uint_eq(kmempages, 0);
	extend(room - 3, &first, &got);
	ck_assert_uint_eq(got, room - 3);
	ck_assert_int_eq(kmemsizes_extend(4, &first, &got), ENOMEM);
	extend(2, &first, &got);
	ck_assert_uint_eq(got, 2);
	extend(1, &first, &got);
	check_memory(first, 1);
	ck_assert_int_eq(kmemsizes_extend(1, &first, &got), ENOMEM);
	ck_assert_uint_eq(kmempages, room);
}
END_TEST

START_TEST(hole)
{
	size_t got, old;
	page_t first;
	char *way;

	setup(GB);
	extend(1, &first, &got);
	old = kmempages;
	way = page_to_addr((page_t)old + 1);
	ck_assert_ptr_eq(mmap(way, PAGESIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), way);
	*way = 77;
	/* What fits before it is taken, then it is stepped over. */
	extend(1, &first, &got);
	ck_assert_uint_eq(first, old);
	ck_assert_uint_eq(got, 1);
	extend(10, &first, &got);
	ck_assert(page_to_addr(first) > (void *)way);
	check_memory(first, got);
	ck_assert_uint_eq(kmemsizes[old + 1], KU_HOLE);
	ck_assert_uint_eq(kmemsizes[first - 1], KU_HOLE);
	ck_assert_int_eq(*way, 77);
}
END_TEST

START_TEST(retreats)
{
	size_t got, vm;
	page_t first;

	setup(GB);
	extend(1000, &first, &got);
	vm = unit_vmsize();
	ck_assert_int_eq(kmemsizes_retract(10), 0);
	ck_assert_uint_eq(kmempages, 10);
	ck_assert_uint_eq(kmemsizes[10], KU_HOLE);
	ck_assert_uint_eq(kmemsizes[9], KU_CLEAN);
	/* valgrind may have grown a little. */
	ck_assert_uint_le(unit_vmsize(), vm - ptob(got - 10) + MB / 16);
	extend(1, &first, &got);
	ck_assert_uint_eq(first, 10);
	check_memory(first, got);
	ck_assert_int_eq(kmemsizes_retract(0), 0);
	ck_assert_uint_eq(kmempages, 0);
}
END_TEST

/* Under a limit on addresses, the arena is there, and stops at the limit. */
START_TEST(limited)
{
	struct rlimit limit;
	size_t got, total = 0;
	page_t first;
	int error;

	if (UNIT_SANITIZED)
		return;
	limit.rlim_cur = limit.rlim_max = unit_vmsize() + 48 * MB;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	setup(0);
	while ((error = kmemsizes_extend(btop(MB), &first, &got)) == 0)
		total += ptob(got);
	ck_assert_int_eq(error, ENOMEM);
	ck_assert_uint_ge(total, 40 * MB);
	ck_assert_int_eq(kmemsizes_retract(0), 0);
	extend(btop(MB), &first, &got);
	check_memory(first, got);
}
END_TEST

/* No room at all is an error, not a crash. */
START_TEST(no_room)
{
	struct rlimit limit;

	/* Nor has valgrind room for itself then. */
	if (UNIT_SANITIZED || UNIT_FAULTS(0) != 0)
		return;
	ck_assert(os_init());
	limit.rlim_cur = limit.rlim_max = PAGESIZE;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	ck_assert_int_ne(kmemsizes_init(0), 0);
}
END_TEST

UNIT_MAIN("kmemsizes", 1, geometry, grows, the_end, hole, retreats, limited,
    no_room);
