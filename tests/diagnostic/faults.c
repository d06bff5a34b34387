/*
 * faults.c - a fault of each kind, by functions whose names the messages have
 * to tell.
 *
 * usage: faults KIND [BYTES]
 */
#include <kma.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE	__attribute__((noinline))

MALLOC_DEFINE(M_APPLE, "apple", "test");
MALLOC_DEFINE(M_PEAR, "pear", "test");

/* The compiler makes no call in the last place a jump. */
#define CALLED()	__asm__ volatile ("" : : : "memory")

static NOINLINE void *
give(size_t size)
{
	void *p = malloc(size);

	CALLED();
	return (p);
}

static NOINLINE void *
give_typed(size_t size)
{
	void *p = kma_malloc(size, M_APPLE, M_NOWAIT);

	CALLED();
	return (p);
}

static NOINLINE void
take(void *p)
{
	free(p);
	CALLED();
}

static NOINLINE void
take_again(void *p)
{
	free(p);
	CALLED();
}

static NOINLINE void *
resize(void *p, size_t size)
{
	p = realloc(p, size);
	CALLED();
	return (p);
}

int
main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	size_t size = argc > 2 ? strtoul(argv[2], NULL, 0) : 100;
	volatile char *p = give(size);

	if (strcmp(kind, "twice") == 0) {
		void *others[1000];

		for (int i = 0; i < 1000; i++)
			others[i] = give(size + (size_t)i);
		take((void *)p);
		for (int i = 0; i < 1000; i++)
			take(others[i]);
		take_again((void *)p);
	} else if (strcmp(kind, "interior") == 0) {
		take((void *)(p + 16));
	} else if (strcmp(kind, "beyond") == 0) {
		p[size] = 0x41;
		take((void *)p);
	} else if (strcmp(kind, "realloc") == 0) {
		p[size + 2] = 0x41;
		(void)resize((void *)p, 2 * size);
	} else if (strcmp(kind, "resized") == 0) {
		p = resize((void *)p, 3 * size);
		take((void *)p);
		take_again((void *)p);
	} else if (strcmp(kind, "freed") == 0) {
		take((void *)p);
		p[7] = 0x41;
		for (int i = 0; i < 3000; i++)
			(void)give(size);
	} else if (strcmp(kind, "type") == 0) {
		kma_free(give_typed(size), M_PEAR);
	} else if (strcmp(kind, "untyped") == 0) {
		kma_free((void *)p, M_PEAR);
	} else if (strcmp(kind, "leaks") == 0) {
		for (int i = 0; i < 9; i++)
			(void)give_typed(size);
		(void)resize(NULL, 3 * size);
		(void)give(2000000);
		take(give(size));
	}
	return (0);
}
