/* free() of a page-aligned variable in the bss. */
#include "misuse.h"

static char bss[BIGPAGE] __attribute__((aligned(4096)));

int
main(void)
{
	free(about_to_misuse(bss));
	survive(NULL, 64);
}
