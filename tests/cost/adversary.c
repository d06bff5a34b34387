/*
 * adversary.c - requests that would make a learner work for nothing.
 *
 *	adversary NAME ROUNDS
 *
 * adversary.sh counts the instructions of each, with the lists that a program
 * earns and without, from the second round on.
 */
#include "../bench/workload.h"

#define KB		((size_t)1024)
#define NBLOCK		16384
#define MOST		(16 * KB)

static void *block[NBLOCK];
static uint64_t state = 88172645463325252u;

static void
put(size_t at, size_t size)
{
	free(block[at]);
	block[at] = NULL;
	if (size > 0 && (block[at] = malloc(size)) == NULL)
		exit(1);
}

static void
leave_all(void)
{
	for (size_t at = 0; at < NBLOCK; at++)
		put(at, 0);
}

/* Each size once; all are held, and go together. */
static void
once(unsigned round)
{
	(void)round;
	for (size_t size = 1; size <= MOST; size++)
		put(size - 1, size);
	leave_all();
}

/* The same in disorder, each in place of another. */
static void
once_each(unsigned round)
{
	for (size_t i = 0; i < NBLOCK; i++)
		put(i, (i * 5003 + round) % MOST + 1);
}

/* 2 MB of one size, then of the next: as many lists as can be had. */
static void
rotate(unsigned round)
{
	for (unsigned i = 0; i < 20; i++) {
		size_t size = 17 + (round * 20 + i) * 149 % 2000;

		for (size_t n = 0; n < 2048 * KB / size && n < NBLOCK; n++)
			put(n, size);
		leave_all();
	}
}

/* The same, where each size leaves some blocks for the next round. */
static void
rotate_kept(unsigned round)
{
	for (unsigned i = 0; i < 20; i++) {
		size_t size = 17 + (round * 20 + i) * 149 % 2000;

		for (size_t n = 0; n < 2048 * KB / size && n < NBLOCK; n++)
			put((n * 5003 + i) % NBLOCK, size);
		for (size_t n = 0; n < NBLOCK; n++)
			if (n % 64 != i)
				put(n, 0);
	}
}

/* Any sizes, small ones more often, in the place of others. */
static void
any(unsigned round)
{
	(void)round;
	for (unsigned n = 0; n < 20000; n++) {
		size_t most = (size_t)32 << between(&state, 0, 9);

		put(between(&state, 0, 3999),
		    between(&state, most / 2 + 1, most));
	}
}

/* Of two sizes, now one, now the other. */
static void
two(unsigned round)
{
	size_t size = round % 2 ? 1040 : 1100;

	for (unsigned n = 0; n < 4000; n++)
		put(n, size);
}

static const struct {
	const char	*p_name;
	void		(*p_round)(unsigned);
} pattern[] = {
	{ "once", once }, { "once-each", once_each }, { "rotate", rotate },
	{ "rotate-kept", rotate_kept }, { "any", any }, { "two", two },
};
#define NPATTERN	(sizeof(pattern) / sizeof(pattern[0]))

int
main(int argc, char *argv[])
{
	unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 0;

	for (size_t i = 0; i < NPATTERN; i++) {
		if (argc < 2)
			printf("%s\n", pattern[i].p_name);
		else if (strcmp(argv[1], pattern[i].p_name) == 0) {
			for (unsigned n = 0; n < rounds; n++)
				pattern[i].p_round(n);
			return (0);
		}
	}
	return (argc < 2 ? 0 : 2);
}
