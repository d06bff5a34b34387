/*
 * nomem.c - the system has no memory for typed blocks: NULL and ENOMEM, no
 * figure tells, and once something is freed it goes on.
 */
#include "typed.h"

#include <sys/resource.h>

MALLOC_DEFINE(M_FULL, "full", "takes all there is");

#define ROOM	(64 * MB)

static size_t
address_space(void)
{
	unsigned long pages = 0;
	FILE *fp = fopen("/proc/self/statm", "re");

	must(fp != NULL && fscanf(fp, "%lu", &pages) == 1);
	fclose(fp);
	return (pages * (size_t)sysconf(_SC_PAGESIZE));
}

static void *
get(size_t size, int how)
{
	return (how == 2 ? malloc(size) : kma_malloc(size, M_FULL,
	    how == 0 ? M_NOWAIT : M_WAITOK | M_ZERO));
}

/* All there is, twice; 2 as how: malloc, with M_FULL the current type. */
static int
run(size_t size, int how)
{
	struct rlimit rl = { address_space() + ROOM, RLIM_INFINITY };
	unsigned long n[2] = { 0, 0 };
	void *p, *list = NULL;

	if (how == 2)
		kma_settype(M_FULL);
	must(setrlimit(RLIMIT_AS, &rl) == 0);
	for (int round = 0; round < 2; round++) {
		struct kma_type_figures f, g;

		errno = 0;
		while ((p = get(size, how)) != NULL) {
			*(void **)p = list;
			list = p;
			n[round]++;
		}
		must(errno == ENOMEM);
		f = figures(M_FULL);
		must(f.ks_inuse == n[round]);
		must(f.ks_memuse == n[round] * malloc_usable_size(list));
		must(f.ks_calls == n[0] + n[1]);
		for (int i = 0; i < 10; i++)
			must(get(8 * ROOM, how) == NULL && errno == ENOMEM);
		must(realloc(NULL, 8 * ROOM) == NULL);
		must((how == 2 ? realloc(list, 8 * ROOM) : kma_realloc(list,
		    8 * ROOM, M_FULL, M_WAITOK)) == NULL && errno == ENOMEM);
		g = figures(M_FULL);
		must(g.ks_inuse == f.ks_inuse && g.ks_memuse == f.ks_memuse);
		must(g.ks_calls == f.ks_calls);
		must(g.ks_maxused < 2 * ROOM && g.ks_maxused >= g.ks_memuse);
		while ((p = list) != NULL) {
			list = *(void **)p;
			if (how == 2)
				free(p);
			else
				kma_free(p, M_FULL);
		}
		must(inuse(M_FULL) == 0 && memuse(M_FULL) == 0);
	}
	/* The second time there is about as much as the first time. */
	must(n[0] * size > ROOM / 4 && n[1] >= n[0] * 9 / 10);
	return (0);
}

static size_t the_size;
static int the_how;

static int
child(void)
{
	return (run(the_size, the_how));
}

int
main(int argc, char **argv)
{
	static const size_t sizes[] = {
		64, 1000, 8192, 12288, 100000, 256 * 1024, MB, 3 * MB
	};

	(void)argc;
	tap_begin(argv, 120);
	for (the_how = 0; the_how < 3; the_how++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(size_t); i++) {
			the_size = sizes[i];
			ok(tap_run_child(child) == 0, "%s, blocks of %zu bytes",
			    the_how == 0 ? "M_NOWAIT" : the_how == 1 ?
			    "M_WAITOK" : "the current type", the_size);
		}
	return (tap_end());
}
