/*
 * test_guard.c - pages that nobody may touch, behind page runs.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard.h"
#include "kmemsizes.h"
#include "pagerun.h"
#include "unit.h"

static void
setup(void)
{
	unit_pages(500);
	guard_start();
}

static page_t
get(size_t npages)
{
	page_t page;

	ck_assert_int_eq(pagerun_alloc(npages, 1, KU_RUN, &page, NULL), 0);
	memset(page_to_addr(page), 1, ptob(npages));
	return (page);
}

static void
touch(void *p)
{
	signal(SIGSEGV, SIG_DFL);
	*(volatile char *)p = 1;
}

static bool
is_forbidden(page_t page)
{
	const char *text;

	return (unit_child(touch, page_to_addr(page), &text) == -SIGSEGV);
}

static size_t
inuse(void)
{
	struct pagerun_stats ps;

	pagerun_check();
	pagerun_stats(&ps);
	return (ps.ps_inuse);
}

START_TEST(behind_a_run)
{
	page_t a, b;

	setup();
	a = get(4);
	b = get(8);
	ck_assert_uint_eq(b, a + 5);
	ck_assert_uint_eq(inuse(), 12);
	ck_assert(is_forbidden(a + 4) && is_forbidden(b + 8));
	ck_assert(!is_forbidden(a + 3) && !is_forbidden(b));
	ck_assert_uint_eq(guard_count(), 2);
	pagerun_free(a);
	pagerun_free(b);
	ck_assert_uint_eq(guard_count(), 0);
	ck_assert_uint_eq(inuse(), 0);
	/* All of it is there again, in one piece. */
	ck_assert_uint_eq(get(13), a);
}
END_TEST

START_TEST(a_run_that_shrinks)
{
	page_t a;

	setup();
	a = get(10);
	ck_assert_int_ne(pagerun_resize(a, 11, KU_RUN), 0);
	ck_assert_int_eq(pagerun_resize(a, 9, KU_RUN), 0);
	ck_assert(is_forbidden(a + 9) && !is_forbidden(a + 10));
	ck_assert_int_eq(pagerun_resize(a, 3, KU_RUN), 0);
	ck_assert(is_forbidden(a + 3) && !is_forbidden(a + 9));
	ck_assert_uint_eq(inuse(), 3);
	ck_assert_uint_eq(guard_count(), 1);
	pagerun_free(a);
	ck_assert_uint_eq(inuse() + guard_count(), 0);
	ck_assert_uint_eq(get(11), a);
}
END_TEST

START_TEST(a_run_that_moves)
{
	page_t a, b;

	setup();
	a = get(300);
	b = get(400);
	ck_assert_int_eq(pagerun_move(a, b), 0);
	ck_assert(is_forbidden(b + 400) && !is_forbidden(a + 300));
	ck_assert_uint_eq(inuse(), 400);
	pagerun_free(b);
	ck_assert_uint_eq(inuse() + guard_count(), 0);
}
END_TEST

/* Beyond the share of the mappings, runs do without. */
START_TEST(not_too_many)
{
	enum { N = 12000 };
	static page_t page[N];
	size_t guards;

	setup();
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(pagerun_alloc(1, 1, KU_RUN, &page[i], NULL),
		    0);
	guards = guard_count();
	ck_assert_uint_ge(guards, 1000);
	ck_assert_uint_le(unit_maps(), 2 * guards + 1000);
	ck_assert_uint_eq(inuse(), N);
	for (int i = 0; i < N; i++)
		pagerun_free(page[i]);
	ck_assert_uint_eq(inuse() + guard_count(), 0);
}
END_TEST

UNIT_MAIN("guard", 1, behind_a_run, a_run_that_shrinks, a_run_that_moves,
    not_too_many);
