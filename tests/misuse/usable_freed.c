/* malloc_usable_size() of a block that is free. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	if (malloc_usable_size(about_to_misuse(p)) != 0)
		say("malloc_usable_size gave a size\n");
	survive(NULL, size);
}
