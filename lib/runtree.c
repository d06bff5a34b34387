/*
 * runtree.c - the free page runs in order of address.
 *
 * Layer 3.  Owns no state; a tree is guarded by its owner's lock.  Calls
 * nothing.  The recursion is as deep as the tree, some 2 log2(n) levels of a
 * few words.
 */
#include "runtree.h"

#include "cdefs.h"
#include "report.h"

#define LOOKS	32	/* at runs whose room may begin in the wrong place */

static inline page_t
max_of(const struct pagerun *run)
{
	return (run != NULL ? run->pr_max : 0);
}

static inline page_t
dirty_of(const struct pagerun *run)
{
	return (run != NULL ? run->pr_sumdirty : 0);
}

/* Makes a node's sums right, given its children's. */
static inline void
sum_up(struct pagerun *run)
{
	page_t max = run->pr_npages, l = max_of(run->pr_left);
	page_t r = max_of(run->pr_right);

	max = l > max ? l : max;
	run->pr_max = r > max ? r : max;
	run->pr_sumdirty = run->pr_ndirty + dirty_of(run->pr_left) +
	    dirty_of(run->pr_right);
}

/* Parts a tree into the runs below page and the others. */
static void
split(struct pagerun *tree, page_t page, struct pagerun **below,
    struct pagerun **above)
{
	if (tree == NULL) {
		*below = *above = NULL;
		return;
	}
	if (tree->pr_page < page) {
		split(tree->pr_right, page, &tree->pr_right, above);
		*below = tree;
	} else {
		split(tree->pr_left, page, below, &tree->pr_left);
		*above = tree;
	}
	sum_up(tree);
}

/* Joins two trees, all of one below all of the other. */
static struct pagerun *
join(struct pagerun *below, struct pagerun *above)
{
	if (below == NULL)
		return (above);
	if (above == NULL)
		return (below);
	if (below->pr_prio > above->pr_prio) {
		below->pr_right = join(below->pr_right, above);
		sum_up(below);
		return (below);
	}
	above->pr_left = join(below, above->pr_left);
	sum_up(above);
	return (above);
}

static struct pagerun *
insert(struct pagerun *tree, struct pagerun *run)
{
	if (tree == NULL || run->pr_prio > tree->pr_prio) {
		split(tree, run->pr_page, &run->pr_left, &run->pr_right);
		sum_up(run);
		return (run);
	}
	if (run->pr_page < tree->pr_page)
		tree->pr_left = insert(tree->pr_left, run);
	else
		tree->pr_right = insert(tree->pr_right, run);
	sum_up(tree);
	return (tree);
}

static struct pagerun *
erase(struct pagerun *tree, struct pagerun *run)
{
	if (tree == run)
		return (join(run->pr_left, run->pr_right));
	if (run->pr_page < tree->pr_page)
		tree->pr_left = erase(tree->pr_left, run);
	else
		tree->pr_right = erase(tree->pr_right, run);
	sum_up(tree);
	return (tree);
}

static void
update(struct pagerun *tree, struct pagerun *run)
{
	if (tree != run)
		update(run->pr_page < tree->pr_page ? tree->pr_left :
		    tree->pr_right, run);
	sum_up(tree);
}

void
runtree_insert(struct runtree *rt, struct pagerun *run)
{
	/* Any odd multiplier of high order: Knuth's. */
	rt->rt_seed = rt->rt_seed * 2654435769u + 12345;
	run->pr_prio = rt->rt_seed ^ rt->rt_seed >> 15;
	rt->rt_root = insert(rt->rt_root, run);
}

void
runtree_remove(struct runtree *rt, struct pagerun *run)
{
	rt->rt_root = erase(rt->rt_root, run);
}

void
runtree_update(struct runtree *rt, struct pagerun *run)
{
	update(rt->rt_root, run);
}

struct pagerun *
runtree_firstfit(const struct runtree *rt, size_t npages)
{
	struct pagerun *run = rt->rt_root;

	if (max_of(run) < npages)
		return (NULL);
	for (;;) {
		if (max_of(run->pr_left) >= npages)
			run = run->pr_left;
		else if (run->pr_npages >= npages)
			return (run);
		else
			run = run->pr_right;
	}
}

struct fit {
	size_t		f_npages, f_align, f_base;
	unsigned	f_looks;	/* so many runs more */
};

static struct pagerun *
search(struct pagerun *run, struct fit *f)
{
	struct pagerun *found;

	if (max_of(run) < f->f_npages)
		return (NULL);
	found = search(run->pr_left, f);
	if (found != NULL || f->f_looks == 0)
		return (found);
	if (run->pr_npages >= f->f_npages) {
		f->f_looks--;
		if (runtree_aligned(run, f->f_align, f->f_base) + f->f_npages <=
		    (size_t)run->pr_page + run->pr_npages)
			return (run);
	}
	return (search(run->pr_right, f));
}

struct pagerun *
runtree_alignedfit(const struct runtree *rt, size_t npages, size_t align,
    size_t base)
{
	struct fit f = { npages, align, base, LOOKS };
	struct pagerun *run = search(rt->rt_root, &f);

	return (run != NULL ? run : runtree_firstfit(rt, npages + align - 1));
}

struct pagerun *
runtree_lastdirty(const struct runtree *rt)
{
	struct pagerun *run = rt->rt_root;

	if (dirty_of(run) == 0)
		return (NULL);
	for (;;) {
		if (dirty_of(run->pr_right) > 0)
			run = run->pr_right;
		else if (run->pr_ndirty > 0)
			return (run);
		else
			run = run->pr_left;
	}
}

struct pagerun *
runtree_find(const struct runtree *rt, page_t page)
{
	struct pagerun *run = rt->rt_root;

	while (run != NULL && (page < run->pr_page ||
	    page - run->pr_page >= run->pr_npages))
		run = page < run->pr_page ? run->pr_left : run->pr_right;
	return (run);
}

static void
check(const struct pagerun *run, size_t low, size_t high, size_t *nruns,
    size_t *npages)
{
	struct pagerun copy;

	if (run == NULL)
		return;
	copy = *run;
	sum_up(&copy);
	KMA_ASSERT(run->pr_npages > 0);
	KMA_ASSERT(run->pr_page >= low);
	KMA_ASSERT((size_t)run->pr_page + run->pr_npages <= high);
	KMA_ASSERT(copy.pr_max == run->pr_max);
	KMA_ASSERT(copy.pr_sumdirty == run->pr_sumdirty);
	KMA_ASSERT(!run->pr_left || run->pr_left->pr_prio <= run->pr_prio);
	KMA_ASSERT(!run->pr_right || run->pr_right->pr_prio <= run->pr_prio);
	(*nruns)++;
	*npages += run->pr_npages;
	/* Two runs with nothing between them should have been one. */
	check(run->pr_left, low, run->pr_page > 0 ? run->pr_page - 1u : 0,
	    nruns, npages);
	check(run->pr_right, (size_t)run->pr_page + run->pr_npages + 1, high,
	    nruns, npages);
}

void
runtree_check(const struct runtree *rt, size_t *nruns, size_t *npages)
{
	*nruns = *npages = 0;
	check(rt->rt_root, 0, (size_t)UINT32_MAX + 1, nruns, npages);
}
