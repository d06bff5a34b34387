/* A child frees an address on the stack. */
#include "in_child.h"

int
main(void)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	in_child();
	free(about_to_misuse((char *)opaque(buf) + 64));
	survive(NULL, 64);
}
