/* free() of the last byte of a block. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(about_to_misuse(p + malloc_usable_size(p) - 1));
	survive(p, size);
}
