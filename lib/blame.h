/*
 * blame.h - what is known of a block, for messages about it.
 *
 * Layer 7.  No state, no lock.  No memory but the stack; the names of
 * functions come from the ELF files (symbol.h).
 */
#ifndef KMA_BLAME_H
#define KMA_BLAME_H

#include <stddef.h>
#include <stdint.h>

#include "blocktag.h"
#include "report.h"

/* A byte that is not what it was: at offset at of the block. */
struct blame_byte {
	size_t	bb_at;
	uint8_t	bb_expected;
	uint8_t	bb_found;
};

/*
 * The misuse of report_misuse(), and behind its line what is known: of the
 * byte, unless that is NULL, and of the block whose start is p, unless that
 * is.
 */
void	blame_misuse(const char *func, const void *addr, const char *reason,
	    const struct blame_byte *byte, const void *p,
	    const struct blocktag *bt);

/* Object and function of a return address, or what is known of them. */
void	blame_caller(struct report *r, uintptr_t caller);

#endif /* KMA_BLAME_H */
