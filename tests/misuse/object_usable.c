/* malloc_usable_size() of an object. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p = object(c, size);

	(void)malloc_usable_size(about_to_misuse(p));
	survive_cached(c, p, size);
}
