/* free() of a function. */
#include "misuse.h"

int	main(void);

int
main(void)
{
	free(about_to_misuse((void *)(uintptr_t)main));
	survive(NULL, 64);
}
