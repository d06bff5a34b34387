/* kma_cache_free() of an object whose memory was given back. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p = object(c, size);

	kma_cache_free(c, p);
	(void)kma_cache_reap(c);
	kma_cache_free(c, about_to_misuse(p));
	survive_cached(c, NULL, size);
}
