/*
 * typed.c - a program with malloc types for kma stat to look at: two of them,
 * one with a limit, one with a name that needs care.  Like subject.c, it says
 * "ready" and ends when its standard input does.
 */
#include <stdlib.h>
#include <unistd.h>

#include "kma.h"

MALLOC_DEFINE(M_NODE, "node", "nodes of a tree");
MALLOC_DEFINE(M_ODD, "o\"d\\d", "a name with quotes");

int
main(void)
{
	char c;

	kma_type_setlimit(M_NODE, 65536);
	for (int i = 0; i < 20; i++)
		if (kma_malloc(100, M_NODE, M_NOWAIT) == NULL)
			return (1);
	kma_free(kma_malloc(4000, M_NODE, M_NOWAIT), M_NODE);
	if (kma_malloc(10, M_ODD, M_NOWAIT) == NULL ||
	    write(1, "ready\n", 6) != 6)
		return (1);
	while (read(0, &c, 1) > 0)
		continue;
	return (0);
}
