/*
 * meta.c - memory for the allocator's own books.
 *
 * Layer 2.  Owns the range [meta_base, meta_limit) and its lock, the last in
 * the order.  Calls os.h.
 */
#include "meta.h"

#include "cdefs.h"
#include "lock.h"
#include "os.h"
#include "param.h"
#include "report.h"

#define META_STEP	((size_t)64 * 1024)	/* mapped at a time */

uintptr_t meta_base;
uintptr_t meta_next;		/* handed out below */
static uintptr_t meta_mapped;		/* mapped below */
static uintptr_t meta_limit;
static struct lock meta_lock;

void
meta_init(uintptr_t base, size_t len)
{
	lock_init(&meta_lock, RANK_META);
	meta_base = meta_mapped = base;
	meta_next = base + 16;		/* number 0 is no piece */
	meta_limit = base + (len > (size_t)64 << 30 ? (size_t)64 << 30 : len);
}

/* Maps what is needed to reach end. */
static int
meta_extend(uintptr_t end)
{
	size_t step = META_STEP > PAGESIZE ? META_STEP : PAGESIZE;
	size_t need = round_page(end - meta_mapped);

	if (need < step && os_map(meta_mapped, step) == 0)
		meta_mapped += step;
	else if (os_map(meta_mapped, need) == 0)
		meta_mapped += need;
	else
		return (-1);
	return (0);
}

void *
meta_alloc(size_t size, size_t align)
{
	uintptr_t start, end;
	void *p = NULL;

	lock_acquire(&meta_lock);
	start = (meta_next + align - 1) & ~(align - 1);
	end = start + ((size + 15) & ~(size_t)15);
	if (end <= meta_limit &&
	    (end <= meta_mapped || meta_extend(end) == 0)) {
		relaxed_store(&meta_next, end);
		p = (void *)start;
	}
	lock_release(&meta_lock);
	return (p);
}
