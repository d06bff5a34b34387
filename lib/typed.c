/*
 * typed.c - blocks that are charged to a malloc type.
 *
 * Layer 7.  No state, no lock.  Calls kmem.h, memtype.h, bucket.h.
 *
 * A charge is made before the block is looked for, so that no limit is ever
 * overshot, and for the bytes that it will have.
 */
#include "typed.h"

#include <errno.h>
#include <string.h>

#include "memtype.h"
#include "pagerun.h"
#include "report.h"

/* A tagged run has its tag by its second page, which must not be its last. */
#define RUN_MIN		(3 * PAGESIZE)

/*
 * Tags.
 */

static bool
is_run(const void *p)
{
	return (kmemsizes[addr_to_page(p)] == KU_TYPEDRUN);
}

static inline uint8_t *
tag_of(unsigned indx, const void *p)
{
	return (bucket_tag(indx, p, sizeof(uint8_t)));
}

static unsigned
get_tag(const void *p)
{
	page_t page = addr_to_page(p);

	return (is_run(p) ? kmemusage[page + 1] :
	    *tag_of(kmemsizes[page], p));
}

static void
tag_run(void *p, unsigned type)
{
	page_t page = addr_to_page(p);

	bucket_retype(kmemsizes[page], KU_TYPEDRUN);
	kmemusage[page + 1] = type;
	kmemsizes[page] = KU_TYPEDRUN;
}

/* Makes a tagged run one like any other. */
static void
untag_run(void *p)
{
	page_t page = addr_to_page(p);
	unsigned kind = bucket_runindx(pagerun_size(page));

	kmemsizes[page] = (uint8_t)kind;
	bucket_retype(KU_TYPEDRUN, kind);
}

/*
 * Blocks of both kinds.
 */

static bool
is_small(const struct typed_request *tr)
{
	return (tr->tr_align <= MAXALLOCSAVE && tr->tr_size <= MAXALLOCSAVE);
}

static unsigned
tagged_list(const struct typed_request *tr)
{
	return (bucket_typedindx(tr->tr_size > tr->tr_align ? tr->tr_size :
	    tr->tr_align));
}

static size_t
run_size(const struct typed_request *tr)
{
	return (round_page(tr->tr_size > RUN_MIN ? tr->tr_size : RUN_MIN));
}

/* Bytes that a block will have that is of no tagged list. */
static size_t
block_size(const struct typed_request *tr)
{
	if (!tr->tr_tag)
		return (kmem_rounded(tr->tr_align, tr->tr_size));
	return (run_size(tr));
}

static void *
get_plain(size_t align, size_t size, bool zero)
{
	void *p;

	if (align <= MINALLOCSIZE && zero)
		return (kmem_zalloc(size));
	p = kmem_memalign(align, size);
	return (p != NULL && zero ? memset(p, 0, size) : p);
}

static void *
get_block(const struct typed_request *tr)
{
	bool zero = (tr->tr_flags & M_ZERO) != 0;
	void *p;

	if (!tr->tr_tag)
		return (get_plain(tr->tr_align, tr->tr_size, zero));
	p = get_plain(tr->tr_align, run_size(tr), zero);
	if (p != NULL)
		tag_run(p, tr->tr_type);
	return (p);
}

/* One of a tagged list. */
static void *
get_tagged(const struct typed_request *tr, unsigned indx)
{
	void *p = kmem_alloc_list(indx);

	if (unlikely(p == NULL))
		return (NULL);
	*tag_of(indx, p) = (uint8_t)tr->tr_type;
	return (tr->tr_flags & M_ZERO ? memset(p, 0, tr->tr_size) : p);
}

int
typed_alloc(const struct typed_request *tr, void **p)
{
	unsigned indx = 0;
	size_t bytes;
	int error;

	if (tr->tr_size > PTRDIFF_MAX || !kmem_init())
		return (ENOMEM);
	if (tr->tr_tag && is_small(tr))
		indx = tagged_list(tr);
	bytes = indx != 0 ? bucket[indx].kb_size : block_size(tr);
	error = memtype_charge(tr->tr_type, bytes, tr->tr_flags,
	    tr->tr_deadline, tr->tr_func);
	if (unlikely(error != 0))
		return (error);
	*p = indx != 0 ? get_tagged(tr, indx) : get_block(tr);
	if (unlikely(*p == NULL)) {
		memtype_cancel(tr->tr_type, bytes);
		return (ENOMEM);
	}
	/* A list may have come or gone just then. */
	if (unlikely(!tr->tr_tag && kmem_size(*p) != bytes))
		memtype_correct(tr->tr_type, bytes, kmem_size(*p));
	return (0);
}

/*
 * Freeing.
 */

/* The type of the tagged block, or 0 after a message. */
static unsigned
check_tag(const void *p, unsigned type, const char *func)
{
	unsigned indx, tag = 0;
	const char *reason = kmem_why_not(p, &indx);

	if (reason == NULL && (tag = get_tag(p)) == 0)
		reason = REASON_DUPLICATE;
	if (reason == NULL && type != 0 && type != tag)
		reason = REASON_TYPE;
	if (likely(reason == NULL))
		return (tag);
	report_misuse(func, p, reason);
	return (0);
}

static void
free_run(void *p, unsigned type, const char *func)
{
	unsigned tag = check_tag(p, type, func);
	size_t bytes;

	if (unlikely(tag == 0))
		return;
	bytes = kmem_size(p);
	untag_run(p);
	kmem_free_slow(p, func);
	memtype_discharge(tag, bytes);
}

/* The sizes of tagged lists are powers of two: the mask says what starts. */
static void
free_tagged(void *p, unsigned type, const char *func)
{
	unsigned indx = kmemsizes[addr_to_page(p)], tag;
	uint8_t *at;

	if (indx == KU_TYPEDRUN) {
		free_run(p, type, func);
		return;
	}
	at = tag_of(indx, p);
	tag = *at;
	if (unlikely(any_bit((uintptr_t)p, &bucket[indx].kb_mask) ||
	    tag == 0 || (type != 0 && type != tag))) {
		(void)check_tag(p, type, func);
		return;
	}
	*at = 0;
	kmem_free_list(indx, p, func);
	memtype_discharge(tag, bucket[indx].kb_size);
}

void
typed_free(void *p, unsigned type, const char *func)
{
	size_t bytes;

	if (typed_istagged(p)) {
		free_tagged(p, type, func);
		return;
	}
	bytes = kmem_usable(p, func);
	if (unlikely(bytes == 0))
		return;
	if (unlikely(!memtype_discharge(type, bytes))) {
		report_misuse(func, p, REASON_TYPE);
		return;
	}
	if (!kmem_free_fast(p))
		kmem_free_slow(p, func);
}

/*
 * Reallocation.
 */

/* An untagged block: like any other, but for the charge. */
static int
realloc_plain(const struct typed_request *tr, size_t from, void **p)
{
	size_t to = kmem_rounded(1, tr->tr_size), bytes;
	void *new;

	if (to > from) {
		int error = memtype_grow(tr->tr_type, from, to, tr->tr_flags,
		    tr->tr_func);

		if (error != 0)
			return (error);
	}
	new = kmem_realloc(*p, tr->tr_size, tr->tr_func);
	if (new == NULL) {
		if (to > from)
			memtype_cancel_grow(tr->tr_type, from, to);
		return (ENOMEM);
	}
	*p = new;
	bytes = kmem_size(new);
	if (to <= from)
		memtype_shrink(tr->tr_type, from, bytes);
	else if (unlikely(bytes != to))
		memtype_correct(tr->tr_type, to, bytes);
	return (0);
}

/* A tagged run stays one, wherever its pages go. */
static int
realloc_run(const struct typed_request *tr, size_t from, void **p)
{
	struct typed_request plain = *tr;
	int error;

	plain.tr_size = run_size(tr);
	untag_run(*p);
	error = realloc_plain(&plain, from, p);
	tag_run(*p, tr->tr_type);
	return (error);
}

/* Another block, when it is to become less: if there is room for both. */
static int
realloc_moved(const struct typed_request *tr, size_t from, void **p)
{
	struct typed_request other = *tr;
	bool less = tr->tr_size <= from;
	void *new;
	int error;

	if (less)
		other.tr_flags &= ~M_WAITOK;
	error = typed_alloc(&other, &new);
	if (error != 0)
		return (less ? 0 : error);
	memmove(new, *p, less ? tr->tr_size : from);
	typed_free(*p, tr->tr_type, tr->tr_func);
	*p = new;
	return (0);
}

int
typed_realloc(const struct typed_request *tr, void **p)
{
	struct typed_request mine = *tr;
	size_t from;

	mine.tr_tag = typed_istagged(*p);
	if (mine.tr_tag) {
		mine.tr_type = check_tag(*p, tr->tr_type, tr->tr_func);
		if (mine.tr_type == 0)
			return (EINVAL);
	}
	from = kmem_usable(*p, tr->tr_func);
	if (from == 0)
		return (EINVAL);
	if (tr->tr_size > PTRDIFF_MAX)
		return (ENOMEM);
	if (kmem_suits(kmem_list_of(*p), *p, tr->tr_size))
		return (0);
	if (!mine.tr_tag)
		return (realloc_plain(&mine, from, p));
	if (is_run(*p) && !is_small(&mine))
		return (realloc_run(&mine, from, p));
	return (realloc_moved(&mine, from, p));
}
