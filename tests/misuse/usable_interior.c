/* malloc_usable_size() sixteen bytes into a block. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	if (malloc_usable_size(about_to_misuse(p + 16)) != 0)
		say("malloc_usable_size gave a size\n");
	survive(p, size);
}
