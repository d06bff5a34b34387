/* realloc() of an object. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p = object(c, size);

	(void)!realloc(about_to_misuse(p), 2 * size);
	survive_cached(c, p, size);
}
