/* realloc() of a block that is free; arguments: size, new size. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	if (opaque(realloc(about_to_misuse(p), number(argc, argv, 2))) != NULL)
		say("realloc gave a block\n");
	survive(NULL, size);
}
