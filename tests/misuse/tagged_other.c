/* kma_free() of a block that has the tag of another type. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = tagged_block(size);

	/* The other type has enough: it is the tag that tells. */
	(void)kma_malloc(2 * size, M_OTHER, M_NOWAIT);
	kma_free(about_to_misuse(p), M_OTHER);
	expect_one(size);
	survive(p, size);
}
