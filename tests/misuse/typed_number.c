/* kma_free() of a number. */
#include "typed.h"

int
main(int argc, char **argv)
{
	char *p = typed_block(100);

	kma_free(about_to_misuse((void *)number(argc, argv, 1)), M_MISUSED);
	expect_one(100);
	survive(p, 100);
}
