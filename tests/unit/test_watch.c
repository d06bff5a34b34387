/*
 * test_watch.c - blocks of which a mode keeps a record: against a model, and
 * each fault that it has to find.
 */
#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "fill.h"
#include "memtype.h"
#include "options.h"
#include "pagerun.h"
#include "report.h"
#include "unit.h"

#define KB	((size_t)1024)
#define MB	(1024 * KB)
#define HERE	((const void *)(uintptr_t)0x1234)
#define THERE	((const void *)(uintptr_t)0x5678)

static unsigned type;

static void
setup(void)
{
	unit_options("diagnostic,abort=no");
	ck_assert(watch_start());
	type = memtype_number("watched");
}

static struct typed_request
request(size_t align, size_t size, int flags, unsigned of)
{
	return ((struct typed_request) {
		.tr_type = of, .tr_align = align, .tr_size = size,
		.tr_flags = M_NOWAIT | flags, .tr_func = "test",
		.tr_caller = HERE,
	});
}

static void *
get(size_t align, size_t size, int flags, unsigned of)
{
	struct typed_request tr = request(align, size, flags, of);
	void *p;

	ck_assert_int_eq(watch_alloc(&tr, &p), 0);
	ck_assert_uint_eq((uintptr_t)p % align, 0);
	return (p);
}

static void *
resize(void *p, size_t size)
{
	struct typed_request tr = request(1, size, 0, 0);

	ck_assert_int_eq(watch_realloc(&tr, &p), 0);
	return (p);
}

static void
put(void *p)
{
	watch_free(p, 0, "free", THERE);
}

/* The first line of what is said is func(p): reason; NULL: nothing is. */
static void
ck_said(const char *func, const void *p, const char *reason)
{
	char want[200] = "";
	const char *said = capture_end();

	if (reason != NULL)
		snprintf(want, sizeof(want), "libkma: %s(%p): %s\n", func, p,
		    reason);
	ck_assert_msg(reason != NULL ? strncmp(said, want, strlen(want)) == 0 :
	    *said == '\0', "said %s, and not %s", said, want);
}

/*
 * The model.
 */

#define NBLOCK	200

struct block {
	unsigned char	*b_p;
	size_t		 b_size;
	unsigned char	 b_byte;
};

static bool
holds(const struct block *b, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (b->b_p[i] != b->b_byte)
			return (false);
	return (true);
}

static size_t
some_size(struct rnd *r)
{
	static const size_t below[] = { 40, 300, 5000, 20000, 400 * KB,
	    3 * MB };
	size_t k = rnd_below(r, 40);

	return (rnd_below(r, below[k < 5 ? k + 1 : k % 3]));
}

static void
fill_in(struct block *b, struct rnd *r)
{
	b->b_byte = (unsigned char)rnd_next(r);
	memset(b->b_p, b->b_byte, b->b_size);
	ck_assert_uint_eq(watch_usable(b->b_p, "test"), b->b_size);
}

static void
new_block(struct block *b, struct rnd *r)
{
	size_t align = (size_t)1 << (rnd_below(r, 8) == 0 ?
	    rnd_below(r, 17) : 4);
	bool zero = rnd_below(r, 4) == 0;

	b->b_size = some_size(r);
	if (rnd_below(r, 3) == 0) {
		b->b_p = watch_malloc(b->b_size, HERE);
		ck_assert_ptr_nonnull(b->b_p);
	} else {
		b->b_p = get(align, b->b_size, zero ? M_ZERO : 0,
		    rnd_below(r, 2) ? type : 0);
		b->b_byte = 0;
		ck_assert(!zero || holds(b, b->b_size));
	}
	fill_in(b, r);
}

static void
operate(struct block *b, struct rnd *r)
{
	size_t size, keep;

	if (b->b_p == NULL) {
		new_block(b, r);
		return;
	}
	ck_assert(holds(b, b->b_size));
	if (rnd_below(r, 3) == 0) {
		size = some_size(r) + 1;
		keep = size < b->b_size ? size : b->b_size;
		b->b_p = resize(b->b_p, size);
		ck_assert(holds(b, keep));
		b->b_size = size;
		fill_in(b, r);
		return;
	}
	put(b->b_p);
	b->b_p = NULL;
}

START_TEST(model)
{
	struct rnd r = { 1 };
	static struct block block[NBLOCK];
	struct kma_type_figures f;

	setup();
	capture_begin();
	for (unsigned i = 0; i < unit_less(40000, 10); i++) {
		operate(&block[rnd_below(&r, NBLOCK)], &r);
		if (i % 512 == 0)
			watch_check();
		if (i % 4096 == 0)
			kmem_trim();
	}
	for (size_t i = 0; i < NBLOCK; i++)
		put(block[i].b_p);
	ck_said(NULL, NULL, NULL);
	watch_check();
	kmem_check();
	memtype_figures(type, &f);
	ck_assert_uint_eq(f.ks_memuse, 0);
	ck_assert_uint_eq(f.ks_inuse, 0);
}
END_TEST

/* The pages of others' clusters and runs come to be used for runs. */
START_TEST(pages_change_hands)
{
	struct rnd r = { 2 };
	void *p[64] = { NULL };
	page_t page[8];

	setup();
	capture_begin();
	for (unsigned i = 0; i < unit_less(400, 8); i++) {
		for (size_t k = 0; k < nitems(page); k++) {
			ck_assert(kmem_alloc_pages(k + 3, 1, KU_SLAB,
			    &page[k]));
			memset(page_to_addr(page[k]), (int)i, PAGESIZE);
		}
		for (size_t k = 0; k < nitems(p); k++) {
			put(p[k]);
			p[k] = get(16, rnd_below(&r, 2) ? 100 :
			    rnd_below(&r, MB), 0, 0);
		}
		for (size_t k = 0; k < nitems(page); k++) {
			kmemsizes[page[k]] = KU_RUN;
			pagerun_free(page[k]);
		}
		if (i % 8 == 0)
			kmem_trim();
	}
	ck_said(NULL, NULL, NULL);
	watch_check();
}
END_TEST

/*
 * Faults.
 */

static const size_t sizes[] = { 0, 1, 15, 16, 100, 4096, 8191, 8192, 20000,
    300 * KB, 900 * KB, 2 * MB };

START_TEST(second_free)
{
	char *p, *other[100];

	setup();
	for (size_t k = 0; k < nitems(sizes); k++) {
		for (size_t i = 0; i < nitems(other); i++)
			other[i] = get(16, sizes[k] + 1, 0, 0);
		p = get(16, sizes[k], 0, 0);
		put(p);
		for (size_t i = 0; i < nitems(other); i++)
			put(other[i]);
		capture_begin();
		put(p);
		ck_said("free", p, REASON_DUPLICATE);
		capture_begin();
		ck_assert_uint_eq(watch_usable(p, "size"), 0);
		ck_said("size", p, REASON_DUPLICATE);
		watch_check();
	}
}
END_TEST

START_TEST(beyond)
{
	size_t room;
	char *p;

	setup();
	for (size_t k = 0; k < nitems(sizes); k++) {
		p = get(16, sizes[k], 0, 0);
		room = kmem_size(p);
		ck_assert_uint_gt(room, sizes[k]);
		for (size_t at = sizes[k]; at < room;
		    at += room > 300 ? 97 : 1) {
			p = get(16, sizes[k], 0, 0);
			p[at] ^= 1;
			capture_begin();
			put(p);
			ck_said("free", p, REASON_BEYOND);
		}
		watch_check();
		p = get(16, sizes[k], 0, 0);
		p[room - 1] ^= 1;
		capture_begin();
		p = resize(p, sizes[k] + 1);
		ck_assert_ptr_nonnull(strstr(capture_end(), REASON_BEYOND));
		watch_check();
		put(p);
	}
}
END_TEST

START_TEST(modified)
{
	char *p, *q;

	setup();
	for (size_t k = 1; k < nitems(sizes) - 1; k++) {
		size_t at = sizes[k] / 2;

		p = get(16, sizes[k], 0, 0);
		put(p);
		p[at] ^= 0x40;
		capture_begin();
		do
			q = get(16, sizes[k], 0, 0);
		while (q != p);
		ck_said("test", p, REASON_MODIFIED);
		watch_check();
	}
}
END_TEST

/* What was filled and then given back reads as zero, and that is no fault. */
START_TEST(given_back)
{
	char *p;

	setup();
	p = get(16, 900 * KB, 0, 0);
	/* What lies behind keeps the arena from becoming shorter. */
	ck_assert((char *)get(16, 4 * MB, 0, 0) > p);
	memset(p, 1, 900 * KB);
	put(p);
	kmem_trim();
	capture_begin();
	ck_assert_ptr_eq(get(16, 900 * KB, 0, 0), p);
	ck_said(NULL, NULL, NULL);
	put(p);
	kmem_trim();
	p[300 * KB] = 1;
	capture_begin();
	ck_assert_ptr_eq(get(16, 900 * KB, 0, 0), p);
	ck_said("test", p, REASON_MODIFIED);
}
END_TEST

START_TEST(types)
{
	unsigned other = 0;
	char *p;

	setup();
	other = memtype_number("another");
	for (size_t k = 0; k < nitems(sizes); k++) {
		p = get(16, sizes[k], 0, type);
		capture_begin();
		watch_free(p, other, "kma_free", THERE);
		ck_said("kma_free", p, REASON_TYPE);
		watch_free(p, type, "kma_free", THERE);
		p = get(16, sizes[k], 0, 0);
		capture_begin();
		watch_free(p, type, "kma_free", THERE);
		ck_said("kma_free", p, REASON_TYPE);
		put(p);
		/* Any free will do for what has a type. */
		capture_begin();
		put(get(16, sizes[k], 0, type));
		ck_said(NULL, NULL, NULL);
	}
}
END_TEST

START_TEST(no_block)
{
	char *p, local[64];

	setup();
	capture_begin();
	put(NULL);
	ck_said(NULL, NULL, NULL);
	capture_begin();
	put(local);
	ck_said("free", local, REASON_FOREIGN);
	for (size_t k = 4; k < nitems(sizes); k++) {
		p = get(16, sizes[k], 0, 0);
		capture_begin();
		put(p + 16);
		ck_said("free", p + 16, REASON_UNALIGNED);
	}
}
END_TEST

START_TEST(too_much)
{
	struct typed_request tr = request(1, BLOCKTAG_SIZE_MAX + 1, 0, 0);
	void *p = NULL;

	setup();
	ck_assert_int_eq(watch_alloc(&tr, &p), ENOMEM);
	tr.tr_size = SIZE_MAX;
	ck_assert_int_eq(watch_alloc(&tr, &p), ENOMEM);
	ck_assert_ptr_null(watch_malloc(SIZE_MAX, HERE));
	ck_assert_ptr_null(watch_malloc(PTRDIFF_MAX, HERE));
	p = get(16, 100, 0, 0);
	ck_assert_int_eq(watch_realloc(&tr, &p), ENOMEM);
	ck_assert_uint_eq(watch_usable(p, "test"), 100);
}
END_TEST

/* Too late, or not: a program may allocate before options can be read. */
START_TEST(late)
{
	char *old;

	ck_assert(kmem_init());
	old = kmem_alloc_slow(100);
	memset(old, 5, 100);
	options_parse("diagnostic,abort=no");
	ck_assert(watch_start());
	cache_hide_all();
	cache_hide(false);
	watch_check();
	old = resize(old, 3000);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(old[i], 5);
	put(get(16, 100, 0, 0));
	capture_begin();
	old[3000] = 1;
	put(old);
	ck_said("free", old, REASON_BEYOND);
	put(get(16, 100 * KB, 0, 0));
	watch_check();
}
END_TEST

/*
 * Threads: blocks go from one to another.
 */

#define NTHREAD	4

static void *exchange[64];
static pthread_barrier_t the_end;	/* see UNIT_TSAN */

static void *
trader(void *arg)
{
	struct rnd r = { (uint64_t)(uintptr_t)arg };

	for (unsigned i = 0; i < unit_less(20000, 10); i++) {
		size_t size = 1 + rnd_below(&r, i % 16 == 0 ? 30000 : 500);
		char *p = watch_malloc(size, HERE);

		memset(p, (int)i, size);
		put(__atomic_exchange_n(&exchange[rnd_below(&r,
		    nitems(exchange))], p, __ATOMIC_ACQ_REL));
	}
	pthread_barrier_wait(&the_end);
	return (NULL);
}

START_TEST(threads)
{
	pthread_t t[NTHREAD];

	setup();
	pthread_barrier_init(&the_end, NULL, NTHREAD);
	capture_begin();
	for (uintptr_t i = 0; i < NTHREAD; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, trader,
		    (void *)i), 0);
	for (size_t i = 0; i < NTHREAD; i++)
		pthread_join(t[i], NULL);
	ck_said(NULL, NULL, NULL);
	watch_check();
	for (size_t i = 0; i < nitems(exchange); i++)
		put(exchange[i]);
	kmem_check();
}
END_TEST

UNIT_MAIN("watch", 1, model, pages_change_hands, second_free, beyond, modified,
    given_back, types, no_block, too_much, late, threads)
