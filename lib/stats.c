/*
 * stats.c - the figures: vmstat -m of a process.
 *
 * Layer 8.  Owns the descriptor that the tables go to at exit.  Takes the
 * locks of the layers below through their interfaces, one at a time.
 */
#include "stats.h"

#include <string.h>

#include "bucket.h"
#include "cache.h"
#include "kmem.h"
#include "kmemsizes.h"
#include "learn.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "pagerun.h"

#define STDERR	2

static int stats_fd = -1;

void
stats_bucket(unsigned indx, struct stats_bucket *sb)
{
	struct kmembuckets *kb = &bucket[indx];
	struct cache_stats cs;
	size_t total, totalfree;

	cache_stats(indx, &cs);
	lock_acquire(&kb->kb_lock);
	total = relaxed_load(&kb->kb_total);
	totalfree = kb->kb_totalfree;
	sb->sb_calls = relaxed_load(&kb->kb_calls) + cs.cs_calls;
	lock_release(&kb->kb_lock);
	sb->sb_size = kb->kb_size;
	sb->sb_free = totalfree + cs.cs_cached;
	if (sb->sb_free > total)	/* threads went on meanwhile */
		sb->sb_free = total;
	sb->sb_inuse = total - sb->sb_free;
	sb->sb_cached = cs.cs_cached;
	sb->sb_highwat = bucket_isruns(indx) ? 0 :
	    (size_t)kb->kb_highwat * kb->kb_elmpercl;
	sb->sb_pages = total / kb->kb_elmpercl * kb->kb_clpages;
}

/* The second number of /proc/self/statm, in bytes; 0 if there is none. */
static size_t
resident(void)
{
	char text[128];
	long len = os_read_file("/proc/self/statm", text, sizeof(text) - 1);
	size_t pages = 0;
	const char *at;

	if (len <= 0)
		return (0);
	text[len] = '\0';
	for (at = text; *at != '\0' && *at != ' '; at++)
		continue;
	for (; *at != '\0' && *++at >= '0' && *at <= '9';)
		pages = 10 * pages + (size_t)(*at - '0');
	return (ptob(pages));
}

void
stats_totals(struct stats_totals *st)
{
	struct pagerun_stats ps;
	struct stats_bucket sb;
	size_t runpages, cachedruns, cachedpages;

	memset(st, 0, sizeof(*st));
	if (!kmem_init())
		return;
	pagerun_stats(&ps);
	cache_runstats(&cachedruns, &cachedpages);
	runpages = ps.ps_inuse - cachedpages;
	st->st_runs = ps.ps_runs - cachedruns;
	st->st_cached = ptob(cachedpages);
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++) {
		stats_bucket(indx, &sb);
		st->st_calls += sb.sb_calls;
		st->st_inuse += sb.sb_inuse * sb.sb_size;
		st->st_cached += sb.sb_cached * sb.sb_size;
		runpages -= sb.sb_pages < runpages ? sb.sb_pages : runpages;
		st->st_runs -= sb.sb_pages / bucket[indx].kb_clpages;
	}
	st->st_runcalls = relaxed_load(&bucket[KU_RUN].kb_calls);
	st->st_calls += st->st_runcalls;
	st->st_runbytes = ptob(runpages);
	st->st_inuse += st->st_runbytes;
	st->st_pages = ptob(ps.ps_inuse);
	st->st_maxpages = ptob(ps.ps_maxused);
	st->st_dirty = ptob(ps.ps_dirty);
	st->st_purged = ptob(ps.ps_purged);
	st->st_mapped = ptob(ps.ps_mapped);
	st->st_largest = ptob(ps.ps_largest);
	st->st_freeruns = ps.ps_freeruns;
	st->st_books = meta_bytes() + kmemsizes_bytes();
	st->st_resident = resident();
	st->st_threads = cache_threads();
}

/* The list with the next larger blocks, or runs; 0 behind the last. */
static unsigned
next_list(size_t size, bool runs)
{
	unsigned next = 0;

	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++)
		if (bucket_isruns(indx) == runs &&
		    bucket[indx].kb_size > size && (next == 0 ||
		    bucket[indx].kb_size < bucket[next].kb_size))
			next = indx;
	return (next);
}

static void
print_lists(struct report *r, bool runs)
{
	struct stats_bucket sb;
	unsigned indx = 0;

	while ((indx = next_list(bucket[indx].kb_size, runs)) != 0) {
		stats_bucket(indx, &sb);
		if (sb.sb_calls == 0 && sb.sb_pages == 0)
			continue;
		report_printf(r, "%10zu %10zu %10zu %12lu %10zu\n", sb.sb_size,
		    sb.sb_inuse, sb.sb_free, sb.sb_calls, sb.sb_highwat);
	}
}

static void
print_buckets(struct report *r)
{
	report_printf(r, "Memory statistics by bucket size\n"
	    "%10s %10s %10s %12s %10s\n", "Size", "In Use", "Free",
	    "Requests", "High Water");
	print_lists(r, false);
	report_printf(r, "Page runs, by length\n");
	print_lists(r, true);
}

/* When each list came (bytes in use), what was wasted, what it saves now. */
static void
print_learned(struct report *r)
{
	struct stats_bucket sb;

	if (learn_count() == 0)
		return;
	report_printf(r, "Lists learned\n%10s %10s %12s %12s %12s\n", "Size",
	    "From", "Born At", "Waste Then", "Saves Now");
	for (unsigned n = 0; n < learn_count(); n++) {
		const struct learned *l = learn_get(n);

		stats_bucket(l->l_indx, &sb);
		report_printf(r, "%10zu %10zu %12zu %12zu %12zu\n", l->l_size,
		    l->l_from, l->l_born, l->l_waste,
		    sb.sb_inuse * (l->l_from - l->l_size));
	}
}

static size_t
percent(size_t part, size_t whole)
{
	return (whole < 100 ? 100 : part / (whole / 100));
}

void
stats_print(struct report *r)
{
	struct stats_totals st;

	stats_totals(&st);
	report_printf(r, "libkma: memory statistics of process %d\n",
	    os_getpid());
	print_buckets(r);
	report_printf(r, "%10s %10zu %10zu %12lu\n", "longer", st.st_runs,
	    st.st_freeruns, st.st_runcalls);
	print_learned(r);
	report_printf(r, "Memory totals, in bytes\n"
	    "requests %lu\n"
	    "in-use %zu\n"
	    "cached %zu\n"
	    "in-pages %zu\n"
	    "in-pages-max %zu\n"
	    "free-resident %zu\n"
	    "given-back %zu\n"
	    "largest-free-run %zu\n"
	    "arena %zu\n"
	    "bookkeeping %zu\n"
	    "process-resident %zu\n"
	    "threads %zu\n",
	    st.st_calls, st.st_inuse, st.st_cached, st.st_pages,
	    st.st_maxpages, st.st_dirty, st.st_purged, st.st_largest,
	    st.st_mapped, st.st_books, st.st_resident, st.st_threads);
	report_printf(r, "utilization %zu%% (in-use / in-pages)\n",
	    percent(st.st_inuse, st.st_pages));
	report_flush(r);
}

void
stats_xml(struct report *r)
{
	struct stats_totals st;
	struct stats_bucket sb;

	stats_totals(&st);
	report_printf(r, "<malloc version=\"kma-1\">\n"
	    "<heap nr=\"0\">\n<sizes>\n");
	for (unsigned indx = bucket_typed; indx < bucket_limit; indx++) {
		stats_bucket(indx, &sb);
		if (sb.sb_calls == 0 && sb.sb_pages == 0)
			continue;
		report_printf(r, "<size from=\"%zu\" to=\"%zu\" total=\"%zu\" "
		    "count=\"%zu\" inuse=\"%zu\" requests=\"%lu\"/>\n",
		    sb.sb_size, sb.sb_size, sb.sb_free * sb.sb_size,
		    sb.sb_free, sb.sb_inuse, sb.sb_calls);
	}
	report_printf(r, "</sizes>\n"
	    "<total type=\"fast\" count=\"0\" size=\"%zu\"/>\n"
	    "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
	    "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
	    "<system type=\"current\" size=\"%zu\"/>\n"
	    "<system type=\"max\" size=\"%zu\"/>\n"
	    "<aspace type=\"total\" size=\"%zu\"/>\n"
	    "<aspace type=\"mprotect\" size=\"%zu\"/>\n"
	    "</heap>\n</malloc>\n",
	    st.st_cached, st.st_freeruns, st.st_mapped - st.st_pages,
	    st.st_runs, st.st_runbytes, st.st_pages + st.st_dirty,
	    st.st_maxpages, st.st_mapped, st.st_mapped);
	report_flush(r);
}

/* Writes the file's name with the process number for each %p. */
static void
expand_name(char *name, size_t size)
{
	const char *from = options.o_stats_file;
	int pid = os_getpid();
	size_t len = 0;

	for (; *from != '\0' && len + 12 < size; from++) {
		if (from[0] == '%' && from[1] == 'p') {
			char digits[12];
			int n = 0;

			for (int rest = pid; rest > 0; rest /= 10)
				digits[n++] = (char)('0' + rest % 10);
			while (n > 0)
				name[len++] = digits[--n];
			from++;
		} else
			name[len++] = *from;
	}
	name[len] = '\0';
}

void
stats_start(void)
{
	/* Many programs close standard error before the last moment. */
	if (options.o_stats && options.o_stats_file[0] == '\0')
		stats_fd = os_dup_high(STDERR);
}

void
stats_exit(void)
{
	char name[OPTION_PATH_MAX + 32];
	struct report r;
	int fd = stats_fd;

	if (!options.o_stats)
		return;
	if (options.o_stats_file[0] != '\0') {
		expand_name(name, sizeof(name));
		fd = os_create(name);
		if (fd < 0) {
			report_warn("stats: cannot write %s: error %d", name,
			    -fd);
			return;
		}
	}
	report_open(&r, fd < 0 ? STDERR : fd);
	stats_print(&r);
	if (fd > STDERR)
		os_close(fd);
}
