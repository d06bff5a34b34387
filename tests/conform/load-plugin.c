/*
 * load-plugin - libraries come and go with dlopen and dlclose, in threads,
 * and allocate in their constructors and destructors.  RTLD_DEEPBIND must
 * not split the heap in two.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

typedef void *malloc_fn(size_t);
typedef void free_fn(void *);

static void
once(int flags)
{
	int (*use)(void);
	void *lib;

	lib = dlopen(tap_module("lib-ctor"), flags);
	must(lib != NULL);
	*(void **)&use = dlsym(lib, "ctor_use");
	must(use != NULL && use());
	must(dlclose(lib) == 0);
}

static void *
worker(void *arg)
{
	const char *path;
	void *lib;
	int (*use)(void);
	int i;

	path = (const char *)arg;
	for (i = 0; i < 100; i++) {
		lib = dlopen(path, RTLD_NOW);
		must(lib != NULL);
		*(void **)&use = dlsym(lib, "ctor_use");
		must(use != NULL && use());
		free(malloc(1000));
		must(dlclose(lib) == 0);
	}
	return (NULL);
}

/* Blocks cross the border between the program and a plugin both ways. */
static void
exchange(int flags, const char *what)
{
	malloc_fn *f_malloc;
	free_fn *f_free;
	void *lib, *p;
	int i;

	lib = dlopen(tap_module("lib-ctor"), flags);
	if (lib == NULL)
		bail("%s", dlerror());
	*(void **)&f_malloc = dlsym(lib, "ctor_malloc");
	*(void **)&f_free = dlsym(lib, "ctor_free");
	for (i = 0; i < 100; i++) {
		p = f_malloc((size_t)i * 100);
		must(p != NULL);
		free(p);
		f_free(malloc((size_t)i * 100));
	}
	ok(dlclose(lib) == 0, "a plugin shares the heap, %s", what);
}

int
main(int argc, char **argv)
{
	pthread_t t[4];
	size_t base;
	char *path;
	void *lib;
	int i;

	(void)argc;
	tap_begin(argv, 60);
	for (i = 0; i < 50; i++) {
		once(RTLD_NOW | RTLD_LOCAL);
		once(RTLD_LAZY | RTLD_GLOBAL);
	}
	base = rss();
	for (i = 0; i < 500; i++)
		once(i % 2 ? RTLD_NOW : RTLD_LAZY);
	ok(rss() < base + 2 * MB, "1,100 times dlopen and dlclose");
	path = strdup(tap_module("lib-ctor"));
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, worker, path) == 0);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	free(path);
	ok(1, "in four threads");
	exchange(RTLD_NOW, "RTLD_NOW");
	exchange(RTLD_LAZY, "RTLD_LAZY");
	exchange(RTLD_NOW | RTLD_DEEPBIND, "RTLD_DEEPBIND");
	exchange(RTLD_NOW | RTLD_DEEPBIND | RTLD_GLOBAL,
	    "RTLD_DEEPBIND | RTLD_GLOBAL");
	dlerror();
	lib = dlopen("libdoes-not-exist.so.7", RTLD_NOW);
	ok(lib == NULL && dlerror() != NULL, "dlerror tells of a failure");
	lib = dlopen(NULL, RTLD_NOW);
	ok(lib != NULL && dlsym(lib, "malloc") == dlsym(RTLD_DEFAULT,
	    "malloc"), "dlopen(NULL) is the program");
	lib = dlopen(tap_module("lib-ctor"), RTLD_NOW | RTLD_NOLOAD);
	ok(lib == NULL, "RTLD_NOLOAD of what is not there");
	return (tap_end());
}
