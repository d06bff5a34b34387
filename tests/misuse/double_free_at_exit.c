/* the second free() comes from an exit handler. */
#include "misuse.h"

static char *p;

static void
again(void)
{
	free(about_to_misuse(p));
	say("alive\n");
}

int
main(int argc, char **argv)
{
	p = block(number(argc, argv, 1));
	(void)atexit(again);
	free(p);
	return (0);
}
