/*
 * objects.c - the table by address and the lists of free slots. See objects.h.
 *
 * Open addressing with linear probing; what is removed leaves no mark, the
 * entries behind it move up instead.  An entry is half of a word: its key is
 * the address folded to 32 bits, which is all that finding its home takes, so
 * that an object is only looked at when its key is the one that is wanted.
 */
#include "objects.h"

#include "replay_map.h"

#define FIRST_BITS	12
#define GROUP_BITS	3	/* neighbours in memory stay on one line */
#define MOST_BITS	32

/* Addresses less than 2^32 units apart differ. */
static inline uint32_t
key_of(uint64_t addr)
{
	return ((uint32_t)(addr ^ addr >> 32));
}

/* Eight addresses in a row share a group; the groups are spread. */
static inline uint64_t
home(const struct objects *os, uint32_t key)
{
	uint64_t group = (key >> GROUP_BITS) * 0x9e3779b97f4a7c15;

	return ((group >> (64 - os->os_bits + GROUP_BITS)) << GROUP_BITS |
	    (key & ((1U << GROUP_BITS) - 1)));
}

static struct object_entry *
new_entries(unsigned bits)
{
	return (replay_map(sizeof(struct object_entry) << bits));
}

bool
objects_init(struct objects *os)
{
	*os = (struct objects){ .os_bits = FIRST_BITS,
		.os_mask = ((uint64_t)1 << FIRST_BITS) - 1 };
	os->os_entry = new_entries(FIRST_BITS);
	return (os->os_entry != NULL);
}

void
objects_fini(struct objects *os)
{
	replay_unmap(os->os_entry, (os->os_mask + 1) * sizeof(*os->os_entry));
	replay_unmap(os->os_object, os->os_room * sizeof(*os->os_object));
	replay_unmap(os->os_own, os->os_threads * sizeof(*os->os_own));
	*os = (struct objects){ 0 };
}

/*
 * The table.
 */

/* The entry of the object at addr, or the empty one where it would be. */
static inline uint64_t
probe(const struct objects *os, uint32_t key, uint64_t addr)
{
	uint64_t i = home(os, key);

	while (os->os_entry[i].oe_slot != 0 && (os->os_entry[i].oe_key != key ||
	    os->os_object[os->os_entry[i].oe_slot - 1].o_addr != addr))
		i = (i + 1) & os->os_mask;
	return (i);
}

static bool
grow_table(struct objects *os)
{
	struct object_entry *old = os->os_entry;
	uint64_t n = os->os_mask + 1;
	struct object_entry *entry;

	if (os->os_bits == MOST_BITS ||
	    (entry = new_entries(os->os_bits + 1)) == NULL)
		return (false);
	os->os_entry = entry;
	os->os_bits++;
	os->os_mask = 2 * n - 1;
	for (uint64_t i = 0; i < n; i++)
		if (old[i].oe_slot != 0)
			entry[probe(os, old[i].oe_key,
			    os->os_object[old[i].oe_slot - 1].o_addr)] = old[i];
	replay_unmap(old, n * sizeof(*old));
	return (true);
}

/* Those behind it that could not be nearer to their home move up. */
static inline void
remove_entry(struct objects *os, uint64_t hole)
{
	uint64_t i = hole;

	for (;;) {
		i = (i + 1) & os->os_mask;
		if (os->os_entry[i].oe_slot == 0)
			break;
		if (((i - home(os, os->os_entry[i].oe_key)) & os->os_mask) >=
		    ((i - hole) & os->os_mask)) {
			os->os_entry[hole] = os->os_entry[i];
			hole = i;
		}
	}
	os->os_entry[hole].oe_slot = 0;
}

bool
objects_enter(struct objects *os, uint32_t slot, uint32_t *lost)
{
	uint64_t addr = os->os_object[slot].o_addr, i;
	uint32_t key = key_of(addr);

	if (4 * (uint64_t)(os->os_found + 1) > os->os_mask + 1 &&
	    !grow_table(os))
		return (false);
	i = probe(os, key, addr);
	*lost = os->os_entry[i].oe_slot - 1;
	os->os_found += *lost == SLOT_NONE;
	os->os_entry[i] = (struct object_entry){ key, slot + 1 };
	return (true);
}

uint32_t
objects_take(struct objects *os, uint64_t addr)
{
	uint64_t i = probe(os, key_of(addr), addr);
	uint32_t slot = os->os_entry[i].oe_slot - 1;

	if (slot == SLOT_NONE)
		return (SLOT_NONE);
	remove_entry(os, i);
	os->os_found--;
	return (slot);
}

/* All entries are on their way to the cache before the first is looked at. */
void
objects_expect(const struct objects *os, const uint64_t *addr, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch(&os->os_entry[home(os, key_of(addr[i]))]);
	for (unsigned i = 0; i < count; i++) {
		uint32_t key = key_of(addr[i]), slot;
		uint64_t at = home(os, key);

		while ((slot = os->os_entry[at].oe_slot) != 0 &&
		    os->os_entry[at].oe_key != key)
			at = (at + 1) & os->os_mask;
		if (slot != 0)
			__builtin_prefetch(&os->os_object[slot - 1]);
	}
}

/*
 * Slots.
 */

static bool
grow_own(struct objects *os, uint32_t thread)
{
	uint32_t n = os->os_threads == 0 ? 64 : os->os_threads;
	struct slot_list *own;

	while (n <= thread) {
		if (n > UINT32_MAX / 2)
			return (false);
		n *= 2;
	}
	own = replay_remap(os->os_own, os->os_threads * sizeof(*own),
	    n * sizeof(*own));
	if (own == NULL)
		return (false);
	os->os_own = own;
	os->os_threads = n;
	return (true);
}

static inline uint32_t
pop(struct objects *os, struct slot_list *list)
{
	uint32_t slot = list->ll_first;

	list->ll_first = os->os_object[slot].o_next;
	list->ll_count--;
	return (slot);
}

static bool
grow_objects(struct objects *os)
{
	uint32_t room = os->os_room == 0 ? 4096 : 2 * os->os_room;
	struct object *object;

	if (room < os->os_room)
		return (false);
	object = replay_remap(os->os_object, os->os_room * sizeof(*object),
	    room * sizeof(*object));
	if (object == NULL)
		return (false);
	os->os_object = object;
	os->os_room = room;
	return (true);
}

uint32_t
objects_new(struct objects *os, uint32_t thread)
{
	if (thread < os->os_threads && os->os_own[thread].ll_count > 0) {
		os->os_live++;
		return (pop(os, &os->os_own[thread]));
	}
	if (os->os_common.ll_count > 0) {
		os->os_live++;
		return (pop(os, &os->os_common));
	}
	if (os->os_slots == os->os_room && !grow_objects(os))
		return (SLOT_NONE);
	os->os_live++;
	return (os->os_slots++);
}

/* First in, last out among the own, which are warm; the common ones queue. */
void
objects_free(struct objects *os, uint32_t slot, uint32_t thread)
{
	bool has_own = thread < os->os_threads || grow_own(os, thread);
	struct object *o = &os->os_object[slot];

	o->o_number = 0;
	os->os_live--;
	if (has_own && os->os_own[thread].ll_count < SLOTS_OWN) {
		struct slot_list *own = &os->os_own[thread];

		o->o_next = own->ll_first;
		own->ll_first = slot;
		own->ll_count++;
		return;
	}
	if (os->os_common.ll_count++ == 0)
		os->os_common.ll_first = slot;
	else
		os->os_object[os->os_last].o_next = slot;
	os->os_last = slot;
}

/*
 * Checking.
 */

/* How many are in a list, all marked; UINT32_MAX: one should not be there. */
static uint32_t
mark_list(const struct objects *os, const struct slot_list *list, bool *seen)
{
	uint32_t n = 0;

	for (uint32_t i = list->ll_first; n < list->ll_count;
	    i = os->os_object[i].o_next, n++) {
		if (i >= os->os_slots || seen[i] ||
		    os->os_object[i].o_number != 0)
			return (UINT32_MAX);
		seen[i] = true;
	}
	return (n);
}

static bool
check_lists(const struct objects *os, bool *seen)
{
	uint64_t all = os->os_common.ll_count;

	if (mark_list(os, &os->os_common, seen) != os->os_common.ll_count)
		return (false);
	for (uint32_t i = 0; i < os->os_threads; i++) {
		const struct slot_list *own = &os->os_own[i];

		if (own->ll_count > SLOTS_OWN ||
		    mark_list(os, own, seen) != own->ll_count)
			return (false);
		all += own->ll_count;
	}
	return (all + os->os_live == os->os_slots);
}

/* An entry that has an object of its own, and is found. */
static bool
check_entry(const struct objects *os, uint64_t at, bool *seen)
{
	uint32_t slot = os->os_entry[at].oe_slot - 1;
	uint32_t key = os->os_entry[at].oe_key;

	if (slot >= os->os_slots || seen[slot] ||
	    key_of(os->os_object[slot].o_addr) != key)
		return (false);
	seen[slot] = true;
	for (uint64_t i = home(os, key); i != at; i = (i + 1) & os->os_mask)
		if (os->os_entry[i].oe_slot == 0)
			return (false);
	return (true);
}

bool
objects_check(const struct objects *os)
{
	size_t size = os->os_slots + 1;
	bool *seen = replay_map(size);
	uint32_t found = 0;
	bool good;

	if (seen == NULL)
		return (false);
	good = check_lists(os, seen);
	for (uint64_t i = 0; good && i <= os->os_mask; i++)
		if (os->os_entry[i].oe_slot != 0) {
			good = check_entry(os, i, seen);
			found++;
		}
	replay_unmap(seen, size);
	return (good && found == os->os_found && found <= os->os_live &&
	    4 * (uint64_t)found <= os->os_mask + 1);
}
