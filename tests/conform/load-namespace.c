/*
 * load-namespace - dlmopen: other namespaces have a libc of their own, and
 * even a libkma of their own, beside the preloaded one.
 */
#include "tap.h"

#include "measure.h"
#include "pattern.h"

typedef void *malloc_fn(size_t);
typedef void free_fn(void *);

static void
use(void *lib, const char *m, const char *f)
{
	malloc_fn *f_malloc;
	free_fn *f_free;
	void *p[200];
	int i;

	*(void **)&f_malloc = dlsym(lib, m);
	*(void **)&f_free = dlsym(lib, f);
	must(f_malloc != NULL && f_free != NULL);
	for (i = 0; i < 200; i++) {
		must((p[i] = f_malloc((size_t)i * 300)) != NULL);
		fill(p[i], (size_t)i * 300, (uint64_t)i);
		free(malloc((size_t)i * 300));
	}
	for (i = 0; i < 200; i++) {
		must(intact(p[i], (size_t)i * 300, (uint64_t)i));
		f_free(p[i]);
	}
}

static int
plugin_elsewhere(void)
{
	void *lib;
	int i;

	for (i = 0; i < 5; i++) {
		lib = dlmopen(LM_ID_NEWLM, tap_module("lib-ctor"), RTLD_NOW);
		if (lib == NULL)
			diag("%s", dlerror());
		must(lib != NULL);
		use(lib, "ctor_malloc", "ctor_free");
		must(dlclose(lib) == 0);
	}
	exit(0);
}

static int
kma_elsewhere(void)
{
	void *lib;

	lib = dlmopen(LM_ID_NEWLM, tap_libkma(), RTLD_NOW);
	if (lib == NULL)
		diag("refused: %s", dlerror());
	else
		use(lib, "malloc", "free");
	free(malloc(100000));
	exit(0);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	ok(tap_run_child(plugin_elsewhere) == 0, "a plugin in a namespace");
	if (tap_libkma() == NULL)
		skip("no libkma.so");
	else
		ok(tap_run_child(kma_elsewhere) == 0,
		    "a second libkma in a namespace");
	free(malloc(1000));
	return (tap_end());
}
