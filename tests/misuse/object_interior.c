/* kma_cache_free() of an address inside an object. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p = object(c, size);

	kma_cache_free(c, about_to_misuse(p + size / 2));
	survive_cached(c, p, size);
}
