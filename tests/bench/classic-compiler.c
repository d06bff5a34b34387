/*
 * classic-compiler.c: many small nodes that are built, walked and changed for
 * as long as a unit is compiled, and freed at its end.
 *
 * usage: classic-compiler units nodes
 *
 * A tree of expressions grows from the root; names are interned in a table; a
 * pass replaces constant parts by a single node and annotates the rest; then
 * all goes, the tree first, the names last.
 */
#include "classic.h"

#define NAMES	4096	/* places in the table of names, a power of two */

struct note {
	struct note	*next;
	uint64_t	what;
};

struct node {
	unsigned	arity;
	const char	*name;		/* NULL: a constant */
	uint64_t	value;
	struct note	*notes;
	struct node	*child[];
};

struct unit {
	struct random	random;
	char		*names[NAMES];
	size_t		budget;		/* nodes that may still be made */
	size_t		folded;
};

static const char *
intern(struct unit *u)
{
	size_t at = random_below(&u->random, NAMES);

	if (u->names[at] == NULL) {
		size_t length = 3 + at % 40;

		u->names[at] = obtain(length + 1);
		memset(u->names[at], 'a' + at % 26, length);
		u->names[at][length] = '\0';
	}
	return (u->names[at]);
}

/* Deep trees are narrow, so that the budget is what ends them. */
static struct node *
parse(struct unit *u, unsigned depth)
{
	unsigned arity = random_below(&u->random, 5);
	struct node *n;

	if (depth > 200 || u->budget < 5)
		arity = 0;
	else if (arity == 0 && depth < 12)
		arity = 2;
	n = obtain(sizeof(*n) + arity * sizeof(n->child[0]));
	u->budget -= u->budget > 0;
	n->arity = arity;
	n->name = random_below(&u->random, 2) ? intern(u) : NULL;
	n->value = random_next(&u->random);
	n->notes = NULL;
	for (unsigned i = 0; i < arity; i++)
		n->child[i] = parse(u, depth + 1);
	return (n);
}

static void
node_free(struct node *n)
{
	for (unsigned i = 0; i < n->arity; i++)
		node_free(n->child[i]);
	while (n->notes != NULL) {
		struct note *first = n->notes;

		n->notes = first->next;
		free(first);
	}
	free(n);
}

static bool
constant(const struct node *n)
{
	if (n->name != NULL)
		return (false);
	for (unsigned i = 0; i < n->arity; i++)
		if (n->child[i]->arity > 0 || n->child[i]->name != NULL)
			return (false);
	return (n->arity > 0);
}

static void
annotate(struct node *n, uint64_t what)
{
	struct note *note = obtain(sizeof(*note));

	note->what = what;
	note->next = n->notes;
	n->notes = note;
}

static struct node *
fold(struct unit *u, struct node *n)
{
	for (unsigned i = 0; i < n->arity; i++)
		n->child[i] = fold(u, n->child[i]);
	if (!constant(n)) {
		annotate(n, n->value % 7);
		return (n);
	}

	struct node *single = obtain(sizeof(*single));

	*single = (struct node){ .value = n->value };
	for (unsigned i = 0; i < n->arity; i++)
		single->value += n->child[i]->value;
	node_free(n);
	u->folded++;
	return (single);
}

static void
compile(struct unit *u)
{
	/* Enough top-level trees to use the budget up. */
	size_t room = u->budget / 16 + 1, count = 0;
	struct node **tree = obtain(room * sizeof(*tree));

	while (u->budget > 0 && count < room)
		tree[count++] = parse(u, 0);
	for (size_t i = 0; i < count; i++)
		tree[i] = fold(u, tree[i]);
	require(u->folded > 0, "nothing was folded");
	for (size_t i = 0; i < count; i++)
		node_free(tree[i]);
	free(tree);
	for (size_t at = 0; at < NAMES; at++) {
		free(u->names[at]);
		u->names[at] = NULL;
	}
}

int
main(int argc, char *argv[])
{
	size_t units = argument(argc, argv, 1, 10);
	size_t nodes = argument(argc, argv, 2, 500000);
	struct unit *u = calloc(1, sizeof(*u));

	require(u != NULL, "calloc returned NULL");
	u->random = random_start(1);
	while (units-- > 0) {
		u->budget = nodes;
		u->folded = 0;
		compile(u);
	}
	free(u);
	return (0);
}
