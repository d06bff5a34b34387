/* kma_cache_free() of an object of another cache. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	struct kma_objcache *other = cache(argc, argv);
	char *p = object(c, size);

	(void)object(other, size);
	kma_cache_free(other, about_to_misuse(p));
	survive_cached(c, p, size);
}
