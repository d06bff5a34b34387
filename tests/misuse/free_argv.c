/* free() of an argument of the program. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	(void)argc;
	free(about_to_misuse(argv[0]));
	survive(NULL, 64);
}
