/*
 * buddies.h - blocks of 2^k units that split into buddies and merge with
 * them: what the buddy system, lazy buddy and the page allocator share.
 */
#ifndef CLASSIC_BUDDIES_H
#define CLASSIC_BUDDIES_H

#include "common.h"

#define BUDDY_ORDERS	40
#define BUDDY_NONE	UINT32_MAX	/* no unit */

/* A free block's neighbours in its list: units. */
struct buddy_link {
	uint32_t	bl_next, bl_prev;
};

/*
 * A part of the memory, [bd_base, bd_end), in blocks.
 *
 * (1) Each block of order k has 2^k units, and its address is a multiple of
 *     its size.  Together they are the whole part.
 * (2) A unit's bit is 1 if its block is in use, and 0 if it is free.
 * (3) A free block of order k is in list k, once.
 * (4) Two free blocks of one order below bd_maxorder are never buddies.
 */
struct buddies {
	struct classic_report *bd_report;
	uint64_t	bd_base, bd_end;
	unsigned	bd_unitshift;
	unsigned	bd_maxorder;
	uint32_t	bd_units;
	uint64_t	*bd_bitmap;
	uint8_t		*bd_order;	/* of the block that begins here, and
					 * 1; 0: none begins */
	struct buddy_link *bd_link;
	uint64_t	bd_nonempty;	/* bit k: list k has a block */
	uint32_t	bd_list[BUDDY_ORDERS];
	struct held	*bd_held;
};

/* Everything free.  False when there is no memory for the tables. */
bool	buddies_init(struct buddies *, uint64_t base, uint64_t end,
	    unsigned unitshift, unsigned maxorder, struct held *);
void	buddies_fini(struct buddies *);
/* Bytes of the tables that the literature has as well. */
uint64_t buddies_tables(const struct buddies *);
/* A block of 2^order units, or CLASSIC_FAIL. */
uint64_t buddies_take(struct buddies *, unsigned order);
/* Frees the block there. */
void	buddies_give(struct buddies *, uint64_t addr);
/* Checks the invariants; adds the bytes of the blocks in use. */
bool	buddies_check(const struct buddies *, uint64_t *used);
void	buddies_map(const struct buddies *, classic_paint *, void *arg);

/* Whether addr is in this part. */
static inline bool
buddies_have(const struct buddies *b, uint64_t addr)
{
	return (addr >= b->bd_base && addr < b->bd_end);
}

static inline uint32_t
buddies_unit(const struct buddies *b, uint64_t addr)
{
	return ((uint32_t)((addr - b->bd_base) >> b->bd_unitshift));
}

static inline unsigned
buddies_order(const struct buddies *b, uint64_t addr)
{
	return (b->bd_order[buddies_unit(b, addr)] - 1u);
}

static inline uint64_t
buddies_size(const struct buddies *b, unsigned order)
{
	return ((uint64_t)1 << (order + b->bd_unitshift));
}

/* Bytes of the largest free block; 0 when there is none. */
static inline uint64_t
buddies_largest(const struct buddies *b)
{
	return (b->bd_nonempty == 0 ? 0 :
	    buddies_size(b, log2_down(b->bd_nonempty)));
}

#endif /* CLASSIC_BUDDIES_H */
