/*
 * massif.c - the size of a heap, from what massif wrote: a snapshot after the
 * other, each with a few lines "name=value".
 */
#include <stdlib.h>
#include <string.h>

#include "profile.h"

static void
most(uint64_t *of, uint64_t bytes)
{
	if (bytes > *of)
		*of = bytes;
}

bool
massif_read(FILE *fp, uint64_t limit, struct massif *ms)
{
	uint64_t bytes = 0;
	bool any = false, open = false;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, fp) > 0) {
		if (strncmp(line, "snapshot=", 9) == 0)
			open = true;
		else if (strncmp(line, "mem_heap_B=", 11) == 0)
			bytes = strtoull(line + 11, NULL, 10);
		else if (open && strncmp(line, "heap_tree=", 10) == 0) {
			open = false;
			any = true;
			most(&ms->ms_peak, bytes);
			if (strncmp(line + 10, "peak", 4) != 0 &&
			    bytes < limit)
				most(&ms->ms_regular, bytes);
		}
	}
	free(line);
	return (any && !open && !ferror(fp));
}
