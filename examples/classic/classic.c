/*
 * classic.c - the list of the classic allocators, and what they share.
 */
#include "classic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

#define MB	((uint64_t)1 << 20)

const uint64_t classic_zone_end[CLASSIC_ZONES] = {
	16 * MB, 896 * MB, UINT64_MAX
};
const char *const classic_zone_name[CLASSIC_ZONES] = {
	"DMA", "NORMAL", "HIGHMEM"
};

const struct classic_ops *const classic_all[] = {
	&classic_rmap_first,
	&classic_rmap_best,
	&classic_rmap_worst,
	&classic_pow2,
	&classic_mk,
	&classic_mk_keep,
	&classic_buddy,
	&classic_lazy_buddy,
	&classic_pages,
	&classic_slab,
	&classic_slob,
	NULL
};

const struct classic_ops *
classic_find(const char *name)
{
	for (const struct classic_ops *const *ops = classic_all; *ops != NULL;
	    ops++) {
		if (strcmp((*ops)->co_name, name) == 0)
			return (*ops);
	}
	return (NULL);
}

static void
no_memory(void)
{
	fputs("classic allocators: no memory for their tables\n", stderr);
	exit(1);
}

void *
must_alloc(size_t bytes)
{
	void *p = malloc(bytes);

	if (p == NULL)
		no_memory();
	return (p);
}

void
stack_grow(struct stack *stack)
{
	size_t room = stack->s_room == 0 ? 64 : 2 * stack->s_room;
	uint64_t *addr = realloc(stack->s_addr, room * sizeof(*addr));

	if (addr == NULL)
		no_memory();
	stack->s_addr = addr;
	stack->s_room = room;
}

void
stack_free(struct stack *stack)
{
	free(stack->s_addr);
	*stack = (struct stack){ 0 };
}
