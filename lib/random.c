/*
 * random.c - numbers that an attacker should not guess cheaply.
 *
 * Layer 1.  Owns a word of each thread; no lock.  Calls os.h.
 */
#include "random.h"

#include "os.h"

KMA_TLS uint64_t random_state;

void
random_seed(void)
{
	uint64_t seed = os_random();

	random_state = seed != 0 ? seed : 1;
}

void
random_postfork_child(void)
{
	random_state = 0;
}
