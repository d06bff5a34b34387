/*
 * valgrind.c - under valgrind, its tools are told of each block.
 *
 * Layer 7.  Owns the table of blocks in use, and its lock.  Calls client.h,
 * os.h, kmem.h, cache.h.
 *
 * The table is a hash table with linear probing, in memory of its own.  It
 * knows a block by the complement of its address: memcheck takes any word that
 * it finds for a pointer.
 */
#define _GNU_SOURCE
#include "valgrind.h"

#include <dlfcn.h>
#include <stdint.h>

#include "cache.h"
#include "kmem.h"
#include "kmemsizes.h"
#include "lock.h"
#include "meta.h"
#include "os.h"
#include "quarantine.h"
#include "report.h"

#define MINSLOTS	((size_t)4096)
/*
 * Freed blocks that wait: as many as memcheck keeps by default (20 MB), for
 * each of the quarantine's four shards, of which a thread uses one.
 */
#define FREELIST_BYTES	(4 * (size_t)20000000)

/*
 * vb_key:	~ the block's address; 0: a free slot
 * vb_size:	what was requested
 * vb_offset:	from the base to the block
 */
struct vgblock {
	uintptr_t	vb_key;
	size_t		vb_size;
	size_t		vb_offset;
	size_t		vb_kind;
};

/*
 * Invariants, under vg_lock:
 *	vg_nslots is a power of two, vg_nblocks <= vg_nslots / 2
 *	from the slot that a block hashes to up to its own, none is free
 */
static struct vgblock *vg_slots;
static size_t vg_nslots, vg_nblocks;
static struct lock vg_lock;
static bool vg_late;		/* blocks were handed out before */

/*
 * The decision.
 */

static bool
begins(const char *text, const char *with)
{
	for (; *with != '\0'; text++, with++)
		if (*text != *with)
			return (false);
	return (true);
}

/*
 * Valgrind puts its own library before all others, and then the one of a tool
 * that has a malloc: DIR/vgpreload_core-...:DIR/vgpreload_TOOL-...  So the
 * tool's name begins where the two differ.  Asking the tools would be simpler,
 * but some complain of what they do not know; and this runs where instructions
 * are counted, so it is to be short.
 */
static bool
wants_blocks(const char *preload)
{
	const char *tool = preload;

	while (*tool != '\0' && *tool != ':')
		tool++;
	if (*tool == ':')
		tool++;
	for (; *tool != '\0' && *tool == *preload; preload++)
		tool++;
	return (begins(tool, "memcheck-") || begins(tool, "massif-"));
}

KMA_START bool
valgrind_decide(void)
{
	const char *preload;

	if (client_state != CLIENT_UNKNOWN)
		return (client_state == CLIENT_TOLD);
	if (!RUNNING_ON_VALGRIND) {
		client_state = CLIENT_NONE;
		return (false);
	}
	/* Valgrind sets it, so without it there is no environment yet. */
	preload = os_getenv("LD_PRELOAD");
	if (preload == NULL) {
		vg_late = true;
		return (false);
	}
	if (!wants_blocks(preload)) {
		client_state = CLIENT_NONE;
		return (false);
	}
	lock_init(&vg_lock, RANK_VALGRIND);
	quarantine_init(FREELIST_BYTES, false);
	cache_hide_all();
	cache_hide(false);
	client_state = CLIENT_TOLD;
	if (!vg_late)
		client_noaccess((void *)kmembase, ptob(kmempages));
	return (true);
}

/*
 * The table.
 */

static struct vgblock *
home_of(uintptr_t key)
{
	return (&vg_slots[(key * 0x9e3779b97f4a7c15u) >> 32 & (vg_nslots - 1)]);
}

static struct vgblock *
next_slot(struct vgblock *vb)
{
	return (++vb == vg_slots + vg_nslots ? vg_slots : vb);
}

/* The block's slot, or the free one where it would be; there is one. */
static struct vgblock *
find(const void *p)
{
	struct vgblock *vb = home_of(~(uintptr_t)p);

	while (vb->vb_key != 0 && vb->vb_key != ~(uintptr_t)p)
		vb = next_slot(vb);
	return (vb);
}

/* The block, or NULL; the lock is held. */
static struct vgblock *
lookup(const void *p)
{
	struct vgblock *vb;

	if (vg_nslots == 0)
		return (NULL);
	vb = find(p);
	return (vb->vb_key != 0 ? vb : NULL);
}

/* Makes room for one block more. */
static bool
make_room(void)
{
	struct vgblock *old = vg_slots;
	size_t nold = vg_nslots, n = nold == 0 ? MINSLOTS : 2 * nold;
	uintptr_t at;

	if (vg_nblocks < nold / 2)
		return (true);
	if (os_map_any(n * sizeof(*old), &at) != 0)
		return (false);
	vg_slots = (struct vgblock *)at;
	vg_nslots = n;
	for (size_t i = 0; i < nold; i++)
		if (old[i].vb_key != 0)
			*find((void *)~old[i].vb_key) = old[i];
	if (nold > 0)
		os_unmap((uintptr_t)old, nold * sizeof(*old));
	return (true);
}

/* Frees a slot: who stands behind it out of need moves up. */
static void
empty_slot(struct vgblock *hole)
{
	struct vgblock *vb = hole;

	for (;;) {
		vb = next_slot(vb);
		if (vb->vb_key == 0)
			break;
		/* Does the way from its home to it pass the hole? */
		size_t from_home = (size_t)(vb - home_of(vb->vb_key));
		size_t from_hole = (size_t)(vb - hole);

		if ((from_home & (vg_nslots - 1)) >=
		    (from_hole & (vg_nslots - 1))) {
			*hole = *vb;
			hole = vb;
		}
	}
	hole->vb_key = 0;
}

/*
 * Blocks.
 */

static size_t
offset_of(size_t align)
{
	return (align > VALGRIND_REDZONE ? align : VALGRIND_REDZONE);
}

size_t
valgrind_room(size_t align, size_t size)
{
	size_t room;

	if (__builtin_add_overflow(size, offset_of(align) + VALGRIND_REDZONE,
	    &room))
		return (SIZE_MAX);
	return (room);
}

void *
valgrind_place(void *base, size_t align, size_t size)
{
	void *p = (char *)base + offset_of(align);
	bool done;

	lock_acquire(&vg_lock);
	done = make_room();
	if (done) {
		*find(p) = (struct vgblock){
			.vb_key = ~(uintptr_t)p, .vb_size = size,
			.vb_offset = offset_of(align),
			.vb_kind = VALGRIND_MALLOC,
		};
		vg_nblocks++;
	}
	lock_release(&vg_lock);
	return (done ? p : NULL);
}

void
valgrind_set_kind(const void *p, enum valgrind_kind kind)
{
	struct vgblock *vb;

	lock_acquire(&vg_lock);
	vb = lookup(p);
	if (vb != NULL)
		vb->vb_kind = kind;
	lock_release(&vg_lock);
}

/* Was it handed out before the mode was on? */
static bool
is_early(const void *p)
{
	unsigned indx;

	return (vg_late && kmem_why_not(p, &indx) == NULL);
}

bool
valgrind_size(const void *p, size_t *size)
{
	struct vgblock *vb;

	lock_acquire(&vg_lock);
	vb = lookup(p);
	if (vb != NULL)
		*size = vb->vb_size;
	lock_release(&vg_lock);
	if (vb == NULL && is_early(p)) {
		*size = kmem_size(p);
		return (true);
	}
	return (vb != NULL);
}

bool
valgrind_remove(void *p, void **base, size_t *size)
{
	struct vgblock *vb;

	*base = p;
	*size = 0;
	lock_acquire(&vg_lock);
	vb = lookup(p);
	if (vb != NULL) {
		*base = (char *)p - vb->vb_offset;
		*size = vb->vb_size;
		empty_slot(vb);
		vg_nblocks--;
	}
	lock_release(&vg_lock);
	return (vb != NULL || is_early(p));
}

/*
 * What is told.
 */

bool
valgrind_matches(const void *p, enum valgrind_kind kind)
{
	struct vgblock *vb;
	bool matches;

	lock_acquire(&vg_lock);
	vb = lookup(p);
	matches = vb == NULL ? !is_early(p) : vb->vb_kind == kind;
	lock_release(&vg_lock);
	return (matches);
}

/*
 * No request says some things.  But the C library's own functions are still
 * the tool's: its free knows our block, and that it is none of its own, and its
 * malloc refuses what no malloc can serve.
 */

void
valgrind_mismatch(void *p)
{
	static void (*libc_free)(void *);

	/* What was handed out before the mode was on is known to none. */
	if (is_early(p))
		return;
	if (libc_free == NULL)
		libc_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	if (libc_free != NULL)
		libc_free(p);
	else
		VALGRIND_FREELIKE_BLOCK(p, VALGRIND_REDZONE);
}

KMA_COLD void
valgrind_refused(const char *func, uintptr_t a, uintptr_t b)
{
	void *(*fn)(uintptr_t, uintptr_t);

	if (client_state != CLIENT_TOLD || ((intptr_t)a >= 0 &&
	    (intptr_t)b >= 0))
		return;
	fn = (void *(*)(uintptr_t, uintptr_t))dlsym(RTLD_NEXT, func);
	if (fn != NULL)
		(void)fn(a, b);
}

/*
 * Memcheck looks for pointers in whatever the program can write to, and then
 * in the blocks that it found this way.  The arena is like any mapping to it:
 * a lost block would keep all that it points to.  What cannot be written to is
 * searched as blocks alone.  And the books may know lost objects of caches.
 */
void
valgrind_end(void)
{
	if (client_state != CLIENT_TOLD)
		return;
	os_readonly(kmembase, ptob(kmempages));
	os_readonly(meta_base, round_page(meta_next - meta_base));
}

void
valgrind_check(void)
{
	size_t n = 0;

	lock_acquire(&vg_lock);
	for (size_t i = 0; i < vg_nslots; i++) {
		struct vgblock *vb = &vg_slots[i];

		if (vb->vb_key == 0)
			continue;
		n++;
		KMA_ASSERT(find((void *)~vb->vb_key) == vb);
	}
	KMA_ASSERT(n == vg_nblocks);
	KMA_ASSERT(vg_nslots == 0 || vg_nblocks <= vg_nslots / 2);
	lock_release(&vg_lock);
}
