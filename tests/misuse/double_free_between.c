/* free() of one block, of another, of the first. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size), *q = block(size);

	free(p);
	free(q);
	free(about_to_misuse(p));
	survive(NULL, size);
}
