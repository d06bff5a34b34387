/*
 * object.h - misuse of object caches.
 */
#ifndef OBJECT_H
#define OBJECT_H

#include <kma.h>

#include "misuse.h"

/* A cache of objects of the size that the first argument says, or 64. */
static inline struct kma_objcache *
cache(int argc, char **argv)
{
	struct kma_objcache *c = kma_cache_create("misuse",
	    number(argc, argv, 1), 0, NULL, NULL, NULL);

	if (c == NULL)
		skip("no cache");
	return (c);
}

/* An object whose content survive() knows. */
static inline char *
object(struct kma_objcache *c, size_t size)
{
	return (filled(kma_cache_alloc(c, M_NOWAIT), size));
}

/* The cache is whole: it gives out neither p, nor anything twice. */
static inline void
survive_cached(struct kma_objcache *c, const char *p, size_t size)
{
	enum { N = 300 };
	static char *o[N];
	int n = size < 100000 ? N : 20, i, j;

	for (i = 0; i < n; i++)
		o[i] = object(c, size);
	for (i = 0; i < n; i++) {
		for (j = 0; j < i; j++)
			if (o[i] == o[j])
				break;
		if (j < i || o[i] == p) {
			say("an object is given out twice\n");
			_exit(1);
		}
	}
	for (i = 0; i < n; i++)
		kma_cache_free(c, o[i]);
	survive(p, size);
}

#endif /* OBJECT_H */
