/* A type that is none, given to one of the functions. */
#include "typed.h"

static struct kma_type *
bogus(const char *kind)
{
	static struct kma_type zeroed, nameless = { KMA_TYPE_MAGIC, 0, NULL,
	    "" }, numbered = { KMA_TYPE_MAGIC, 200, "numbered", "" };
	struct kma_type *type;

	if (strcmp(kind, "null") == 0)
		return (NULL);
	if (strcmp(kind, "zeroed") == 0)
		return (&zeroed);
	if (strcmp(kind, "nameless") == 0)
		return (&nameless);
	if (strcmp(kind, "numbered") == 0)
		return (&numbered);
	type = opaque(malloc(sizeof(*type)));
	*type = M_MISUSED[0];
	free(type);
	/* Whoever has the memory now writes to it. */
	return (memset(opaque(malloc(sizeof(*type))), 'x', sizeof(*type)));
}

int
main(int argc, char **argv)
{
	const char *func = argc > 2 ? argv[2] : "kma_malloc";
	struct kma_type_figures f;
	struct timespec *never = NULL;
	char *p = typed_block(100);
	struct kma_type *type;
	void *q = NULL;

	type = about_to_misuse(bogus(argc > 1 ? argv[1] : "null"));
	if (strcmp(func, "kma_malloc") == 0)
		q = kma_malloc(100, type, M_NOWAIT);
	else if (strcmp(func, "kma_malloc_until") == 0)
		q = kma_malloc_until(100, type, M_WAITOK, never);
	else if (strcmp(func, "kma_memalign") == 0)
		q = kma_memalign(64, 100, type, M_WAITOK);
	else if (strcmp(func, "kma_realloc") == 0)
		q = kma_realloc(p, 1000, type, M_NOWAIT | M_ZERO);
	else if (strcmp(func, "kma_free") == 0)
		kma_free(p, type);
	else if (strcmp(func, "kma_type_setlimit") == 0)
		kma_type_setlimit(type, 1);
	else if (strcmp(func, "kma_type_stats") == 0)
		kma_type_stats(type, &f);
	else if (strcmp(func, "kma_settype") == 0 && kma_settype(type) != NULL)
		return (1);
	if (q != NULL || kma_settype(NULL) != NULL)
		return (1);
	expect_one(100);
	survive(p, 100);
}
