/*
 * pattern.h - random numbers that repeat, and contents that can be checked.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PATTERN	__attribute__((unused)) static

/* xorshift64*; the state is never zero. */
PATTERN uint64_t
rnd(uint64_t *state)
{
	uint64_t x;

	x = *state;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (x * UINT64_C(0x2545F4914F6CDD1D));
}

/* A number in [lo, hi]. */
PATTERN size_t
rnd_range(uint64_t *state, size_t lo, size_t hi)
{
	return (lo + (size_t)((rnd(state) >> 11) % (hi - lo + 1)));
}

/* Mostly small, now and then large: each power of two as likely. */
PATTERN size_t
rnd_size(uint64_t *state, unsigned maxshift)
{
	size_t top;

	top = (size_t)1 << rnd_range(state, 0, maxshift);
	return (rnd_range(state, top / 2, top));
}

PATTERN uint64_t
pattern_word(uint64_t seed, size_t i)
{
	return ((seed ^ UINT64_C(0x9E3779B97F4A7C15)) * (2 * (uint64_t)i + 3));
}

/* Byte i of the contents depends on seed and i, not on the length. */
PATTERN void
fill(void *addr, size_t len, uint64_t seed)
{
	unsigned char *p;
	uint64_t w;
	size_t i;

	p = (unsigned char *)addr;
	for (i = 0; i + 8 <= len; i += 8) {
		w = pattern_word(seed, i / 8);
		memcpy(p + i, &w, 8);
	}
	w = pattern_word(seed, i / 8);
	memcpy(p + i, &w, len - i);
}

PATTERN int
intact(const void *addr, size_t len, uint64_t seed)
{
	const unsigned char *p;
	uint64_t w;
	size_t i;

	p = (const unsigned char *)addr;
	for (i = 0; i + 8 <= len; i += 8) {
		w = pattern_word(seed, i / 8);
		if (memcmp(p + i, &w, 8) != 0)
			return (0);
	}
	w = pattern_word(seed, i / 8);
	return (memcmp(p + i, &w, len - i) == 0);
}

/* Whether all len bytes are zero. */
PATTERN int
zeroed(const void *addr, size_t len)
{
	const unsigned char *p;

	p = (const unsigned char *)addr;
	return (len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0));
}

#endif /* PATTERN_H */
