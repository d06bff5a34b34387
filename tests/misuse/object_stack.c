/* kma_cache_free() of an address on the stack. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char buf[256];

	memset(buf, 0xa7, sizeof(buf));
	(void)object(c, size);
	kma_cache_free(c, about_to_misuse(opaque(buf)));
	survive_cached(c, NULL, size);
}
