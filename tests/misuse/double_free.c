/* free() of a block twice in a row. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	free(about_to_misuse(p));
	survive(NULL, size);
}
