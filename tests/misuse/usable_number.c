/* malloc_usable_size() of a number, given as the argument. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	uintptr_t p = (uintptr_t)number(argc, argv, 1);

	if (malloc_usable_size(about_to_misuse((void *)p)) != 0)
		say("malloc_usable_size gave a size\n");
	survive(NULL, 64);
}
