/* free() of a variable in the data segment. */
#include "misuse.h"

static char data[4096] __attribute__((aligned(16))) = { 1 };

int
main(void)
{
	free(about_to_misuse(data));
	survive(NULL, 64);
}
