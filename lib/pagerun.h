/*
 * pagerun.h - runs of pages: first fit by lowest address, coalescing.
 *
 * Layer 3.  Hands out runs of whole pages of the arena, joins freed ones
 * with their free neighbours, and gives their memory back to the system
 * under a policy (see pagerun.c).  Every function takes the page run lock
 * itself; none is called with it held.
 */
#ifndef KMA_PAGERUN_H
#define KMA_PAGERUN_H

#include <stdbool.h>
#include <stddef.h>

#include "cdefs.h"
#include "kmemsizes.h"
#include "param.h"

/* The arena, its tables, and the policy: before anything else here. */
int	pagerun_init(size_t reserve, unsigned decay_ms);

/*
 * Allocates npages pages out of the lowest free run that is long enough.  The
 * first one's address is a multiple of align pages (a power of two): with
 * align > 1, long enough means npages + align - 1.  kmemsizes of the first
 * page becomes kind.  *dirty, where asked for, tells how many of the pages
 * hold memory and may not read as zero.  0 or ENOMEM.  To be followed by
 * pagerun_settle().
 */
int	pagerun_alloc(size_t npages, size_t align, unsigned kind, page_t *page,
	    size_t *dirty);

/*
 * Gives back what may not stay dirty, now that clean pages were allocated: to
 * be called with no lock held, before they are touched.
 */
void	pagerun_settle_excess(void);
extern KMA_HIDDEN bool pagerun_excess;
static inline void
pagerun_settle(void)
{
	if (unlikely(relaxed_load(&pagerun_excess)))
		pagerun_settle_excess();
}

/* Frees a run that pagerun_alloc() returned, at its present size. */
void	pagerun_free(page_t page);

/*
 * Changes the size of an allocated run in place, and its first page's
 * kmemsizes to kind.  Growing fails with ENOMEM if the pages behind it are
 * in use; shrinking cannot fail.
 */
int	pagerun_resize(page_t page, size_t npages, unsigned kind);

/*
 * Is it better to move an allocated run's pages to another run, of whose pages
 * dirty hold memory, than to copy their contents?
 */
bool	pagerun_better_moved(page_t page, size_t dirty);
/*
 * Moves the contents of a run to another one that is at least as long,
 * without copying, and frees the old run.  0 or an errno: then nothing has
 * moved, and it is the new run that is freed.
 */
int	pagerun_move(page_t from, page_t to);

/*
 * Makes the first len bytes of a run that may be dirty read as zero.  fresh:
 * pagerun_alloc() has just returned it, with some pages dirty and others not,
 * and kmemsizes tells which are zero already.
 */
void	pagerun_zero(page_t page, size_t len, bool fresh);

/* Is the page, which kmemsizes says is clean or dirty, in a free run? */
bool	pagerun_isfree(page_t page);

/* Pages in an allocated run, of which page is the first. */
static inline size_t
pagerun_size(page_t page)
{
	return (kmemusage[page]);
}

/* The policy's clock: gives back what went unused for a decay period. */
void	pagerun_tick(uint64_t now);
/* Gives back what need not be in two processes. */
void	pagerun_prefork(void);
/* Takes over what other threads were giving back; it holds all locks. */
void	pagerun_postfork_child(void);
/* Gives all free pages back to the system; true if there were any. */
bool	pagerun_trim(void);

/* Pages allocated now, or a moment ago: takes no lock. */
size_t	pagerun_inuse(void);
/* The most that ever were, likewise. */
size_t	pagerun_peak(void);

/* What the page runs hold, in pages; calls are counts. */
struct pagerun_stats {
	size_t	ps_mapped;	/* the arena, holes apart */
	size_t	ps_inuse;	/* allocated */
	size_t	ps_free;	/* free: dirty and clean */
	size_t	ps_dirty;	/* free, but holding memory */
	size_t	ps_runs;	/* allocated runs */
	size_t	ps_freeruns;
	size_t	ps_maxused;	/* the most ever in use */
	size_t	ps_calls;	/* runs ever allocated */
	size_t	ps_largest;	/* pages in the largest free run */
	size_t	ps_purged;	/* pages ever given back */
};
void	pagerun_stats(struct pagerun_stats *ps);

/* Walks and checks all invariants. */
void	pagerun_check(void);

#endif /* KMA_PAGERUN_H */
