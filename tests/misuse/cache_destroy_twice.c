/* kma_cache_destroy() of a cache that is no more. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	struct kma_objcache *next;

	kma_cache_free(c, object(c, size));
	(void)kma_cache_destroy(c);
	(void)kma_cache_destroy(about_to_misuse(c));
	next = cache(argc, argv);
	(void)cache(argc, argv);
	survive_cached(next, NULL, size);
}
