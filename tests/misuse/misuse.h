/*
 * misuse.h - what the misuse programs share.
 *
 * Each program allocates, says on standard output which address it is about
 * to misuse, misuses it once and calls survive().  The allocator is expected
 * to end it at the misuse; with abort=no it must have ignored the misuse, and
 * survive() checks that.  Nothing here allocates before the misuse.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The page of every machine that libkma knows is at most this. */
#define BIGPAGE		((size_t)65536)

/* The compiler must not see where a pointer comes from. */
static inline void *
opaque(const void *p)
{
	void *q;

	__asm__ volatile ("" : "=r" (q) : "0" (p) : "memory");
	return (q);
}

static inline void
say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

/* The program cannot do its misuse here. */
static inline void
skip(const char *why)
{
	say("skip: ");
	say(why);
	say("\n");
	_exit(77);
}

/* The n-th argument as a number, or 64. */
static inline size_t
number(int argc, char **argv, int n)
{
	return (argc > n ? (size_t)strtoull(argv[n], NULL, 0) : 64);
}

/* A block of size bytes whose content survive() knows. */
static inline char *
filled(void *p, size_t size)
{
	if (p == NULL)
		skip("out of memory");
	return ((char *)memset(p, 0xa7, size));
}

static inline char *
block(size_t size)
{
	return (filled(opaque(malloc(size)), size));
}

/* Says which address comes next, and hides its origin. */
static inline void *
about_to_misuse(const void *p)
{
	char line[32];

	(void)snprintf(line, sizeof(line), "0x%llx\n",
	    (unsigned long long)(uintptr_t)p);
	say(line);
	return (opaque(p));
}

/*
 * The misuse was ignored: live, a block from block() or NULL, holds what it
 * held, and a load of new blocks overlap neither each other nor it.
 */
static inline void
survive(const char *live, size_t size)
{
	enum { N = 1500 };
	static unsigned char *p[N];
	static size_t len[N];
	size_t i, j;

	for (i = 0; i < N; i++) {
		len[i] = i % 3 == 0 && size <= 65536 ? size : i % 700 + 1;
		p[i] = (unsigned char *)opaque(malloc(len[i]));
		if (p[i] == NULL)
			len[i] = 0;
		else
			memset(p[i], (int)(i & 0x7f), len[i]);
	}
	for (i = 0; i < N; i++)
		for (j = 0; j < len[i]; j++)
			if (p[i][j] != (i & 0x7f)) {
				say("blocks overlap\n");
				_exit(1);
			}
	for (j = 0; live != NULL && j < size; j++)
		if ((unsigned char)live[j] != 0xa7) {
			say("the misused block was overwritten\n");
			_exit(1);
		}
	for (i = 0; i < N; i++)
		free(p[i]);
	say("alive\n");
	exit(0);
}

#endif /* MISUSE_H */
