/* realloc() of a variable on the stack; argument: the new size. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	if (opaque(realloc(about_to_misuse((char *)opaque(buf) + 64),
	    number(argc, argv, 1))) != NULL)
		say("realloc gave a block\n");
	survive(NULL, 64);
}
