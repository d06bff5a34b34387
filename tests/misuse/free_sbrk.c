/* free() of memory that sbrk() gave. */
#include "misuse.h"

int
main(void)
{
	char *p = sbrk(4096);

	if (p == (void *)-1)
		skip("sbrk fails");
	free(about_to_misuse(p + 16));
	survive(NULL, 64);
}
