/*
 * 05-current-type.c - what does a library use, that knows nothing of types?
 *
 * What malloc allocates below kma_settype is charged to the type: here, what
 * regcomp needs for a pattern, as long as it needs it. The library frees it
 * with free, as ever, wherever that may be.
 *
 *	cc 05-current-type.c $(pkg-config --cflags --libs libkma) && ./a.out
 */
#include <kma.h>
#include <regex.h>
#include <stdio.h>

MALLOC_DEFINE(M_PATTERN, "pattern", "compiled regular expressions");

static int
compile(regex_t *regex, const char *pattern)
{
	struct kma_type *before = kma_settype(M_PATTERN);
	int error = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);

	kma_settype(before);
	return (error);
}

static size_t
bytes(void)
{
	struct kma_type_figures f;

	kma_type_stats(M_PATTERN, &f);
	return (f.ks_memuse);
}

int
main(void)
{
	regex_t small, large;
	size_t one, both;

	if (compile(&small, "a") != 0)
		return (1);
	one = bytes();
	if (compile(&large, "(a|b){1,50}(c|[d-z]+){0,50}") != 0)
		return (1);
	both = bytes();
	printf("a small pattern takes some memory: %s\n",
	    one > 0 ? "yes" : "no");
	printf("a large one ten times as much, at least: %s\n",
	    both - one > 10 * one ? "yes" : "no");
	printf("the large one matches: %s\n",
	    regexec(&large, "abba", 0, NULL, 0) == 0 ? "yes" : "no");
	regfree(&large);
	printf("freed, it takes none: %s\n", bytes() <= one ? "yes" : "no");

	/* A limit: no pattern may take the program's memory. */
	kma_type_setlimit(M_PATTERN, one + 10000);
	printf("with a limit, the large one: %s\n",
	    compile(&large, "(a|b){1,50}(c|[d-z]+){0,50}") == REG_ESPACE ?
	    "no space" : "compiled");
	regfree(&small);
	printf("in use at the end: %zu bytes\n", bytes());
	return (0);
}
