/*
 * mckusick_karels.c - the allocator of the 4.3BSD kernel.
 *
 * Source: McKusick and Karels, "Design of a General Purpose Memory Allocator
 * for the 4.3BSD UNIX Kernel" (1988); names from 4.4BSD.  libkma is the same
 * idea for threads; lib/INTERNALS.md has its departures.
 *
 * Small requests, up to two pages, are rounded up to a power of two and taken
 * from the bucket of that size.  An empty bucket takes a cluster, a page (two
 * for the largest bucket), and cuts it up.  Larger requests are rounded up to
 * whole pages, which come from the arena's page map by first fit (rmap.c) and
 * go back there.  A request of more than one page and up to two takes two
 * pages either way: there the strategies meet.
 *
 * No block has a header: what is in a page is written down once for the page,
 * in kmemsizes[], so that a request of a power of two wastes nothing.  Its
 * four bytes a page are the paper's 4 KB for each megabyte, with pages of
 * 1 KB.
 *
 * In 1988 a page stayed with its bucket for ever (mk-keep).  The paper's
 * future work gives pages back, and so does mk: when the blocks of clusters
 * that are all free are more than kb_highwat and a quarter of the bucket's
 * list, or when pages run out, the list is gone through once, as the paper's
 * idle loop would have done.
 *
 * Costs: a shift and a pop, a push; a search of the page map for each cluster
 * and each large block; going through a list costs each block freed at most
 * four steps more.
 *
 * Here: links through free blocks stand at the side.
 *
 * Invariants:
 * (1) A page of a bucket has its number, and the cluster's first page how
 *     many of its blocks are free; a large block's first page has its pages.
 * (2) A bucket's list has each free block of its clusters once.
 * (3) kb_empty is the clusters of the bucket that are all free.
 * (4) Pages of buckets and of large blocks are what the page map gave.
 */
#include <stdlib.h>

#include "common.h"

#define MINBUCKET	4	/* blocks of 16 bytes */
#define NBUCKET		64
#define HIGHWAT		1	/* clusters */
#define SWEEP		4	/* of how many blocks one must be of use */

/* What is in a page, in four bytes. */
struct kmemusage {
	uint32_t	ku_indx : 6;	/* bucket; 0: not one's, or LARGE */
	uint32_t	ku_count : 26;	/* blocks free in the cluster; pages of
					 * the large block */
};
#define LARGE	1

struct kmembuckets {
	struct stack	kb_next;
	uint64_t	kb_total;	/* blocks */
	uint64_t	kb_empty;
	uint32_t	kb_elmpercl;
	uint32_t	kb_clpages;
};

struct mk {
	struct classic_report m_report;
	bool		m_return;	/* pages leave buckets again */
	size_t		m_highwat;
	unsigned	m_pageshift;
	unsigned	m_maxbucket;	/* blocks of two pages */
	uint32_t	m_pages;
	struct kmemusage *m_kmemsizes;
	void		*m_map;		/* of pages, in bytes */
	struct kmembuckets m_bucket[NBUCKET];
};

static void mk_destroy(void *);

static uint64_t
tables(const struct mk *m)
{
	return (m->m_pages * sizeof(struct kmemusage) +
	    (m->m_maxbucket - MINBUCKET + 1) * 4 * sizeof(uint64_t));
}

/* The figures that the page map keeps are ours as well. */
static uint64_t
map_steps(const struct mk *m)
{
	return (classic_rmap_first.co_report(m->m_map)->cr_steps);
}

static void
follow_map(struct mk *m, uint64_t steps_before)
{
	const struct classic_report *map =
	    classic_rmap_first.co_report(m->m_map);

	m->m_report.cr_steps += map->cr_steps - steps_before;
	m->m_report.cr_splits = map->cr_splits;
	m->m_report.cr_merges = map->cr_merges;
	m->m_report.cr_required = map->cr_required;
	m->m_report.cr_required_peak = map->cr_required_peak;
	m->m_report.cr_extent = map->cr_extent;
	m->m_report.cr_outband = 0;
	report_outband(&m->m_report, tables(m) + map->cr_outband);
}

static void
size_buckets(struct mk *m)
{
	uint64_t page = (uint64_t)1 << m->m_pageshift;

	m->m_maxbucket = m->m_pageshift + 1;
	for (unsigned indx = MINBUCKET; indx <= m->m_maxbucket; indx++) {
		uint64_t size = (uint64_t)1 << indx;

		m->m_bucket[indx].kb_clpages = size > page ? 2 : 1;
		m->m_bucket[indx].kb_elmpercl =
		    (uint32_t)(size > page ? 1 : page / size);
	}
}

static void *
create(const struct classic_memory *memory,
    const struct classic_options *options, bool gives_back)
{
	struct mk *m = calloc(1, sizeof(*m));
	struct classic_options whole_pages = {
		.cx_unit = memory->cm_pagesize
	};

	if (m == NULL)
		return (NULL);
	m->m_return = gives_back;
	m->m_highwat = options != NULL && options->cx_highwat != 0 ?
	    options->cx_highwat : HIGHWAT;
	m->m_pageshift = log2_down(memory->cm_pagesize);
	m->m_pages = (uint32_t)memory->cm_pages;
	m->m_kmemsizes = calloc(memory->cm_pages, sizeof(*m->m_kmemsizes));
	m->m_map = classic_rmap_first.co_create(memory, &whole_pages);
	if (m->m_kmemsizes == NULL || m->m_map == NULL) {
		mk_destroy(m);
		return (NULL);
	}
	size_buckets(m);
	follow_map(m, 0);
	return (m);
}

static void *
create_return(const struct classic_memory *memory,
    const struct classic_options *options)
{
	return (create(memory, options, true));
}

static void *
create_keep(const struct classic_memory *memory,
    const struct classic_options *options)
{
	return (create(memory, options, false));
}

/* The first page of the cluster that has this block. */
static struct kmemusage *
cluster_of(const struct mk *m, uint64_t addr)
{
	/* A cluster of two pages is one block, so this is its first page. */
	return (&m->m_kmemsizes[addr >> m->m_pageshift]);
}

/*
 * Goes through a bucket's list and gives the pages of empty clusters back.
 */
static void
sweep(struct mk *m, unsigned indx)
{
	struct kmembuckets *kbp = &m->m_bucket[indx];
	uint64_t cluster = (uint64_t)kbp->kb_clpages << m->m_pageshift;
	uint64_t steps = map_steps(m), base;
	size_t kept = 0;

	m->m_report.cr_steps += kbp->kb_next.s_count;
	for (size_t i = 0; i < kbp->kb_next.s_count; i++) {
		uint64_t addr = kbp->kb_next.s_addr[i];
		struct kmemusage *kup = cluster_of(m, addr);

		if (kup->ku_indx != 0 && kup->ku_count < kbp->kb_elmpercl) {
			kbp->kb_next.s_addr[kept++] = addr;
			continue;
		}
		/* Gone, with its last block: all of them are in the list. */
		kup->ku_indx = 0;
		if (--kup->ku_count != 0)
			continue;
		base = addr & ~((1ULL << m->m_pageshift) - 1);
		for (uint32_t page = 0; page < kbp->kb_clpages; page++)
			kup[page] = (struct kmemusage){ 0, 0 };
		classic_rmap_first.co_free(m->m_map, base, cluster);
		m->m_report.cr_reaped += kbp->kb_clpages;
		kbp->kb_total -= kbp->kb_elmpercl;
	}
	kbp->kb_next.s_count = kept;
	kbp->kb_empty = 0;
	follow_map(m, steps);
}

/* Gives back what there is; false when that is nothing. */
static bool
sweep_all(struct mk *m)
{
	bool any = false;

	for (unsigned indx = MINBUCKET; indx <= m->m_maxbucket; indx++) {
		if (m->m_return && m->m_bucket[indx].kb_empty != 0) {
			sweep(m, indx);
			any = true;
		}
	}
	return (any);
}

/* Pages from the page map, or CLASSIC_FAIL. */
static uint64_t
take_pages(struct mk *m, uint64_t bytes, size_t align)
{
	struct classic_request request = { .cr_size = bytes,
		.cr_align = align };
	uint64_t steps, addr;
	size_t granted;

	do {
		steps = map_steps(m);
		addr = classic_rmap_first.co_alloc(m->m_map, &request,
		    &granted);
		follow_map(m, steps);
	} while (addr == CLASSIC_FAIL && sweep_all(m));
	return (addr);
}

/* A cluster for an empty bucket; false when there are no pages. */
static bool
fill_bucket(struct mk *m, unsigned indx)
{
	struct kmembuckets *kbp = &m->m_bucket[indx];
	uint64_t bytes = (uint64_t)kbp->kb_clpages << m->m_pageshift;
	uint64_t addr = take_pages(m, bytes, 0);
	struct kmemusage *kup;

	if (addr == CLASSIC_FAIL)
		return (false);
	kup = cluster_of(m, addr);
	for (uint32_t page = 0; page < kbp->kb_clpages; page++)
		kup[page].ku_indx = indx & 63;
	kup->ku_count = kbp->kb_elmpercl & 0x3ffffff;
	kbp->kb_total += kbp->kb_elmpercl;
	kbp->kb_empty++;
	for (uint64_t end = (uint64_t)kbp->kb_elmpercl << indx; end != 0;
	    end -= (uint64_t)1 << indx)
		stack_push(&kbp->kb_next, addr + end - ((uint64_t)1 << indx));
	return (true);
}

static uint64_t
alloc_large(struct mk *m, size_t size, size_t align, size_t *granted)
{
	uint64_t page = (uint64_t)1 << m->m_pageshift, addr;

	if (size > (uint64_t)m->m_pages << m->m_pageshift)
		return (CLASSIC_FAIL);
	*granted = round_up(size, page);
	addr = take_pages(m, *granted, align);
	if (addr != CLASSIC_FAIL)
		*cluster_of(m, addr) = (struct kmemusage){ LARGE,
			(*granted >> m->m_pageshift) & 0x3ffffff };
	return (addr);
}

static uint64_t
alloc_small(struct mk *m, unsigned indx, size_t *granted)
{
	struct kmembuckets *kbp = &m->m_bucket[indx];
	struct kmemusage *kup;
	uint64_t addr;

	m->m_report.cr_steps++;
	if (kbp->kb_next.s_count == 0 && !fill_bucket(m, indx))
		return (CLASSIC_FAIL);
	addr = stack_pop(&kbp->kb_next);
	kup = cluster_of(m, addr);
	if (kup->ku_count-- == kbp->kb_elmpercl)
		kbp->kb_empty--;
	*granted = (size_t)1 << indx;
	return (addr);
}

static uint64_t
mk_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	struct mk *m = arg;
	size_t size = size_of(request), align = align_of(request);
	unsigned indx = log2_up(size > align ? size : align);
	uint64_t addr;

	/* A bucket aligns its blocks to their size, but only up to a page. */
	if (align > (size_t)1 << m->m_pageshift)
		addr = alloc_large(m, size, align, granted);
	else if (indx > m->m_maxbucket)
		addr = alloc_large(m, size, 0, granted);
	else
		addr = alloc_small(m, indx < MINBUCKET ? MINBUCKET : indx,
		    granted);
	if (addr == CLASSIC_FAIL)
		return (report_failure(&m->m_report));
	report_alloc(&m->m_report, request->cr_size, *granted);
	return (addr);
}

static void
free_small(struct mk *m, struct kmemusage *kup, uint64_t addr)
{
	unsigned indx = kup->ku_indx;
	struct kmembuckets *kbp = &m->m_bucket[indx];
	uint64_t blocks;

	m->m_report.cr_steps++;
	stack_push(&kbp->kb_next, addr);
	if (++kup->ku_count != kbp->kb_elmpercl)
		return;
	kbp->kb_empty++;
	blocks = kbp->kb_empty * kbp->kb_elmpercl;
	if (m->m_return && kbp->kb_empty > m->m_highwat &&
	    SWEEP * blocks >= kbp->kb_next.s_count)
		sweep(m, indx);
}

static void
mk_free(void *arg, uint64_t addr, size_t size)
{
	struct mk *m = arg;
	struct kmemusage *kup = cluster_of(m, addr);
	uint64_t bytes, steps;

	if (kup->ku_indx != LARGE) {
		report_free(&m->m_report, size, (size_t)1 << kup->ku_indx);
		free_small(m, kup, addr);
		return;
	}
	bytes = (uint64_t)kup->ku_count << m->m_pageshift;
	*kup = (struct kmemusage){ 0, 0 };
	report_free(&m->m_report, size, bytes);
	steps = map_steps(m);
	classic_rmap_first.co_free(m->m_map, addr, bytes);
	follow_map(m, steps);
}

static const struct classic_report *
mk_report(const void *arg)
{
	return (&((const struct mk *)arg)->m_report);
}

/* (1) to (3) of a bucket; counts[] has the free blocks of each page. */
static bool
check_bucket(const struct mk *m, unsigned indx, uint32_t *counts,
    uint8_t *seen)
{
	const struct kmembuckets *kbp = &m->m_bucket[indx];

	for (size_t i = 0; i < kbp->kb_next.s_count; i++) {
		uint64_t addr = kbp->kb_next.s_addr[i];

		if (cluster_of(m, addr)->ku_indx != indx ||
		    seen[addr >> MINBUCKET] != 0)
			return (false);
		seen[addr >> MINBUCKET] = 1;
		counts[addr >> m->m_pageshift]++;
	}
	return (true);
}

/* Adds up the bytes of all pages that are in use; checks the free counts. */
static bool
check_pages(const struct mk *m, const uint32_t *counts, uint64_t *bytes,
    uint64_t *empty)
{
	uint32_t page = 0, pages;

	while (page < m->m_pages) {
		struct kmemusage ku = m->m_kmemsizes[page];

		pages = 1;
		if (ku.ku_indx == LARGE) {
			pages = ku.ku_count;
		} else if (ku.ku_indx != 0) {
			pages = m->m_bucket[ku.ku_indx].kb_clpages;
			if (ku.ku_count != counts[page])
				return (false);
			if (ku.ku_count == m->m_bucket[ku.ku_indx].kb_elmpercl)
				empty[ku.ku_indx]++;
		} else if (ku.ku_count != 0)
			return (false);
		if (ku.ku_indx != 0)
			*bytes += (uint64_t)pages << m->m_pageshift;
		page += pages;
	}
	return (true);
}

static bool
mk_check(const void *arg)
{
	const struct mk *m = arg;
	uint32_t *counts = calloc(m->m_pages, sizeof(*counts));
	uint8_t *seen = calloc(m->m_pages, (size_t)1 <<
	    (m->m_pageshift - MINBUCKET));
	uint64_t bytes = 0, empty[NBUCKET] = { 0 }, free_bytes = 0;
	bool right = counts != NULL && seen != NULL &&
	    classic_rmap_first.co_check(m->m_map);

	for (unsigned indx = MINBUCKET; right && indx <= m->m_maxbucket;
	    indx++) {
		right = check_bucket(m, indx, counts, seen);
		free_bytes += (uint64_t)m->m_bucket[indx].kb_next.s_count <<
		    indx;
	}
	right = right && check_pages(m, counts, &bytes, empty);
	for (unsigned indx = MINBUCKET; indx <= m->m_maxbucket; indx++)
		right = right && empty[indx] == m->m_bucket[indx].kb_empty;
	free(counts);
	free(seen);
	return (right && bytes == m->m_report.cr_required &&
	    m->m_report.cr_granted + free_bytes == bytes);
}

static size_t
mk_largest(void *arg)
{
	struct mk *m = arg;
	size_t most;

	sweep_all(m);
	most = classic_rmap_first.co_largest(m->m_map);
	for (unsigned indx = MINBUCKET; indx <= m->m_maxbucket; indx++) {
		if (m->m_bucket[indx].kb_next.s_count != 0 &&
		    most < (size_t)1 << indx)
			most = (size_t)1 << indx;
	}
	return (most);
}

static void
mk_map(const void *arg, classic_paint *paint, void *paint_arg)
{
	const struct mk *m = arg;

	classic_rmap_first.co_map(m->m_map, paint, paint_arg);
	for (unsigned indx = MINBUCKET; indx <= m->m_maxbucket; indx++) {
		const struct stack *next = &m->m_bucket[indx].kb_next;

		for (size_t i = 0; i < next->s_count; i++)
			paint(paint_arg, next->s_addr[i], (uint64_t)1 << indx,
			    CLASSIC_KEPT);
	}
}

static void
mk_destroy(void *arg)
{
	struct mk *m = arg;

	for (unsigned indx = 0; indx < NBUCKET; indx++)
		stack_free(&m->m_bucket[indx].kb_next);
	if (m->m_map != NULL)
		classic_rmap_first.co_destroy(m->m_map);
	free(m->m_kmemsizes);
	free(m);
}

const struct classic_ops classic_mk = {
	.co_name = "mk",
	.co_title = "McKusick-Karels, empty clusters given back",
	.co_create = create_return,
	.co_alloc = mk_alloc,
	.co_free = mk_free,
	.co_report = mk_report,
	.co_check = mk_check,
	.co_largest = mk_largest,
	.co_map = mk_map,
	.co_destroy = mk_destroy
};

const struct classic_ops classic_mk_keep = {
	.co_name = "mk-keep",
	.co_title = "McKusick-Karels (4.3BSD)",
	.co_create = create_keep,
	.co_alloc = mk_alloc,
	.co_free = mk_free,
	.co_report = mk_report,
	.co_check = mk_check,
	.co_largest = mk_largest,
	.co_map = mk_map,
	.co_destroy = mk_destroy
};
