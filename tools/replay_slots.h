/*
 * replay_slots.h - objects to slots: the numbers of a trace's objects are never
 * used twice, the slots are, so that tables indexed by slot stay as small as
 * the most objects that lived at once.
 *
 * Owns a hash table of the live objects and lists of free slots; memory from
 * mmap.  No lock: one thread reads the trace.  May call os functions only.
 */
#ifndef KMA_REPLAY_SLOTS_H
#define KMA_REPLAY_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOT_NONE	UINT32_MAX
#define SLOTS_OWN	256	/* free slots that a thread keeps to itself */

struct slot {
	uint32_t	sl_next;	/* in a list of free slots */
	uint32_t	sl_uses;	/* operations on it so far */
	uint64_t	sl_size;	/* requested; of its owner's use */
};

struct slot_entry {
	uint64_t	se_object;
	uint32_t	se_slot;	/* SLOT_NONE: the entry is empty */
};

struct slot_list {
	uint32_t	ll_first, ll_last;
	uint32_t	ll_count;
};

/*
 * A thread that needs a slot takes one that it freed itself, so that threads
 * that have nothing to do with each other need not wait for each other when
 * they replay; only then one that another freed, the longest free first.
 *
 * Invariants, which slots_check() checks:
 *	st_live + the counts of all lists = st_slots
 *	every object is found, at a slot below st_slots that no other has
 *	2 * st_live <= st_mask + 1, and no own list exceeds SLOTS_OWN
 */
struct slots {
	struct slot_entry *st_entry;	/* st_mask + 1 of them */
	uint64_t	st_mask;
	unsigned	st_bits;
	uint32_t	st_live;
	struct slot	*st_slot;
	uint32_t	st_slots, st_room;
	struct slot_list *st_own;	/* by thread */
	uint32_t	st_threads;	/* entries of st_own */
	struct slot_list st_common;
};

/* False: no memory; what was there stays. */
bool		slots_init(struct slots *s);
void		slots_destroy(struct slots *s);
/* Its slot, or SLOT_NONE. */
uint32_t	slots_find(const struct slots *s, uint64_t object);
/* A slot for a new object of that thread; SLOT_NONE: no memory. */
uint32_t	slots_enter(struct slots *s, uint64_t object, uint32_t thread);
/* The slot that an object had, free now; SLOT_NONE: there is no such object. */
uint32_t	slots_leave(struct slots *s, uint64_t object, uint32_t thread);
/* The slot of an object that now has another number (realloc). */
uint32_t	slots_rename(struct slots *s, uint64_t old, uint64_t object);
bool		slots_check(const struct slots *s);

#endif /* KMA_REPLAY_SLOTS_H */
