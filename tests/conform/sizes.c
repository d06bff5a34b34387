/*
 * sizes - every size from 0 to 70,000 bytes, each byte of it written, and
 * what malloc_usable_size says of it.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

#define TOP	70000

static struct {
	unsigned char	*p;
	size_t		 usable;
} b[TOP + 1];

static void
test_one_by_one(void)
{
	size_t size, u;
	void *p;
	int bad;

	bad = 0;
	for (size = 0; size <= TOP; size++) {
		if ((p = malloc(size)) == NULL) {
			bad++;
			continue;
		}
		u = malloc_usable_size(p);
		bad += u < size;
		memset(p, (int)size, u);
		bad += malloc_usable_size(p) != u;
		free(p);
	}
	ok(bad == 0, "every size from 0 to %d, one at a time", TOP);
}

/* A block is told apart from its neighbours by its first and last words. */
static int
owner_is(size_t i)
{
	size_t w;

	if (b[i].usable < sizeof(w))
		return (b[i].usable >= i);
	memcpy(&w, b[i].p, sizeof(w));
	if (b[i].usable >= 2 * sizeof(w) && w != i)
		return (0);
	memcpy(&w, b[i].p + b[i].usable - sizeof(w), sizeof(w));
	return (w == ~i);
}

static void
own(size_t i)
{
	size_t w;

	if (b[i].usable < sizeof(w))
		return;
	w = i;
	memcpy(b[i].p, &w, sizeof(w));
	w = ~i;
	memcpy(b[i].p + b[i].usable - sizeof(w), &w, sizeof(w));
}

static void
test_together(size_t step)
{
	size_t i, total;
	int bad, moved;

	bad = moved = 0;
	total = 0;
	for (i = 0; i <= TOP; i += step) {
		b[i].p = (unsigned char *)malloc(i);
		if (b[i].p == NULL) {
			ok(0, "malloc(%zu)", i);
			return;
		}
		b[i].usable = malloc_usable_size(b[i].p);
		total += b[i].usable;
		own(i);
	}
	for (i = 0; i <= TOP; i += step) {
		bad += !owner_is(i);
		moved += malloc_usable_size(b[i].p) != b[i].usable;
	}
	ok(bad == 0, "all sizes live at once, %zu MB, apart", total / MB);
	ok(moved == 0, "malloc_usable_size does not change meanwhile");
	for (i = 0; i <= TOP; i += 2 * step)
		free(b[i].p);
	for (i = 0; i <= TOP; i += 2 * step) {
		b[i].p = (unsigned char *)calloc(1, i);
		bad += !zeroed(b[i].p, i);
		b[i].usable = malloc_usable_size(b[i].p);
		own(i);
	}
	for (i = 0; i <= TOP; i += step) {
		bad += !owner_is(i);
		free(b[i].p);
	}
	ok(bad == 0, "and with every second one replaced by calloc");
}

int
main(int argc, char **argv)
{
	size_t size;
	void *p;
	int bad;

	(void)argc;
	tap_begin(argv, 120);
	ok(malloc_usable_size(NULL) == 0, "malloc_usable_size(NULL) is 0");
	test_one_by_one();
	test_together(7);
	test_together(3);
	bad = 0;
	for (size = TOP; size <= 300 * MB; size += size / 3) {
		p = malloc(size);
		if (p == NULL || malloc_usable_size(p) < size) {
			bad++;
			continue;
		}
		memset((char *)p + malloc_usable_size(p) - 4096, 1, 4096);
		bad += (uintptr_t)p % 16 != 0;
		free(p);
	}
	ok(bad == 0, "sizes to 300 MB, writable to the end");
	return (tap_end());
}
