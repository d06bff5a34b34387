/* free() of an address that has been unmapped. */
#include <sys/mman.h>

#include "misuse.h"

int
main(void)
{
	char *p = mmap(NULL, 4 * BIGPAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		skip("mmap fails");
	(void)munmap(p, 4 * BIGPAGE);
	free(about_to_misuse(p + BIGPAGE));
	survive(NULL, 64);
}
