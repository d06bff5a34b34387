/*
 * inline.c - MALLOC and FREE of <kma.h>, for instructions.sh: callgrind counts
 * what is executed inside the functions below.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kma.h"

struct node {
	struct node	*next;
	char		 name[40];
};

/* Besides MALLOC: the result is moved to its register, and a return. */
struct node	*inline_malloc(void);
/* Besides FREE: a return. */
void		 inline_free(struct node *p);

__attribute__((noinline, noclone)) struct node *
inline_malloc(void)
{
	return (MALLOC(sizeof(struct node)));
}

__attribute__((noinline, noclone)) void
inline_free(struct node *p)
{
	FREE(p);
}

int
main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 0) : 1000;

	for (; n > 0; n--) {
		struct node *p = inline_malloc();

		if (p == NULL)
			return (1);
		inline_free(p);
	}
	return (0);
}
