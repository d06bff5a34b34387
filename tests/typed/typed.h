/*
 * typed.h - what the tests of types share: figures, patterns, threads.
 */
#ifndef TYPED_H
#define TYPED_H

#include "../conform/tap.h"

#include <malloc.h>
#include <pthread.h>

#include "kma.h"

#define KB	((size_t)1024)
#define MB	(KB * KB)

TAP_UNUSED static struct kma_type_figures
figures(struct kma_type *type)
{
	struct kma_type_figures f;

	memset(&f, 0xee, sizeof(f));
	kma_type_stats(type, &f);
	return (f);
}

TAP_UNUSED static size_t
inuse(struct kma_type *type)
{
	return (figures(type).ks_inuse);
}

TAP_UNUSED static size_t
memuse(struct kma_type *type)
{
	return (figures(type).ks_memuse);
}

/* Of a long block, the ends and a byte of each page say enough. */
static inline size_t
step(size_t at, size_t size)
{
	return (at < 64 || at + 64 >= size ? 1 : at + 4096 + 64 < size ?
	    4093 : size - 64 - at);
}

TAP_UNUSED static void
fill(void *p, size_t size, unsigned seed)
{
	unsigned char *c = (unsigned char *)p;

	for (size_t i = 0; i < size; i += step(i, size))
		c[i] = (unsigned char)(seed * 31 + i * 7 + 1);
}

TAP_UNUSED static int
holds(const void *p, size_t size, unsigned seed)
{
	const unsigned char *c = (const unsigned char *)p;

	for (size_t i = 0; i < size; i += step(i, size))
		if (c[i] != (unsigned char)(seed * 31 + i * 7 + 1))
			return (0);
	return (1);
}

TAP_UNUSED static int
is_zero(const void *p, size_t size)
{
	const unsigned char *c = (const unsigned char *)p;

	for (size_t i = 0; i < size; i++)
		if (c[i] != 0)
			return (0);
	return (1);
}

/* Runs fn(arg) in a thread, to its end. */
TAP_UNUSED static void *
in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	void *result;

	must(pthread_create(&t, NULL, fn, arg) == 0);
	must(pthread_join(t, &result) == 0);
	return (result);
}

#endif /* TYPED_H */
