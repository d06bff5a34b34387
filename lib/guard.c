/*
 * guard.c - pages that nobody may touch, and how many of them there may be.
 *
 * Layer 2.  Owns the count, which changes by atomic operations; no lock.
 * Calls os.h.
 */
#include "guard.h"

#include "os.h"

#define MAPS_FILE	"/proc/sys/vm/max_map_count"
#define MAPS_DEFAULT	65530
#define MAPS_EACH	2	/* mappings more for a guard, at most */
#define SHARE		4	/* part of the limit that guards may take */

bool guard_wanted;
static size_t guards;
static size_t guards_max;

static size_t
limit_on_maps(void)
{
	char text[24];
	long len = os_read_file(MAPS_FILE, text, sizeof(text));
	size_t n = 0;

	for (long i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + (size_t)(text[i] - '0');
	return (n > 0 ? n : MAPS_DEFAULT);
}

void
guard_start(void)
{
	guards_max = limit_on_maps() / SHARE / MAPS_EACH;
	guard_wanted = true;
}

bool
guard_set(uintptr_t addr, size_t len)
{
	if (__atomic_fetch_add(&guards, 1, __ATOMIC_RELAXED) < guards_max &&
	    os_forbid(addr, len) == 0)
		return (true);
	__atomic_fetch_sub(&guards, 1, __ATOMIC_RELAXED);
	return (false);
}

int
guard_lift(uintptr_t addr, size_t len)
{
	int error = os_allow(addr, len);

	/* Fresh pages: what is forbidden holds nothing that is wanted. */
	if (error != 0)
		error = os_remap(addr, len);
	if (error == 0)
		__atomic_fetch_sub(&guards, 1, __ATOMIC_RELAXED);
	return (error);
}

size_t
guard_count(void)
{
	return (relaxed_load(&guards));
}
