/*
 * classic-bodies.c: a simulation that builds a tree in space at each step and
 * computes more than it allocates.
 *
 * usage: classic-bodies bodies steps
 *
 * Each step sorts the bodies into a new octree, sums up the masses in it, pulls
 * each body towards what the tree tells of the others, and frees the tree. (The
 * pattern of "barnes".)
 */
#include "classic.h"

#define SIDE	(1u << 20)	/* of the space, a power of two */

struct body {
	uint32_t	at[3];		/* less than SIDE */
	uint32_t	mass;
};

struct node {
	uint64_t	mass;
	uint64_t	moment[3];	/* place times mass */
	struct body	*body;		/* of a leaf */
	struct node	*child[8];
};

static void
add_mass(struct node *n, const struct body *b)
{
	n->mass += b->mass;
	for (unsigned axis = 0; axis < 3; axis++)
		n->moment[axis] += (uint64_t)b->mass * b->at[axis];
}

static struct node *
leaf_new(struct body *b)
{
	struct node *n = calloc(1, sizeof(*n));

	require(n != NULL, "calloc returned NULL");
	n->body = b;
	add_mass(n, b);
	return (n);
}

/* Which child of a node with sides of 2 * half. */
static unsigned
octant(const struct body *b, uint32_t half)
{
	unsigned o = 0;

	for (unsigned axis = 0; axis < 3; axis++)
		o |= (unsigned)((b->at[axis] & half) != 0) << axis;
	return (o);
}

static void
insert(struct node **place, struct body *b)
{
	uint32_t half = SIDE / 2;

	for (; *place != NULL; half /= 2) {
		struct node *n = *place;
		struct body *other = n->body;

		/* Bodies in the very same place share a leaf. */
		add_mass(n, b);
		if (half == 0)
			return;
		if (other != NULL)
			n->child[octant(other, half)] = leaf_new(other);
		n->body = NULL;
		place = &n->child[octant(b, half)];
	}
	*place = leaf_new(b);
}

static void
tree_free(struct node *n)
{
	if (n == NULL)
		return;
	for (unsigned i = 0; i < 8; i++)
		tree_free(n->child[i]);
	free(n);
}

/* Adds to pull; a node far away counts as one body. */
static void
attract(const struct body *b, const struct node *n, double side, double pull[3])
{
	double way[3], square = 1;

	if (n == NULL || n->body == b)
		return;
	for (unsigned axis = 0; axis < 3; axis++) {
		way[axis] = (double)n->moment[axis] / n->mass - b->at[axis];
		square += way[axis] * way[axis];
	}
	if (n->body == NULL && side * side > square) {
		for (unsigned i = 0; i < 8; i++)
			attract(b, n->child[i], side / 2, pull);
		return;
	}
	for (unsigned axis = 0; axis < 3; axis++)
		pull[axis] += way[axis] * n->mass / square;
}

static void
move(struct body *b, const double pull[3])
{
	for (unsigned axis = 0; axis < 3; axis++) {
		double to = b->at[axis] + pull[axis];

		b->at[axis] = to < 0 ? 0 : to >= SIDE ? SIDE - 1 : to;
	}
}

static void
step(struct body *bodies, size_t count)
{
	struct node *tree = NULL;
	uint64_t mass = 0;

	for (size_t i = 0; i < count; i++) {
		insert(&tree, &bodies[i]);
		mass += bodies[i].mass;
	}
	require(tree->mass == mass, "mass was lost");
	for (size_t i = 0; i < count; i++) {
		double pull[3] = { 0, 0, 0 };

		attract(&bodies[i], tree, SIDE, pull);
		move(&bodies[i], pull);
	}
	tree_free(tree);
}

int
main(int argc, char *argv[])
{
	size_t count = argument(argc, argv, 1, 20000);
	size_t steps = argument(argc, argv, 2, 10);
	struct body *bodies = obtain(count * sizeof(*bodies));
	struct random random = random_start(1);

	for (size_t i = 0; i < count; i++) {
		for (unsigned axis = 0; axis < 3; axis++)
			bodies[i].at[axis] = random_below(&random, SIDE);
		bodies[i].mass = random_between(&random, 1, 100);
	}
	while (steps-- > 0)
		step(bodies, count);
	free(bodies);
	return (0);
}
