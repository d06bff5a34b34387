/*
 * buddies.c - blocks of 2^k units that split into buddies and merge with
 * them.
 *
 * Source: the lectures "Advanced Memory Management Techniques" (the buddy
 * method) and "Page allocator" (free areas).
 *
 * A request takes the first block of its list.  Of an empty list's stead, the
 * next larger block that is free is split: the lower half is split on, the
 * upper half, its buddy, goes to the list of its size.  A block that is freed
 * merges with its buddy if that is free and as large; the block of both has a
 * buddy again, and so on.
 *
 * The buddy of a block of size s at address a is the one at a ^ s: two blocks
 * are buddies if they are of one size, next to each other, and the lower one's
 * address is a multiple of 2s.
 *
 * Costs: at most a split for each order to allocate, at most a merge for each
 * to free; a bit for each unit.
 *
 * Here: links through free blocks stand in bd_link.  The literature's client
 * says how large a block is that it frees; here bd_order knows, and tells as
 * well whether a free buddy is whole.
 */
#include "buddies.h"

#include <stdlib.h>

static void
list_insert(struct buddies *b, unsigned order, uint32_t unit)
{
	uint32_t next = b->bd_list[order];

	b->bd_link[unit] = (struct buddy_link){ next, BUDDY_NONE };
	if (next != BUDDY_NONE)
		b->bd_link[next].bl_prev = unit;
	b->bd_list[order] = unit;
	b->bd_nonempty |= (uint64_t)1 << order;
	b->bd_order[unit] = (uint8_t)(order + 1);
}

static void
list_remove(struct buddies *b, unsigned order, uint32_t unit)
{
	struct buddy_link link = b->bd_link[unit];

	if (link.bl_next != BUDDY_NONE)
		b->bd_link[link.bl_next].bl_prev = link.bl_prev;
	if (link.bl_prev != BUDDY_NONE)
		b->bd_link[link.bl_prev].bl_next = link.bl_next;
	else
		b->bd_list[order] = link.bl_next;
	if (b->bd_list[order] == BUDDY_NONE)
		b->bd_nonempty &= ~((uint64_t)1 << order);
}

static bool
unit_used(const struct buddies *b, uint32_t unit)
{
	return ((b->bd_bitmap[unit / 64] >> unit % 64 & 1) != 0);
}

/* Marks the units of a block as used, or as free. */
static void
mark(struct buddies *b, uint32_t unit, unsigned order, bool used)
{
	uint64_t n = (uint64_t)1 << order, some, bits;

	/* Up to the end of a word, then word by word. */
	for (; n != 0; n -= some, unit += (uint32_t)some) {
		some = 64 - unit % 64 < n ? 64 - unit % 64 : n;
		bits = (some == 64 ? UINT64_MAX :
		    ((uint64_t)1 << some) - 1) << unit % 64;
		if (used)
			b->bd_bitmap[unit / 64] |= bits;
		else
			b->bd_bitmap[unit / 64] &= ~bits;
	}
}

/* The largest blocks that fill the part, the lowest first in their lists. */
static void
fill(struct buddies *b)
{
	uint64_t addr = b->bd_end, size;
	unsigned order;

	while (addr > b->bd_base) {
		order = b->bd_maxorder;
		while ((size = buddies_size(b, order)) > addr - b->bd_base ||
		    addr % size != 0)
			order--;
		addr -= size;
		list_insert(b, order, buddies_unit(b, addr));
	}
}

bool
buddies_init(struct buddies *b, uint64_t base, uint64_t end,
    unsigned unitshift, unsigned maxorder, struct held *held)
{
	uint64_t units = (end - base) >> unitshift;

	*b = (struct buddies){ .bd_report = held->h_report, .bd_held = held };
	if (units == 0 || units >= BUDDY_NONE)
		return (false);
	b->bd_base = base;
	b->bd_end = end;
	b->bd_unitshift = unitshift;
	b->bd_units = (uint32_t)units;
	b->bd_maxorder = log2_down(units);
	if (maxorder != 0 && maxorder < b->bd_maxorder)
		b->bd_maxorder = maxorder;
	b->bd_bitmap = calloc(units / 64 + 1, sizeof(*b->bd_bitmap));
	b->bd_order = calloc(units, sizeof(*b->bd_order));
	b->bd_link = calloc(units, sizeof(*b->bd_link));
	if (b->bd_bitmap == NULL || b->bd_order == NULL ||
	    b->bd_link == NULL) {
		buddies_fini(b);
		return (false);
	}
	for (unsigned order = 0; order < BUDDY_ORDERS; order++)
		b->bd_list[order] = BUDDY_NONE;
	fill(b);
	return (true);
}

void
buddies_fini(struct buddies *b)
{
	free(b->bd_bitmap);
	free(b->bd_order);
	free(b->bd_link);
	*b = (struct buddies){ 0 };
}

uint64_t
buddies_tables(const struct buddies *b)
{
	return (((uint64_t)b->bd_units + 7) / 8 +
	    (b->bd_maxorder + 1) * sizeof(uint64_t));
}

uint64_t
buddies_take(struct buddies *b, unsigned order)
{
	uint64_t fit = order < BUDDY_ORDERS ?
	    b->bd_nonempty >> order << order : 0;
	unsigned from;
	uint32_t unit;
	uint64_t addr;

	if (fit == 0) {
		b->bd_report->cr_steps += order <= b->bd_maxorder ?
		    b->bd_maxorder - order + 1 : 0;
		return (CLASSIC_FAIL);
	}
	from = (unsigned)__builtin_ctzll(fit);
	unit = b->bd_list[from];
	list_remove(b, from, unit);
	b->bd_report->cr_steps += 1 + 2 * (from - order);
	b->bd_report->cr_splits += from - order;
	while (from > order) {
		from--;
		list_insert(b, from, unit + (UINT32_C(1) << from));
	}
	b->bd_order[unit] = (uint8_t)(order + 1);
	mark(b, unit, order, true);
	addr = b->bd_base + ((uint64_t)unit << b->bd_unitshift);
	held_add(b->bd_held, addr, buddies_size(b, order));
	return (addr);
}

void
buddies_give(struct buddies *b, uint64_t addr)
{
	unsigned order = buddies_order(b, addr);
	uint64_t size = buddies_size(b, order), buddy;
	uint32_t unit;

	held_remove(b->bd_held, addr, size);
	mark(b, buddies_unit(b, addr), order, false);
	for (; order < b->bd_maxorder; order++, size *= 2) {
		buddy = addr ^ size;
		if (buddy < b->bd_base || buddy + size > b->bd_end)
			break;
		b->bd_report->cr_steps++;
		unit = buddies_unit(b, buddy);
		if (unit_used(b, unit) || b->bd_order[unit] != order + 1)
			break;
		list_remove(b, order, unit);
		b->bd_order[unit] = 0;
		b->bd_order[buddies_unit(b, addr)] = 0;
		addr &= ~size;
		b->bd_report->cr_steps++;
		b->bd_report->cr_merges++;
	}
	list_insert(b, order, buddies_unit(b, addr));
}

/* The blocks in the lists; UINT64_MAX when a list is wrong. */
static uint64_t
check_lists(const struct buddies *b)
{
	uint64_t blocks = 0;

	for (unsigned order = 0; order < BUDDY_ORDERS; order++) {
		uint32_t unit = b->bd_list[order], prev = BUDDY_NONE;

		if ((unit != BUDDY_NONE) != (b->bd_nonempty >> order & 1))
			return (UINT64_MAX);
		for (; unit != BUDDY_NONE; unit = b->bd_link[unit].bl_next) {
			if (b->bd_order[unit] != order + 1 ||
			    unit_used(b, unit) ||
			    b->bd_link[unit].bl_prev != prev ||
			    blocks++ > b->bd_units)
				return (UINT64_MAX);
			prev = unit;
		}
	}
	return (blocks);
}

/* (1), (2) and (4) of one block. */
static bool
check_block(const struct buddies *b, uint64_t addr, unsigned order)
{
	uint64_t size = buddies_size(b, order), buddy = addr ^ size;
	uint32_t unit = buddies_unit(b, addr), twin;
	bool used = unit_used(b, unit);

	if (addr % size != 0 || size > b->bd_end - addr)
		return (false);
	for (uint64_t i = 1; i < (uint64_t)1 << order; i++) {
		if (b->bd_order[unit + i] != 0 ||
		    unit_used(b, unit + (uint32_t)i) != used)
			return (false);
	}
	if (used || order >= b->bd_maxorder || buddy < b->bd_base ||
	    buddy + size > b->bd_end)
		return (true);
	twin = buddies_unit(b, buddy);
	return (unit_used(b, twin) || b->bd_order[twin] != order + 1);
}

bool
buddies_check(const struct buddies *b, uint64_t *used)
{
	uint64_t listed = check_lists(b), blocks = 0, addr = b->bd_base;
	unsigned order;

	while (addr < b->bd_end) {
		if (b->bd_order[buddies_unit(b, addr)] == 0)
			return (false);
		order = buddies_order(b, addr);
		if (order > b->bd_maxorder || !check_block(b, addr, order))
			return (false);
		if (unit_used(b, buddies_unit(b, addr)))
			*used += buddies_size(b, order);
		else
			blocks++;
		addr += buddies_size(b, order);
	}
	return (blocks == listed);
}

void
buddies_map(const struct buddies *b, classic_paint *paint, void *arg)
{
	uint64_t addr = b->bd_base, size;

	for (; addr < b->bd_end; addr += size) {
		size = buddies_size(b, buddies_order(b, addr));
		if (unit_used(b, buddies_unit(b, addr)))
			paint(arg, addr, size, CLASSIC_USED);
	}
}
