/*
 * guard.h - pages that nobody may touch, and how many of them there may be.
 *
 * Layer 2.  In the mode hardened.  Forbidden pages lie between page runs, and
 * freed runs are forbidden while they are in the quarantine.  Each splits a
 * mapping in two, and a process has a limit on those (vm.max_map_count):
 * so guards take a quarter of it at most, and beyond that there are no more.
 */
#ifndef KMA_GUARD_H
#define KMA_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

/* Does a new run get one?  False until guard_start(). */
extern KMA_HIDDEN bool guard_wanted;

/* Reads the limit. */
void	guard_start(void);

/*
 * Forbids pages; false: there are enough, or the system will not.  A guard is
 * lifted as it was set, whole.
 */
bool	guard_set(uintptr_t addr, size_t len);

/* Allows them again; an errno: they are forbidden for ever. */
int	guard_lift(uintptr_t addr, size_t len);

/* Guards that are set; a moment ago. */
size_t	guard_count(void);

#endif /* KMA_GUARD_H */
