/* free() of the middle of a run that is free. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	free(about_to_misuse(p + size / 2));
	survive(NULL, size);
}
