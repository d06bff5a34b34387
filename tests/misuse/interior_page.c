/* free() one page into a run of pages. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	free(about_to_misuse(p + sysconf(_SC_PAGESIZE)));
	survive(p, size);
}
