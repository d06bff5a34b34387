/*
 * classic-covers.c: minimising of Boolean functions: lists of cubes that are
 * copied, merged, grown and thrown away.
 *
 * usage: classic-covers rounds
 *
 * A function of 20 inputs is a list of cubes, each a block of 8 to 40 bytes.
 * Two cubes that differ in one place become one, until none do. Many lists of
 * many lengths live for a short while each. (The pattern of "espresso".)
 */
#include "classic.h"

#define LONGEST	60	/* cubes in a list at first */
#define SHELF	64	/* lists that live for longer */

/* An input counts if its bit in care is set; the rest of it is a note. */
struct cube {
	uint32_t	value;
	uint32_t	care;
	char		note[];
};

struct cover {
	size_t		count;
	size_t		room;
	struct cube	**cube;
};

static struct cube *
cube_new(uint32_t value, uint32_t care)
{
	size_t note = (value ^ care) % 5 * 8;
	struct cube *c = obtain(sizeof(*c) + note);

	c->value = value & care;
	c->care = care;
	memset(c->note, 'n', note);
	return (c);
}

static struct cover *
cover_new(void)
{
	struct cover *c = calloc(1, sizeof(*c));

	require(c != NULL, "calloc returned NULL");
	return (c);
}

static void
cover_add(struct cover *c, struct cube *cube)
{
	if (c->count == c->room) {
		c->room = c->room * 3 / 2 + 4;
		c->cube = realloc(c->cube, c->room * sizeof(*c->cube));
		require(c->cube != NULL, "realloc returned NULL");
	}
	c->cube[c->count++] = cube;
}

static void
cover_free(struct cover *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++)
		free(c->cube[i]);
	free(c->cube);
	free(c);
}

static struct cover *
cover_copy(const struct cover *from)
{
	struct cover *copy = cover_new();

	for (size_t i = 0; i < from->count; i++)
		cover_add(copy,
		    cube_new(from->cube[i]->value, from->cube[i]->care));
	return (copy);
}

/* The cube that a and b make together, or NULL. */
static struct cube *
merged(const struct cube *a, const struct cube *b)
{
	uint32_t differs = a->value ^ b->value;

	if (a->care != b->care || (differs & (differs - 1)) != 0)
		return (NULL);
	return (cube_new(a->value, a->care & ~differs));
}

/* One pass: what merges, merged; the rest as it is. True if any did. */
static bool
shrink(struct cover **cover)
{
	struct cover *old = *cover, *now = cover_new();

	for (size_t i = 0; i < old->count; i++) {
		struct cube *c = NULL;

		for (size_t j = i + 1; j < old->count && c == NULL; j++) {
			c = merged(old->cube[i], old->cube[j]);
			if (c == NULL)
				continue;
			free(old->cube[j]);
			old->cube[j] = old->cube[--old->count];
		}
		cover_add(now, c != NULL ? c :
		    cube_new(old->cube[i]->value, old->cube[i]->care));
	}

	bool smaller = now->count < old->count;

	cover_free(old);
	*cover = now;
	return (smaller);
}

int
main(int argc, char *argv[])
{
	size_t rounds = argument(argc, argv, 1, 40000);
	struct random random = random_start(1);
	struct cover *shelf[SHELF] = { NULL };
	size_t left = 0;

	while (rounds-- > 0) {
		struct cover *work = cover_new();
		size_t length = random_between(&random, 2, LONGEST);
		size_t at = random_below(&random, SHELF);

		while (work->count < length)
			cover_add(work, cube_new(
			    random_below(&random, 128), 0xfffff));
		cover_free(shelf[at]);
		shelf[at] = cover_copy(work);
		while (shrink(&work))
			continue;
		left += work->count;
		cover_free(work);
	}
	for (size_t at = 0; at < SHELF; at++)
		cover_free(shelf[at]);
	require(left > 0, "nothing was left");
	return (0);
}
