/* free() of a tagged block twice, with others between. */
#include "typed.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1), n = number(argc, argv, 2);
	char *p = tagged_block(size), *live = tagged_block(size), *q[500];

	(void)kma_settype(M_MISUSED);
	for (size_t i = 0; i < n; i++)
		q[i] = malloc(size);
	free(p);
	for (size_t i = 0; i < n; i++)
		free(q[i]);
	(void)kma_settype(NULL);
	free(about_to_misuse(p));
	expect_one(size);
	survive(live, size);
}
