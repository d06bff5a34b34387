/* Prints malloc_usable_size(malloc(N)) for each argument N. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

int
main(int argc, char **argv)
{
	int i;

	if (argc == 2 && argv[1][0] == '?') {
		printf("%s\n", getauxval(AT_SECURE) != 0 ? "secure" : "no");
		return (0);
	}
	for (i = 1; i < argc; i++) {
		void *p = malloc(strtoul(argv[i], NULL, 0));

		printf("%s%zu", i > 1 ? " " : "", malloc_usable_size(p));
		free(p);
	}
	printf("\n");
	return (0);
}
