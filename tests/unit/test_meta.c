/*
 * test_meta.c - memory for the allocator's own books.
 */
#include <sys/mman.h>

#include <pthread.h>

#include "meta.h"
#include "os.h"
#include "param.h"
#include "unit.h"

#define RANGE	((size_t)1 << 20)
#define GAP	((size_t)1 << 30)

static void
setup(size_t len)
{
	uintptr_t base;

	/* In the middle of a gap: its ends are soon in use. */
	ck_assert(os_init());
	ck_assert_int_eq(os_findspace(GAP, &base), 0);
	meta_init(base + GAP / 2, len);
}

START_TEST(pieces)
{
	struct rnd r = { 1 };
	uintptr_t end = 0;

	setup((size_t)64 << 20);
	for (int i = 0; i < 2000; i++) {
		size_t size = rnd_below(&r, 2000) + 1;
		size_t align = (size_t)16 << rnd_below(&r, 5);
		char *p = meta_alloc(size, align);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % align, 0);
		ck_assert_uint_ge((uintptr_t)p, end);
		ck_assert(is_zero(p, size));
		ck_assert_uint_ne(meta_id(p), 0);
		ck_assert_ptr_eq(meta_ptr(meta_id(p)), p);
		pattern_fill(p, size, size);
		end = (uintptr_t)p + size;
		ck_assert_uint_ge(meta_next - meta_base, end - meta_base);
		ck_assert_uint_lt(meta_next - meta_base,
		    end - meta_base + 16);
	}
}
END_TEST

START_TEST(large_piece)
{
	char *p;

	setup((size_t)64 << 20);
	p = meta_alloc((size_t)10 << 20, 64);
	ck_assert_ptr_nonnull(p);
	p[0] = p[((size_t)10 << 20) - 1] = 1;
	ck_assert(is_zero(p + 1, 4096));
	p = meta_alloc(16, 16);
	ck_assert_ptr_nonnull(p);
	*p = 1;
}
END_TEST

/* What does not fit fails, and what is smaller still works. */
START_TEST(exhaustion)
{
	size_t n = 0;

	setup(RANGE);
	ck_assert_ptr_null(meta_alloc(RANGE, 16));
	ck_assert_ptr_nonnull(meta_alloc(RANGE / 2, 16));
	ck_assert_ptr_null(meta_alloc(RANGE / 2, 16));
	while (meta_alloc(1024, 16) != NULL)
		n++;
	ck_assert_uint_ge(n, RANGE / 2048 - 1);
	ck_assert_uint_le(meta_next - meta_base, RANGE);
	ck_assert_ptr_nonnull(meta_alloc(16, 16));
}
END_TEST

/* Somebody else's page in the range is an end, and nothing is lost by it. */
START_TEST(range_is_taken)
{
	void *p;

	setup(RANGE);
	p = mmap((void *)(meta_base + RANGE / 2), PAGESIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ck_assert_ptr_eq(p, (void *)(meta_base + RANGE / 2));
	ck_assert_ptr_null(meta_alloc(RANGE / 2 + PAGESIZE, 16));
	ck_assert_ptr_nonnull(meta_alloc(RANGE / 2 - PAGESIZE, 16));
	munmap(p, PAGESIZE);
	ck_assert_ptr_nonnull(meta_alloc(RANGE / 4, 16));
}
END_TEST

static void *
worker(void *arg)
{
	uint64_t **mine = arg;

	for (unsigned i = 0; i < 2000; i++) {
		mine[i] = meta_alloc(sizeof(uint64_t), 16);
		ck_assert_ptr_nonnull(mine[i]);
		*mine[i] = (uintptr_t)mine + i;
	}
	return (NULL);
}

START_TEST(threads)
{
	static uint64_t *mine[4][2000];
	pthread_t thread[4];

	setup((size_t)16 << 20);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, worker, mine[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 4; i++)
		for (unsigned j = 0; j < 2000; j++)
			ck_assert_uint_eq(*mine[i][j], (uintptr_t)mine[i] + j);
}
END_TEST

UNIT_MAIN("meta", 1, pieces, large_piece, exhaustion, range_is_taken, threads);
