/* free() of an object inside the C library. */
#include "misuse.h"

int
main(void)
{
	free(about_to_misuse(stdout));
	survive(NULL, 64);
}
