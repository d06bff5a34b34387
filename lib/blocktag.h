/*
 * blocktag.h - what a mode keeps of a block, out of line.
 *
 * Layer 2.  No state.  A plain tag is a byte, the number of the block's type.
 * Where a mode watches all blocks (watch.h), there is a struct blocktag for
 * each: behind the map of its cluster, or for a page run in kmemtags, by the
 * number of its first page.
 */
#ifndef KMA_BLOCKTAG_H
#define KMA_BLOCKTAG_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zero is a block that was never handed out.  Of a free block, the record
 * still says what it was.  bt_state changes by atomic operations, and whoever
 * makes it BLOCK_USED or takes that away may write the rest.
 *
 * bt_filled: the block is filled with what it is filled with when free.  Of a
 * free run, each page has it in its own record, and no page in use does.
 */
struct blocktag {
	uintptr_t	bt_alloc;	/* return address: who allocated it */
	uintptr_t	bt_free;	/* and who freed it last; 0: nobody */
	uint32_t	bt_size;	/* bytes requested, the low bits */
	uint8_t		bt_high;	/* and the high ones */
	uint8_t		bt_filled;
	uint8_t		bt_type;	/* 0: none */
	uint8_t		bt_state;
};
static_assert(sizeof(struct blocktag) == 24, "there is one for each block");

enum {
	BLOCK_FREE = 0,
	BLOCK_USED,
	BLOCK_HELD	/* freed, and in the quarantine */
};

#define BLOCKTAG_SIZE_MAX	(((size_t)1 << 40) - 1)

static inline size_t
blocktag_size(const struct blocktag *bt)
{
	return ((size_t)bt->bt_high << 32 | bt->bt_size);
}

static inline void
blocktag_setsize(struct blocktag *bt, size_t size)
{
	bt->bt_size = (uint32_t)size;
	bt->bt_high = (uint8_t)(size >> 32);
}

#endif /* KMA_BLOCKTAG_H */
