/* malloc_usable_size() of a variable on the stack. */
#include "misuse.h"

int
main(void)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	if (malloc_usable_size(
	    about_to_misuse((char *)opaque(buf) + 64)) != 0)
		say("malloc_usable_size gave a size\n");
	survive(NULL, 64);
}
