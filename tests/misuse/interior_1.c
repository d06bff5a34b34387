/* free() one byte into a block. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(about_to_misuse(p + 1));
	survive(p, size);
}
