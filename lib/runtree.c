/*
 * runtree.c - the free page runs in order of address.
 *
 * Layer 3.  Owns no state; a tree is guarded by its owner's lock.  Calls
 * nothing.
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

static inline bool
is_dirty(const struct pagerun *run)
{
	return (run != NULL && run->pr_anydirty);
}

/* Makes a node right, given its children; true if it was not. */
static inline bool
sum_up(struct pagerun *run)
{
	page_t max = run->pr_npages, l = max_of(run->pr_left);
	page_t r = max_of(run->pr_right), was_max = run->pr_max;
	bool dirty = run->pr_ndirty > 0 || is_dirty(run->pr_left) ||
	    is_dirty(run->pr_right), was_dirty = run->pr_anydirty;

	max = l > max ? l : max;
	run->pr_max = r > max ? r : max;
	run->pr_anydirty = dirty;
	return (run->pr_max != was_max || dirty != was_dirty);
}

/* A node has changed: so have those above, up to one that stays as it is. */
static void
tell(struct pagerun *run)
{
	while (run != NULL && sum_up(run))
		run = run->pr_parent;
}

/* The pointer to a node. */
static inline struct pagerun **
link_to(struct runtree *rt, const struct pagerun *run)
{
	struct pagerun *parent = run->pr_parent;

	if (parent == NULL)
		return (&rt->rt_root);
	return (parent->pr_left == run ? &parent->pr_left : &parent->pr_right);
}

static inline void
hang(struct pagerun **link, struct pagerun *parent, struct pagerun *run)
{
	*link = run;
	if (run != NULL)
		run->pr_parent = parent;
}

/* Puts a node above its parent, which becomes its child. */
static void
rotate(struct runtree *rt, struct pagerun *run)
{
	struct pagerun *parent = run->pr_parent;

	hang(link_to(rt, parent), parent->pr_parent, run);
	if (parent->pr_left == run) {
		hang(&parent->pr_left, parent, run->pr_right);
		hang(&run->pr_right, run, parent);
	} else {
		hang(&parent->pr_right, parent, run->pr_left);
		hang(&run->pr_left, run, parent);
	}
	sum_up(parent);
}

void
runtree_insert(struct runtree *rt, struct pagerun *run)
{
	struct pagerun **link = &rt->rt_root, *parent = NULL;

	/* Any odd multiplier of high order: Knuth's. */
	rt->rt_seed = rt->rt_seed * 2654435769u + 12345;
	run->pr_prio = rt->rt_seed ^ rt->rt_seed >> 15;
	rt->rt_ndirty += run->pr_ndirty;
	while (*link != NULL) {
		parent = *link;
		link = run->pr_page < parent->pr_page ? &parent->pr_left :
		    &parent->pr_right;
	}
	hang(link, parent, run);
	run->pr_left = run->pr_right = NULL;
	while (run->pr_parent != NULL &&
	    run->pr_prio > run->pr_parent->pr_prio)
		rotate(rt, run);
	sum_up(run);
	tell(run->pr_parent);
}

/* The node's children are joined in its place. */
void
runtree_remove(struct runtree *rt, struct pagerun *run)
{
	struct pagerun *below = run->pr_left, *above = run->pr_right;
	struct pagerun **link = link_to(rt, run), *parent = run->pr_parent;

	rt->rt_ndirty -= run->pr_ndirty;
	while (below != NULL && above != NULL)
		if (below->pr_prio > above->pr_prio) {
			hang(link, parent, below);
			parent = below;
			link = &below->pr_right;
			below = *link;
		} else {
			hang(link, parent, above);
			parent = above;
			link = &above->pr_left;
			above = *link;
		}
	hang(link, parent, below != NULL ? below : above);
	for (; parent != run->pr_parent; parent = parent->pr_parent)
		sum_up(parent);
	tell(parent);
}

void
runtree_update(struct runtree *rt, struct pagerun *run, page_t page,
    page_t npages, page_t ndirty)
{
	rt->rt_ndirty = rt->rt_ndirty - run->pr_ndirty + ndirty;
	run->pr_page = page;
	run->pr_npages = npages;
	run->pr_ndirty = ndirty;
	tell(run);
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

	if (!is_dirty(run))
		return (NULL);
	for (;;) {
		if (is_dirty(run->pr_right))
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
check_child(const struct pagerun *run, const struct pagerun *child)
{
	KMA_ASSERT(!child || child->pr_prio <= run->pr_prio);
	KMA_ASSERT(!child || child->pr_parent == run);
}

struct census {
	size_t	nruns, npages, ndirty;
};

/* As deep as the tree: some 2 log2(n) levels. */
static void
check(const struct pagerun *run, size_t low, size_t high, struct census *all)
{
	struct pagerun copy;

	if (run == NULL)
		return;
	copy = *run;
	KMA_ASSERT(!sum_up(&copy));
	KMA_ASSERT(run->pr_npages > 0);
	KMA_ASSERT(run->pr_page >= low);
	KMA_ASSERT((size_t)run->pr_page + run->pr_npages <= high);
	check_child(run, run->pr_left);
	check_child(run, run->pr_right);
	all->nruns++;
	all->npages += run->pr_npages;
	all->ndirty += run->pr_ndirty;
	/* Two runs with nothing between them should have been one. */
	check(run->pr_left, low, run->pr_page > 0 ? run->pr_page - 1u : 0, all);
	check(run->pr_right, (size_t)run->pr_page + run->pr_npages + 1, high,
	    all);
}

void
runtree_check(const struct runtree *rt, size_t *nruns, size_t *npages)
{
	struct census all = { 0 };

	KMA_ASSERT(rt->rt_root == NULL || rt->rt_root->pr_parent == NULL);
	check(rt->rt_root, 0, (size_t)UINT32_MAX + 1, &all);
	KMA_ASSERT(all.ndirty == rt->rt_ndirty);
	*nruns = all.nruns;
	*npages = all.npages;
}
