/* free() of a block that realloc() has moved. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size), *in_the_way = block(size), *q;

	q = opaque(realloc(opaque(p), 16 * size));
	if (q == p)
		skip("realloc did not move the block");
	free(about_to_misuse(p));
	survive(memset(in_the_way, 0xa7, size), size);
}
