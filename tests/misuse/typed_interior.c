/* kma_free() inside a block. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1), offset = number(argc, argv, 2);
	char *p = typed_block(size);

	kma_free(about_to_misuse(p + offset), M_MISUSED);
	expect_one(size);
	survive(p, size);
}
