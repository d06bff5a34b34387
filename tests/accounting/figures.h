/*
 * figures.h - what these tests share: the libraries, and a type's figures as
 * the program itself can read them.
 */
#ifndef FIGURES_H
#define FIGURES_H

#include "../conform/tap.h"

#include <kma.h>

#include "lib.h"

static struct kma_type_figures
figures(const char *name)
{
	static void (*stats)(struct kma_type *, struct kma_type_figures *);
	struct kma_type type = { KMA_TYPE_MAGIC, 0, name, "" };
	struct kma_type_figures f;

	if (stats == NULL)
		*(void **)&stats = dlsym(RTLD_DEFAULT, "kma_type_stats");
	must(stats != NULL);
	stats(&type, &f);
	return (f);
}

/* Opens a library of the tests. */
static const struct lib *
open_lib(const char *name, void **handle)
{
	void *h = dlopen(tap_module(name), RTLD_NOW | RTLD_LOCAL);
	const struct lib *lib;

	if (h == NULL)
		bail("%s", dlerror());
	if (handle != NULL)
		*handle = h;
	lib = (const struct lib *)dlsym(h, "lib");
	must(lib != NULL);
	return (lib);
}

/*
 * What came and went between two looks at a type. The name must be there: a
 * type that nobody was charged to has figures too, all of them 0.
 */
static struct kma_type_figures before;

TAP_UNUSED static void
look(const char *name)
{
	before = figures(name);
}

TAP_UNUSED static int
changed(const char *name, long blocks, long bytes, long calls)
{
	struct kma_type_figures f = figures(name);
	long b = (long)(f.ks_inuse - before.ks_inuse);
	long m = (long)(f.ks_memuse - before.ks_memuse);
	long c = (long)(f.ks_calls - before.ks_calls);

	if (b == blocks && m == bytes && c == calls)
		return (1);
	diag("%s: %ld blocks, %ld bytes, %ld requests; not %ld, %ld, %ld",
	    name, b, m, c, blocks, bytes, calls);
	return (0);
}

/* Under these options from the start on. */
TAP_UNUSED static void
begin(char **argv, const char *options)
{
	if (getenv("KMA_TEST_ANY") != NULL)
		skip_all("only libkma has this option");
	if (getenv("KMA_TEST_REEXEC") == NULL)
		setenv("KMA_OPTIONS", options, 1);
	tap_begin(argv, 300);
}

#endif /* FIGURES_H */
