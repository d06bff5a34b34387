/*
 * test_report.c - formatting, buffers, and giving up.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "unit.h"

static char out[8192];
static size_t outlen, writes;

static void
sink(void *arg, const char *text, size_t len)
{
	ck_assert_ptr_eq(arg, out);
	ck_assert_uint_lt(outlen + len, sizeof(out));
	memcpy(out + outlen, text, len);
	outlen += len;
	out[outlen] = '\0';
	writes++;
}

/* As printf says it. */
#define SAME(...) do {							\
	struct report r_;						\
	char want_[2048];						\
									\
	outlen = 0;							\
	report_open_sink(&r_, sink, out);				\
	report_printf(&r_, __VA_ARGS__);				\
	report_flush(&r_);						\
	snprintf(want_, sizeof(want_), __VA_ARGS__);			\
	ck_assert_str_eq(out, want_);					\
} while (0)

START_TEST(as_printf)
{
	SAME("plain");
	SAME("%s", "");
	SAME("[%s] [%8s] [%-8s] [%2s] [%-2s]", "abc", "abc", "abc", "abc",
	    "abc");
	SAME("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
	SAME("[%d] [%d] [%d] [%d]", 0, 7, 2147483647, -2147483647 - 1);
	SAME("[%6d] [%-6d]", 42, 42);
	SAME("[%u] [%u] [%6u] [%-6u]", 0u, 4294967295u, 42u, 42u);
	SAME("[%zu] [%zu] [%22zu] [%-22zu]", (size_t)0, SIZE_MAX, SIZE_MAX,
	    SIZE_MAX);
	SAME("[%lu] [%12lu] [%-12lu]", UINT64_MAX, UINT64_C(1), UINT64_C(1));
	SAME("[%p] [%p]", (void *)0x1234, (void *)UINTPTR_MAX);
	SAME("100%%");
	SAME("%s%d%s", "a", 1, "b");
}
END_TEST

START_TEST(negative_numbers)
{
	SAME("[%d]", -42);
	SAME("[%6d] [%-6d] [%2d]", -42, -42, -42);
}
END_TEST

START_TEST(null_pointer)
{
	struct report r;

	report_open_sink(&r, sink, out);
	report_printf(&r, "%p", NULL);
	report_flush(&r);
	ck_assert_str_eq(out, "0x0");
}
END_TEST

/* More than the buffer holds: in several pieces, none lost. */
START_TEST(long_text)
{
	struct report r;
	char want[4096] = "";

	report_open_sink(&r, sink, out);
	for (unsigned i = 0; i < 500; i++) {
		report_printf(&r, "%u,", i);
		sprintf(want + strlen(want), "%u,", i);
	}
	ck_assert_uint_ge(writes, 1);
	report_flush(&r);
	ck_assert_str_eq(out, want);
	ck_assert_uint_eq(writes, (strlen(want) + sizeof(r.r_buf) - 1) /
	    sizeof(r.r_buf));
	writes = outlen = 0;
	report_printf(&r, "%s", want);
	report_flush(&r);
	ck_assert_str_eq(out, want);
}
END_TEST

START_TEST(to_descriptor)
{
	struct report r;
	int fd[2];
	char text[32] = "";

	ck_assert_int_eq(pipe(fd), 0);
	report_open(&r, fd[1]);
	report_printf(&r, "hello %d", 5);
	ck_assert_int_eq(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(fd[0], text, sizeof(text)), -1);
	report_flush(&r);
	ck_assert_int_eq(read(fd[0], text, sizeof(text)), 7);
	ck_assert_str_eq(text, "hello 5");
}
END_TEST

START_TEST(warning)
{
	capture_begin();
	report_warn("%s %d", "text", 3);
	ck_assert_str_eq(capture_end(), "libkma: text 3\n");
}
END_TEST

static void
misuse(void *arg)
{
	report_no_abort = arg != NULL;
	report_misuse("free", (void *)0x10, REASON_FOREIGN);
}

static void
panic(void *arg)
{
	report_no_abort = true;
	KMA_ASSERT(arg != NULL);
}

START_TEST(giving_up)
{
	const char *text;

	ck_assert_int_eq(unit_child(misuse, NULL, &text), -SIGABRT);
	ck_assert_str_eq(text, "libkma: free(0x10): non-malloced addr\n");
	ck_assert_int_eq(unit_child(misuse, out, &text), 0);
	ck_assert_str_eq(text, "libkma: free(0x10): non-malloced addr\n");
	ck_assert_int_eq(unit_child(panic, NULL, &text), -SIGABRT);
	ck_assert_str_eq(text,
	    "libkma: panic: broken invariant: arg != NULL\n");
	ck_assert_int_eq(unit_child(panic, out, &text), 0);
}
END_TEST

/* The stable words. */
START_TEST(reasons)
{
	ck_assert_str_eq(REASON_FOREIGN, "non-malloced addr");
	ck_assert_str_eq(REASON_UNALIGNED, "unaligned addr");
	ck_assert_str_eq(REASON_DUPLICATE, "duplicated free");
	ck_assert_str_eq(REASON_FREEPAGE, "addr in a free page");
}
END_TEST

UNIT_MAIN("report", 1, as_printf, negative_numbers, null_pointer, long_text,
    to_descriptor, warning, giving_up, reasons);
