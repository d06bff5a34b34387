/* malloc_usable_size() of an address inside a run that is free. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	if (malloc_usable_size(about_to_misuse(p + size / 2)) != 0)
		say("malloc_usable_size gave a size\n");
	survive(NULL, size);
}
