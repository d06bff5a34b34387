/*
 * test_account.c - types by who calls malloc; the rules.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "memtype.h"
#include "options.h"
#include "param.h"
#include "rules.h"
#include "unit.h"

#define PAGES	((size_t)8)

static char dir[64];
static const char *text;		/* what was said about the rules */

/* Ready for accounting, with rules in a file or (NULL) without. */
static void
setup(const char *rules)
{
	char option[128], path[80];
	int fd;

	strcpy(dir, "/tmp/kma-account-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	if (rules != NULL) {
		snprintf(path, sizeof(path), "%s/rules", dir);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_eq(write(fd, rules, strlen(rules)),
		    (ssize_t)strlen(rules));
		close(fd);
		snprintf(option, sizeof(option), "accounting=%s", path);
		unit_options("%s", option);
	} else
		unit_options("accounting=object");
	capture_begin();
	ck_assert(account_init());
	text = capture_end();
}

static void
clean(void)
{
	char command[80];

	account_check();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* Maps a file of that name; at an address, if one is given. */
static char *
object(const char *name, size_t npages, char *at)
{
	char path[256];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)ptob(npages)), 0);
	p = mmap(at, ptob(npages), PROT_READ, at != NULL ?
	    MAP_PRIVATE | MAP_FIXED : MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	close(fd);
	return (p);
}

static const char *
name_of(const void *caller)
{
	unsigned type = account_type(caller);

	ck_assert_uint_ge(type, 1);
	ck_assert_uint_lt(type, memtype_ntypes);
	/* The second answer, from the table, is the same. */
	ck_assert_uint_eq(account_type(caller), type);
	return (memtype[type].ks_name);
}

START_TEST(objects)
{
	char *a, *b, *anonymous;

	setup(NULL);
	ck_assert_str_eq(text, "");
	a = object("liba.so.1", PAGES, NULL);
	b = object("libb.so", PAGES, NULL);
	anonymous = mmap(NULL, PAGESIZE, PROT_READ,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	errno = 4711;
	for (size_t i = 1; i <= ptob(PAGES); i += 100) {
		ck_assert_str_eq(name_of(a + i), "liba.so.1");
		ck_assert_str_eq(name_of(b + i), "libb.so");
	}
	/* A return address behind the last call is behind the object. */
	ck_assert_str_eq(name_of(a + ptob(PAGES)), "liba.so.1");
	ck_assert_str_eq(name_of(anonymous + 1), ACCOUNT_GENERATED);
	ck_assert_str_eq(name_of((char *)(uintptr_t)name_of + 1),
	    UNIT_SANITIZED ? name_of((char *)(uintptr_t)name_of + 2) :
	    "test_account");
	ck_assert_str_eq(name_of(NULL), ACCOUNT_UNKNOWN);
	ck_assert_int_eq(errno, 4711);
	ck_assert_uint_eq(account_ranges(), 4);
	clean();
}
END_TEST

/* More pages than slots: they share slots, and the ranges set it right. */
START_TEST(collisions)
{
	size_t npages = 3 * 4096;
	char *a, *b;

	setup(NULL);
	a = object("liba.so", npages, NULL);
	b = object("libb.so", npages, NULL);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < npages; i++) {
			ck_assert_str_eq(name_of(a + ptob(i) + 1), "liba.so");
			ck_assert_str_eq(name_of(b + ptob(i) + 1), "libb.so");
		}
	ck_assert_uint_eq(account_ranges(), 2);
	clean();
}
END_TEST

START_TEST(many_objects)
{
	char name[32], *p[1000];

	setup(NULL);
	for (size_t i = 0; i < nitems(p); i++) {
		snprintf(name, sizeof(name), "lib%zu.so", i % 100);
		p[i] = object(name, 1, NULL);
		ck_assert_str_eq(name_of(p[i] + 1), name);
	}
	ck_assert_uint_eq(account_ranges(), nitems(p));
	for (size_t i = 0; i < nitems(p); i++) {
		snprintf(name, sizeof(name), "lib%zu.so", i % 100);
		ck_assert_str_eq(name_of(p[i] + 5), name);
	}
	clean();
}
END_TEST

START_TEST(forget)
{
	char *p;

	setup(NULL);
	p = object("libold.so", PAGES, NULL);
	ck_assert_str_eq(name_of(p + 1), "libold.so");
	ck_assert_str_eq(name_of(p + PAGESIZE + 1), "libold.so");
	/* Nobody said so: the old answer stays. */
	object("libnew.so", PAGES, p);
	ck_assert_str_eq(name_of(p + 1), "libold.so");
	account_forget();
	ck_assert_uint_eq(account_ranges(), 0);
	account_check();
	ck_assert_str_eq(name_of(p + 1), "libnew.so");
	ck_assert_str_eq(name_of(p + PAGESIZE + 1), "libnew.so");
	clean();
}
END_TEST

/* A larger mapping that covers a known one tells that much has changed. */
START_TEST(overlap)
{
	char *p, *q;

	setup(NULL);
	p = object("libbig.so", 3 * PAGES, NULL);
	object("libsmall.so", PAGES, p + ptob(PAGES));
	q = object("libother.so", PAGES, NULL);
	ck_assert_str_eq(name_of(q + 1), "libother.so");
	ck_assert_str_eq(name_of(p + ptob(PAGES) + 1), "libsmall.so");
	object("libbig.so", 3 * PAGES, p);
	ck_assert_str_eq(name_of(p + 1), "libbig.so");
	ck_assert_str_eq(name_of(p + ptob(PAGES) + 1), "libbig.so");
	ck_assert_uint_eq(account_ranges(), 1);
	ck_assert_str_eq(name_of(q + 1), "libother.so");
	clean();
}
END_TEST

static void
without_proc(void *arg)
{
	if (chroot(dir) != 0)
		_exit(77);
	if (strcmp(name_of(arg), ACCOUNT_UNKNOWN) != 0)
		_exit(1);
	account_check();
	_exit(0);
}

START_TEST(no_proc)
{
	int status;
	char *p;

	setup(NULL);
	p = object("liba.so", PAGES, NULL);
	status = unit_child(without_proc, p + 1, NULL);
	if (status != 77)		/* not root */
		ck_assert_int_eq(status, 0);
	clean();
}
END_TEST

/*
 * Rules.
 */

START_TEST(glob)
{
	static const struct {
		const char *pattern, *text;
		bool	match;
	} cases[] = {
		{ "", "", true }, { "", "a", false }, { "a", "", false },
		{ "*", "", true }, { "*", "abc", true }, { "?", "", false },
		{ "?", "a", true }, { "?", "ab", false }, { "a*", "abc", true },
		{ "*c", "abc", true }, { "*b", "abc", false },
		{ "a*c", "ac", true }, { "a*c", "abbbc", true },
		{ "a*b*c", "axbxc", true }, { "a*b*c", "axcxb", false },
		{ "*ab", "aab", true }, { "*aab*", "aaab", true },
		{ "**", "x", true }, { "*?", "", false }, { "?*?", "a", false },
		{ "?*?", "ab", true }, { "lib?.so*", "liba.so.1", true },
		{ "*/lib/*", "/usr/lib/x", true }, { "[a]", "a", false },
		{ "*.so", ".so", true }, { "A", "a", false },
		{ "*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	for (size_t i = 0; i < nitems(cases); i++)
		ck_assert_msg(rules_glob(cases[i].pattern, cases[i].text) ==
		    cases[i].match, "'%s' and '%s'", cases[i].pattern,
		    cases[i].text);
}
END_TEST

START_TEST(rules_by_object)
{
	char *a, *b, *c;

	setup("# what is what\n"
	    "first\tliba.so*   # a comment\n"
	    "\n"
	    "second */kma-account-*/libb.so\r\n"
	    "never liba.so.1\n"
	    "test-program test_account");
	ck_assert_str_eq(text, "");
	a = object("liba.so.1", PAGES, NULL);
	b = object("libb.so", PAGES, NULL);
	c = object("libc.so", PAGES, NULL);
	ck_assert_str_eq(name_of(a + 1), "first");
	ck_assert_str_eq(name_of(b + 1), "second");
	ck_assert_str_eq(name_of(c + 1), "libc.so");
	ck_assert(!rules_want_functions());
	clean();
}
END_TEST

__attribute__((noinline, used)) static int
reads_numbers(int n)
{
	volatile int sum = n;

	for (int i = 0; i < 10; i++)
		sum = 3 * sum + i;
	return (sum);
}

__attribute__((noinline, used)) static int
reads_words(int n)
{
	volatile int sum = n;

	for (int i = 0; i < 10; i++)
		sum = 5 * sum + i;
	return (sum);
}

START_TEST(rules_by_function)
{
	char *numbers = (char *)(uintptr_t)reads_numbers;
	char *words = (char *)(uintptr_t)reads_words;
	char *other = (char *)(uintptr_t)name_of;

	setup("numbers *test_account* reads_n*\n"
	    "nothing * no_such_function\n"
	    "reader *test_account* reads_*\n"
	    "rest *test_account*\n"
	    "libs lib*\n");
	ck_assert_str_eq(text, "");
	ck_assert(rules_want_functions());
	for (size_t i = 1; i < 8; i++) {
		ck_assert_str_eq(name_of(numbers + i), "numbers");
		ck_assert_str_eq(name_of(words + i), "reader");
		ck_assert_str_eq(name_of(other + i), "rest");
	}
	/* A return address behind the call belongs to the call. */
	ck_assert_str_ne(name_of(numbers), "numbers");
	account_forget();
	ck_assert_str_eq(name_of(words + 1), "reader");
	ck_assert_str_eq(name_of(numbers + 1), "numbers");
	ck_assert_uint_eq(account_ranges(), 2);
	clean();
}
END_TEST

START_TEST(bad_rules)
{
	char want[512], *a, *b;

	setup("good liba.so\nalone\nx y z too much\n  \n#\n"
	    "fine libb.so f # g\n");
	snprintf(want, sizeof(want),
	    "libkma: %s/rules:2: not TYPE OBJECT [FUNCTION]\n"
	    "libkma: %s/rules:3: not TYPE OBJECT [FUNCTION]\n", dir, dir);
	ck_assert_str_eq(text, want);
	a = object("liba.so", PAGES, NULL);
	b = object("libb.so", PAGES, NULL);
	ck_assert_str_eq(name_of(a + 1), "good");
	ck_assert_str_eq(name_of(b + 1), "libb.so");
	clean();
}
END_TEST

START_TEST(no_rules_file)
{
	setup(NULL);
	options_parse("accounting=/nonexistent/rules");
	capture_begin();
	rules_read(options.o_accounting_file);
	ck_assert_str_eq(capture_end(), "libkma: KMA_OPTIONS: accounting: "
	    "cannot read '/nonexistent/rules'\n");
	ck_assert_str_eq(name_of(object("liba.so", 1, NULL) + 1), "liba.so");
	clean();
}
END_TEST

/* Beyond the bound nothing counts, nor the line that lies across it. */
START_TEST(long_rules)
{
	char *rules = malloc(RULES_MAX + 300), *p = rules, want[256];
	unsigned n = 0;

	while ((size_t)(p - rules) < RULES_MAX - 10)
		p += sprintf(p, "type%06u lib%06u.so\n", n % 100, n), n++;
	sprintf(p, "last lib1.so # %080d\nbeyond lib2.so\n", 0);
	setup(rules);
	snprintf(want, sizeof(want), "libkma: %s/rules: what is beyond %zu "
	    "bytes does not count\n", dir, RULES_MAX);
	ck_assert_str_eq(text, want);
	ck_assert_str_eq(name_of(object("lib1.so", 1, NULL) + 1), "lib1.so");
	ck_assert_str_eq(name_of(object("lib2.so", 1, NULL) + 1), "lib2.so");
	ck_assert_str_eq(name_of(object("lib001234.so", 1, NULL) + 1),
	    "type000034");
	free(rules);
	clean();
}
END_TEST

/*
 * Threads that ask while others forget.
 */
static char *shared[16];
static bool stop;

static void *
ask(void *arg)
{
	struct rnd r = { (uintptr_t)arg };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		size_t i = rnd_below(&r, nitems(shared));
		unsigned type = account_type(shared[i] + 1 +
		    rnd_below(&r, ptob(PAGES)));
		char want[32];

		snprintf(want, sizeof(want), "lib%zu.so", i);
		ck_assert_str_eq(memtype[type].ks_name, want);
	}
	return (arg);
}

START_TEST(threads)
{
	pthread_t thread[4];
	char name[32];

	setup(NULL);
	for (size_t i = 0; i < nitems(shared); i++) {
		snprintf(name, sizeof(name), "lib%zu.so", i);
		shared[i] = object(name, PAGES, NULL);
	}
	for (size_t i = 0; i < nitems(thread); i++)
		pthread_create(&thread[i], NULL, ask, (void *)(i + 1));
	for (unsigned i = unit_less(200, 4); i > 0; i--) {
		account_forget();
		account_check();
		usleep(1000);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < nitems(thread); i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_le(account_ranges(), nitems(shared));
	clean();
}
END_TEST

UNIT_MAIN("account", 1, objects, collisions, many_objects, forget, overlap,
    no_proc, glob, rules_by_object, rules_by_function, bad_rules,
    no_rules_file, long_rules, threads)
