/*
 * Freed blocks are overwritten with an attacker's addresses: no later
 * malloc() may return one of those, nor overlap a live block.
 */
#include "misuse.h"

#define NBLOCK		1024
#define NMORE		8192

static char target[4096] __attribute__((aligned(4096)));

/* What the attacker would like to be given. */
static void
overwrite(void *p, size_t size, uintptr_t evil)
{
	uintptr_t word[8];
	size_t i;

	for (i = 0; i < 8; i++)
		word[i] = evil;
	memcpy(p, word, size < sizeof(word) ? size : sizeof(word));
}

int
main(int argc, char **argv)
{
	static char *old[NBLOCK], *p[NMORE];
	size_t i, j, size = number(argc, argv, 1);

	for (i = 0; i < NBLOCK; i++)
		old[i] = block(size);
	/* Every other block stays, so that their pages do. */
	for (i = 0; i < NBLOCK; i += 2)
		free(old[i]);
	for (i = 0; i < NBLOCK; i += 2)
		overwrite(opaque(old[i]), size,
		    i % 4 == 0 ? (uintptr_t)target + 64 :
		    (uintptr_t)old[NBLOCK - 1 - i]);
	for (i = 0; i < NMORE; i++) {
		p[i] = opaque(malloc(size));
		if (p[i] == NULL || (p[i] >= target &&
		    p[i] < target + sizeof(target))) {
			say("malloc gave the attacker's address\n");
			return (1);
		}
		memset(p[i], (int)(i % 100), size);
	}
	for (i = 0; i < NMORE; i++)
		for (j = 0; j < size; j++)
			if (p[i][j] != (char)(i % 100)) {
				say("new blocks overlap\n");
				return (1);
			}
	for (i = 1; i < NBLOCK; i += 2)
		for (j = 0; j < size; j++)
			if ((unsigned char)old[i][j] != 0xa7) {
				say("a live block was given out again\n");
				return (1);
			}
	survive(NULL, size);
}
