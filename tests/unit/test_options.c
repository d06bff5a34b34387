/*
 * test_options.c - KMA_OPTIONS, good and bad.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"
#include "unit.h"

#define K	((size_t)1 << 10)
#define M	((size_t)1 << 20)
#define G	((size_t)1 << 30)
#define T	((size_t)1 << 40)

/* The same text may set several options: one is looked at. */
enum field { STATS, DECAY, SPACING_, RESERVE, DEEPBIND, ABORT, ACCOUNTING,
	LIMIT };

static size_t
value_of(enum field f)
{
	switch (f) {
	case STATS:
		return (options.o_stats);
	case DECAY:
		return (options.o_decay);
	case SPACING_:
		return (options.o_spacing);
	case RESERVE:
		return (options.o_reserve);
	case DEEPBIND:
		return (options.o_deepbind_keep);
	case ABORT:
		return (options.o_abort);
	case ACCOUNTING:
		return (options.o_accounting);
	case LIMIT:
		return (options.o_limit);
	}
	return (0);
}

static const struct {
	const char	*text;
	enum field	 field;
	size_t		 value;
} good[] = {
	{ "", STATS, 0 },
	{ "", DECAY, 500 },
	{ "", SPACING_, SPACING_LEARN },
	{ "", RESERVE, 0 },
	{ "", DEEPBIND, 0 },
	{ "", ABORT, 1 },
	{ ",,,", ABORT, 1 },
	{ "stats", STATS, 1 },
	{ "decay=0", DECAY, 0 },
	{ "decay=1", DECAY, 1 },
	{ "decay=1073741824", DECAY, 1 << 30 },
	{ "decay=2K", DECAY, 2048 },
	{ "spacing=1", SPACING_, 1 },
	{ "spacing=2", SPACING_, 2 },
	{ "spacing=4", SPACING_, 4 },
	{ "spacing=4,spacing=2", SPACING_, 2 },
	{ "spacing=4,spacing=learn", SPACING_, SPACING_LEARN },
	{ "reserve=64M", RESERVE, 64 * M },
	{ "reserve=65536K", RESERVE, 64 * M },
	{ "reserve=67108864", RESERVE, 64 * M },
	{ "reserve=3g", RESERVE, 3 * G },
	{ "reserve=2T", RESERVE, 2 * T },
	{ "deepbind=keep", DEEPBIND, 1 },
	{ "deepbind=drop", DEEPBIND, 0 },
	{ "deepbind=keep,deepbind=drop", DEEPBIND, 0 },
	{ "abort=no", ABORT, 0 },
	{ "abort=yes", ABORT, 1 },
	{ "abort=no,abort=yes", ABORT, 1 },
	{ "stats,,decay=7,", DECAY, 7 },
	{ "", ACCOUNTING, 0 },
	{ "accounting=object", ACCOUNTING, 1 },
	{ "accounting=./object", ACCOUNTING, 1 },
	{ "", LIMIT, 0 },
	{ "limit=1", LIMIT, 1 },
	{ "limit=64M", LIMIT, 64 * M },
	{ "limit=64M,limit=0", LIMIT, 0 },
	{ "limit=64M,limit=a:1G,limit=b:0", LIMIT, 64 * M },
	{ ",stats,abort=no", STATS, 1 },
};

/* Options are global: each line of the table in a child. */
static void
parse_good(void *arg)
{
	size_t i = *(size_t *)arg;

	options_parse(good[i].text);
	if (value_of(good[i].field) != good[i].value)
		_Exit(1);
	_Exit(report_no_abort == !options.o_abort ? 0 : 2);
}

START_TEST(good_values)
{
	const char *text;

	for (size_t i = 0; i < nitems(good); i++) {
		ck_assert_msg(unit_child(parse_good, &i, &text) == 0, "'%s'",
		    good[i].text);
		ck_assert_str_eq(text, "");
	}
}
END_TEST

static const struct {
	const char	*text;
	const char	*message;
} bad[] = {
#define BAD(value, key) \
	"libkma: KMA_OPTIONS: bad value '" value "' for '" key "'\n"
#define UNKNOWN(key)	"libkma: KMA_OPTIONS: unknown option '" key "'\n"
	{ "decay", BAD("", "decay") },
	{ "decay=", BAD("", "decay") },
	{ "decay=x", BAD("x", "decay") },
	{ "decay=-1", BAD("-1", "decay") },
	{ "decay= 1", BAD(" 1", "decay") },
	{ "decay=1x", BAD("1x", "decay") },
	{ "decay=1KK", BAD("1KK", "decay") },
	{ "decay=1 ", BAD("1 ", "decay") },
	{ "decay=0 ", BAD("0 ", "decay") },
	{ "decay=1073741825", BAD("1073741825", "decay") },
	{ "decay=99999999999999999999", BAD("99999999999999999999", "decay") },
	{ "decay=1=2", BAD("1=2", "decay") },
	{ "spacing=0", BAD("0", "spacing") },
	{ "spacing=learnt", BAD("learnt", "spacing") },
	{ "spacing=3", BAD("3", "spacing") },
	{ "spacing=8", BAD("8", "spacing") },
	{ "spacing", BAD("", "spacing") },
	{ "reserve=63M", BAD("63M", "reserve") },
	{ "reserve=64", BAD("64", "reserve") },
	{ "reserve=64 ", BAD("64 ", "reserve") },
	{ "reserve=99999999T", BAD("99999999T", "reserve") },
	{ "reserve=64P", BAD("64P", "reserve") },
	{ "reserve", BAD("", "reserve") },
	{ "deepbind=maybe", BAD("maybe", "deepbind") },
	{ "deepbind=", BAD("", "deepbind") },
	{ "deepbind", BAD("", "deepbind") },
	{ "abort=maybe", BAD("maybe", "abort") },
	{ "abort=", BAD("", "abort") },
	{ "abort=Yes", BAD("Yes", "abort") },
	{ "abort", BAD("", "abort") },
	{ "stats=", BAD("", "stats") },
	{ "accounting", BAD("", "accounting") },
	{ "accounting=", BAD("", "accounting") },
	{ "limit", BAD("", "limit") },
	{ "limit=", BAD("", "limit") },
	{ "limit=x", BAD("x", "limit") },
	{ "limit=1x", BAD("1x", "limit") },
	{ "limit=-1", BAD("-1", "limit") },
	{ "limit=99999999T", BAD("99999999T", "limit") },
	{ "limit=:1", BAD(":1", "limit") },
	{ "limit=a:", BAD("a:", "limit") },
	{ "limit=a:x", BAD("a:x", "limit") },
	{ "limit=1:a:", BAD("1:a:", "limit") },
	{ "help=1", BAD("1", "help") },
	{ "nonsense", UNKNOWN("nonsense") },
	{ "nonsense=1", UNKNOWN("nonsense") },
	{ "Decay=1", UNKNOWN("Decay") },
	{ " decay=1", UNKNOWN(" decay") },
	{ "=1", UNKNOWN("") },
	{ "a,b", UNKNOWN("a") UNKNOWN("b") },
	{ "decay=x,foo", BAD("x", "decay") UNKNOWN("foo") },
};

/* A bad value changes nothing, and the rest still counts. */
static void
parse_bad(void *arg)
{
	struct options before = options;
	char text[200];

	options_parse(bad[*(size_t *)arg].text);
	if (memcmp(&before, &options, sizeof(before)) != 0)
		_Exit(1);
	snprintf(text, sizeof(text), "%s,decay=77", bad[*(size_t *)arg].text);
	before.o_decay = 77;
	options_parse(text);
	_Exit(memcmp(&before, &options, sizeof(before)) == 0 ? 0 : 2);
}

START_TEST(bad_values)
{
	const char *text;
	char twice[400];

	for (size_t i = 0; i < nitems(bad); i++) {
		int status = unit_child(parse_bad, &i, &text);

		snprintf(twice, sizeof(twice), "%s%s", bad[i].message,
		    bad[i].message);
		ck_assert_msg(status == 0, "'%s': status %d", bad[i].text,
		    status);
		ck_assert_str_eq(text, twice);
	}
}
END_TEST

START_TEST(stats_file)
{
	char text[400] = "stats=";

	options_parse("stats=/tmp/x.%p,decay=3");
	ck_assert(options.o_stats);
	ck_assert_str_eq(options.o_stats_file, "/tmp/x.%p");
	ck_assert_uint_eq(options.o_decay, 3);
	/* The longest, and one more. */
	options.o_stats = false;
	memset(text + 6, 'a', OPTION_PATH_MAX - 1);
	options_parse(text);
	ck_assert(options.o_stats);
	ck_assert_uint_eq(strlen(options.o_stats_file), OPTION_PATH_MAX - 1);
	options.o_stats = false;
	memset(text + 6, 'b', OPTION_PATH_MAX);
	capture_begin();
	options_parse(text);
	ck_assert_ptr_nonnull(strstr(capture_end(), "bad value 'bbbb"));
	ck_assert(!options.o_stats);
}
END_TEST

START_TEST(accounting_file)
{
	char text[400] = "accounting=";

	options_parse("accounting=/some/rules");
	ck_assert_str_eq(options.o_accounting_file, "/some/rules");
	options_parse("accounting=object");
	ck_assert_str_eq(options.o_accounting_file, "");
	memset(text + 11, 'a', OPTION_PATH_MAX - 1);
	options_parse(text);
	ck_assert_uint_eq(strlen(options.o_accounting_file),
	    OPTION_PATH_MAX - 1);
	memset(text + 11, 'b', OPTION_PATH_MAX);
	capture_begin();
	options_parse(text);
	ck_assert_ptr_nonnull(strstr(capture_end(), "bad value 'bbbb"));
	ck_assert_int_eq(options.o_accounting_file[0], 'a');
}
END_TEST

START_TEST(type_limits)
{
	ck_assert_uint_eq(options_typelimit("libfoo.so"), OPTION_NOLIMIT);
	options_parse("limit=libfoo.so:64M,limit=a:b:1K,limit=libfoo.so.2:3,"
	    "limit=two words:5,limit=libbar:7,limit=(generated):9");
	ck_assert_uint_eq(options.o_limit, 0);
	ck_assert_uint_eq(options_typelimit("libfoo.so"), 64 * M);
	ck_assert_uint_eq(options_typelimit("libfoo.so.1.2"), 64 * M);
	ck_assert_uint_eq(options_typelimit("libfoo.so-old"), 64 * M);
	ck_assert_uint_eq(options_typelimit("libfoo.so.2"), 3);
	ck_assert_uint_eq(options_typelimit("libfoo.so.2.1"), 3);
	ck_assert_uint_eq(options_typelimit("libfoo.so.21"), 64 * M);
	ck_assert_uint_eq(options_typelimit("libfoo.sox"), OPTION_NOLIMIT);
	ck_assert_uint_eq(options_typelimit("libfoo.s"), OPTION_NOLIMIT);
	ck_assert_uint_eq(options_typelimit("libfoo"), OPTION_NOLIMIT);
	ck_assert_uint_eq(options_typelimit(""), OPTION_NOLIMIT);
	ck_assert_uint_eq(options_typelimit("a:b"), 1024);
	ck_assert_uint_eq(options_typelimit("a"), OPTION_NOLIMIT);
	ck_assert_uint_eq(options_typelimit("two words"), 5);
	ck_assert_uint_eq(options_typelimit("libbar.so.6"), 7);
	ck_assert_uint_eq(options_typelimit("libbar-2.31.so"), 7);
	ck_assert_uint_eq(options_typelimit("(generated)"), 9);
	/* The last one of a name counts; 0 is none. */
	options_parse("limit=libbar:8,limit=libfoo.so.2:0");
	ck_assert_uint_eq(options_typelimit("libbar.so"), 8);
	ck_assert_uint_eq(options_typelimit("libfoo.so.2"), OPTION_NOLIMIT);
}
END_TEST

/* A type keeps 31 characters, so the option's name has no more either. */
START_TEST(long_type_limits)
{
	options_parse("limit=0123456789012345678901234567890123456789:6");
	ck_assert_uint_eq(options_typelimit("0123456789012345678901234567890"),
	    6);
	ck_assert_uint_eq(options_typelimit("012345678901234567890123456789"),
	    OPTION_NOLIMIT);
}
END_TEST

START_TEST(many_type_limits)
{
	char text[40];

	capture_begin();
	for (int i = 1; i <= OPTION_LIMITS; i++) {
		snprintf(text, sizeof(text), "limit=t%d:%d", i, i);
		options_parse(text);
	}
	ck_assert_str_eq(capture_end(), "");
	capture_begin();
	options_parse("limit=more:5,limit=t3:33");
	ck_assert_str_eq(capture_end(), "libkma: KMA_OPTIONS: more than 16 "
	    "limits: none for 'more'\n");
	ck_assert_uint_eq(options_typelimit("more"), OPTION_NOLIMIT);
	ck_assert_uint_eq(options_typelimit("t3"), 33);
	ck_assert_uint_eq(options_typelimit("t16"), 16);
}
END_TEST

/* A word of any length is cut, not written beyond. */
START_TEST(long_words)
{
	char *text = malloc(100001);

	memset(text, 'x', 100000);
	text[100000] = '\0';
	memcpy(text + 99990, ",decay=9", 9);
	capture_begin();
	options_parse(text);
	ck_assert_ptr_nonnull(strstr(capture_end(), "unknown option 'xxx"));
	ck_assert_uint_eq(options.o_decay, 9);
	free(text);
}
END_TEST

START_TEST(help)
{
	static const char *const keys[] = { "stats", "decay", "spacing",
	    "reserve", "deepbind", "abort", "help", "accounting", "limit" };
	const char *text;

	capture_begin();
	options_parse("help");
	text = capture_end();
	for (size_t i = 0; i < nitems(keys); i++) {
		char line[40];

		snprintf(line, sizeof(line), "\nlibkma:   %s", keys[i]);
		ck_assert_ptr_nonnull(strstr(text, line));
	}
}
END_TEST

START_TEST(environment)
{
	unsetenv("KMA_OPTIONS");
	options_read();
	ck_assert_uint_eq(options.o_decay, 500);
	setenv("KMA_OPTIONS", "decay=12", 1);
	options_read();
	ck_assert_uint_eq(options.o_decay, 12);
}
END_TEST

UNIT_MAIN("options", 1, good_values, bad_values, stats_file, accounting_file,
    type_limits, long_type_limits, many_type_limits, long_words, help,
    environment);
