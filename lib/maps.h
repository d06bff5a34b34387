/*
 * maps.h - which mapping an address lies in.
 *
 * Layer 2.  No state, no lock.  Asks the kernel (/proc/self/maps) and not the
 * loader, whose lock the caller may be under.
 */
#ifndef KMA_MAPS_H
#define KMA_MAPS_H

#include <stdbool.h>
#include <stdint.h>

/* Room for a path; of a longer one, the beginning is left out. */
#define MAPS_PATH	512

struct mapping {
	uintptr_t	m_start;
	uintptr_t	m_end;
	uint64_t	m_offset;	/* in the file, of m_start */
	bool		m_isfile;	/* memory of a file, with m_path */
	bool		m_named;	/* and all of it, and no file removed */
	char		m_path[MAPS_PATH];
};

/*
 * Finds the mapping of addr.  0; EFAULT: there is none; another errno: the
 * kernel does not tell, because /proc is not mounted (ENOENT), say.
 */
int	maps_find(uintptr_t addr, struct mapping *m);

/* The last part of the path. */
const char *maps_base(const struct mapping *m);

#endif /* KMA_MAPS_H */
