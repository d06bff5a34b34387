/*
 * thread-many - 20,000 threads come, allocate, and go; half of their blocks
 * are freed by others.  What stays resident does not grow with their number.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define THREADS	20000
#define AT_ONCE	16
#define BLOCKS	20

struct legacy {
	void	*block[BLOCKS];
	size_t	 size[BLOCKS];
};

static void *
worker(void *arg)
{
	struct legacy *l;
	uint64_t rng;
	int i;

	l = (struct legacy *)arg;
	rng = (uint64_t)(uintptr_t)l->block[0] + 1;
	for (i = 0; i < BLOCKS; i++) {
		l->size[i] = rnd_size(&rng, 14) + 8;
		must((l->block[i] = malloc(l->size[i])) != NULL);
		fill(l->block[i], l->size[i], (uint64_t)i);
	}
	for (i = 0; i < BLOCKS; i += 2)
		free(l->block[i]);
	return (NULL);
}

int
main(int argc, char **argv)
{
	static struct legacy l[AT_ONCE];
	static pthread_t t[AT_ONCE];
	size_t early, late;
	int bad, done, i, k;

	(void)argc;
	tap_begin(argv, 300);
	bad = 0;
	early = late = 0;
	for (done = 0; done < THREADS; done += AT_ONCE) {
		for (i = 0; i < AT_ONCE; i++) {
			l[i].block[0] = (void *)(uintptr_t)(done + i);
			must(pthread_create(&t[i], NULL, worker, &l[i]) == 0);
		}
		for (i = 0; i < AT_ONCE; i++)
			pthread_join(t[i], NULL);
		for (i = 0; i < AT_ONCE; i++)
			for (k = 1; k < BLOCKS; k += 2) {
				bad += !intact(l[i].block[k], l[i].size[k],
				    (uint64_t)k);
				free(l[i].block[k]);
			}
		if (done == THREADS / 2 / AT_ONCE * AT_ONCE)
			early = rss();
	}
	late = rss();
	ok(bad == 0, "%d threads left their blocks intact", THREADS);
	ok(late < early + 8 * MB, "%zu KB resident after half, %zu after all",
	    early / KB, late / KB);
	ok_kma(late < 32 * MB, "which is little");
	return (tap_end());
}
