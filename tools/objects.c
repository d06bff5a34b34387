/*
 * objects.c - the page table and the lists of free slots. See objects.h.
 *
 * Which leaf is whose is in a hash table with linear probing; what is removed
 * leaves no mark, the entries behind it move up instead.  Neighbours in memory
 * are neighbours in a leaf, where nothing is searched for: measured, that is a
 * tenth of a whole replay faster than a hash table of all addresses.
 */
#include "objects.h"

#include "replay_map.h"

#define FIRST_BITS	10
#define MOST_BITS	32

static inline uint64_t
home(const struct objects *os, uint64_t page)
{
	/* Fibonacci hashing: neighbours are spread evenly. */
	return (page * 0x9e3779b97f4a7c15u >> (64 - os->os_bits));
}

static struct leaf_entry *
new_entries(unsigned bits)
{
	return (replay_map(sizeof(struct leaf_entry) << bits));
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
	replay_unmap(os->os_leaf, os->os_leafroom * sizeof(*os->os_leaf));
	replay_unmap(os->os_object, os->os_room * sizeof(*os->os_object));
	replay_unmap(os->os_own, os->os_threads * sizeof(*os->os_own));
	*os = (struct objects){ 0 };
}

/*
 * Leaves.
 */

/* The page's entry, or the empty one where it would be. */
static inline struct leaf_entry *
find_entry(const struct objects *os, uint64_t page)
{
	uint64_t i = home(os, page);

	while (os->os_entry[i].le_leaf != 0 && os->os_entry[i].le_page != page)
		i = (i + 1) & os->os_mask;
	return (&os->os_entry[i]);
}

/* Where an entry says that an address has its slot. */
static inline uint32_t *
place_in(const struct objects *os, const struct leaf_entry *le, uint64_t addr)
{
	struct leaf *lf = &os->os_leaf[le->le_leaf - 1];

	return (&lf->lf_slot[addr & (LEAF_SLOTS - 1)]);
}

static bool
grow_table(struct objects *os)
{
	struct leaf_entry *old = os->os_entry;
	uint64_t n = os->os_mask + 1;
	struct leaf_entry *entry;

	if (os->os_bits == MOST_BITS ||
	    (entry = new_entries(os->os_bits + 1)) == NULL)
		return (false);
	os->os_entry = entry;
	os->os_bits++;
	os->os_mask = 2 * n - 1;
	for (uint64_t i = 0; i < n; i++)
		if (old[i].le_leaf != 0)
			*find_entry(os, old[i].le_page) = old[i];
	replay_unmap(old, n * sizeof(*old));
	return (true);
}

static bool
grow_leaves(struct objects *os)
{
	struct leaf *leaf = replay_grow(os->os_leaf, &os->os_leafroom,
	    sizeof(*leaf), os->os_leaves);

	if (leaf != NULL)
		os->os_leaf = leaf;
	return (leaf != NULL);
}

/* An entry and an empty leaf for a page that has none; NULL: no memory. */
static struct leaf_entry *
add_leaf(struct objects *os, uint64_t page)
{
	uint32_t leaf = os->os_freeleaf;
	struct leaf_entry *le;

	if (2 * (uint64_t)(os->os_used + 1) > os->os_mask + 1 &&
	    !grow_table(os))
		return (NULL);
	if (leaf != 0) {
		uint32_t *next = &os->os_leaf[leaf - 1].lf_slot[0];

		os->os_freeleaf = *next;
		*next = 0;
	} else {
		if (os->os_leaves == os->os_leafroom && !grow_leaves(os))
			return (NULL);
		leaf = ++os->os_leaves;
	}
	os->os_used++;
	le = find_entry(os, page);
	*le = (struct leaf_entry){ page, leaf, 0 };
	return (le);
}

/* Those behind it that could not be nearer to their home move up. */
static void
remove_leaf(struct objects *os, struct leaf_entry *le)
{
	uint64_t hole = (uint64_t)(le - os->os_entry), i = hole;

	os->os_leaf[le->le_leaf - 1].lf_slot[0] = os->os_freeleaf;
	os->os_freeleaf = le->le_leaf;
	os->os_used--;
	for (;;) {
		i = (i + 1) & os->os_mask;
		if (os->os_entry[i].le_leaf == 0)
			break;
		if (((i - home(os, os->os_entry[i].le_page)) & os->os_mask) >=
		    ((i - hole) & os->os_mask)) {
			os->os_entry[hole] = os->os_entry[i];
			hole = i;
		}
	}
	os->os_entry[hole].le_leaf = 0;
}

/*
 * Addresses.
 */

bool
objects_enter(struct objects *os, uint32_t slot, uint32_t *lost)
{
	uint64_t addr = os->os_object[slot].o_addr;
	struct leaf_entry *le = find_entry(os, addr >> LEAF_BITS);
	uint32_t *at;

	if (le->le_leaf == 0 &&
	    (le = add_leaf(os, addr >> LEAF_BITS)) == NULL)
		return (false);
	at = place_in(os, le, addr);
	*lost = *at - 1;
	le->le_count += *lost == SLOT_NONE;
	*at = slot + 1;
	return (true);
}

uint32_t
objects_take(struct objects *os, uint64_t addr)
{
	struct leaf_entry *le = find_entry(os, addr >> LEAF_BITS);
	uint32_t *at, slot;

	if (le->le_leaf == 0)
		return (SLOT_NONE);
	at = place_in(os, le, addr);
	slot = *at - 1;
	if (slot == SLOT_NONE)
		return (SLOT_NONE);
	*at = 0;
	if (--le->le_count == 0)
		remove_leaf(os, le);
	return (slot);
}

/* All that is on one level is on its way before the first is looked at. */
void
objects_expect(const struct objects *os, const uint64_t *addr, unsigned count)
{
	const uint32_t *at[OBJECTS_EXPECT];
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		__builtin_prefetch(&os->os_entry[home(os,
		    addr[i] >> LEAF_BITS)]);
	for (unsigned i = 0; i < count; i++) {
		struct leaf_entry *le = find_entry(os, addr[i] >> LEAF_BITS);

		if (le->le_leaf != 0) {
			at[n] = place_in(os, le, addr[i]);
			__builtin_prefetch(at[n++], 1);
		}
	}
	for (unsigned i = 0; i < n; i++)
		if (*at[i] != 0)
			__builtin_prefetch(&os->os_object[*at[i] - 1], 1);
}

/*
 * Slots.
 */

static bool
grow_own(struct objects *os, uint32_t thread)
{
	struct slot_list *own = replay_grow(os->os_own, &os->os_threads,
	    sizeof(*own), thread);

	if (own != NULL)
		os->os_own = own;
	return (own != NULL);
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
	struct object *object = replay_grow(os->os_object, &os->os_room,
	    sizeof(*object), os->os_slots);

	if (object != NULL)
		os->os_object = object;
	return (object != NULL);
}

uint32_t
objects_new(struct objects *os, uint32_t thread)
{
	uint32_t slot;

	if (thread < os->os_threads && os->os_own[thread].ll_count > 0)
		slot = pop(os, &os->os_own[thread]);
	else if (os->os_common.ll_count > 0)
		slot = pop(os, &os->os_common);
	else if (os->os_slots < os->os_room || grow_objects(os))
		slot = os->os_slots++;
	else
		return (SLOT_NONE);
	os->os_live++;
	return (slot);
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

/* The leaf's objects, each seen for the first time; false: not as it should. */
static bool
check_leaf(const struct objects *os, const struct leaf_entry *le, bool *seen)
{
	uint64_t addr = le->le_page << LEAF_BITS;
	uint32_t n = 0;

	for (unsigned i = 0; i < LEAF_SLOTS; i++) {
		uint32_t slot = *place_in(os, le, addr + i) - 1;

		if (slot == SLOT_NONE)
			continue;
		if (slot >= os->os_slots || seen[slot] ||
		    os->os_object[slot].o_addr != addr + i)
			return (false);
		seen[slot] = true;
		n++;
	}
	return (n > 0 && n == le->le_count);
}

static bool
check_entries(const struct objects *os, bool *seen)
{
	uint64_t used = 0, found = 0;

	for (uint64_t i = 0; i <= os->os_mask; i++) {
		const struct leaf_entry *le = &os->os_entry[i];

		if (le->le_leaf == 0)
			continue;
		if (le->le_leaf > os->os_leaves ||
		    find_entry(os, le->le_page) != le ||
		    !check_leaf(os, le, seen))
			return (false);
		used++;
		found += le->le_count;
	}
	return (used == os->os_used && 2 * used <= os->os_mask + 1 &&
	    found <= os->os_live);
}

/* Those that are free are all there, and hold nothing but the next. */
static bool
check_free_leaves(const struct objects *os)
{
	uint32_t n = os->os_used;

	for (uint32_t i = os->os_freeleaf; i != 0; n++) {
		const struct leaf *lf = &os->os_leaf[i - 1];

		if (i > os->os_leaves || n >= os->os_leaves)
			return (false);
		for (unsigned k = 1; k < LEAF_SLOTS; k++)
			if (lf->lf_slot[k] != 0)
				return (false);
		i = lf->lf_slot[0];
	}
	return (n == os->os_leaves);
}

bool
objects_check(const struct objects *os)
{
	size_t size = os->os_slots + 1;
	bool *seen = replay_map(size);
	bool good;

	if (seen == NULL)
		return (false);
	good = check_lists(os, seen) && check_entries(os, seen) &&
	    check_free_leaves(os);
	replay_unmap(seen, size);
	return (good);
}
