/* free() of a string literal. */
#include "misuse.h"

int
main(void)
{
	free(about_to_misuse("a string literal, long enough to look real"));
	survive(NULL, 64);
}
