/*
 * typed.c - pairs of memory by type, for instructions.sh: callgrind counts
 * what is executed inside the functions below.
 */
#include <stdlib.h>
#include <string.h>

#include "kma.h"

static MALLOC_DEFINE(M_COUNTED, "counted", "what is counted");

/* A pair with its arguments; of 64 bytes, since a size is as any other. */
void	typed_pair(void);
void	tagged_pair(void);

__attribute__((noinline, noclone)) void
typed_pair(void)
{
	kma_free(kma_malloc(64, M_COUNTED, M_NOWAIT), M_COUNTED);
}

__attribute__((noinline, noclone)) void
tagged_pair(void)
{
	free(malloc(64));
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "typed";
	long n = argc > 1 ? strtol(argv[1], NULL, 0) : 1000;
	int tagged = strcmp(what, "tagged") == 0;

	if (strcmp(what, "limited") == 0)
		kma_type_setlimit(M_COUNTED, 1 << 20);
	if (tagged)
		(void)kma_settype(M_COUNTED);
	tagged |= strcmp(what, "plain") == 0;
	for (; n > 0; n--)
		if (tagged)
			tagged_pair();
		else
			typed_pair();
	(void)kma_settype(NULL);
	return (0);
}
