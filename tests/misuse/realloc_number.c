/* realloc() of a number, given as the argument. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	uintptr_t p = (uintptr_t)number(argc, argv, 1);

	if (opaque(realloc(about_to_misuse((void *)p), 100)) != NULL)
		say("realloc gave a block\n");
	survive(NULL, 64);
}
