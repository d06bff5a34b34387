/*
 * lib.c - a library that allocates: built several times, under other names.
 * Each result goes through a volatile, so that no call is a jump, which would
 * have the return address of its caller.
 */
#include "lib.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void	*_Znwm(size_t size);

static void *
by_malloc(size_t size)
{
	void *volatile p = malloc(size);

	return (p);
}

static void *
by_other(size_t size)
{
	void *volatile p = malloc(size);
	volatile char more[16];

	more[3] = 1;
	return (more[3] ? p : NULL);
}

static void *
by_calloc(size_t n, size_t size)
{
	void *volatile p = calloc(n, size);

	return (p);
}

static void *
by_realloc(void *old, size_t size)
{
	void *volatile p = realloc(old, size);

	return (p);
}

static void *
by_memalign(size_t align, size_t size)
{
	void *volatile p = memalign(align, size);

	return (p);
}

static void *
by_posix_memalign(size_t align, size_t size)
{
	void *p;

	return (posix_memalign(&p, align, size) == 0 ? p : NULL);
}

static void *
by_new(size_t size)
{
	void *volatile p = _Znwm(size);

	return (p);
}

static char *
by_strdup(const char *text)
{
	char *volatile p = strdup(text);

	return (p);
}

static void
by_free(void *p)
{
	free(p);
}

extern const struct lib lib;
const struct lib lib = {
	.do_malloc = by_malloc,
	.do_other = by_other,
	.do_calloc = by_calloc,
	.do_realloc = by_realloc,
	.do_memalign = by_memalign,
	.do_posix_memalign = by_posix_memalign,
	.do_new = by_new,
	.do_strdup = by_strdup,
	.do_free = by_free,
};
