/* free() sixteen bytes into a block from memalign(); args: align, size. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t align = number(argc, argv, 1), size = number(argc, argv, 2);
	char *p = filled(opaque(memalign(align, size)), size);

	free(about_to_misuse(p + 16));
	survive(p, size);
}
