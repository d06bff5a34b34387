/*
 * rmap.c - the resource map against a list that is searched as the literature
 * searches it: the same addresses, and as many steps.
 */
#include "conform/tap.h"

#include "classic.h"

#define PAGES	48
#define PAGE	1024
#define BYTES	(PAGES * PAGE)
#define OBJECTS	400
#define ROUNDS	20000

static struct hole {
	uint64_t	base, size;
} hole[OBJECTS + 2];
static size_t nhole;

static uint64_t
below(uint64_t n)
{
	static uint64_t state = 7;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return ((state >> 33) % n);
}

/* Takes the beginning of a hole; counts the holes visited. */
static uint64_t
list_alloc(char fit, uint64_t size, uint64_t *steps)
{
	size_t found = nhole;
	uint64_t addr;

	for (size_t i = 0; i < nhole; i++) {
		++*steps;
		if (hole[i].size < size)
			continue;
		if (found == nhole ||
		    (fit == 'b' && hole[i].size < hole[found].size) ||
		    (fit == 'w' && hole[i].size > hole[found].size))
			found = i;
		if (fit == 'f')
			break;
	}
	if (found == nhole)
		return (CLASSIC_FAIL);
	addr = hole[found].base;
	hole[found].base += size;
	hole[found].size -= size;
	if (hole[found].size == 0) {
		memmove(&hole[found], &hole[found + 1],
		    (--nhole - found) * sizeof(hole[0]));
	} else {
		++*steps;	/* the split */
	}
	return (addr);
}

static void
list_free(uint64_t addr, uint64_t size, uint64_t *steps)
{
	size_t at = 0;

	while (at < nhole && hole[at].base < addr)
		at++;
	*steps += at + 1;
	memmove(&hole[at + 1], &hole[at], (nhole++ - at) * sizeof(hole[0]));
	hole[at] = (struct hole){ addr, size };
	for (size_t i = at == 0 ? 0 : at - 1; i + 1 < nhole && i <= at;) {
		if (hole[i].base + hole[i].size != hole[i + 1].base) {
			i++;
			continue;
		}
		hole[i].size += hole[i + 1].size;
		memmove(&hole[i + 1], &hole[i + 2],
		    (--nhole - i - 1) * sizeof(hole[0]));
		++*steps;	/* the merge */
	}
}

static void
compare(const struct classic_ops *ops, char fit)
{
	struct classic_memory memory = { PAGES, PAGE, { 0 } };
	void *map = ops->co_create(&memory, NULL);
	const struct classic_report *report = ops->co_report(map);
	struct hole object[OBJECTS] = { { 0, 0 } };
	unsigned wrong = 0, failures = 0;
	uint64_t steps = 0;
	size_t granted, most = 0;

	nhole = 1;
	hole[0] = (struct hole){ 0, BYTES };
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct hole *o = &object[below(OBJECTS)];

		if (o->size != 0) {
			ops->co_free(map, o->base, o->size);
			list_free(o->base, o->size, &steps);
			o->size = 0;
		} else {
			struct classic_request request = {
				.cr_size = 8 * (1 + below(60)) };

			o->size = request.cr_size;
			o->base = list_alloc(fit, o->size, &steps);
			wrong += o->base !=
			    ops->co_alloc(map, &request, &granted);
			if (o->base == CLASSIC_FAIL) {
				o->size = 0;
				failures++;
			}
		}
		wrong += report->cr_steps != steps;
		wrong += report->cr_outband != 16 * nhole;
		most = nhole > most ? nhole : most;
	}
	ok(wrong == 0, "%s: as the list does it (%zu holes, %u failures)",
	    ops->co_name, most, failures);
	ok(most > 50 && failures > 0, "%s: with holes, and without room",
	    ops->co_name);
	ops->co_destroy(map);
}

int
main(void)
{
	compare(&classic_rmap_first, 'f');
	compare(&classic_rmap_best, 'b');
	compare(&classic_rmap_worst, 'w');
	return (tap_end());
}
