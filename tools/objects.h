/*
 * objects.h - the live objects of a trace: each has a slot, and is found by its
 * address.
 *
 * An object's number is never used twice, its slot is: tables indexed by slot
 * stay as small as the most objects that lived at once, and so does all that
 * is kept here.
 *
 * Owns a page table from address to slot, the slots, and the lists of those
 * that are free; memory from mmap, of which only what is used is touched.  No
 * lock: one thread reads a trace.  Calls the system only.
 */
#ifndef KMA_OBJECTS_H
#define KMA_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_NONE	UINT32_MAX
#define OBJECTS_EXPECT	32	/* at a time */
#define SLOTS_OWN	256	/* free slots that a thread keeps to itself */

struct object {
	uint64_t	o_addr;
	uint64_t	o_number;	/* 0: the slot is free */
	uint64_t	o_size;
	uint64_t	o_time;		/* when it was allocated */
	union {
		uint32_t o_type;
		uint32_t o_next;	/* free: the next one in its list */
	};
	uint32_t	o_uses;		/* operations on the slot so far */
};

#define LEAF_BITS	6
#define LEAF_SLOTS	(1U << LEAF_BITS)	/* units of addresses */

/* By the low bits of the address: the slot + 1; 0: there is no object. */
struct leaf {
	uint32_t	lf_slot[LEAF_SLOTS];	/* free: the next one + 1 */
};

struct leaf_entry {
	uint64_t	le_page;	/* the other bits */
	uint32_t	le_leaf;	/* + 1; 0: the entry is empty */
	uint32_t	le_count;	/* objects in the leaf */
};

struct slot_list {
	uint32_t	ll_first;	/* of ll_count, if any */
	uint32_t	ll_count;
};

/*
 * A thread that needs a slot takes one that it freed itself, so that threads
 * that have nothing to do with each other need not wait for each other when
 * they replay; only then one that another freed, the longest free first.
 *
 * A leaf is there as long as there is an object in it: where every object is
 * alone, however far from the others, that is some 400 bytes for each.
 *
 * Invariants, which objects_check() checks:
 *	(1) os_live + the counts of all lists = os_slots
 *	(2) an object is in no list, and a free slot in one, once
 *	(3) each entry that is not empty has a leaf of its own, of le_count
 *	    objects, 1 at least, whose addresses are those of their places;
 *	    no empty entry lies between it and its home
 *	(4) os_used = the entries that are not empty; 2 * os_used <=
 *	    os_mask + 1; os_used + the free leaves = os_leaves
 *	(5) the objects in all leaves <= os_live, and no own list exceeds
 *	    SLOTS_OWN
 */
struct objects {
	struct leaf_entry *os_entry;	/* os_mask + 1 of them */
	uint64_t	os_mask;
	unsigned	os_bits;
	uint32_t	os_used;
	struct leaf	*os_leaf;
	uint32_t	os_leaves, os_leafroom;
	uint32_t	os_freeleaf;	/* + 1; 0: there is none */
	uint32_t	os_live;	/* in the leaves, or being moved */
	struct object	*os_object;	/* by slot */
	uint32_t	os_slots, os_room;
	struct slot_list *os_own;	/* by thread */
	uint32_t	os_threads;	/* entries of os_own */
	struct slot_list os_common;
	uint32_t	os_last;	/* of os_common, if any */
};

/* False: no memory. */
bool		objects_init(struct objects *os);
void		objects_fini(struct objects *os);
/* A slot for a new object of that thread; SLOT_NONE: no memory. */
uint32_t	objects_new(struct objects *os, uint32_t thread);
/* Makes a slot free: it must not be found any more. */
void		objects_free(struct objects *os, uint32_t slot,
		    uint32_t thread);
/*
 * From now on it is found by its o_addr, and one that was found there is not
 * any more: *lost, or SLOT_NONE.  False: no memory.
 */
bool		objects_enter(struct objects *os, uint32_t slot,
		    uint32_t *lost);
/* The object at addr, not to be found any more; SLOT_NONE if there is none. */
uint32_t	objects_take(struct objects *os, uint64_t addr);
/* The objects at these addresses, OBJECTS_EXPECT at most, come to the cache. */
void		objects_expect(const struct objects *os, const uint64_t *addr,
		    unsigned count);
bool		objects_check(const struct objects *os);

#endif /* KMA_OBJECTS_H */
