/*
 * pages.c - the pages that libkma holds in fixed sequences of operations.
 *
 *	pages NAME SEED	runs one and prints the pages held at most, and at the
 *			end of it
 *	pages		lists the names
 *
 * Runs under libkma, whose own count is read: pages in use, and free ones that
 * still hold memory, as malloc_info(3) tells them. The clock that it looks at
 * is one of calls. Blocks are not touched: it is addresses that count.
 */
#include <malloc.h>

#include "../bench/workload.h"

#define PAGE		4096
#define LOOKS		64	/* at the pages, in a sequence */
#define NBLOCK		20000	/* slots, alive at most */
#define KB		((size_t)1024)

static void *block[NBLOCK];
static uint64_t state = 88172645463325252u;
static long calls;

static FILE *info;
static char text[16384];	/* of the last report */
static size_t length;
static size_t most;

/* libkma's clock: a call of malloc or realloc takes a microsecond. */
int
clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	ts->tv_sec = calls / 1000000;
	ts->tv_nsec = calls % 1000000 * 1000;
	return (0);
}

static void
put(void **slot, size_t size)
{
	free(*slot);
	calls++;
	*slot = size > 0 ? malloc(size) : NULL;
	require(size == 0 || *slot != NULL, "malloc returned NULL");
}

static ssize_t
keep(void *cookie, const char *from, size_t len)
{
	(void)cookie;
	require(length + len < sizeof(text), "a long report");
	memcpy(text + length, from, len);
	length += len;
	return ((ssize_t)len);
}

static size_t
held(void)
{
	static const char line[] = "<system type=\"current\" size=\"";
	const char *at;
	size_t pages;

	length = 0;
	require(malloc_info(0, info) == 0 && fflush(info) == 0,
	    "malloc_info failed");
	text[length] = '\0';
	at = strstr(text, line);
	require(at != NULL, "malloc_info does not tell the pages");
	pages = strtoul(at + sizeof(line) - 1, NULL, 10) / PAGE;
	if (pages > most)
		most = pages;
	return (pages);
}

/* Replaces blocks, count times, by others of min..max bytes. */
static void
replace(size_t nlive, size_t count, size_t min, size_t max)
{
	for (size_t n = 0; n < count; n++) {
		put(&block[between(&state, 0, nlive - 1)],
		    between(&state, min, max));
		if (n % (count / LOOKS) == 0)
			(void)held();
	}
}

static void
small(void)
{
	replace(NBLOCK, 10 * NBLOCK, 16, 1023);
}

static void
tiny(void)
{
	replace(NBLOCK, 10 * NBLOCK, 1, 64);
}

static const size_t awkward[] = {
	17, 24, 33, 40, 48, 65, 80, 96, 100, 129, 160, 200, 260, 520, 1030,
	2050, 5000
};
#define NAWKWARD	(sizeof(awkward) / sizeof(awkward[0]))

/* As many of each, first all at once, then replaced by one another. */
static void
mix(void)
{
	for (size_t i = 0; i < NBLOCK; i++)
		put(&block[i], awkward[i % NAWKWARD]);
}

static void
mix_replaced(void)
{
	mix();
	for (size_t n = 0; n < 10 * NBLOCK; n++) {
		put(&block[between(&state, 0, NBLOCK - 1)],
		    awkward[between(&state, 0, NAWKWARD - 1)]);
		if (n % (10 * NBLOCK / LOOKS) == 0)
			(void)held();
	}
}

/* One size only, which lies just above a power of two. */
static void
single(void)
{
	for (size_t i = 0; i < NBLOCK; i++)
		put(&block[i], 1040);
}

/* The heap comes and goes; one block in 400 stays each time, for good. */
static void
waves(void)
{
	for (size_t wave = 0; wave < 8; wave++) {
		for (size_t i = 0; i < NBLOCK; i++)
			if (block[i] == NULL)
				put(&block[i], between(&state, 16, 511));
		(void)held();
		for (size_t i = 0; i < NBLOCK; i++)
			if (i % 400 > wave)
				put(&block[i], 0);
		(void)held();
	}
}

/* What is left when all goes, in no order. */
static void
all_freed(void)
{
	small();
	for (size_t i = 0; i < NBLOCK; i++)
		put(&block[(i * 7919) % NBLOCK], 0);
}

/* Strings that grow by steps, and begin anew. */
static void
strings(void)
{
	static size_t size[200];
	size_t n = sizeof(size) / sizeof(size[0]);

	for (size_t i = 0; i < 400 * n; i++) {
		size_t which = between(&state, 0, n - 1);

		size[which] += 1 + size[which] / 8 + between(&state, 0, 31);
		if (size[which] > 256 * KB) {
			put(&block[which], 0);
			size[which] = between(&state, 1, 100);
		}
		calls++;
		block[which] = realloc(block[which], size[which]);
		require(block[which] != NULL, "realloc returned NULL");
		if (i % (400 * n / LOOKS) == 0)
			(void)held();
	}
}

/* Runs of pages, and long ones. */
static void
runs(void)
{
	replace(1000, 20000, 4 * KB, 64 * KB);
}

static void
long_runs(void)
{
	replace(200, 10000, 64 * KB, 2 * MB);
}

/* A favourite size after the other, 8 MB alive; one in 100 blocks stays. */
static void
phases(void)
{
	static const size_t size[] = {
		480, 4000, 1120, 7000, 600, 5300, 2100, 640, 9700, 1500
	};
	size_t limit = 0;

	for (size_t phase = 0; phase < sizeof(size) / sizeof(size[0]);
	    phase++) {
		size_t n = 8 * MB / size[phase];

		for (size_t i = 0; i < n || i < limit; i++) {
			size_t at = i * 7919 % NBLOCK;

			if (at % 100 == phase)
				continue;
			put(&block[at], i < n ? size[phase] : 0);
			if (i % (NBLOCK / LOOKS) == 0)
				(void)held();
		}
		limit = n > limit ? n : limit;
	}
}

/* Blocks that lie on boundaries. */
static void
aligned(void)
{
	for (size_t i = 0; i < 4000; i++)
		require(posix_memalign(&block[i], (size_t)32 << i % 8,
		    between(&state, 1, 4000)) == 0, "posix_memalign failed");
	for (size_t i = 0; i < 4000; i += 2)
		put(&block[i], 0);
}

static const struct {
	const char	*name;
	void		(*run)(void);
} sequences[] = {
	{ "small", small },
	{ "tiny", tiny },
	{ "mix", mix },
	{ "mix-replaced", mix_replaced },
	{ "single", single },
	{ "waves", waves },
	{ "all-freed", all_freed },
	{ "strings", strings },
	{ "runs", runs },
	{ "long-runs", long_runs },
	{ "phases", phases },
	{ "aligned", aligned },
};
#define NSEQUENCE	(sizeof(sequences) / sizeof(sequences[0]))

static void
run(size_t which)
{
	static char buffer[4096];
	cookie_io_functions_t functions = { .write = keep };
	size_t pages;

	info = fopencookie(NULL, "w", functions);
	require(info != NULL, "fopencookie failed");
	require(setvbuf(info, buffer, _IOFBF, sizeof(buffer)) == 0,
	    "setvbuf failed");
	(void)held();
	sequences[which].run();
	pages = held();
	printf("%s most\t%zu\n%s end\t%zu\n", sequences[which].name, most,
	    sequences[which].name, pages);
}

int
main(int argc, char **argv)
{
	if (argc > 2)
		state ^= strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < NSEQUENCE; i++)
		if (argc < 2)
			printf("%s\n", sequences[i].name);
		else if (strcmp(argv[1], sequences[i].name) == 0) {
			run(i);
			return (0);
		}
	return (argc > 1);
}
