/* free() of a block whose page has gone back to the system. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t i, n, size = number(argc, argv, 1);
	static char *p[200000];

	n = sizeof(p) / sizeof(p[0]);
	if (n > ((size_t)64 << 20) / size)
		n = ((size_t)64 << 20) / size;
	for (i = 0; i < n; i++)
		p[i] = opaque(malloc(size));
	for (i = 0; i < n; i++)
		free(p[i]);
	(void)malloc_trim(0);
	free(about_to_misuse(p[n / 2]));
	survive(NULL, size);
}
