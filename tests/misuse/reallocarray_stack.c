/* reallocarray() of a variable on the stack. */
#include "misuse.h"

int
main(void)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	if (opaque(reallocarray(about_to_misuse((char *)opaque(buf) + 64),
	    10, 100)) != NULL)
		say("reallocarray gave a block\n");
	survive(NULL, 64);
}
