/*
 * 01-typed.c - memory by type: a tree and its names, and who uses how much.
 *
 * Each use of memory is given a type. kma_malloc charges the block to it, and
 * the figures say at any time how much each use has, and what it had at most.
 *
 *	cc 01-typed.c $(pkg-config --cflags --libs libkma) && ./a.out
 */
#include <kma.h>
#include <stdio.h>
#include <string.h>

MALLOC_DEFINE(M_NODE, "node", "nodes of the tree");
MALLOC_DEFINE(M_NAME, "name", "names in the nodes");

struct node {
	struct node	*left, *right;
	char		*name;
};

/* With M_WAITOK and no limit, NULL means that the system has no memory. */
static struct node *
insert(struct node *tree, const char *name)
{
	size_t len = strlen(name) + 1;

	if (tree == NULL) {
		tree = kma_malloc(sizeof(*tree), M_NODE, M_WAITOK | M_ZERO);
		tree->name = kma_malloc(len, M_NAME, M_WAITOK);
		memcpy(tree->name, name, len);
	} else if (strcmp(name, tree->name) < 0)
		tree->left = insert(tree->left, name);
	else
		tree->right = insert(tree->right, name);
	return (tree);
}

static void
destroy(struct node *tree)
{
	if (tree == NULL)
		return;
	destroy(tree->left);
	destroy(tree->right);
	kma_free(tree->name, M_NAME);
	kma_free(tree, M_NODE);
}

static void
print(struct kma_type *type)
{
	struct kma_type_figures f;

	kma_type_stats(type, &f);
	printf("%-6s%8lu%10lu%11lu%10lu\n", f.ks_name,
	    (unsigned long)f.ks_inuse, (unsigned long)f.ks_memuse,
	    (unsigned long)f.ks_maxused, (unsigned long)f.ks_calls);
}

int
main(void)
{
	static const char *const names[] = {
		"McKusick", "Karels", "Leffler", "Joy", "Fabry",
		"a name that is longer than all the others"
	};
	struct node *tree = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		tree = insert(tree, names[i]);
	printf("Type    In Use   Mem Use   High Use  Requests\n");
	print(M_NODE);
	print(M_NAME);
	destroy(tree);
	printf("after destroy():\n");
	print(M_NODE);
	print(M_NAME);
	return (0);
}
