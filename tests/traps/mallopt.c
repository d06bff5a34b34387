/* mallopt() says yes to what programs ask of glibc's. */
#include "conform/tap.h"

#include <malloc.h>

int
main(int argc, char **argv)
{
	static const struct {
		const char	*name;
		int		param, value;
	} calls[] = {
		{ "M_ARENA_MAX, 1", M_ARENA_MAX, 1 },
		{ "M_ARENA_MAX, 8", M_ARENA_MAX, 8 },
		{ "M_ARENA_TEST, 1", M_ARENA_TEST, 1 },
		{ "M_MMAP_THRESHOLD, 65536", M_MMAP_THRESHOLD, 65536 },
		{ "M_MMAP_MAX, 0", M_MMAP_MAX, 0 },
		{ "M_TRIM_THRESHOLD, 131072", M_TRIM_THRESHOLD, 131072 },
		{ "M_TRIM_THRESHOLD, -1", M_TRIM_THRESHOLD, -1 },
		{ "M_TOP_PAD, 65536", M_TOP_PAD, 65536 },
		{ "M_MXFAST, 64", M_MXFAST, 64 },
		{ "M_CHECK_ACTION, 3", M_CHECK_ACTION, 3 },
		{ "M_PERTURB, 0", M_PERTURB, 0 },
	};
	size_t i;
	void *p;

	(void)argc;
	tap_begin(argv, 60);
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		errno = 4711;
		ok(mallopt(calls[i].param, calls[i].value) == 1 &&
		    errno == 4711, "mallopt(%s) is 1", calls[i].name);
	}
	for (i = 1; i < 1 << 22; i = 2 * i + 1) {
		must((p = malloc(i)) != NULL);
		memset(p, 1, i);
		free(p);
	}
	ok(1, "malloc works on");
	return (tap_end());
}
