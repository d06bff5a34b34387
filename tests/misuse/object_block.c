/* kma_cache_free() of a block that malloc gave. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p = block(size);

	(void)object(c, size);
	kma_cache_free(c, about_to_misuse(p));
	survive_cached(c, p, size);
}
