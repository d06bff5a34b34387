/*
 * objects.c - the live objects of a trace, by address.
 */
#include "objects.h"

#include <stdlib.h>

#define FIRST_BITS	12

static size_t
home(const struct objects *os, uint64_t addr)
{
	/* Fibonacci hashing: neighbours are spread evenly. */
	return ((size_t)(addr * 0x9e3779b97f4a7c15u >> (64 - os->os_bits)));
}

static size_t
mask(const struct objects *os)
{
	return (((size_t)1 << os->os_bits) - 1);
}

bool
objects_init(struct objects *os)
{
	os->os_bits = FIRST_BITS;
	os->os_count = 0;
	os->os_table = calloc((size_t)1 << FIRST_BITS, sizeof(struct object));
	return (os->os_table != NULL);
}

void
objects_fini(struct objects *os)
{
	free(os->os_table);
	os->os_table = NULL;
}

static void
insert(struct objects *os, const struct object *o)
{
	size_t at = home(os, o->o_addr);

	while (os->os_table[at].o_number != 0)
		at = (at + 1) & mask(os);
	os->os_table[at] = *o;
	os->os_count++;
}

static bool
grow(struct objects *os)
{
	struct objects more = { .os_bits = os->os_bits + 1 };

	more.os_table = calloc((size_t)1 << more.os_bits,
	    sizeof(struct object));
	if (more.os_table == NULL)
		return (false);
	for (size_t i = 0; i <= mask(os); i++)
		if (os->os_table[i].o_number != 0)
			insert(&more, &os->os_table[i]);
	free(os->os_table);
	*os = more;
	return (true);
}

bool
objects_add(struct objects *os, const struct object *o)
{
	if (3 * (os->os_count + 1) > 2 * (mask(os) + 1) && !grow(os))
		return (false);
	insert(os, o);
	return (true);
}

bool
objects_take(struct objects *os, uint64_t addr, struct object *o)
{
	struct object *table = os->os_table;
	size_t at = home(os, addr), next;

	while (table[at].o_number != 0 && table[at].o_addr != addr)
		at = (at + 1) & mask(os);
	if (table[at].o_number == 0)
		return (false);
	*o = table[at];
	os->os_count--;
	/* What had to go past the place that is free now moves back into it. */
	for (next = (at + 1) & mask(os); table[next].o_number != 0;
	    next = (next + 1) & mask(os)) {
		size_t from = home(os, table[next].o_addr);

		if (((next - from) & mask(os)) >= ((next - at) & mask(os))) {
			table[at] = table[next];
			at = next;
		}
	}
	table[at].o_number = 0;
	return (true);
}
