/*
 * write_freed.c - a byte of a freed block is written to, and then somebody
 * else is given the block.
 */
#include "misuse.h"

#define N	4096

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1), at = number(argc, argv, 2);
	char *p = block(size);

	free(about_to_misuse(p));
	((volatile char *)p)[at] = 7;
	for (int i = 0; i < N; i++)
		(void)opaque(malloc(size));
	survive(NULL, size);
}
