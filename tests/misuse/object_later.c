/* kma_cache_free() of an object that was freed a while ago. */
#include "object.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	struct kma_objcache *c = cache(argc, argv);
	char *p[100];

	for (int i = 0; i < 100; i++)
		p[i] = object(c, size);
	for (int i = 0; i < 99; i++)
		kma_cache_free(c, p[i]);
	kma_cache_free(c, about_to_misuse(p[98]));
	survive_cached(c, p[99], size);
}
