/*
 * test_leaks.c - what is in use at exit: whose it is, and where that is said.
 */
#include "leaks.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmem.h"
#include "memtype.h"
#include "options.h"
#include "param.h"
#include "unit.h"
#include "watch.h"

#define MB	((size_t)1 << 20)
#define HERE	((const void *)(uintptr_t)0x1234)

/* The n-th caller of many; no number of a type, and in no mapping. */
#define CALLER(n)	((const void *)(uintptr_t)(NTYPE + 1 + (n)))

static void
setup(const char *mode)
{
	unit_options("%s,abort=no", mode);
	ck_assert(watch_start());
}

static void *
get(size_t size, const void *caller)
{
	void *p = watch_malloc(size, caller);

	ck_assert_ptr_nonnull(p);
	return (p);
}

static void
get_typed(size_t size, unsigned type)
{
	struct typed_request tr = { .tr_type = type, .tr_align = 16,
		.tr_size = size, .tr_flags = M_NOWAIT, .tr_func = "test",
		.tr_caller = HERE };
	void *p;

	ck_assert_int_eq(watch_alloc(&tr, &p), 0);
}

static const char *
printed(void)
{
	struct report r;

	capture_begin();
	report_open(&r, 2);
	leaks_print(&r);
	return (capture_end());
}

/* How many lines. */
static size_t
lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return (n);
}

START_TEST(nothing)
{
	void *p;

	setup("diagnostic=leaks");
	ck_assert_str_eq(printed(),
	    "libkma: in use at exit: 0 bytes in 0 blocks\n");
	p = get(100, HERE);
	watch_free(p, 0, "free", HERE);
	watch_free(get(2 * MB, HERE), 0, "free", HERE);
	ck_assert_str_eq(printed(),
	    "libkma: in use at exit: 0 bytes in 0 blocks\n");
}
END_TEST

START_TEST(owners)
{
	const char *said;
	unsigned type;

	setup("diagnostic=leaks");
	type = memtype_number("watched");
	for (int i = 0; i < 5; i++)
		get_typed(1000, type);
	(void)get(2 * MB, HERE);
	watch_free(get(5000, HERE), 0, "free", HERE);
	/* More callers than are shown. */
	for (uintptr_t i = 1; i <= 30; i++)
		(void)get(i, CALLER(i - 1));
	said = printed();
	ck_assert_ptr_nonnull(strstr(said,
	    "libkma: in use at exit: 2102617 bytes in 36 blocks\n"
	    "libkma:      2097152 bytes         1 blocks  0x1234\n"
	    "libkma:         5000 bytes         5 blocks  type watched\n"
	    "libkma:           30 bytes         1 blocks  0x11e\n"));
	ck_assert_ptr_nonnull(strstr(said,
	    "libkma:           78 bytes        12 blocks  of others\n"));
	ck_assert_uint_eq(lines(said), 1 + 20 + 1);
}
END_TEST

/* The first that is too many; and until then, no line of others. */
START_TEST(twenty)
{
	const char *said;

	setup("diagnostic=leaks");
	for (uintptr_t i = 0; i < 20; i++)
		(void)get(100 + i, CALLER(i));
	said = printed();
	ck_assert_uint_eq(lines(said), 1 + 20);
	ck_assert_ptr_null(strstr(said, "of others"));
	(void)get(1, CALLER(20));
	said = printed();
	ck_assert_uint_eq(lines(said), 1 + 20 + 1);
	ck_assert_ptr_nonnull(strstr(said,
	    "libkma:            1 bytes         1 blocks  of others\n"));
}
END_TEST

/* A block of no bytes is one, and owners of nothing but these are shown. */
START_TEST(no_bytes)
{
	setup("diagnostic=leaks");
	(void)get(0, CALLER(0));
	(void)get(0, CALLER(0));
	(void)get(0, CALLER(1));
	ck_assert_ptr_nonnull(strstr(printed(),
	    "libkma:            0 bytes         2 blocks  0x101\n"));
}
END_TEST

/* More than the table holds: all of them are in the sum. */
START_TEST(too_many)
{
	unsigned n = unit_less(100000, 1);
	char want[100];

	setup("diagnostic=leaks");
	for (uintptr_t i = 0; i < n; i++)
		(void)get(1, CALLER(i));
	snprintf(want, sizeof(want), "libkma: in use at exit: %u bytes in %u "
	    "blocks\n", n, n);
	ck_assert_ptr_nonnull(strstr(printed(), want));
	snprintf(want, sizeof(want), "libkma: %12u bytes %9u blocks  of "
	    "others\n", n - 20, n - 20);
	ck_assert_ptr_nonnull(strstr(printed(), want));
}
END_TEST

/* Freed, and not yet to be used again: in use by nobody. */
START_TEST(held_back)
{
	setup("hardened");
	(void)get(500, HERE);
	for (int i = 0; i < 100; i++) {
		watch_free(get(1000, HERE), 0, "free", HERE);
		watch_free(get(400000, HERE), 0, "free", HERE);
	}
	ck_assert_ptr_nonnull(strstr(printed(),
	    "libkma: in use at exit: 500 bytes in 1 blocks\n"));
}
END_TEST

#define NTHREAD	4
static pthread_barrier_t the_end;

/* They end together: see UNIT_TSAN. */
static void *
get_100(void *arg)
{
	for (int i = 0; i < 100; i++)
		(void)get(10, arg);
	pthread_barrier_wait(&the_end);
	return (NULL);
}

/* What threads have left that ended. */
START_TEST(threads)
{
	pthread_t t[NTHREAD];

	setup("diagnostic=leaks");
	pthread_barrier_init(&the_end, NULL, NTHREAD);
	for (uintptr_t i = 0; i < nitems(t); i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, get_100,
		    (void *)(uintptr_t)CALLER(i)), 0);
	for (size_t i = 0; i < nitems(t); i++)
		pthread_join(t[i], NULL);
	ck_assert_ptr_nonnull(strstr(printed(),
	    "libkma: in use at exit: 4000 bytes in 400 blocks\n"
	    "libkma:         1000 bytes       100 blocks  0x10"));
}
END_TEST

START_TEST(no_memory)
{
	struct rlimit limit;

	setup("diagnostic=leaks");
	(void)get(10, HERE);
	if (!UNIT_SANITIZED) {
		limit.rlim_cur = limit.rlim_max = unit_vmsize();
		ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
		ck_assert_str_eq(printed(),
		    "libkma: diagnostic=leaks: no memory\n");
	}
}
END_TEST

/*
 * At exit.
 */

static void
at_exit(void *arg)
{
	setup(arg);
	leaks_start();
	(void)get(10, HERE);
	close(2);
	leaks_exit();
}

/* The program's standard error, although the program has closed it. */
START_TEST(at_the_end)
{
	static char leaks[] = "diagnostic=leaks", none[] = "diagnostic";
	const char *said;

	ck_assert_int_eq(unit_child(at_exit, leaks, &said), 0);
	ck_assert_str_eq(said,
	    "libkma: in use at exit: 10 bytes in 1 blocks\n"
	    "libkma:           10 bytes         1 blocks  0x1234\n");
	ck_assert_int_eq(unit_child(at_exit, none, &said), 0);
	ck_assert_str_eq(said, "");
}
END_TEST

/* One that was closed at the start may be any file by then. */
static void
never_open(void *arg)
{
	int file = dup(2);

	close(2);
	report_start();
	setup(arg);
	leaks_start();
	(void)get(10, HERE);
	if (dup2(file, 2) != 2)
		_exit(1);
	leaks_exit();
}

START_TEST(not_into_a_file)
{
	static char leaks[] = "diagnostic=leaks";
	const char *said;

	ck_assert_int_eq(unit_child(never_open, leaks, &said), 0);
	ck_assert_str_eq(said, "");
}
END_TEST

UNIT_MAIN("leaks", 1, nothing, owners, twenty, no_bytes, too_many, held_back,
    threads, no_memory, at_the_end, not_into_a_file)
