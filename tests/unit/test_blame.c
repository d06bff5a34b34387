/*
 * test_blame.c - what is said of a block, and how a caller is named.
 */
#include "blame.h"

#include <sys/mman.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmem.h"
#include "memtype.h"
#include "param.h"
#include "symbol.h"
#include "unit.h"

#define NOBODY	((uintptr_t)0x1234)

void	a_function_of_the_test(void);

static volatile int calls;

void
a_function_of_the_test(void)
{
	calls++;
}

#define FUNCTION	((uintptr_t)a_function_of_the_test)

/*
 * The caller.
 */

static const char *
name_of(uintptr_t caller)
{
	struct report r;

	capture_begin();
	report_open(&r, 2);
	blame_caller(&r, caller);
	report_flush(&r);
	return (capture_end());
}

START_TEST(function)
{
	char want[100];
	struct symbol sym;

	ck_assert_str_eq(name_of(FUNCTION + 1),
	    "test_blame a_function_of_the_test+0x1");
	/* A call that is the function's last instruction returns behind it. */
	ck_assert(symbol_find((const void *)FUNCTION, &sym));
	snprintf(want, sizeof(want), "test_blame a_function_of_the_test+%p",
	    (void *)(sym.sym_end - sym.sym_start));
	ck_assert_str_eq(name_of(sym.sym_end), want);
}
END_TEST

/* Where the file has no name for it, the offset is in the file. */
START_TEST(no_function)
{
	static char text[2 << MAXPAGESHIFT] = "data";
	char path[] = "/tmp/test_blame.XXXXXX", want[100];
	int fd = mkstemp(path);
	char *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, 2 * PAGESIZE), 2 * PAGESIZE);
	p = mmap(NULL, PAGESIZE, PROT_READ, MAP_PRIVATE, fd, PAGESIZE);
	ck_assert_ptr_ne(p, MAP_FAILED);
	snprintf(want, sizeof(want), "%s+%p", strrchr(path, '/') + 1,
	    (void *)(PAGESIZE + 16));
	ck_assert_str_eq(name_of((uintptr_t)p + 16), want);
	munmap(p, PAGESIZE);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(no_file)
{
	char want[100];
	char *p = mmap(NULL, 3 * PAGESIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* One of its own between two that nobody may touch. */
	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + PAGESIZE, PAGESIZE, PROT_READ), 0);
	ck_assert_str_eq(name_of((uintptr_t)p + PAGESIZE + 32),
	    "(generated)+0x20");
	munmap(p, 3 * PAGESIZE);
	snprintf(want, sizeof(want), "%p", (void *)(p + PAGESIZE));
	ck_assert_str_eq(name_of((uintptr_t)p + PAGESIZE), want);
	ck_assert_str_eq(name_of(NOBODY), "0x1234");
	ck_assert_str_eq(name_of(1), "0x1");
}
END_TEST

/*
 * The block.
 */

#define P	((const void *)(uintptr_t)0x7000)

/* What is said under abort=no of a misuse of free(0x7001). */
static const char *
said_of(const struct blame_byte *byte, const void *p,
    const struct blocktag *bt)
{
	report_no_abort = true;
	capture_begin();
	blame_misuse("free", (const char *)P + 1, REASON_DUPLICATE, byte, p,
	    bt);
	return (capture_end());
}

#define FIRST	"libkma: free(0x7001): duplicated free\n"

START_TEST(nothing_known)
{
	struct blocktag bt = { 0 };

	ck_assert_str_eq(said_of(NULL, NULL, NULL), FIRST);
	/* A record that was never written to says nothing. */
	ck_assert_str_eq(said_of(NULL, P, &bt), FIRST);
}
END_TEST

START_TEST(block)
{
	struct blocktag bt = { .bt_alloc = NOBODY };
	char want[300];

	blocktag_setsize(&bt, 100);
	ck_assert_str_eq(said_of(NULL, P, &bt), FIRST
	    "libkma:   block of 100 bytes at 0x7000, allocated by 0x1234\n");
	/* Sizes beyond 32 bits are whole. */
	blocktag_setsize(&bt, BLOCKTAG_SIZE_MAX);
	bt.bt_free = FUNCTION + 1;
	ck_assert_str_eq(said_of(NULL, P, &bt), FIRST
	    "libkma:   block of 1099511627775 bytes at 0x7000, allocated by "
	    "0x1234, freed by test_blame a_function_of_the_test+0x1\n");
	ck_assert(kmem_init());
	bt.bt_type = (uint8_t)memtype_number("blamed");
	bt.bt_free = 0;
	snprintf(want, sizeof(want), FIRST "libkma:   block of %zu bytes at "
	    "0x7000 of type blamed, allocated by 0x1234\n", BLOCKTAG_SIZE_MAX);
	ck_assert_str_eq(said_of(NULL, P, &bt), want);
}
END_TEST

START_TEST(one_byte)
{
	struct blocktag bt = { .bt_alloc = NOBODY, .bt_size = 7 };
	struct blame_byte byte = { .bb_at = 7, .bb_expected = 0xde };

	ck_assert_str_eq(said_of(&byte, P, &bt), FIRST
	    "libkma:   at offset 7, 0x7007: expected 0xde, found 0x0\n"
	    "libkma:   block of 7 bytes at 0x7000, allocated by 0x1234\n");
	byte.bb_expected = 0;
	byte.bb_found = 0xff;
	bt.bt_alloc = 0;
	ck_assert_str_eq(said_of(&byte, P, &bt), FIRST
	    "libkma:   at offset 7, 0x7007: expected 0x0, found 0xff\n");
}
END_TEST

/* It is the last that the program does, and all of it is said. */
static void
misuse(void *arg)
{
	struct blocktag bt = { .bt_alloc = NOBODY, .bt_free = NOBODY + 1 };

	report_no_abort = false;
	blame_misuse("realloc", P, REASON_BEYOND, arg, P, &bt);
}

START_TEST(aborts)
{
	struct blame_byte byte = { 1, 2, 3 };
	const char *said;

	ck_assert_int_eq(unit_child(misuse, &byte, &said), -SIGABRT);
	ck_assert_str_eq(said,
	    "libkma: realloc(0x7000): data modified beyond block\n"
	    "libkma:   at offset 1, 0x7001: expected 0x2, found 0x3\n"
	    "libkma:   block of 0 bytes at 0x7000, allocated by 0x1234, "
	    "freed by 0x1235\n");
}
END_TEST

/* Where there was no standard error, nothing is said, and it ends as well. */
static void
mute_misuse(void *arg)
{
	report_mute = true;
	misuse(arg);
}

START_TEST(mute)
{
	const char *said;

	ck_assert_int_eq(unit_child(mute_misuse, NULL, &said), -SIGABRT);
	ck_assert_str_eq(said, "");
	report_mute = true;
	ck_assert_str_eq(said_of(NULL, NULL, NULL), "");
}
END_TEST

UNIT_MAIN("blame", 1, function, no_function, no_file, nothing_known, block,
    one_byte, aborts, mute)
