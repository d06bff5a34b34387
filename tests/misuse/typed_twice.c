/* kma_free() of a block twice. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = typed_block(size), *live = typed_block(size);

	kma_free(p, M_MISUSED);
	kma_free(about_to_misuse(p), M_MISUSED);
	expect_one(size);
	survive(live, size);
}
