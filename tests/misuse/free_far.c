/* free() far from a block, by the offset in the argument. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	char *p = block(64);
	uintptr_t q = (uintptr_t)p + (uintptr_t)number(argc, argv, 1);

	free(about_to_misuse((void *)q));
	survive(p, 64);
}
