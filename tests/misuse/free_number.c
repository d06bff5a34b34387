/* free() of a number, given as the argument. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	free(about_to_misuse((void *)(uintptr_t)number(argc, argv, 1)));
	survive(NULL, 64);
}
