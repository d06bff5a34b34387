/* free() inside a mapping of the program's own. */
#include <sys/mman.h>

#include "misuse.h"

int
main(void)
{
	char *p = mmap(NULL, 4 * BIGPAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		skip("mmap fails");
	free(about_to_misuse(p + BIGPAGE));
	survive(NULL, 64);
}
