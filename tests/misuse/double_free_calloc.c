/* free() of a block from calloc() twice in a row. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = filled(opaque(calloc(1, size)), size);

	free(p);
	free(about_to_misuse(p));
	survive(NULL, size);
}
