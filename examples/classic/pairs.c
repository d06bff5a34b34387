/*
 * pairs.c - pairs of numbers in order.
 *
 * A treap: a tree in order of the pairs that is also a heap in order of random
 * priorities, which keeps it some 2 log2(n) levels deep.  Nodes are numbers of
 * places in one array.
 */
#include "pairs.h"

#include <stdlib.h>
#include <string.h>

#define ROOM	1024

static bool
less(const struct pair_node *node, struct pair pair)
{
	return (node->pn_first < pair.p_first ||
	    (node->pn_first == pair.p_first &&
	    node->pn_second < pair.p_second));
}

static struct pair
pair_of(const struct pair_node *node)
{
	return ((struct pair){ node->pn_first, node->pn_second });
}

/* Makes a node's sums right, given its children's. */
static void
sum_up(struct pairs *pairs, uint32_t n)
{
	struct pair_node *node = &pairs->ps_node[n];
	const struct pair_node *left = &pairs->ps_node[node->pn_left];
	const struct pair_node *right = &pairs->ps_node[node->pn_right];
	uint64_t max = node->pn_second;

	max = left->pn_max > max ? left->pn_max : max;
	node->pn_max = right->pn_max > max ? right->pn_max : max;
	node->pn_count = left->pn_count + right->pn_count + 1;
}

static void
more_room(struct pairs *pairs)
{
	uint32_t room = pairs->ps_room == 0 ? ROOM : 2 * pairs->ps_room;
	struct pair_node *node = must_alloc(room * sizeof(*node));

	memset(node, 0, sizeof(*node));
	if (pairs->ps_room != 0)
		memcpy(node, pairs->ps_node, pairs->ps_room * sizeof(*node));
	free(pairs->ps_node);
	pairs->ps_node = node;
	pairs->ps_room = room;
}

void
pairs_init(struct pairs *pairs)
{
	*pairs = (struct pairs){ .ps_made = 1, .ps_random = 2463534242 };
	more_room(pairs);
}

void
pairs_fini(struct pairs *pairs)
{
	free(pairs->ps_node);
	*pairs = (struct pairs){ 0 };
}

static uint32_t
new_node(struct pairs *pairs, struct pair pair)
{
	uint32_t n = pairs->ps_spare, random = pairs->ps_random;

	if (n != 0) {
		pairs->ps_spare = pairs->ps_node[n].pn_left;
	} else {
		if (pairs->ps_made == pairs->ps_room)
			more_room(pairs);
		n = pairs->ps_made++;
	}
	random ^= random << 13;		/* Marsaglia's xorshift */
	random ^= random >> 17;
	random ^= random << 5;
	pairs->ps_random = random;
	pairs->ps_node[n] = (struct pair_node){ .pn_first = pair.p_first,
		.pn_second = pair.p_second, .pn_max = pair.p_second,
		.pn_priority = random, .pn_count = 1 };
	return (n);
}

/* Parts a tree into the pairs below one and the others. */
static void
split(struct pairs *pairs, uint32_t n, struct pair pair, uint32_t *below,
    uint32_t *above)
{
	struct pair_node *node = &pairs->ps_node[n];

	if (n == 0) {
		*below = *above = 0;
		return;
	}
	if (less(node, pair)) {
		split(pairs, node->pn_right, pair, &node->pn_right, above);
		*below = n;
	} else {
		split(pairs, node->pn_left, pair, below, &node->pn_left);
		*above = n;
	}
	sum_up(pairs, n);
}

/* Joins two trees, all of one below all of the other. */
static uint32_t
join(struct pairs *pairs, uint32_t below, uint32_t above)
{
	struct pair_node *low = &pairs->ps_node[below];
	struct pair_node *high = &pairs->ps_node[above];

	if (below == 0 || above == 0)
		return (below | above);
	if (low->pn_priority > high->pn_priority) {
		low->pn_right = join(pairs, low->pn_right, above);
		sum_up(pairs, below);
		return (below);
	}
	high->pn_left = join(pairs, below, high->pn_left);
	sum_up(pairs, above);
	return (above);
}

static uint32_t
insert(struct pairs *pairs, uint32_t root, uint32_t n)
{
	struct pair_node *top = &pairs->ps_node[root];
	struct pair_node *node = &pairs->ps_node[n];

	if (root == 0)
		return (n);
	if (node->pn_priority > top->pn_priority) {
		split(pairs, root, pair_of(node), &node->pn_left,
		    &node->pn_right);
		sum_up(pairs, n);
		return (n);
	}
	if (less(top, pair_of(node)))
		top->pn_right = insert(pairs, top->pn_right, n);
	else
		top->pn_left = insert(pairs, top->pn_left, n);
	sum_up(pairs, root);
	return (root);
}

void
pairs_insert(struct pairs *pairs, struct pair pair)
{
	uint32_t n = new_node(pairs, pair);

	pairs->ps_root = insert(pairs, pairs->ps_root, n);
}

static uint32_t
take_out(struct pairs *pairs, uint32_t root, struct pair pair)
{
	struct pair_node *top = &pairs->ps_node[root];

	if (top->pn_first == pair.p_first && top->pn_second == pair.p_second) {
		uint32_t rest = join(pairs, top->pn_left, top->pn_right);

		top->pn_left = pairs->ps_spare;
		pairs->ps_spare = root;
		return (rest);
	}
	if (less(top, pair))
		top->pn_right = take_out(pairs, top->pn_right, pair);
	else
		top->pn_left = take_out(pairs, top->pn_left, pair);
	sum_up(pairs, root);
	return (root);
}

void
pairs_remove(struct pairs *pairs, struct pair pair)
{
	pairs->ps_root = take_out(pairs, pairs->ps_root, pair);
}

static void
change(struct pairs *pairs, uint32_t n, struct pair from, struct pair to)
{
	struct pair_node *node = &pairs->ps_node[n];

	if (node->pn_first == from.p_first &&
	    node->pn_second == from.p_second) {
		node->pn_first = to.p_first;
		node->pn_second = to.p_second;
	} else if (less(node, from)) {
		change(pairs, node->pn_right, from, to);
	} else {
		change(pairs, node->pn_left, from, to);
	}
	sum_up(pairs, n);
}

void
pairs_change(struct pairs *pairs, struct pair from, struct pair to)
{
	change(pairs, pairs->ps_root, from, to);
}

uint64_t
pairs_around(const struct pairs *pairs, uint64_t first, struct pair *below,
    struct pair *above)
{
	const struct pair_node *node = &pairs->ps_node[pairs->ps_root];
	uint64_t rank = 0;

	*below = *above = (struct pair){ 0, 0 };
	while (node != pairs->ps_node) {
		if (node->pn_first < first) {
			*below = pair_of(node);
			rank += pairs->ps_node[node->pn_left].pn_count + 1;
			node = &pairs->ps_node[node->pn_right];
		} else {
			*above = pair_of(node);
			node = &pairs->ps_node[node->pn_left];
		}
	}
	return (rank);
}

struct pair
pairs_from(const struct pairs *pairs, struct pair pair)
{
	const struct pair_node *node = &pairs->ps_node[pairs->ps_root];
	struct pair found = { 0, 0 };

	while (node != pairs->ps_node) {
		if (less(node, pair)) {
			node = &pairs->ps_node[node->pn_right];
		} else {
			found = pair_of(node);
			node = &pairs->ps_node[node->pn_left];
		}
	}
	return (found);
}

/* The first node of a tree that fits; 0 when none does. */
static uint32_t
fit(const struct pairs *pairs, uint32_t n, uint64_t size, uint64_t align,
    uint64_t *visited)
{
	const struct pair_node *node = &pairs->ps_node[n];
	uint32_t found;

	if (n == 0 || node->pn_max < size) {
		*visited += node->pn_count;
		return (0);
	}
	found = fit(pairs, node->pn_left, size, align, visited);
	if (found != 0)
		return (found);
	*visited += 1;
	if (pair_fits(pair_of(node), size, align))
		return (n);
	return (fit(pairs, node->pn_right, size, align, visited));
}

struct pair
pairs_fit(const struct pairs *pairs, uint64_t size, uint64_t align,
    uint64_t *visited)
{
	return (pair_of(&pairs->ps_node[fit(pairs, pairs->ps_root, size, align,
	    visited)]));
}

static void
each(const struct pairs *pairs, uint32_t n, void (*call)(void *, struct pair),
    void *arg)
{
	const struct pair_node *node = &pairs->ps_node[n];

	if (n == 0)
		return;
	each(pairs, node->pn_left, call, arg);
	call(arg, pair_of(node));
	each(pairs, node->pn_right, call, arg);
}

void
pairs_each(const struct pairs *pairs, void (*call)(void *, struct pair),
    void *arg)
{
	each(pairs, pairs->ps_root, call, arg);
}

/* (2) and (3) of a tree, and (1) between low and high. */
static bool
check(const struct pairs *pairs, uint32_t n, struct pair low, struct pair high)
{
	const struct pair_node *node = &pairs->ps_node[n];
	const struct pair_node *left = &pairs->ps_node[node->pn_left];
	const struct pair_node *right = &pairs->ps_node[node->pn_right];
	uint64_t max = left->pn_max > right->pn_max ? left->pn_max :
	    right->pn_max;

	if (n == 0)
		return (node->pn_count == 0 && node->pn_max == 0);
	if (less(node, low) || !less(node, high) ||
	    left->pn_priority > node->pn_priority ||
	    right->pn_priority > node->pn_priority ||
	    node->pn_count != left->pn_count + right->pn_count + 1 ||
	    node->pn_max != (max > node->pn_second ? max : node->pn_second))
		return (false);
	return (check(pairs, node->pn_left, low, pair_of(node)) &&
	    check(pairs, node->pn_right, pair_of(node), high));
}

bool
pairs_check(const struct pairs *pairs)
{
	struct pair low = { 0, 0 }, high = { UINT64_MAX, UINT64_MAX };

	return (check(pairs, pairs->ps_root, low, high));
}
