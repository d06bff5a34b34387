/*
 * zero.c - zeroes pages that may be dirty.
 *
 * The kernel would tell which ones nobody touched (mincore), but there are
 * filters that kill who asks it.  So pages are looked at, and those that seem
 * to be untouched are given back: they read as zero in any case.
 *
 * A page may also hold nothing but zeros that somebody wrote, an empty picture,
 * say.  To give that back costs many times what zeroing it would: a fault for
 * each page.  It shows in the time that the system takes, since a page that
 * holds no memory costs it nearly none.  After each wrong guess in a row, twice
 * as many calls do without one.
 */
#include "zero.h"

#include <stdbool.h>
#include <string.h>

#include "cdefs.h"
#include "fill.h"
#include "os.h"
#include "param.h"

#define LOOK		64	/* pages: fewer are zeroed without a look */
#define STEP		32	/* one of so many is looked at */
#define TOUCHED_NS	25	/* for a page, at least, that holds memory */
#define CALL_NS		2000	/* for a system call, at most */
#define UNTRUSTED_MAX	256	/* calls */

/* Any thread changes them, and may miss what another does just then. */
static unsigned untrusted;	/* calls that did without, the last time */
static unsigned left;		/* of them */

/* Is there to be no guess? */
static bool
is_untrusted(void)
{
	unsigned n = relaxed_load(&left);

	if (n > 0)
		relaxed_store(&left, n - 1);
	return (n > 0);
}

static void
guessed(bool right)
{
	unsigned n = relaxed_load(&untrusted) * 2;

	if (right)
		n = 0;
	else if (n == 0)
		n = 1;
	else if (n > UNTRUSTED_MAX)
		n = UNTRUSTED_MAX;
	relaxed_store(&untrusted, n);
	relaxed_store(&left, n);
}

/* Gives pages back that seem to be untouched; false if there was an error. */
static bool
give_back(uintptr_t addr, size_t npages)
{
	uint64_t start = os_monotonic();

	if (os_purge(addr, ptob(npages)) != 0)
		return (false);
	guessed(os_monotonic() - start <= npages * TOUCHED_NS + CALL_NS);
	return (true);
}

/*
 * Does a page hold nothing but zeros?  One that nobody wrote to does; to read
 * it costs a fault, but no memory.
 */
static bool
is_blank(uintptr_t addr)
{
	const uint64_t *word = (const uint64_t *)addr;

	return (*word == 0 && fill_holds(word, PAGESIZE, 0));
}

/*
 * Gives all back if nobody seems to have written to them: programs fill memory
 * from its start, or from its end.  The two pages that were looked at stay.
 * They are the kernel's page of zeros, so that the next look costs no fault.
 */
static bool
give_untouched(uintptr_t addr, size_t npages)
{
	return (is_blank(addr) && is_blank(addr + ptob(npages - 1)) &&
	    give_back(addr + PAGESIZE, npages - 2));
}

/* How many pages from page i on are like it, as far as a look tells. */
static size_t
like_it(uintptr_t addr, size_t i, size_t npages, bool blank)
{
	size_t n = STEP;

	while (i + n < npages && is_blank(addr + ptob(i + n)) == blank)
		n += STEP;
	return (n < npages - i ? n : npages - i);
}

void
zero_pages(uintptr_t addr, size_t npages)
{
	if (npages < LOOK || is_untrusted()) {
		memset((void *)addr, 0, ptob(npages));
		return;
	}
	if (give_untouched(addr, npages))
		return;
	for (size_t i = 0, n; i < npages; i += n) {
		uintptr_t at = addr + ptob(i);
		bool blank = is_blank(at);

		n = like_it(addr, i, npages, blank);
		if (!blank || !give_back(at, n))
			memset((void *)at, 0, ptob(n));
	}
}
