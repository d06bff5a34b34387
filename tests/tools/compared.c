/*
 * compared.c - a program for kma compare to run.
 *
 *	compared	allocates and frees, and says so
 *	compared faulty	also loses 77 bytes, keeps 123, and writes one byte
 *			behind a block, three times
 *	compared small	also has 200,000 blocks of 16 bytes
 *	compared input	fails if there is nothing to read
 *	compared fails	ends with status 3
 *	compared crash	ends by a signal
 *	compared under LIBRARY	ends with status 4 under that library alone
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT	500
#define SIZE	1000
#define NSMALL	200000

static char *volatile kept;

static void
say(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		_exit(1);
}

static void
work(void)
{
	static char *block[COUNT];

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < COUNT; i++) {
			block[i] = malloc(SIZE);
			memset(block[i], round, SIZE);
		}
		for (int i = 0; i < COUNT; i++)
			free(block[i]);
	}
}

static void
keep_small(void)
{
	static void *block[NSMALL];

	for (int i = 0; i < NSMALL; i++)
		block[i] = malloc(16);
	kept = block[0];
	free(block[1]);		/* massif looks for a peak when some goes */
}

static void
misbehave(void)
{
	char *volatile block = malloc(77);

	memset(block, 1, 77);
	block = malloc(10);
	for (volatile int i = 0; i < 3; i++)
		block[10] = 1;
	free(block);
	kept = malloc(123);
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	const char *preload = getenv("LD_PRELOAD");
	char c;

	work();
	if (write(1, "worked\n", 7) != 7)
		return (1);
	if (strcmp(how, "faulty") == 0)
		misbehave();
	else if (strcmp(how, "small") == 0)
		keep_small();
	else if (strcmp(how, "input") == 0)
		return (read(0, &c, 1) == 1 ? 0 : 5);
	else if (strcmp(how, "fails") == 0) {
		say("cannot go on\n");
		return (3);
	} else if (strcmp(how, "crash") == 0)
		raise(SIGSEGV);
	else if (strcmp(how, "under") == 0 && argc > 2)
		return (preload != NULL &&
		    strstr(preload, argv[2]) != NULL ? 4 : 0);
	return (0);
}
