/*
 * test_profile.c - what valgrind's tools wrote, read: whole files, halves, and
 * damaged ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"
#include "unit.h"

#define KMA_PATH	"/usr/lib/libkma.so.0.0.0"

static char text[1 << 16];
static size_t text_len;

/* Loads a file of tests/unit/profiles. */
static void
load(const char *name)
{
	const char *top = getenv("KMA_SRCDIR");
	char path[4096];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/tests/unit/profiles/%s",
	    top != NULL ? top : ".", name);
	fp = fopen(path, "r");
	ck_assert_msg(fp != NULL, "%s", path);
	text_len = fread(text, 1, sizeof(text) - 1, fp);
	text[text_len] = '\0';
	ck_assert_uint_gt(text_len, 0);
	fclose(fp);
}

/* What is loaded, or a part of it, as a file. */
static FILE *
part(size_t len)
{
	FILE *fp = len > 0 ? fmemopen(text, len, "r") :
	    fopen("/dev/null", "r");

	ck_assert_ptr_nonnull(fp);
	return (fp);
}

static bool
read_callgrind(size_t len, const char *object, struct callgrind *cg)
{
	FILE *fp = part(len);
	bool good = callgrind_read(fp, object, cg);

	fclose(fp);
	return (good);
}

static bool
read_cachegrind(size_t len, struct cachegrind *cc)
{
	FILE *fp = part(len);
	bool good = cachegrind_read(fp, cc);

	fclose(fp);
	return (good);
}

static bool
read_massif(size_t len, uint64_t limit, struct massif *ms)
{
	FILE *fp = part(len);
	bool good = massif_read(fp, limit, ms);

	fclose(fp);
	return (good);
}

static bool
read_memcheck(size_t len, struct memcheck *mc)
{
	FILE *fp = part(len);
	bool good = memcheck_read(fp, mc);

	fclose(fp);
	return (good);
}

/* malloc 300, operator new 60, malloc by dlopen 9; by the object, start 70. */
START_TEST(callgrind)
{
	struct callgrind cg = { 0 };

	load("callgrind.out");
	ck_assert(read_callgrind(text_len, KMA_PATH, &cg));
	ck_assert_uint_eq(cg.cg_total, 2000);
	ck_assert_uint_eq(cg.cg_allocator, 300 + 60 + 9 + 70);
	ck_assert(read_callgrind(text_len, NULL, &cg));
	ck_assert_uint_eq(cg.cg_total, 4000);
	ck_assert_uint_eq(cg.cg_allocator, 439 + 300 + 60 + 9);
}
END_TEST

/* Two columns of positions (--dump-instr), and a first event that is not Ir. */
START_TEST(callgrind_forms)
{
	static const char instr[] = "version: 1\npositions: instr line\n"
	    "events: Ir Dr\nfn=(1) main\n0x100 5 10 2\ncfn=(2) free\n"
	    "calls=1 0x200 7\n0x104 5 33 4\ntotals: 50 6\n";
	static const char other[] = "version: 1\nevents: Dr Ir\ntotals: 1 2\n";
	struct callgrind cg = { 0 };

	strcpy(text, instr);
	ck_assert(read_callgrind(strlen(text), NULL, &cg));
	ck_assert_uint_eq(cg.cg_allocator, 33);
	ck_assert_uint_eq(cg.cg_total, 50);
	strcpy(text, other);
	ck_assert(!read_callgrind(strlen(text), NULL, &cg));
	ck_assert_uint_eq(cg.cg_total, 50);
}
END_TEST

START_TEST(cachegrind)
{
	struct cachegrind cc = { 0 };

	load("cachegrind.out");
	ck_assert(read_cachegrind(text_len, &cc));
	ck_assert_uint_eq(cc.cc_d1, 41 + 59);
	ck_assert_uint_eq(cc.cc_ll, 7 + 20 + 100);
	/* Without the caches: --cache-sim=no. */
	strcpy(text, "events: Ir\nsummary: 1000\n");
	ck_assert(!read_cachegrind(strlen(text), &cc));
	ck_assert_uint_eq(cc.cc_d1, 100);
}
END_TEST

START_TEST(massif)
{
	struct massif ms = { 0 };

	load("massif.out");
	ck_assert(read_massif(text_len, UINT64_MAX, &ms));
	ck_assert_uint_eq(ms.ms_peak, 500500);
	ck_assert_uint_eq(ms.ms_regular, 400000);
	/* The larger of two processes. */
	strcpy(strstr(text, "500500"), "600600\nheap_tree=peak\n");
	ck_assert(read_massif(strlen(text), UINT64_MAX, &ms));
	ck_assert_uint_eq(ms.ms_peak, 600600);
	ck_assert_uint_eq(ms.ms_regular, 400000);
	memset(&ms, 0, sizeof(ms));
	load("massif.out");
	ck_assert(read_massif(text_len, 400000, &ms));
	ck_assert_uint_eq(ms.ms_regular, 300000);
}
END_TEST

START_TEST(memcheck)
{
	static struct memcheck mc;

	load("memcheck.xml");
	ck_assert(read_memcheck(text_len, &mc));
	ck_assert_uint_eq(mc.mc_nkind, 4);
	/* The counts at the end are right; what they leave out came once. */
	ck_assert_uint_eq(memcheck_find(&mc, "InvalidWrite")->mk_count, 6);
	ck_assert_uint_eq(memcheck_find(&mc, "UninitCondition")->mk_count, 2);
	ck_assert_uint_eq(memcheck_find(&mc, "Leak_DefinitelyLost")->mk_bytes,
	    1077);
	ck_assert_uint_eq(memcheck_find(&mc, "Leak_DefinitelyLost")->mk_count,
	    5);
	ck_assert_uint_eq(memcheck_find(&mc, "Leak_StillReachable")->mk_bytes,
	    72704);
	ck_assert_uint_eq(memcheck_find(&mc, "InvalidRead")->mk_count, 0);
	ck_assert(read_memcheck(text_len, &mc));
	ck_assert_uint_eq(memcheck_find(&mc, "InvalidWrite")->mk_count, 12);
}
END_TEST

/* A program that was killed leaves half a file: it is not taken for one. */
START_TEST(halves)
{
	static struct memcheck mc;
	struct callgrind cg = { 0 };
	struct cachegrind cc = { 0 };
	struct massif ms = { 0 };
	size_t end;

	load("callgrind.out");
	end = (size_t)(strstr(text, "totals: ") - text);
	for (size_t len = 0; len <= end; len++)
		ck_assert_msg(!read_callgrind(len, KMA_PATH, &cg), "%zu", len);
	ck_assert_uint_eq(cg.cg_allocator, 0);
	load("cachegrind.out");
	for (size_t len = 0; len + 5 < text_len; len++)
		ck_assert_msg(!read_cachegrind(len, &cc), "%zu", len);
	load("memcheck.xml");
	end = (size_t)(strstr(text, "</valgrindoutput>") - text);
	for (size_t len = 0; len <= end; len++)
		ck_assert_msg(!read_memcheck(len, &mc), "%zu", len);
	load("massif.out");
	end = (size_t)(strstr(text, "heap_tree=") - text);
	for (size_t len = 0; len <= end; len++)
		ck_assert_msg(!read_massif(len, UINT64_MAX, &ms), "%zu", len);
	for (size_t len = end; len < text_len; len++)
		read_massif(len, UINT64_MAX, &ms);
	ck_assert_uint_eq(ms.ms_peak, 500500);
}
END_TEST

/* Any byte may be any other: nothing is promised but an end. */
START_TEST(damaged)
{
	static const char *const names[] = { "callgrind.out", "cachegrind.out",
		"massif.out", "memcheck.xml" };
	static const char bytes[] = "\n(=+9 \377";
	static struct memcheck mc;
	struct callgrind cg = { 0 };
	struct cachegrind cc = { 0 };
	struct massif ms = { 0 };

	for (size_t i = 0; i < nitems(names); i++) {
		load(names[i]);
		for (size_t at = 0; at < text_len; at++) {
			char was = text[at];

			text[at] = bytes[at % (sizeof(bytes) - 1)];
			read_callgrind(text_len, KMA_PATH, &cg);
			read_cachegrind(text_len, &cc);
			read_massif(text_len, UINT64_MAX, &ms);
			read_memcheck(text_len, &mc);
			text[at] = was;
		}
	}
	strcpy(text, "version: 1\ncalls=1 0\n1 5\ntotals: 5\n");
	ck_assert(read_callgrind(strlen(text), KMA_PATH, &cg));
	strcpy(text, "fn=(18446744073709551615) main\ntotals: 5\n");
	ck_assert(!read_callgrind(strlen(text), KMA_PATH, &cg));
}
END_TEST

UNIT_MAIN("profile", 1, callgrind, callgrind_forms, cachegrind, massif,
    memcheck, halves, damaged)
