/* free() of a variable on the stack. */
#include "misuse.h"

int
main(void)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	free(about_to_misuse((char *)opaque(buf) + 64));
	survive(NULL, 64);
}
