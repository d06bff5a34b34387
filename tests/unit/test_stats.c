/*
 * test_stats.c - the figures, to the byte, against a shadow count.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blocks.h"
#include "kmem.h"
#include "options.h"
#include "stats.h"
#include "unit.h"

#define NBLOCK	4000

static char text[65536];
static size_t textlen;

static void
to_text(void *arg, const char *s, size_t len)
{
	ck_assert_ptr_null(arg);
	ck_assert_uint_lt(textlen + len, sizeof(text));
	memcpy(text + textlen, s, len);
	text[textlen += len] = '\0';
}

static void
setup(int i)
{
	unit_options("spacing=%u", SPACING(i));
	ck_assert(kmem_init());
}

/* What has been asked for. */
static struct shadow {
	uint64_t	calls, runcalls;
	size_t		inuse, runs, runbytes;
	uint64_t	list_calls[NLIST];
	size_t		list_inuse[NLIST];
} shadow;

static void
shadow_alloc(size_t size)
{
	shadow.calls++;
	if (size > MAXCACHED) {
		shadow.runcalls++;
		shadow.runs++;
		shadow.runbytes += round_page(size);
		shadow.inuse += round_page(size);
		return;
	}
	shadow.list_calls[BUCKETINDX(size)]++;
	shadow.list_inuse[BUCKETINDX(size)]++;
	shadow.inuse += bucket[BUCKETINDX(size)].kb_size;
}

static void
shadow_free(size_t size)
{
	if (size > MAXCACHED) {
		shadow.runs--;
		shadow.runbytes -= round_page(size);
		shadow.inuse -= round_page(size);
		return;
	}
	shadow.list_inuse[BUCKETINDX(size)]--;
	shadow.inuse -= bucket[BUCKETINDX(size)].kb_size;
}

static void
compare_lists(struct kma_totals *st)
{
	static struct kma_figures snap;
	size_t cached = 0, pages = st->st_runbytes;

	ck_assert_int_eq(stats_snapshot(&snap), 0);
	ck_assert_uint_eq(snap.sn_nbucket, bucket_limit - KU_LIST);
	ck_assert_uint_eq(snap.sn_totals.st_inuse, st->st_inuse);
	for (unsigned i = KU_LIST; i < bucket_limit; i++) {
		const struct kma_bucket_figures *row;

		row = &snap.sn_bucket[i - KU_LIST];
		ck_assert_uint_eq(row->kb_size, bucket[i].kb_size);
		ck_assert_uint_eq(row->kb_inuse, shadow.list_inuse[i]);
		ck_assert_uint_eq(row->kb_calls, shadow.list_calls[i]);
		ck_assert_uint_eq(row->kb_inuse + row->kb_free,
		    bucket[i].kb_total);
		ck_assert_uint_le(row->kb_cached, row->kb_free);
		cached += row->kb_cached * row->kb_size;
		pages += row->kb_pagebytes;
	}
	/* Long runs are cached too. */
	ck_assert_uint_ge(st->st_cached, cached);
	ck_assert_uint_eq(st->st_pages, pages + st->st_cached - cached);
}

static void
compare(void)
{
	struct kma_totals st;

	stats_totals(&st);
	ck_assert_uint_eq(st.st_calls, shadow.calls);
	ck_assert_uint_eq(st.st_runcalls, shadow.runcalls);
	ck_assert_uint_eq(st.st_inuse, shadow.inuse);
	ck_assert_uint_eq(st.st_runs, shadow.runs);
	ck_assert_uint_eq(st.st_runbytes, shadow.runbytes);
	ck_assert_uint_le(st.st_pages, st.st_maxpages);
	ck_assert_uint_le(st.st_pages + st.st_dirty, st.st_mapped);
	ck_assert_uint_le(st.st_pages, st.st_maxpages);
	ck_assert_uint_gt(st.st_books, 0);
	ck_assert_uint_gt(st.st_resident, 0);
	compare_lists(&st);
}

static size_t
some_size(struct rnd *r)
{
	return (rnd_below(r, (size_t)2 << rnd_below(r, 20)));
}

static void *
play(void *arg)
{
	struct rnd r = { *(uint64_t *)arg };
	static struct { void *p; size_t size; } block[NBLOCK];

	for (unsigned i = 0; i < unit_less(30000, 20); i++) {
		size_t at = rnd_below(&r, NBLOCK);

		if (block[at].p != NULL) {
			block_put(block[at].p);
			shadow_free(block[at].size);
			block[at].p = NULL;
		} else {
			block[at].size = some_size(&r);
			block[at].p = block_get(block[at].size);
			ck_assert_ptr_nonnull(block[at].p);
			shadow_alloc(block[at].size);
		}
		if (i % 512 == 0)
			compare();
		if (rnd_below(&r, 8000) == 0)
			kmem_trim();
	}
	return (NULL);
}

START_TEST(exact)
{
	uint64_t seed = 5;

	setup(_i);
	play(&seed);
	compare();
}
END_TEST

/* Blocks change hands, and a thread that is gone takes no figure along. */
START_TEST(exact_over_threads)
{
	uint64_t seed = 5;

	setup(_i);
	for (int i = 0; i < 4; i++) {
		pthread_t thread;

		seed++;
		pthread_create(&thread, NULL, play, &seed);
		pthread_join(thread, NULL);
		compare();
	}
}
END_TEST

/* The value after a word of the report. */
static uint64_t
value_after(const char *word)
{
	const char *at = strstr(text, word);

	ck_assert_msg(at != NULL, "no '%s'", word);
	return (strtoull(at + strlen(word), NULL, 10));
}

START_TEST(tables)
{
	struct kma_totals st;
	struct report r;
	char line[100];
	void *p[100];

	setup(_i);
	for (int i = 0; i < 100; i++)
		p[i] = block_get(64);
	for (int i = 90; i < 100; i++)
		block_put(p[i]);
	block_get(1000000);
	report_open_sink(&r, to_text, NULL);
	stats_print(&r);
	stats_totals(&st);
	snprintf(line, sizeof(line), "process %d\n", getpid());
	ck_assert_ptr_nonnull(strstr(text, line));
	snprintf(line, sizeof(line), "\n%10d %10d ", 64, 90);
	ck_assert_ptr_nonnull(strstr(text, line));
	ck_assert_uint_eq(value_after("\nrequests "), 101);
	ck_assert_uint_eq(value_after("\nin-use "), 64 * 90 +
	    round_page(1000000));
	ck_assert_uint_eq(value_after("\nin-pages "), st.st_pages);
	ck_assert_uint_eq(value_after("\nbookkeeping "), st.st_books);
	ck_assert_uint_eq(value_after("\nthreads "), 1);
	ck_assert_uint_eq(value_after("\nutilization "),
	    st.st_inuse * 100 / st.st_pages);
	ck_assert_ptr_nonnull(strstr(text, "Size     In Use       Free"));
}
END_TEST

START_TEST(xml)
{
	struct report r;

	setup(_i);
	for (int i = 0; i < 100; i++)
		block_get(64);
	report_open_sink(&r, to_text, NULL);
	stats_xml(&r);
	ck_assert_uint_eq(strncmp(text, "<malloc version=\"", 17), 0);
	ck_assert_str_eq(text + textlen - 18, "</heap>\n</malloc>\n");
	ck_assert_ptr_nonnull(strstr(text, "<size from=\"64\" to=\"64\""));
	ck_assert_ptr_nonnull(strstr(text, " inuse=\"100\" requests=\"100\""));
}
END_TEST

/* At exit, to a file named after the process, or to standard error. */
START_TEST(at_exit_to_file)
{
	char dir[] = "/tmp/kma-stats-XXXXXX", path[64];
	FILE *fp;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	unit_options("stats=%s/t.%%p", dir);
	setup(_i);
	block_get(64);
	stats_start();
	stats_exit();
	snprintf(path, sizeof(path), "%s/t.%d", dir, getpid());
	fp = fopen(path, "r");
	ck_assert_ptr_nonnull(fp);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), fp));
	ck_assert_ptr_nonnull(strstr(text, "memory statistics of process"));
	fclose(fp);
	unlink(path);
	rmdir(dir);
}
END_TEST

START_TEST(at_exit_to_stderr)
{
	unit_options("stats");
	setup(_i);
	block_get(64);
	capture_begin();
	stats_start();
	close(2);		/* as many programs do */
	stats_exit();
	ck_assert_ptr_nonnull(strstr(capture_end(),
	    "libkma: memory statistics of process"));
}
END_TEST

START_TEST(not_asked_for)
{
	setup(_i);
	capture_begin();
	stats_start();
	stats_exit();
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

START_TEST(bad_file)
{
	unit_options("stats=/nonexistent/x");
	setup(_i);
	capture_begin();
	stats_start();
	stats_exit();
	ck_assert_str_eq(capture_end(),
	    "libkma: stats: cannot write /nonexistent/x: error 2\n");
}
END_TEST

UNIT_MAIN("stats", NSPACING, exact, exact_over_threads, tables, xml,
    at_exit_to_file, at_exit_to_stderr, not_asked_for, bad_file);
