/*
 * retain.c - how many free pages may hold memory: see retain.h.
 */
#include "retain.h"

#include "cdefs.h"
#include "os.h"
#include "param.h"

#define RETAIN		btop((size_t)3 << 20)
#define INUSE_SHARE	4	/* of the pages in use may be dirty too */
#define PEAK_SHARE	32	/* of the peak may come on top */
#define MISS_RATE	7	/* pages a ms: a 70th of the time */
#define MISS_WEIGHT	4	/* of a page of a run up to MISS_SHORT */
#define MISS_SHORT	btop((size_t)64 << 10)
#define MISS_EARNS	2	/* of them: that one more may stay */
#define EARNED_MAX	btop((size_t)128 << 20)
#define EARNED_SHARE	8	/* of the peak, besides */
#define BELOW_PEAK	4	/* and of it, which do not add to it */

static size_t	away;		/* given back at once, not missed yet */
static size_t	missed;		/* more than a program may */
static uint64_t	settled;	/* until when that is so, ms */
static size_t	least;		/* dirty in this period */
static uint64_t	period;		/* when it began, ms */
static uint64_t	decay;		/* how long it is, ms */

void
retain_init(unsigned decay_ms)
{
	decay = decay_ms;
}

/* How many pages may be missed besides, at any time. */
static size_t
may_miss(size_t peak)
{
	return (peak + peak / 3);
}

size_t
retain_earned(size_t peak)
{
	return (likely(missed <= may_miss(peak)) ? 0 :
	    (missed - may_miss(peak)) / MISS_EARNS);
}

/*
 * How many may stay.  What was earned counts below the peak at first: pages
 * that were missed while others like them came and went.  If it is much, the
 * dirty ones do not fit what is asked for, and more of them than the peak
 * allows have to stay.
 */
static size_t
limit_with(size_t more, size_t inuse, size_t peak)
{
	size_t above = more > peak / BELOW_PEAK ? more - peak / BELOW_PEAK : 0;
	size_t room = peak + peak / PEAK_SHARE - inuse + above;
	size_t most = inuse / INUSE_SHARE;

	if (decay == 0)
		return (more);
	if (most < RETAIN)
		most = RETAIN;
	most += more;
	return (most < room ? most : room);
}

size_t
retain_usual(size_t inuse, size_t peak)
{
	return (limit_with(0, inuse, peak));
}

size_t
retain_limit(size_t inuse, size_t peak)
{
	return (limit_with(retain_earned(peak), inuse, peak));
}

/* Time has passed, in which some could be missed. */
static void
settle(uint64_t now)
{
	uint64_t may;

	if (now <= settled)
		return;
	may = (now - settled) * MISS_RATE;
	missed -= may < missed ? may : missed;
	settled = now;
}

/*
 * The clean pages that would be dirty if none had gone, each as it counts: not
 * those for which the peak grows, nor those of a run that is longer than can
 * be earned.  And where as much is held as ever was in use, room is 0, and a
 * short run did not lack memory: first fit passed by dirty pages.
 */
static size_t
missing(size_t npages, size_t nclean, size_t grown, size_t room)
{
	if (npages > EARNED_MAX)
		return (0);
	if (npages > MISS_SHORT)
		return (nclean > grown ? nclean - grown : 0);
	return (MISS_WEIGHT * (nclean < room ? nclean : room));
}

void
retain_taken(size_t npages, size_t nclean, size_t grown, size_t held,
    size_t peak)
{
	size_t room = held < peak ? peak - held : 0, most;

	if (nclean > away)
		nclean = away;
	if (nclean == 0 || decay == 0)
		return;
	away -= nclean;
	settle(os_now());
	most = may_miss(peak) + (peak / BELOW_PEAK + peak / EARNED_SHARE +
	    EARNED_MAX) * MISS_EARNS;
	missed += missing(npages, nclean, grown, room);
	if (missed > most)
		missed = most;
}

void
retain_gave(size_t npages)
{
	away += npages;
}

void
retain_refused(size_t dirty, size_t peak)
{
	missed = may_miss(peak) + MISS_EARNS * (dirty + peak / BELOW_PEAK);
}

void
retain_dirty(size_t dirty)
{
	if (dirty < least)
		least = dirty;
}

size_t
retain_unused(uint64_t now, size_t dirty, size_t *was_away)
{
	size_t unused;

	if (now - period < decay)
		return (0);
	period = now;
	settle(now);
	unused = least < dirty ? least : dirty;
	least = dirty - unused;
	*was_away = away;
	return (unused);
}

void
retain_forgo(size_t was_away)
{
	if (away > was_away)
		away = was_away;
}
