/*
 * Memory runs out under RLIMIT_AS; as soon as something is freed it works
 * again, as often as one likes. Freeing needs memory for bookkeeping too.
 */
#include "conform/tap.h"

#include <sys/resource.h>

#include <malloc.h>

#define ROOM		((size_t)64 << 20)
#define NCYCLE		50

static size_t size;
static void **block;

static size_t
address_space(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	must(f != NULL && fscanf(f, "%lu", &pages) == 1);
	(void)fclose(f);
	return (pages * (size_t)sysconf(_SC_PAGESIZE));
}

/* Chains blocks until there are no more; how many there were. */
static size_t
exhaust(void)
{
	size_t n;
	void **p;

	block = NULL;
	for (n = 0;; n++) {
		errno = 4711;
		if ((p = malloc(size)) == NULL)
			break;
		memset(p, 0x11, size < 4096 ? size : 4096);
		*p = block;
		block = p;
	}
	must(errno == ENOMEM);
	return (n);
}

static void
release_all(void)
{
	void **p;

	while ((p = block) != NULL) {
		block = *p;
		errno = 4711;
		free(p);
		must(errno == 4711);
	}
}

static int
cycles(void)
{
	struct rlimit rl;
	size_t first, n;
	void **p;
	int i;

	rl.rlim_cur = rl.rlim_max = address_space() + ROOM;
	must(setrlimit(RLIMIT_AS, &rl) == 0);
	first = exhaust();
	if (first * size < ROOM / 2) {
		diag("only %zu blocks of %zu in %zu bytes", first, size, ROOM);
		return (1);
	}
	/* One is freed: one can be had, and that again and again. */
	for (i = 0; i < 10000; i++) {
		p = block;
		block = *p;
		free(p);
		p = malloc(size);
		if (p == NULL) {
			diag("freed one, and got none, at the %dth time", i);
			return (1);
		}
		*p = block;
		block = p;
	}
	/* All are freed: as many can be had again, nearly. */
	for (i = 0; i < NCYCLE; i++) {
		release_all();
		n = exhaust();
		if (n < first - first / 10) {
			diag("cycle %d: %zu blocks, first %zu", i, n, first);
			return (1);
		}
	}
	/* And memory that served one size serves another. */
	release_all();
	(void)malloc_trim(0);
	size = size > 4096 ? 100 : 1000000;
	n = exhaust();
	if (n * size < ROOM / 2) {
		diag("then only %zu blocks of %zu", n, size);
		return (1);
	}
	release_all();
	size = size > 4096 ? 3000 : 50000;
	n = exhaust();
	if (n * size < ROOM / 2) {
		diag("at last only %zu blocks of %zu", n, size);
		return (1);
	}
	return (0);
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = {
		24, 64, 500, 4096, 8192, 20000, 200000, 1000000, 5000000
	};
	size_t i;

	(void)argc;
	tap_begin(argv, 300);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size = sizes[i];
		ok(tap_run_child(cycles) == 0,
		    "blocks of %zu bytes: exhausted %d times", sizes[i],
		    NCYCLE + 3);
	}
	return (tap_end());
}
