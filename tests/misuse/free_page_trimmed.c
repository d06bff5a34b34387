/* free() inside a free run, after malloc_trim(). */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = block(size), *stays = block(size);

	free(p);
	(void)malloc_trim(0);
	free(about_to_misuse(p + size / 2));
	survive(stays, size);
}
