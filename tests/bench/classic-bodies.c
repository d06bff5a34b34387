/*
 * classic-bodies.c: a simulation that builds a tree in space at each step and
 * computes more than it allocates.
 *
 * usage: classic-bodies bodies steps
 *
 * Each step sorts the bodies into a new octree, sums up the masses in it, moves
 * the bodies and frees the tree. (The pattern of "barnes".)
 */
#include "classic.h"

#define SIDE	(1u << 20)	/* of the space, a power of two */

struct body {
	uint32_t	at[3];
	uint32_t	mass;
	uint32_t	speed[3];
};

struct node {
	uint64_t	mass;
	uint64_t	moment[3];	/* place times mass */
	struct node	*child[8];
	struct body	*body;		/* of a leaf */
};

static struct node *
node_new(void)
{
	struct node *n = calloc(1, sizeof(*n));

	require(n != NULL, "calloc returned NULL");
	return (n);
}

static unsigned
octant(const struct body *b, uint32_t half)
{
	unsigned o = 0;

	for (unsigned axis = 0; axis < 3; axis++)
		o |= ((b->at[axis] & half) != 0) << axis;
	return (o);
}

static void
insert(struct node *n, struct body *b, uint32_t half)
{
	for (;; half /= 2) {
		n->mass += b->mass;
		for (unsigned axis = 0; axis < 3; axis++)
			n->moment[axis] += (uint64_t)b->mass * b->at[axis];
		/* Bodies in the very same place share a leaf. */
		if (half == 0)
			return;

		struct body *other = n->body;
		struct node **next = &n->child[octant(b, half)];

		n->body = NULL;
		if (other != NULL) {
			struct node **leaf = &n->child[octant(other, half)];

			*leaf = node_new();
			insert(*leaf, other, half / 2);
		}
		if (*next == NULL) {
			*next = node_new();
			(*next)->body = b;
			(*next)->mass = b->mass;
			for (unsigned axis = 0; axis < 3; axis++)
				(*next)->moment[axis] =
				    (uint64_t)b->mass * b->at[axis];
			return;
		}
		n = *next;
	}
}
