/*
 * client.h - what valgrind is told of the arena's memory.
 *
 * Layer 1.  Owns whether it is told anything: decided once (valgrind.c), and
 * never where a unit test uses the allocator without its faces.  No lock.
 *
 * A client request is a few instructions without any effect, which valgrind
 * knows when it meets them.
 */
#ifndef KMA_CLIENT_H
#define KMA_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <valgrind/memcheck.h>

#include "cdefs.h"

enum client_state {
	CLIENT_UNKNOWN,		/* nobody has looked yet */
	CLIENT_NONE,		/* no valgrind, or a tool that only counts */
	CLIENT_TOLD		/* a tool that wants to know of each block */
};
extern KMA_HIDDEN uint8_t client_state;

/* The memory is nobody's: who touches it makes an error. */
static inline void
client_noaccess(const void *p, size_t len)
{
	if (unlikely(client_state == CLIENT_TOLD))
		VALGRIND_MAKE_MEM_NOACCESS(p, len);
}

/* It may be written to, and what it holds means nothing. */
static inline void
client_undefined(const void *p, size_t len)
{
	if (unlikely(client_state == CLIENT_TOLD))
		VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

/* It may be read as well. */
static inline void
client_defined(const void *p, size_t len)
{
	if (unlikely(client_state == CLIENT_TOLD))
		VALGRIND_MAKE_MEM_DEFINED(p, len);
}

#endif /* KMA_CLIENT_H */
