/* free() of the middle of a block. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);
	size_t half = (malloc_usable_size(p) / 2 + 15) & ~(size_t)15;

	free(about_to_misuse(p + half));
	survive(p, size);
}
