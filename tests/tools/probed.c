/*
 * probed.c - a program that makes each probe fire, and says what it should
 * have told, in lines "expect NAME ARGUMENTS". Nothing here uses stdio, which
 * allocates.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kma.h"

#define NBLOCK	320

MALLOC_DEFINE(M_PROBED, "probed", "a type of this program");

static void *blocks[NBLOCK];

static char *
put(char *to, const char *text)
{
	while (*text != '\0')
		*to++ = *text++;
	return (to);
}

static char *
put_number(char *to, uint64_t n)
{
	char digits[20];
	int i = 20;

	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	while (i < 20)
		*to++ = digits[i++];
	return (to);
}

/* "expect what n m", the numbers left out where they are 0. */
static void
expect(const char *what, uint64_t n, uint64_t m)
{
	char line[100], *at = put(line, "expect ");

	at = put(at, what);
	if (n != 0)
		at = put_number(put(at, " "), n);
	if (m != 0)
		at = put_number(put(at, " "), m);
	*at++ = '\n';
	if (write(1, line, (size_t)(at - line)) < 0)
		_exit(1);
}

static void
long_run(void)
{
	void *p = malloc(5000000);

	expect("run_alloc", (uintptr_t)p, malloc_usable_size(p));
	expect("run_free", (uintptr_t)p, malloc_usable_size(p));
	free(p);
}

/* All blocks of a list that has no others: what comes also goes. */
static void
whole_list(void)
{
	for (int i = 0; i < NBLOCK; i++)
		blocks[i] = malloc(5000);
	expect("sample", (uintptr_t)blocks[0], 5000);
	for (int i = 0; i < NBLOCK; i++)
		free(blocks[i]);
	malloc_trim(0);
}

static void
limits(void)
{
	kma_type_setlimit(M_PROBED, 1000);
	if (kma_malloc(2000, M_PROBED, M_NOWAIT) == NULL)
		expect("limit probed", 2048, 1000);
	if (malloc((size_t)100 << 20) == NULL)
		expect("limit ", (uint64_t)100 << 20, (uint64_t)64 << 20);
}

int
main(void)
{
	char *p = malloc(100);

	long_run();
	whole_list();
	limits();
	expect("misuse free", (uintptr_t)p + 1, 0);
	free(p + 1);
	return (0);
}
