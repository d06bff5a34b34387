/*
 * 02-limit-null.c - a cache that may use 64 KB, and not a byte more.
 *
 * The type of the cache's entries has a limit. At the limit kma_malloc with
 * M_NOWAIT returns NULL, and the program does what it can without: here, it
 * drops its oldest entry and tries again.
 *
 *	cc 02-limit-null.c $(pkg-config --cflags --libs libkma) && ./a.out
 */
#include <kma.h>
#include <stdio.h>

MALLOC_DEFINE(M_ENTRY, "entry", "entries of the cache");

struct entry {
	struct entry	*next;
	int		 key;
	char		 value[1000];
};

static struct entry *oldest, **newest = &oldest;
static unsigned dropped;

static void
drop_oldest(void)
{
	struct entry *e = oldest;

	oldest = e->next;
	if (oldest == NULL)
		newest = &oldest;
	kma_free(e, M_ENTRY);
	dropped++;
}

static void
remember(int key)
{
	struct entry *e;

	while ((e = kma_malloc(sizeof(*e), M_ENTRY, M_NOWAIT)) == NULL) {
		if (oldest == NULL)
			return;		/* it is only a cache */
		drop_oldest();
	}
	snprintf(e->value, sizeof(e->value), "value of %d", key);
	e->key = key;
	e->next = NULL;
	*newest = e;
	newest = &e->next;
}

int
main(void)
{
	struct kma_type_figures f;

	kma_type_setlimit(M_ENTRY, 64 * 1024);
	for (int key = 0; key < 10000; key++)
		remember(key);
	kma_type_stats(M_ENTRY, &f);
	printf("%lu entries in %lu bytes, %lu at most; %u dropped\n",
	    (unsigned long)f.ks_inuse, (unsigned long)f.ks_memuse,
	    (unsigned long)f.ks_maxused, dropped);
	printf("the oldest has \"%s\"\n", oldest->value);
	while (oldest != NULL)
		drop_oldest();
	return (0);
}
