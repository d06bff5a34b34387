/*
 * realloc-big - hundreds of megabytes change their size without being
 * copied: the pages move, so hardly any is faulted in.
 */
#include "tap.h"
#include "measure.h"
#include "pattern.h"

/* One word in each page tells whether all pages came along. */
static void
mark(char *p, size_t len, size_t seed)
{
	size_t i, w;

	for (i = 0; i < len; i += 4096) {
		w = i ^ seed;
		memcpy(p + i, &w, sizeof(w));
	}
}

static int
marked(const char *p, size_t len, size_t seed)
{
	size_t i, w;

	for (i = 0; i < len; i += 4096) {
		memcpy(&w, p + i, sizeof(w));
		if (w != (i ^ seed))
			return (0);
	}
	return (1);
}

/* From a to b bytes with a block behind that keeps it from growing there. */
static void
resize(size_t a, size_t b, int blocked)
{
	char *p, *wall;
	long faults;

	p = (char *)malloc(a);
	wall = blocked ? (char *)malloc(a) : NULL;
	if (p == NULL) {
		ok(0, "malloc of %zu MB", a / MB);
		return;
	}
	mark(p, a, a);
	if (wall != NULL)
		memset(wall, 1, 4096);
	faults = minor_faults();
	p = (char *)realloc(p, b);
	faults = minor_faults() - faults;
	ok(p != NULL, "realloc of %zu MB to %zu MB%s", a / MB, b / MB,
	    blocked ? ", with a neighbour" : "");
	if (p == NULL)
		return;
	ok(faults < 2000, "took %ld page faults", faults);
	ok(marked(p, a < b ? a : b, a), "and kept the contents");
	if (b > a) {
		memset(p + b - 4096, 0x11, 4096);
		ok(marked(p, a, a), "also when the end is written");
	}
	free(p);
	free(wall);
}

int
main(int argc, char **argv)
{
	char *p;
	size_t size, before;
	int bad;

	(void)argc;
	tap_begin(argv, 120);
	resize(400 * MB, 800 * MB, 0);
	resize(400 * MB, 800 * MB, 1);
	resize(400 * MB, 100 * MB, 0);
	resize(100 * MB, 101 * MB, 1);

	/* Doubling to 512 MB touches each page once, by the test itself. */
	bad = 0;
	p = NULL;
	before = (size_t)minor_faults();
	for (size = MB; size <= 512 * MB; size *= 2) {
		p = (char *)realloc(p, size);
		bad += size > MB && !marked(p, size / 2, 3);
		mark(p, size, 3);
	}
	before = (size_t)minor_faults() - before;
	ok(bad == 0, "doubling from 1 to 512 MB keeps the contents");
	ok(before < 512 * MB / 4096 * 5 / 4, "with %zu page faults", before);
	p = (char *)realloc(p, 4096);
	ok(marked(p, 4096, 3), "512 MB shrink to a page");
	sleep_ms(2000);
	ok(rss() < 64 * MB, "and leave %zu KB resident", rss() / KB);
	free(p);
	return (tap_end());
}
