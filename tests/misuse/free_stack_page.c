/* free() of a page-aligned address on the stack. */
#include "misuse.h"

int
main(void)
{
	char buf[2 * BIGPAGE];
	uintptr_t p = (uintptr_t)opaque(buf);

	p = (p + BIGPAGE - 1) & ~(uintptr_t)(BIGPAGE - 1);
	free(about_to_misuse((void *)p));
	survive(NULL, 64);
}
