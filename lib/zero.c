/*
 * zero.c - zeroes pages that may be dirty.
 *
 * The kernel would tell which ones nobody touched (mincore), but there are
 * filters that kill who asks it.  So pages are looked at, one for each step:
 * what is given back, or not, by mistake reads as zero all the same.
 */
#include "zero.h"

#include <stdbool.h>
#include <string.h>

#include "fill.h"
#include "os.h"
#include "param.h"

#define LOOK	64	/* pages: fewer are zeroed without a look */
#define STEP	32	/* one of so many is looked at */

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
 * Gives a run's pages back if nobody seems to have written to them: programs
 * fill memory from its start, or from its end.  The two that were looked at
 * stay.  They are the kernel's page of zeros, so that the next look costs no
 * fault.
 */
static bool
give_untouched(uintptr_t addr, size_t npages)
{
	return (is_blank(addr) && is_blank(addr + ptob(npages - 1)) &&
	    os_purge(addr + PAGESIZE, ptob(npages - 2)) == 0);
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
	if (npages < LOOK) {
		memset((void *)addr, 0, ptob(npages));
		return;
	}
	if (give_untouched(addr, npages))
		return;
	for (size_t i = 0, n; i < npages; i += n) {
		uintptr_t at = addr + ptob(i);
		bool blank = is_blank(at);

		n = like_it(addr, i, npages, blank);
		if (!blank || os_purge(at, ptob(n)) != 0)
			memset((void *)at, 0, ptob(n));
	}
}
