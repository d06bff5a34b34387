/* free() inside a tagged block. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1), offset = number(argc, argv, 2);
	char *p = tagged_block(size);

	free(about_to_misuse(p + offset));
	expect_one(size);
	survive(p, size);
}
