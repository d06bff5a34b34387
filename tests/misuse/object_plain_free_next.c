/* free() of an object that is not the first in its memory. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p;

	(void)object(c, size);
	(void)object(c, size);
	p = object(c, size);
	free(about_to_misuse(p));
	survive_cached(c, p, size);
}
