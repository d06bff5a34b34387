/* kma_realloc() of a block just freed. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1), to = number(argc, argv, 2);
	char *p = typed_block(size), *live = typed_block(size);

	kma_free(p, M_MISUSED);
	if (kma_realloc(about_to_misuse(p), to, M_MISUSED,
	    M_NOWAIT | M_ZERO) != NULL)
		return (1);
	expect_one(size);
	survive(live, size);
}
