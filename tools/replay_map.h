/*
 * replay_map.h - the replay's own tables, straight from the system: no heap of
 * any allocator is touched, least of all of one that is measured.
 */
#ifndef KMA_REPLAY_MAP_H
#define KMA_REPLAY_MAP_H

#include <sys/mman.h>

#include <stddef.h>
#include <stdint.h>

/* Zeroed; NULL: no memory. */
static inline void *
replay_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return (p == MAP_FAILED ? NULL : p);
}

static inline void
replay_unmap(void *p, size_t size)
{
	if (p != NULL)
		munmap(p, size);
}

/* Larger, zeroed beyond what was there; NULL: no memory, and p stays. */
static inline void *
replay_remap(void *p, size_t old, size_t size)
{
	if (p == NULL)
		return (replay_map(size));
	p = mremap(p, old, size, MREMAP_MAYMOVE);
	return (p == MAP_FAILED ? NULL : p);
}

/*
 * The same for an array of *room elements, which is doubled until it has one
 * with the number at.
 */
static inline void *
replay_grow(void *array, uint32_t *room, size_t size, uint32_t at)
{
	uint32_t more = *room == 0 ? 256 : *room;

	while (more <= at) {
		if (more > UINT32_MAX / 2)
			return (NULL);
		more *= 2;
	}
	if (more == *room)
		return (array);
	array = replay_remap(array, *room * size, more * size);
	if (array != NULL)
		*room = more;
	return (array);
}

#endif /* KMA_REPLAY_MAP_H */
