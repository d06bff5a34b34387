/* kma_free() of a block as of another type, which never had as much. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p;

	/* A second argument: the other type has a limit. */
	if (argc > 2)
		kma_type_setlimit(M_OTHER, number(argc, argv, 2));
	p = typed_block(size);
	kma_free(about_to_misuse(p), M_OTHER);
	expect_one(size);
	survive(p, size);
}
