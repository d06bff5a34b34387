/* kma_cache_free() of an object that another thread freed. */
#include <pthread.h>

#include "object.h"

static struct kma_objcache *c;

static void *
first(void *p)
{
	kma_cache_free(c, p);
	return (NULL);
}

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	pthread_t t;
	char *p;

	c = cache(argc, argv);
	p = object(c, size);
	if (pthread_create(&t, NULL, first, p) != 0)
		skip("no thread");
	(void)pthread_join(t, NULL);
	kma_cache_free(c, about_to_misuse(p));
	survive_cached(c, NULL, size);
}
