/*
 * retain.h - how many free pages may hold memory.
 *
 * Layer 3.  The policy of pagerun.c, by itself: it is told which pages are
 * taken and which are given back.  Owns what it remembers of that, which the
 * page run lock guards.  Calls os.h, for the time.
 *
 * A freed page is dirty: it holds memory, and is the cheapest to allocate
 * again.  Two rules return it to the system:
 *
 *  - At once, what exceeds a limit: a quarter of what is in use, or RETAIN
 *    pages if that is more, so that a program that frees everything and
 *    sleeps is small at once, though nothing runs in it any more.  And with
 *    what is in use they may come to the most that ever was, and little
 *    more: what goes and comes is below it, and the peak stays a peak.
 *    A page that is given back and wanted again has to be faulted in, and
 *    that is slow.  A program may miss MISS_RATE of them in a millisecond,
 *    and once a third more than it has, but a page of a short run counts as
 *    MISS_WEIGHT: it cost a system call of its own, and if it had stayed, any
 *    short run would fit there.  For each MISS_EARNS beyond, one more may stay,
 *    until enough do (of more than a BELOW_PEAKth of the peak, even above it):
 *    no more than a small part of a program's time is lost.
 *  - After a decay period, what was not used for all of it: the least count
 *    of dirty pages seen in that time (the working set of Bonwick and Adams,
 *    USENIX 2001).
 *
 * All counts are of pages: inuse, those in use now; peak, the most that ever
 * were; dirty, those that are free and hold memory.
 */
#ifndef KMA_RETAIN_H
#define KMA_RETAIN_H

#include <stddef.h>
#include <stdint.h>

/* decay_ms: the period; 0: nothing dirty may stay. */
void	retain_init(unsigned decay_ms);

/* How many dirty pages may stay now; and if nobody had missed any. */
size_t	retain_limit(size_t inuse, size_t peak);
size_t	retain_usual(size_t inuse, size_t peak);
/* How many more may stay, for those that were missed. */
size_t	retain_earned(size_t peak);

/*
 * A run of npages was taken, nclean of them clean, and the peak rose by grown;
 * now held pages are in use or dirty.
 */
void	retain_taken(size_t npages, size_t nclean, size_t grown, size_t held,
	    size_t peak);
/* Pages were given back, which somebody may miss. */
void	retain_gave(size_t npages);
/* Dirty pages that cannot be given back: they do not count for a time. */
void	retain_refused(size_t dirty, size_t peak);

/* So many are dirty just now: to be told whenever they get fewer. */
void	retain_dirty(size_t dirty);
/*
 * At the end of a period, how many of the dirty pages were not used in it;
 * else 0.  *away: for retain_forgo(), when they have been given back.
 */
size_t	retain_unused(uint64_t now, size_t dirty, size_t *away);
/* What went unused for a period is not missed if a phase begins just then. */
void	retain_forgo(size_t away);

#endif /* KMA_RETAIN_H */
