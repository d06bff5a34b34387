/*
 * learn-phases - a program whose favourite size changes ten times: what it
 * occupies after each phase is what that phase needs, and little more.
 *
 * A phase takes blocks near its favourite size, gives back those of the phase
 * before, in their order or in none, before or after that; then it works for
 * a while, as phases do.  Its memory is that of the process, measured.
 */
#include "tap.h"

#include <sys/mman.h>

#include <malloc.h>

#include "measure.h"
#include "pattern.h"

#define NEED		(40 * MB)
#define NPHASE		10
#define DECAY		100		/* ms */
#define WORK		0.35		/* s; several times the decay */
#define MOST		(NEED / 32)
#define BURST		1000		/* more than a stack has */

enum { ORDERED = 0, SHUFFLED = 1, TAKE_FIRST = 2, SURVIVORS = 4 };

static const size_t favourite[NPHASE] = { 72, 136, 520, 1030, 264, 2050, 40,
    328, 3000, 88 };

/* The books are not on the heap that is measured. */
struct set {
	void	**s_block;
	size_t	  s_n;
	size_t	  s_bytes;	/* asked for, rounded to 16 */
};
static struct set now_set, old_set, kept_set;
static uint64_t state = 1;

static void **
room(size_t n)
{
	void **p = mmap(NULL, n * sizeof(*p), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(p != MAP_FAILED);
	return (p);
}

static size_t
near(size_t size)
{
	return (rnd_range(&state, size, size + 8));
}

/* The block's size is in its first word, and what that tells in its last. */
static void *
get(size_t size)
{
	char *p = malloc(size);

	must(p != NULL);
	memset(p, (int)size, size);
	memcpy(p, &size, sizeof(size));
	return (p);
}

static size_t
put(void *p)
{
	size_t size;

	memcpy(&size, p, sizeof(size));
	must(size < 10000 && ((char *)p)[size - 1] == (char)size);
	free(p);
	return ((size + 15) / 16 * 16);
}

static void
take_all(size_t size)
{
	while (now_set.s_bytes < NEED) {
		size_t one = near(size);

		must(now_set.s_n < MOST);
		now_set.s_block[now_set.s_n++] = get(one);
		now_set.s_bytes += (one + 15) / 16 * 16;
	}
}

static void
leave_all(int how)
{
	for (size_t i = old_set.s_n; (how & SHUFFLED) && i > 1; i--) {
		size_t at = rnd_range(&state, 0, i - 1);
		void *p = old_set.s_block[i - 1];

		old_set.s_block[i - 1] = old_set.s_block[at];
		old_set.s_block[at] = p;
	}
	for (size_t i = 0; i < old_set.s_n; i++)
		if ((how & SURVIVORS) && i % 64 == 0)
			kept_set.s_block[kept_set.s_n++] = old_set.s_block[i];
		else
			put(old_set.s_block[i]);
	old_set.s_n = old_set.s_bytes = 0;
}

/* Blocks go and come, and the whole stays as it is. */
static void
work(size_t size)
{
	double end = now() + WORK;
	size_t at[BURST];

	while (now() < end) {
		for (unsigned i = 0; i < BURST; i++) {
			at[i] = (rnd_range(&state, 0, now_set.s_n / BURST - 1) *
			    BURST) + i;
			now_set.s_bytes -= put(now_set.s_block[at[i]]);
		}
		for (unsigned i = 0; i < BURST; i++) {
			size_t one = near(size);

			now_set.s_block[at[i]] = get(one);
			now_set.s_bytes += (one + 15) / 16 * 16;
		}
	}
}

/* Returns memory per what is needed. */
static double
phase(size_t size, int how, size_t base)
{
	struct set empty = old_set;

	old_set = now_set;
	now_set = empty;
	if (how & TAKE_FIRST)
		take_all(size);
	leave_all(how);
	take_all(size);
	work(size);
	return ((double)(rss() - base) / (double)now_set.s_bytes);
}

static double
play(int how)
{
	size_t base = rss();
	double worst = 0, ratio;

	for (unsigned i = 0; i < NPHASE; i++) {
		ratio = phase(favourite[i], how, base);
		diag("%zu bytes: %.3f", favourite[i], ratio);
		worst = ratio > worst ? ratio : worst;
	}
	old_set = now_set;
	now_set.s_n = now_set.s_bytes = 0;
	now_set.s_block = room(MOST);
	leave_all(ORDERED);
	malloc_trim(0);
	return (worst);
}

static void
test_phases(int how, double most, const char *name)
{
	double worst = play(how);

	diag("%s: %.3f at worst", name, worst);
	ok_kma(worst <= most, "%s: at most %.2f of what a phase needs", name,
	    most);
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (getenv("KMA_TEST_REEXEC") == NULL) {
		char options[600];
		const char *old = getenv("KMA_OPTIONS");

		snprintf(options, sizeof(options), "%s%sspacing=learn,decay=%d",
		    old != NULL ? old : "", old != NULL ? "," : "", DECAY);
		setenv("KMA_OPTIONS", options, 1);
	}
	tap_begin(argv, 120);
	now_set.s_block = room(MOST);
	old_set.s_block = room(MOST);
	kept_set.s_block = room(MOST);
	test_phases(ORDERED, 1.15, "free, then take");
	test_phases(SHUFFLED, 1.15, "free in disorder, then take");
	test_phases(TAKE_FIRST, 1.15, "take, then free");
	test_phases(TAKE_FIRST | SHUFFLED, 1.15, "take, then free in disorder");
	test_phases(SHUFFLED | SURVIVORS, 5, "one in 64 survives");
	while (kept_set.s_n > 0)
		put(kept_set.s_block[--kept_set.s_n]);
	return (tap_end());
}
