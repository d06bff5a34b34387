/*
 * random.h - numbers that an attacker should not guess cheaply.
 *
 * Layer 1.  A generator for each thread, a few instructions a number, seeded
 * by the kernel.  Not for cryptography: who sees many of the numbers can work
 * out the others.
 */
#ifndef KMA_RANDOM_H
#define KMA_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

/* The calling thread's state; 0: not seeded. */
extern KMA_HIDDEN KMA_TLS uint64_t random_state;

void	random_seed(void);
/* The child of a fork does not go on with its parent's numbers. */
void	random_postfork_child(void);

/* 64 bits (xorshift64*, Vigna 2016), where the state is seeded. */
static inline uint64_t
random_step(void)
{
	uint64_t x = random_state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random_state = x;
	return (x * 0x2545f4914f6cdd1du);
}

static inline uint64_t
random_next(void)
{
	if (unlikely(random_state == 0))
		random_seed();
	return (random_step());
}

/* A number as 0 to n - 1, for n below 2^32. */
static inline size_t
random_scale(uint64_t number, size_t n)
{
	return ((number >> 32) * n >> 32);
}

static inline size_t
random_below(size_t n)
{
	return (random_scale(random_next(), n));
}

#endif /* KMA_RANDOM_H */
