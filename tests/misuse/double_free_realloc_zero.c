/* free() of a block that realloc(p, 0) has freed. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	if (opaque(realloc(opaque(p), 0)) != NULL)
		skip("realloc(p, 0) does not free");
	free(about_to_misuse(p));
	survive(NULL, size);
}
