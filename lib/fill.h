/*
 * fill.h - blocks and parts of blocks that hold one byte all over.
 *
 * Layer 0.  No state.  Sixteen bytes at a time, in line: a mode does this at
 * each call.  The byte comes eight times over in a word.
 */
#ifndef KMA_FILL_H
#define KMA_FILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cdefs.h"

#define FILL_BYTES(byte)	((uint64_t)(byte) * 0x0101010101010101u)
#define FILL_LONG		512	/* from here on memset() is faster */

typedef uint64_t fill_vec __attribute__((vector_size(16), may_alias));
typedef uint64_t fill_vec_at __attribute__((vector_size(16), may_alias,
    aligned(1)));

/* Memory of n bytes, a multiple of 16, at one; calls nothing. */
static inline void
fill_short(void *p, size_t n, uint64_t bytes)
{
	fill_vec v = { bytes, bytes }, *to = p;

	for (size_t i = 0; i < n / sizeof(v); i++) {
		forget_reg(i);		/* else GCC makes more of it */
		to[i] = v;
	}
}

static inline void
fill_block(void *p, size_t n, uint64_t bytes)
{
	if (unlikely(n >= FILL_LONG))
		memset(p, (uint8_t)bytes, n);
	else
		fill_short(p, n, bytes);
}

static inline bool
fill_any(fill_vec v)
{
	return ((v[0] | v[1]) != 0);
}

/* Does it hold that? */
static inline bool
fill_holds(const void *p, size_t n, uint64_t bytes)
{
	fill_vec v = { bytes, bytes }, differ = { 0, 0 };
	const fill_vec *at = p;

	for (; n >= 4 * sizeof(v); n -= 4 * sizeof(v), at += 4)
		differ |= (at[0] ^ v) | (at[1] ^ v) | (at[2] ^ v) |
		    (at[3] ^ v);
	for (; n > 0; n -= sizeof(v), at++)
		differ |= *at ^ v;
	return (!fill_any(differ));
}

/* The last bytes of a vector, if it is loaded from as many bytes into this. */
static const uint8_t fill_last[32] __attribute__((aligned(16))) = {
	[16] = 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255,
};

/*
 * The same for the end of such a block, from size bytes on, wherever that is.
 * Of less than 16 bytes, the last ones of a vector count, and the others are
 * written as they were.
 */
static inline void
fill_end(void *p, size_t size, size_t n, uint64_t bytes)
{
	fill_vec v = { bytes, bytes }, mask, *at;
	char *end = p;

	if (n - size >= sizeof(v)) {
		*(fill_vec_at *)(end + size) = v;
		size = (size + sizeof(v) - 1) & ~(sizeof(v) - 1);
		fill_short(end + size, n - size, bytes);
		return;
	}
	mask = *(const fill_vec_at *)(fill_last + (n - size));
	at = (fill_vec *)(end + n - sizeof(v));
	*at = (*at & ~mask) | (v & mask);
}

static inline bool
fill_end_holds(const void *p, size_t size, size_t n, uint64_t bytes)
{
	fill_vec v = { bytes, bytes }, differ;
	const char *end = p;

	if (n - size < sizeof(v)) {
		differ = *(const fill_vec *)(end + n - sizeof(v)) ^ v;
		return (!fill_any(differ &
		    *(const fill_vec_at *)(fill_last + (n - size))));
	}
	differ = *(const fill_vec_at *)(end + size) ^ v;
	size = (size + sizeof(v) - 1) & ~(sizeof(v) - 1);
	return (!fill_any(differ) && fill_holds(end + size, n - size, bytes));
}

/* The first byte from at on that is another one; n if there is none. */
static inline size_t
fill_differs(const void *p, size_t at, size_t n, uint64_t bytes)
{
	const uint8_t *b = p;

	while (at < n && b[at] == (uint8_t)bytes)
		at++;
	return (at);
}

#endif /* KMA_FILL_H */
