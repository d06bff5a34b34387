/*
 * replay_slots.c - the hash table and the lists of free slots. See
 * replay_slots.h.
 *
 * Open addressing with linear probing; what is removed leaves no mark, the
 * entries behind it move up instead.
 */
#include "replay_slots.h"

#include <string.h>

#include "replay_map.h"

#define FIRST_BITS	12
#define GROUP_BITS	3	/* neighbours in number stay on one line */
#define MOST_BITS	32

/* Eight objects in a row share a group; the groups are spread. */
static inline uint64_t
place(const struct slots *s, uint64_t object)
{
	uint64_t group = (object >> GROUP_BITS) * 0x9e3779b97f4a7c15;

	return ((group >> (64 - s->st_bits + GROUP_BITS)) << GROUP_BITS |
	    (object & ((1U << GROUP_BITS) - 1)));
}

static struct slot_entry *
new_entries(unsigned bits)
{
	size_t size = sizeof(struct slot_entry) << bits;
	struct slot_entry *entry = replay_map(size);

	if (entry != NULL)
		memset(entry, 0xff, size);	/* SLOT_NONE everywhere */
	return (entry);
}

bool
slots_init(struct slots *s)
{
	*s = (struct slots){ .st_bits = FIRST_BITS,
		.st_mask = ((uint64_t)1 << FIRST_BITS) - 1,
		.st_common = { SLOT_NONE, SLOT_NONE, 0 } };
	s->st_entry = new_entries(FIRST_BITS);
	return (s->st_entry != NULL);
}

void
slots_destroy(struct slots *s)
{
	replay_unmap(s->st_entry, (s->st_mask + 1) * sizeof(*s->st_entry));
	replay_unmap(s->st_slot, s->st_room * sizeof(*s->st_slot));
	replay_unmap(s->st_own, s->st_threads * sizeof(*s->st_own));
	*s = (struct slots){ 0 };
}

/*
 * The table.
 */

/* Where the object is, or the empty entry where it would be. */
static inline uint64_t
probe(const struct slots *s, uint64_t object)
{
	uint64_t i = place(s, object);

	while (s->st_entry[i].se_slot != SLOT_NONE &&
	    s->st_entry[i].se_object != object)
		i = (i + 1) & s->st_mask;
	return (i);
}

static bool
grow_table(struct slots *s)
{
	struct slot_entry *old = s->st_entry;
	uint64_t n = s->st_mask + 1;
	struct slot_entry *entry;

	if (s->st_bits == MOST_BITS ||
	    (entry = new_entries(s->st_bits + 1)) == NULL)
		return (false);
	s->st_entry = entry;
	s->st_bits++;
	s->st_mask = 2 * n - 1;
	for (uint64_t i = 0; i < n; i++)
		if (old[i].se_slot != SLOT_NONE)
			entry[probe(s, old[i].se_object)] = old[i];
	replay_unmap(old, n * sizeof(*old));
	return (true);
}

/* Those behind it that could not be nearer to their place move up. */
static void
remove_entry(struct slots *s, uint64_t hole)
{
	uint64_t i = hole;

	for (;;) {
		i = (i + 1) & s->st_mask;
		if (s->st_entry[i].se_slot == SLOT_NONE)
			break;
		if (((i - place(s, s->st_entry[i].se_object)) & s->st_mask) >=
		    ((i - hole) & s->st_mask)) {
			s->st_entry[hole] = s->st_entry[i];
			hole = i;
		}
	}
	s->st_entry[hole].se_slot = SLOT_NONE;
}

/*
 * Free slots.
 */

static bool
grow_own(struct slots *s, uint32_t thread)
{
	uint32_t n = s->st_threads == 0 ? 64 : s->st_threads;
	struct slot_list *own;

	while (n <= thread) {
		if (n > UINT32_MAX / 2)
			return (false);
		n *= 2;
	}
	own = replay_remap(s->st_own, s->st_threads * sizeof(*own),
	    n * sizeof(*own));
	if (own == NULL)
		return (false);
	for (uint32_t i = s->st_threads; i < n; i++)
		own[i] = (struct slot_list){ SLOT_NONE, SLOT_NONE, 0 };
	s->st_own = own;
	s->st_threads = n;
	return (true);
}

static uint32_t
pop(struct slots *s, struct slot_list *list)
{
	uint32_t slot = list->ll_first;

	list->ll_first = s->st_slot[slot].sl_next;
	if (--list->ll_count == 0)
		list->ll_last = SLOT_NONE;
	return (slot);
}

static uint32_t
take_slot(struct slots *s, uint32_t thread)
{
	if (thread < s->st_threads && s->st_own[thread].ll_count > 0)
		return (pop(s, &s->st_own[thread]));
	if (s->st_common.ll_count > 0)
		return (pop(s, &s->st_common));
	if (s->st_slots == s->st_room) {
		uint32_t room = s->st_room == 0 ? 4096 : 2 * s->st_room;
		struct slot *slot;

		if (room < s->st_room)
			return (SLOT_NONE);
		slot = replay_remap(s->st_slot, s->st_room * sizeof(*slot),
		    room * sizeof(*slot));
		if (slot == NULL)
			return (SLOT_NONE);
		s->st_slot = slot;
		s->st_room = room;
	}
	return (s->st_slots++);
}

/* First in, last out among the own, which are warm; the common ones queue. */
static void
give_slot(struct slots *s, uint32_t slot, uint32_t thread)
{
	struct slot_list *own = &s->st_common;

	if (thread < s->st_threads || grow_own(s, thread))
		own = &s->st_own[thread];
	if (own != &s->st_common && own->ll_count < SLOTS_OWN) {
		s->st_slot[slot].sl_next = own->ll_first;
		own->ll_first = slot;
		if (own->ll_count++ == 0)
			own->ll_last = slot;
		return;
	}
	if (s->st_common.ll_count++ == 0)
		s->st_common.ll_first = slot;
	else
		s->st_slot[s->st_common.ll_last].sl_next = slot;
	s->st_common.ll_last = slot;
}

/*
 * Objects.
 */

uint32_t
slots_find(const struct slots *s, uint64_t object)
{
	return (s->st_entry[probe(s, object)].se_slot);
}

uint32_t
slots_enter(struct slots *s, uint64_t object, uint32_t thread)
{
	uint32_t slot;

	if (2 * (uint64_t)(s->st_live + 1) > s->st_mask + 1 && !grow_table(s))
		return (SLOT_NONE);
	slot = take_slot(s, thread);
	if (slot == SLOT_NONE)
		return (SLOT_NONE);
	s->st_entry[probe(s, object)] = (struct slot_entry){ object, slot };
	s->st_live++;
	return (slot);
}

uint32_t
slots_leave(struct slots *s, uint64_t object, uint32_t thread)
{
	uint64_t i = probe(s, object);
	uint32_t slot = s->st_entry[i].se_slot;

	if (slot == SLOT_NONE)
		return (SLOT_NONE);
	remove_entry(s, i);
	s->st_live--;
	give_slot(s, slot, thread);
	return (slot);
}

uint32_t
slots_rename(struct slots *s, uint64_t old, uint64_t object)
{
	uint64_t i = probe(s, old);
	uint32_t slot = s->st_entry[i].se_slot;

	if (slot == SLOT_NONE)
		return (SLOT_NONE);
	remove_entry(s, i);
	s->st_entry[probe(s, object)] = (struct slot_entry){ object, slot };
	return (slot);
}

/*
 * Checking.
 */

/* How many are in a list, all marked; UINT32_MAX: one is there twice. */
static uint32_t
mark_list(const struct slots *s, const struct slot_list *list, bool *seen)
{
	uint32_t n = 0;

	for (uint32_t i = list->ll_first; n < list->ll_count;
	    i = s->st_slot[i].sl_next, n++) {
		if (i >= s->st_slots || seen[i])
			return (UINT32_MAX);
		seen[i] = true;
	}
	return (n);
}

static bool
check_lists(const struct slots *s, bool *seen)
{
	uint64_t all = s->st_common.ll_count;

	if (mark_list(s, &s->st_common, seen) != s->st_common.ll_count)
		return (false);
	for (uint32_t i = 0; i < s->st_threads; i++) {
		if (s->st_own[i].ll_count > SLOTS_OWN ||
		    mark_list(s, &s->st_own[i], seen) != s->st_own[i].ll_count)
			return (false);
		all += s->st_own[i].ll_count;
	}
	return (all + s->st_live == s->st_slots);
}

bool
slots_check(const struct slots *s)
{
	size_t size = s->st_slots + 1;
	bool *seen = replay_map(size);
	uint32_t live = 0;
	bool good;

	if (seen == NULL)
		return (false);
	good = check_lists(s, seen);
	for (uint64_t i = 0; good && i <= s->st_mask; i++) {
		const struct slot_entry *e = &s->st_entry[i];

		if (e->se_slot == SLOT_NONE)
			continue;
		good = e->se_slot < s->st_slots && !seen[e->se_slot] &&
		    slots_find(s, e->se_object) == e->se_slot;
		if (good)
			seen[e->se_slot] = true;
		live++;
	}
	replay_unmap(seen, size);
	return (good && live == s->st_live &&
	    2 * (uint64_t)s->st_live <= s->st_mask + 1);
}
