/* free() of a block from memalign() twice; args: align, size. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t align = number(argc, argv, 1), size = number(argc, argv, 2);
	char *p = filled(opaque(memalign(align, size)), size);

	free(p);
	free(about_to_misuse(p));
	survive(NULL, size);
}
