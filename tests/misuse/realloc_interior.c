/* realloc() sixteen bytes into a block; arguments: size, new size. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	if (opaque(realloc(about_to_misuse(p + 16), number(argc, argv, 2))) !=
	    NULL)
		say("realloc gave a block\n");
	survive(p, size);
}
