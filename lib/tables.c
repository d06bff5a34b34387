/*
 * tables.c - a snapshot for people, and for programs that read malloc_info.
 *
 * Layer 8.  No state, no lock.  Calls report.h alone, so that it prints in the
 * process and in `kma stat' alike.
 */
#include "tables.h"

#include <stdbool.h>

#include "cdefs.h"

#define LINE_MAX	78	/* columns, where names follow each other */

static bool
is_used(const struct kma_bucket_figures *row)
{
	return (row->kb_calls != 0 || row->kb_pagebytes != 0);
}

static void
print_lists(struct report *r, const struct kma_figures *snap, bool runs)
{
	for (uint32_t i = 0; i < snap->sn_nbucket; i++) {
		const struct kma_bucket_figures *row = &snap->sn_bucket[i];

		if ((row->kb_runs != 0) == runs && is_used(row))
			report_printf(r, "%10lu %10lu %10lu %12lu %10lu\n",
			    row->kb_size, row->kb_inuse, row->kb_free,
			    row->kb_calls, row->kb_highwat);
	}
}

static void
print_buckets(struct report *r, const struct kma_figures *snap)
{
	const struct kma_totals *st = &snap->sn_totals;

	report_printf(r, "Memory statistics by bucket size\n"
	    "%10s %10s %10s %12s %10s\n", "Size", "In Use", "Free",
	    "Requests", "High Water");
	print_lists(r, snap, false);
	report_printf(r, "Page runs, by length\n");
	print_lists(r, snap, true);
	report_printf(r, "%10s %10lu %10lu %12lu\n", "longer", st->st_runs,
	    st->st_freeruns, st->st_runcalls);
}

/* When each list came (bytes in use), what was wasted, what it saves now. */
static void
print_learned(struct report *r, const struct kma_figures *snap)
{
	if (snap->sn_nlearned == 0)
		return;
	report_printf(r, "Lists learned\n%10s %10s %12s %12s %12s\n", "Size",
	    "From", "Born At", "Waste Then", "Saves Now");
	for (uint32_t i = 0; i < snap->sn_nlearned; i++) {
		const struct kma_learned_figures *kl = &snap->sn_learned[i];

		report_printf(r, "%10lu %10lu %12lu %12lu %12lu%s\n",
		    kl->kl_size, kl->kl_from, kl->kl_born, kl->kl_waste,
		    kl->kl_saves, kl->kl_retired ? "  retired" : "");
	}
}

/*
 * Types.
 */

static bool
has_size(const struct kma_type_figures *row, unsigned n)
{
	return (row->ks_sizes >> n & 1);
}

static unsigned
length(const char *s)
{
	unsigned len = 0;

	for (; s[len] != '\0'; len++)
		forget_reg(len);
	return (len);
}

/* A line for a size: the types that have had such blocks. */
static void
print_size_types(struct report *r, const struct kma_figures *snap, unsigned n)
{
	unsigned column = 0;

	for (uint32_t i = 0; i < snap->sn_ntype; i++) {
		const char *name = snap->sn_type[i].ks_name;

		if (!has_size(&snap->sn_type[i], n))
			continue;
		if (column == 0) {
			report_printf(r, "%10lu  %s", (uint64_t)1 << n, name);
			column = 12 + length(name);
		} else if (column + 2 + length(name) > LINE_MAX) {
			report_printf(r, ",\n%10s  %s", "", name);
			column = 12 + length(name);
		} else {
			report_printf(r, ", %s", name);
			column += 2 + length(name);
		}
	}
	if (column > 0)
		report_printf(r, "\n");
}

/* The sizes of a type's blocks: 16,128,4K. */
static void
print_type_sizes(struct report *r, const struct kma_type_figures *row)
{
	const char *comma = "  ";

	for (unsigned n = 0; n < 64; n++) {
		if (!has_size(row, n))
			continue;
		report_printf(r, "%s%lu", comma, (uint64_t)1 << n % 10);
		if (n >= 10)
			report_printf(r, "%c", "KMGTPE"[n / 10 - 1]);
		comma = ",";
	}
	report_printf(r, "\n");
}

static void
print_types(struct report *r, const struct kma_figures *snap)
{
	if (snap->sn_ntype == 0)
		return;
	report_printf(r, "Memory usage type by bucket size\n%10s  %s\n",
	    "Size", "Type(s)");
	for (unsigned n = 0; n < 64; n++)
		print_size_types(r, snap, n);
	report_printf(r, "Memory statistics by type\n"
	    "%-20s %10s %10s %10s %10s %12s %11s  %s\n", "Type", "In Use",
	    "Mem Use", "High Use", "Limit", "Requests", "Limit Waits",
	    "Size(s)");
	for (uint32_t i = 0; i < snap->sn_ntype; i++) {
		const struct kma_type_figures *row = &snap->sn_type[i];

		report_printf(r, "%-20s %10lu %10lu %10lu", row->ks_name,
		    row->ks_inuse, row->ks_memuse, row->ks_maxused);
		if (row->ks_limit != 0)
			report_printf(r, " %10lu", row->ks_limit);
		else
			report_printf(r, " %10s", "-");
		report_printf(r, " %12lu %11lu", row->ks_calls,
		    row->ks_limblocks);
		print_type_sizes(r, row);
	}
}

/*
 * Totals.
 */

uint64_t
tables_percent(uint64_t part, uint64_t whole)
{
	return (whole < 100 ? 100 : part / (whole / 100));
}

/* How well what is held is used, from the request to the page. */
static void
print_utilization(struct report *r, const struct kma_totals *st)
{
	if (st->st_sampled != 0)
		report_printf(r, "requested about %lu%% of %lu bytes in use "
		    "that could be judged\n", tables_percent(st->st_requested,
		    st->st_sampled), st->st_sampled);
	report_printf(r, "utilization %lu%% (in-use / in-pages)\n",
	    tables_percent(st->st_inuse, st->st_pages));
	if (st->st_resident != 0)
		report_printf(r, "heap %lu%% (in-pages / process-resident)\n",
		    tables_percent(st->st_pages, st->st_resident));
}

static void
print_totals(struct report *r, const struct kma_figures *snap)
{
	const struct kma_totals *st = &snap->sn_totals;

	report_printf(r, "Memory totals, in bytes\n"
	    "requests %lu\n"
	    "in-use %lu\n"
	    "cached %lu\n"
	    "in-pages %lu\n"
	    "in-pages-max %lu\n"
	    "free-resident %lu\n"
	    "given-back %lu\n"
	    "largest-free-run %lu\n"
	    "arena %lu\n"
	    "bookkeeping %lu\n"
	    "process-resident %lu\n"
	    "threads %lu\n",
	    st->st_calls, st->st_inuse, st->st_cached, st->st_pages,
	    st->st_maxpages, st->st_dirty, st->st_purged, st->st_largest,
	    st->st_mapped, st->st_books, st->st_resident, st->st_threads);
	if (snap->sn_walked)
		report_printf(r, "pinned %lu in %lu clusters that are less "
		    "than an eighth in use\n", st->st_sparsebytes,
		    st->st_sparse);
	print_utilization(r, st);
}

void
tables_print(struct report *r, const struct kma_figures *snap)
{
	report_printf(r, "libkma: memory statistics of process %u\n",
	    snap->sn_pid);
	print_buckets(r, snap);
	print_learned(r, snap);
	print_types(r, snap);
	print_totals(r, snap);
	report_flush(r);
}

void
tables_xml(struct report *r, const struct kma_figures *snap)
{
	const struct kma_totals *st = &snap->sn_totals;

	report_printf(r, "<malloc version=\"kma-1\">\n"
	    "<heap nr=\"0\">\n<sizes>\n");
	for (uint32_t i = 0; i < snap->sn_nbucket; i++) {
		const struct kma_bucket_figures *row = &snap->sn_bucket[i];

		if (!is_used(row))
			continue;
		report_printf(r, "<size from=\"%lu\" to=\"%lu\" total=\"%lu\" "
		    "count=\"%lu\" inuse=\"%lu\" requests=\"%lu\"/>\n",
		    row->kb_size, row->kb_size, row->kb_free * row->kb_size,
		    row->kb_free, row->kb_inuse, row->kb_calls);
	}
	report_printf(r, "</sizes>\n"
	    "<total type=\"fast\" count=\"0\" size=\"%lu\"/>\n"
	    "<total type=\"rest\" count=\"%lu\" size=\"%lu\"/>\n"
	    "<total type=\"mmap\" count=\"%lu\" size=\"%lu\"/>\n"
	    "<system type=\"current\" size=\"%lu\"/>\n"
	    "<system type=\"max\" size=\"%lu\"/>\n"
	    "<aspace type=\"total\" size=\"%lu\"/>\n"
	    "<aspace type=\"mprotect\" size=\"%lu\"/>\n"
	    "</heap>\n</malloc>\n",
	    st->st_cached, st->st_freeruns, st->st_mapped - st->st_pages,
	    st->st_runs, st->st_runbytes, st->st_pages + st->st_dirty,
	    st->st_maxpages, st->st_mapped, st->st_mapped);
	report_flush(r);
}
