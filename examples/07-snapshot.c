/*
 * 07-snapshot.c - what does my program hold, in blocks of which size?
 *
 * kma_snapshot copies all figures at once: here, before and after something
 * was built, and the difference is printed. `kma stat' shows the same from
 * outside, of any process.
 *
 *	cc 07-snapshot.c $(pkg-config --cflags --libs libkma) && ./a.out
 */
#include <kma.h>
#include <stdio.h>

static struct kma_figures before, after;	/* large for a stack */

/* Blocks in use in a row of that size; 0 if there is no such row. */
static uint64_t
inuse(const struct kma_figures *snap, uint64_t size)
{
	for (uint32_t i = 0; i < snap->sn_nbucket; i++)
		if (snap->sn_bucket[i].kb_size == size)
			return (snap->sn_bucket[i].kb_inuse);
	return (0);
}

int
main(void)
{
	void *block[300];

	if (kma_snapshot(&before, sizeof(before)) != 0)
		return (1);
	for (size_t i = 0; i < 300; i++) {
		block[i] = malloc(i < 200 ? 60 : 3000);
		if (block[i] == NULL)
			return (1);
	}
	if (kma_snapshot(&after, sizeof(after)) != 0)
		return (1);
	for (uint32_t i = 0; i < after.sn_nbucket; i++) {
		uint64_t size = after.sn_bucket[i].kb_size;
		uint64_t more = inuse(&after, size) - inuse(&before, size);

		if (more > 0)
			printf("%llu more blocks of %llu bytes\n",
			    (unsigned long long)more,
			    (unsigned long long)size);
	}
	printf("%llu more bytes in use\n", (unsigned long long)
	    (after.sn_totals.st_inuse - before.sn_totals.st_inuse));
	for (size_t i = 0; i < 300; i++)
		free(block[i]);
	return (0);
}
