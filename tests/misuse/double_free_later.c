/* free() of a block twice, with enough others between to fill any cache. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t i, n, size = number(argc, argv, 1);
	static char *p[20000], *live[sizeof(p) / sizeof(p[0])];

	n = sizeof(p) / sizeof(p[0]);
	if (n > ((size_t)256 << 20) / size)
		n = ((size_t)256 << 20) / size;
	/* Every other block stays, so that no page is free as a whole. */
	for (i = 0; i < n; i++) {
		p[i] = opaque(malloc(size));
		live[i] = opaque(malloc(size));
	}
	for (i = 0; i < n; i++)
		free(p[i]);
	free(about_to_misuse(p[0]));
	survive(live[0] = memset(live[0], 0xa7, size), size);
}
