/*
 * Freed blocks are overwritten in every way that would lead an allocator
 * astray which keeps its links in them. libkma keeps nothing there: not one
 * call may return a wrong block, or end the program.
 */
#include "conform/tap.h"

#define NBLOCK	2000
#define NMORE	6000

static char target[8192] __attribute__((aligned(4096)));
static char *old[NBLOCK], *more[NMORE];

/* What stands at word w of an overwritten block. */
typedef uintptr_t evil_fn(size_t i, unsigned w);

static uintptr_t
static_address(size_t i, unsigned w)
{
	(void)w;
	return ((uintptr_t)target + i % 64 * 16);
}

static uintptr_t
live_block(size_t i, unsigned w)
{
	(void)w;
	return ((uintptr_t)old[(i + 1) % NBLOCK]);
}

static uintptr_t
freed_block(size_t i, unsigned w)
{
	(void)w;
	return ((uintptr_t)old[(i + 2) % NBLOCK]);
}

static uintptr_t
itself(size_t i, unsigned w)
{
	(void)w;
	return ((uintptr_t)old[i]);
}

static uintptr_t
ones(size_t i, unsigned w)
{
	(void)i;
	(void)w;
	return (UINTPTR_MAX);
}

static uintptr_t
zeros(size_t i, unsigned w)
{
	(void)i;
	(void)w;
	return (0);
}

/* As an encoding by the place of the link would have it. */
static uintptr_t
mangled(size_t i, unsigned w)
{
	uintptr_t place = (uintptr_t)old[i] + w * sizeof(uintptr_t);

	return ((uintptr_t)target ^ (place >> 12));
}

static int
holds(const char *p, size_t size, int c)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (p[i] != (char)c)
			return (0);
	return (1);
}

static int
attack(size_t size, evil_fn *evil)
{
	uintptr_t word[8];
	size_t i, len;
	unsigned w;

	len = size < sizeof(word) ? size : sizeof(word);
	memset(target, 0x33, sizeof(target));
	for (i = 0; i < NBLOCK; i++) {
		must((old[i] = malloc(size)) != NULL);
		memset(old[i], 0x55, size);
	}
	for (i = 0; i < NBLOCK; i += 2)
		free(old[i]);
	for (i = 0; i < NBLOCK; i += 2) {
		for (w = 0; w < 8; w++)
			word[w] = evil(i, w);
		memcpy(old[i], word, len);
	}
	for (i = 0; i < NMORE; i++) {
		must((more[i] = malloc(size)) != NULL);
		must(more[i] + size <= target ||
		    more[i] >= target + sizeof(target));
		memset(more[i], (int)(i % 50), size);
	}
	for (i = 0; i < NMORE; i++)
		must(holds(more[i], size, (int)(i % 50)));
	for (i = 1; i < NBLOCK; i += 2) {
		must(holds(old[i], size, 0x55));
		free(old[i]);
	}
	for (i = 0; i < NMORE; i++)
		free(more[i]);
	must(holds(target, sizeof(target), 0x33));
	return (0);
}

static size_t attack_size;
static evil_fn *attack_evil;

static int
attacked(void)
{
	return (attack(attack_size, attack_evil));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char	*name;
		evil_fn		*evil;
	} ways[] = {
		{ "a static variable's address", static_address },
		{ "a live block's address", live_block },
		{ "a freed block's address", freed_block },
		{ "their own address", itself },
		{ "ones", ones },
		{ "zeros", zeros },
		{ "a mangled address", mangled },
	};
	static const size_t sizes[] = { 16, 32, 48, 64, 256, 1000, 2048 };
	size_t i, j;

	(void)argc;
	tap_begin(argv, 120);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			attack_size = sizes[j];
			attack_evil = ways[i].evil;
			ok(tap_run_child(attacked) == 0,
			    "freed blocks of %zu overwritten with %s",
			    sizes[j], ways[i].name);
		}
	return (tap_end());
}
