/*
 * stats.h - the figures: vmstat -m of a process.
 *
 * Layer 8.  Reads what the layers below count; counts nothing itself.  Exact
 * when no other thread is allocating, close otherwise.
 */
#ifndef KMA_STATS_H
#define KMA_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "report.h"

/*
 * One list.  Invariant: sb_inuse + sb_free = the blocks of its clusters, or
 * the page runs that it has out or cached.
 */
struct stats_bucket {
	size_t		sb_size;
	size_t		sb_inuse;	/* blocks that the program holds */
	size_t		sb_free;	/* in clusters and in caches */
	size_t		sb_cached;	/* those in caches */
	uint64_t	sb_calls;	/* requests, ever */
	size_t		sb_highwat;	/* free blocks it keeps in clusters */
	size_t		sb_pages;	/* its clusters, or runs */
};

/* All of it, in bytes, where it is no count. */
struct stats_totals {
	uint64_t	st_calls;	/* requests, ever */
	size_t		st_inuse;	/* in blocks and runs that are in use */
	size_t		st_cached;	/* in free blocks of caches */
	size_t		st_pages;	/* in pages of clusters and runs */
	size_t		st_maxpages;	/* the most of that, ever */
	size_t		st_dirty;	/* in free pages that hold memory */
	size_t		st_purged;	/* given back, ever */
	size_t		st_mapped;	/* of the arena */
	size_t		st_largest;	/* the largest free run */
	size_t		st_books;	/* in tables and other bookkeeping */
	size_t		st_resident;	/* of the process; 0 if unknown */
	size_t		st_runs;	/* page runs beyond MAXCACHED, in use */
	size_t		st_runbytes;	/* in those */
	size_t		st_freeruns;
	uint64_t	st_runcalls;	/* requests for those */
	size_t		st_threads;	/* caches */
};

void	stats_bucket(unsigned indx, struct stats_bucket *sb);
void	stats_totals(struct stats_totals *st);

/* The tables, for people; and for programs, as malloc_info(3) has them. */
void	stats_print(struct report *r);
void	stats_xml(struct report *r);

/*
 * For the option stats: stats_start() makes sure, while it can be, that there
 * is somewhere to print to at exit; stats_exit() prints.
 */
void	stats_start(void);
void	stats_exit(void);

#endif /* KMA_STATS_H */
