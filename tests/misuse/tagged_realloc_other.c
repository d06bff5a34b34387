/* kma_realloc() of a block that has the tag of another type. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = tagged_block(size);

	if (kma_realloc(about_to_misuse(p), 2 * size, M_OTHER, M_NOWAIT) !=
	    NULL)
		return (1);
	expect_one(size);
	survive(p, size);
}
