/* realloc() of an address inside a run that is free. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	if (opaque(realloc(about_to_misuse(p + size / 2), 100)) != NULL)
		say("realloc gave a block\n");
	survive(NULL, size);
}
