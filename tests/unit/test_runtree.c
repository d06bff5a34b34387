/*
 * test_runtree.c - the treap of free runs against a naive model.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "runtree.h"
#include "unit.h"

#define NPAGES	2048
#define NRUN	256

/* The model: which run each page belongs to; 0 none. */
static struct runtree tree;
static struct pagerun runs[NRUN + 1];
static unsigned owner[NPAGES + 2];	/* a free page at each end */
static size_t nruns, npages;

static void
model_mark(const struct pagerun *run, unsigned value)
{
	for (page_t i = 0; i < run->pr_npages; i++)
		owner[run->pr_page + i] = value;
}

/* The first run of n pages; the last one with a dirty page. */
static struct pagerun *
model_firstfit(size_t n)
{
	for (page_t i = 1; i <= NPAGES; i++)
		if (owner[i] != 0 && runs[owner[i]].pr_npages >= n)
			return (&runs[owner[i]]);
	return (NULL);
}

static struct pagerun *
model_lastdirty(void)
{
	for (page_t i = NPAGES; i > 0; i--)
		if (owner[i] != 0 && runs[owner[i]].pr_ndirty > 0)
			return (&runs[owner[i]]);
	return (NULL);
}

/* Is [page - 1, page + n] free but for the run itself? */
static bool
model_room(page_t page, page_t n, unsigned self)
{
	if (page < 1 || n < 1 || page + n > NPAGES + 1)
		return (false);
	for (page_t i = page - 1; i <= page + n; i++)
		if (owner[i] != 0 && owner[i] != self)
			return (false);
	return (true);
}

static void
try_insert(struct rnd *r, unsigned id)
{
	struct pagerun *run = &runs[id];
	page_t page = (page_t)rnd_below(r, NPAGES) + 1;
	page_t n = (page_t)rnd_below(r, 24) + 1;

	if (!model_room(page, n, 0))
		return;
	run->pr_page = page;
	run->pr_npages = n;
	run->pr_ndirty = (page_t)rnd_below(r, 3) ? 0 :
	    (page_t)rnd_below(r, n + 1);
	model_mark(run, id);
	runtree_insert(&tree, run);
	nruns++;
	npages += n;
}

static void
take_out(unsigned id)
{
	runtree_remove(&tree, &runs[id]);
	model_mark(&runs[id], 0);
	nruns--;
	npages -= runs[id].pr_npages;
	runs[id].pr_npages = 0;
}

/* Another start, length and dirty count, between the same neighbours. */
static void
try_update(struct rnd *r, unsigned id)
{
	struct pagerun *run = &runs[id];
	page_t page = run->pr_page + (page_t)rnd_below(r, 5) - 2;
	page_t n = run->pr_npages + (page_t)rnd_below(r, 5) - 2;

	if (n > NPAGES || page >= run->pr_page + run->pr_npages ||
	    page + n <= run->pr_page || !model_room(page, n, id))
		return;
	model_mark(run, 0);
	npages = npages + n - run->pr_npages;
	runtree_update(&tree, run, page, n, (page_t)rnd_below(r, n + 1));
	model_mark(run, id);
}

/* Where n pages at a multiple of align begin in the run; 0: nowhere. */
static page_t
model_place(const struct pagerun *run, size_t n, size_t align, size_t base)
{
	for (page_t i = 0; i + n <= run->pr_npages; i++)
		if ((base + run->pr_page + i) % align == 0)
			return (run->pr_page + i);
	return (0);
}

#define LOOKS	32	/* as in runtree.c */

static struct pagerun *
model_alignedfit(size_t n, size_t align, size_t base)
{
	unsigned looks = LOOKS, last = 0;

	for (page_t i = 1; i <= NPAGES && looks > 0; i++) {
		if (owner[i] == 0 || owner[i] == last)
			continue;
		last = owner[i];
		if (runs[last].pr_npages < n)
			continue;
		looks--;
		if (model_place(&runs[last], n, align, base) != 0)
			return (&runs[last]);
	}
	return (model_firstfit(n + align - 1));
}

static void
compare_aligned(struct rnd *r)
{
	size_t n = rnd_below(r, 20) + 1, align = (size_t)1 << rnd_below(r, 6);
	size_t base = rnd_below(r, 64);
	struct pagerun *run = runtree_alignedfit(&tree, n, align, base);

	ck_assert_ptr_eq(run, model_alignedfit(n, align, base));
	if (run != NULL)
		ck_assert_uint_eq(runtree_aligned(run, align, base),
		    model_place(run, n, align, base));
}

static void
compare(struct rnd *r)
{
	size_t n = rnd_below(r, 30) + 1, nr, np;
	page_t page = (page_t)rnd_below(r, NPAGES) + 1;

	ck_assert_ptr_eq(runtree_firstfit(&tree, n), model_firstfit(n));
	compare_aligned(r);
	ck_assert_ptr_eq(runtree_lastdirty(&tree), model_lastdirty());
	ck_assert_ptr_eq(runtree_find(&tree, page),
	    owner[page] != 0 ? &runs[owner[page]] : NULL);
	runtree_check(&tree, &nr, &np);
	ck_assert_uint_eq(nr, nruns);
	ck_assert_uint_eq(np, npages);
}

START_TEST(empty_tree)
{
	size_t nr, np;

	ck_assert_ptr_null(runtree_firstfit(&tree, 1));
	ck_assert_ptr_null(runtree_lastdirty(&tree));
	ck_assert_ptr_null(runtree_find(&tree, 0));
	runtree_check(&tree, &nr, &np);
	ck_assert_uint_eq(nr + np, 0);
}
END_TEST

START_TEST(against_model)
{
	struct rnd r = { 1 };

	for (unsigned i = 0; i < unit_less(30000, 20); i++) {
		unsigned id = (unsigned)rnd_below(&r, NRUN) + 1;

		if (runs[id].pr_npages == 0)
			try_insert(&r, id);
		else if (rnd_below(&r, 3) == 0)
			take_out(id);
		else
			try_update(&r, id);
		compare(&r);
	}
	ck_assert_uint_gt(nruns, 20);
	for (unsigned id = 1; id <= NRUN; id++)
		if (runs[id].pr_npages != 0)
			take_out(id);
	ck_assert_ptr_null(tree.rt_root);
}
END_TEST

static unsigned
depth(const struct pagerun *run)
{
	unsigned l, r;

	if (run == NULL)
		return (0);
	l = depth(run->pr_left);
	r = depth(run->pr_right);
	return (1 + (l > r ? l : r));
}

/* Ascending insertion is the worst case of a plain search tree. */
START_TEST(stays_balanced)
{
	unsigned n = 100000;
	struct pagerun *many = aligned_alloc(16, n * sizeof(*many));
	size_t nr, np;

	ck_assert_ptr_nonnull(many);
	for (unsigned i = 0; i < n; i++) {
		many[i] = (struct pagerun) { .pr_page = 2 * i,
		    .pr_npages = 1 };
		runtree_insert(&tree, &many[i]);
	}
	runtree_check(&tree, &nr, &np);
	ck_assert_uint_eq(nr, n);
	ck_assert_uint_lt(depth(tree.rt_root), 60);
	for (unsigned i = 0; i < n; i += 2)
		runtree_remove(&tree, &many[i]);
	ck_assert_uint_lt(depth(tree.rt_root), 60);
	ck_assert_ptr_eq(runtree_firstfit(&tree, 1), &many[1]);
	free(many);
}
END_TEST

/* What runtree_check() is to find. */
enum damage {
	TOUCHING, EMPTY, WRONG_MAX, WRONG_DIRTY, WRONG_SUM, WRONG_PRIO,
	WRONG_PARENT, NDAMAGE
};

static void
damaged(void *arg)
{
	size_t nr, np;

	for (unsigned i = 0; i < 3; i++) {
		runs[i] = (struct pagerun) { .pr_page = 10 * i + 10,
		    .pr_npages = 5 };
		runtree_insert(&tree, &runs[i]);
	}
	runtree_check(&tree, &nr, &np);
	switch (*(enum damage *)arg) {
	case TOUCHING:
		runtree_update(&tree, &runs[0], 10, 10, 0);
		break;
	case EMPTY:
		runtree_update(&tree, &runs[1], 20, 0, 0);
		break;
	case WRONG_MAX:
		tree.rt_root->pr_max++;
		break;
	case WRONG_DIRTY:
		runs[1].pr_ndirty = 1;
		tree.rt_ndirty++;
		break;
	case WRONG_SUM:
		tree.rt_ndirty++;
		break;
	case WRONG_PRIO:
		tree.rt_root->pr_prio = 0;
		break;
	case WRONG_PARENT:
		tree.rt_root->pr_parent = &runs[0];
		break;
	case NDAMAGE:
		break;
	}
	runtree_check(&tree, &nr, &np);
}

START_TEST(check_finds_damage)
{
	const char *text;

	for (enum damage d = TOUCHING; d <= NDAMAGE; d++) {
		int status = unit_child(damaged, &d, &text);

		ck_assert_int_eq(status, d == NDAMAGE ? 0 : -SIGABRT);
		if (d == NDAMAGE)
			ck_assert_str_eq(text, "");
		else {
			ck_assert_int_eq(strncmp(text, "libkma: ", 8), 0);
			ck_assert_ptr_nonnull(
			    strstr(text, ": broken invariant: "));
		}
	}
}
END_TEST

UNIT_MAIN("runtree", 1, empty_tree, against_model, stays_balanced,
    check_finds_damage);
