/*
 * mem-calloc - calloc of fresh memory does not touch it.
 */
#include "tap.h"

#include "measure.h"
#include "pattern.h"

int
main(int argc, char **argv)
{
	size_t before, grown;
	long faults;
	char *p, *q;
	int i;

	(void)argc;
	tap_begin(argv, 60);
	free(malloc(100));
	before = rss();
	faults = minor_faults();
	p = (char *)calloc(64, MB);
	faults = minor_faults() - faults;
	grown = rss() - before;
	ok(p != NULL, "calloc of 64 MB");
	ok(faults < 100, "takes %ld page faults", faults);
	ok(grown < MB, "and makes %zd KB resident", (ssize_t)grown / 1024);
	ok(zeroed(p, 64 * MB), "it reads as zero");
	memset(p, 1, 64 * MB);
	free(p);
	p = (char *)calloc(1, 64 * MB);
	ok(zeroed(p, 64 * MB), "so does the next one");
	free(p);
	/* Fresh memory again: larger than all that has been used. */
	before = rss();
	q = (char *)calloc(1, 512 * MB);
	ok(q != NULL && rss() < before + 80 * MB,
	    "calloc of 512 MB makes %zd KB resident",
	    ((ssize_t)rss() - (ssize_t)before) / 1024);
	ok(zeroed(q + 500 * MB, 12 * MB), "its end reads as zero");
	free(q);
	/* As programs that clear and reuse do, without growing. */
	for (i = 0; i < 200; i++) {
		p = (char *)calloc(1, 4 * MB);
		must(p != NULL && zeroed(p, 4 * MB));
		memset(p, i, 4 * MB);
		free(p);
	}
	ok(rss() < 200 * MB, "800 MB in turn leave %zu KB", rss() / KB);
	return (tap_end());
}
