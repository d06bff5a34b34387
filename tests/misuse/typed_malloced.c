/* kma_free() of what malloc() gave, for no type. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	kma_free(about_to_misuse(p), M_OTHER);
	survive(p, size);
}
