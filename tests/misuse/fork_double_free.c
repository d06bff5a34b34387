/* A child frees what its parent had freed before the fork. */
#include "in_child.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(p);
	in_child();
	free(about_to_misuse(p));
	survive(NULL, size);
}
