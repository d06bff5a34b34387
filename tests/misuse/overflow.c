/*
 * overflow.c - a byte behind a block's end is written to, so many bytes from
 * there; then the block is freed or reallocated.
 *
 * usage: overflow SIZE AT malloc|calloc|realloc|memalign free|realloc|realloc0
 */
#include "misuse.h"

static char *
get(const char *how, size_t size)
{
	if (strcmp(how, "calloc") == 0)
		return (calloc(1, size));
	if (strcmp(how, "realloc") == 0)
		return (realloc(malloc(1), size));
	if (strcmp(how, "memalign") == 0)
		return (memalign(64, size));
	return (malloc(size));
}

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1), at = number(argc, argv, 2);
	char *p;

	if (argc != 5)
		skip("usage");
	p = filled(opaque(get(argv[3], size)), size);
	about_to_misuse(p);
	((volatile char *)p)[size + at] = 7;
	if (strcmp(argv[4], "free") == 0) {
		free(p);
		p = NULL;
	} else if (strcmp(argv[4], "realloc") == 0)
		p = realloc(p, 2 * size);
	else
		p = realloc(p, 0);
	survive(p, size);
}
