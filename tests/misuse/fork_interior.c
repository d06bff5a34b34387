/* A child frees an address inside a block from before the fork. */
#include "in_child.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	in_child();
	free(about_to_misuse(p + 16));
	survive(p, size);
}
