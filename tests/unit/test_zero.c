/*
 * test_zero.c - pages zeroed, the untouched ones without a touch.
 *
 * Linked with --wrap for the system call, and for the clock, by which a wrong
 * guess shows.
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "param.h"
#include "unit.h"
#include "wrap.h"
#include "zero.h"

#define NPAGES	((size_t)500)

static uint64_t the_time, call_takes;	/* ns */
static unsigned ncalls;
static char *pages;

uint64_t	__wrap_os_monotonic(void);

uint64_t
__wrap_os_monotonic(void)
{
	return (the_time);
}

long
__wrap_os_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	if (nr == SYS_madvise) {
		the_time += call_takes;
		ncalls++;
	}
	return (__real_os_syscall(nr, a, b, c, d, e, f));
}

static void
begin(void)
{
	ck_assert(os_init());
	pages = mmap(NULL, ptob(NPAGES), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(pages, MAP_FAILED);
}

/* Zeroes them; returns how many calls of the system that took. */
static unsigned
zero_unseen(size_t npages)
{
	ncalls = 0;
	zero_pages((uintptr_t)pages, npages);
	return (ncalls);
}

/* And looks at them, which touches them. */
static unsigned
zero(size_t npages)
{
	unsigned calls = zero_unseen(npages);

	for (size_t i = 0; i < ptob(npages); i++)
		ck_assert_int_eq(pages[i], 0);
	return (calls);
}

START_TEST(few)
{
	begin();
	memset(pages, 1, ptob(NPAGES));
	ck_assert_uint_eq(zero(1), 0);
	ck_assert_uint_eq(zero(63), 0);
	ck_assert_int_eq(pages[ptob(63)], 1);
}
END_TEST

START_TEST(untouched)
{
	begin();
	call_takes = 500;
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(zero_unseen(NPAGES), 1);
		ck_assert_uint_eq(unit_resident(pages, ptob(NPAGES)), 2);
	}
}
END_TEST

START_TEST(touched)
{
	begin();
	memset(pages, 1, ptob(NPAGES));
	ck_assert_uint_eq(zero(NPAGES), 0);
	ck_assert_uint_eq(unit_resident(pages, ptob(NPAGES)), NPAGES);
	/* In part: the rest goes. */
	ck_assert_int_eq(madvise(pages, ptob(NPAGES), MADV_DONTNEED), 0);
	memset(pages, 1, ptob(100));
	ck_assert_uint_gt(zero_unseen(NPAGES), 0);
	ck_assert_uint_le(unit_resident(pages, ptob(NPAGES)), 200);
}
END_TEST

/* Zeros that somebody wrote: to give them back takes long, and is not done. */
START_TEST(wrong_guesses)
{
	static const bool guess[] = { 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1 };

	begin();
	call_takes = NPAGES * 60;
	for (unsigned i = 0; i < nitems(guess); i++) {
		memset(pages, 0, ptob(NPAGES));
		ck_assert_uint_eq(zero(NPAGES), guess[i]);
	}
	/* At most 256 in a row. */
	ncalls = 0;
	for (unsigned i = 0; i < 5000; i++)
		zero_pages((uintptr_t)pages, NPAGES);
	ck_assert_uint_ge(ncalls, 5000 / 257);
	ck_assert_uint_le(ncalls, 5000 / 257 + 8);
	/* One that is right, and all are guessed again. */
	call_takes = 500;
	for (unsigned i = 0; i < 257; i++)
		zero_pages((uintptr_t)pages, NPAGES);
	ck_assert_uint_eq(zero(NPAGES), 1);
	ck_assert_uint_eq(zero(NPAGES), 1);
}
END_TEST

UNIT_MAIN("zero", 1, few, untouched, touched, wrong_guesses);
