/* free() of the last page of a run of pages. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	free(about_to_misuse(p + malloc_usable_size(p) - page));
	survive(p, size);
}
