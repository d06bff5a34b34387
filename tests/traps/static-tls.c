/*
 * dlopen() of libkma.so, in a program that did not preload it and that has
 * used up static TLS for others: a program's spare room for that is small.
 * arguments: libkma.so, and a module with 400 bytes of static TLS
 */
#include "conform/tap.h"

int
main(int argc, char **argv)
{
	void *(*allocate)(size_t);
	void (*release)(void *);
	void *kma, *module;
	char *p;

	if (argc < 3)
		bail("usage: static-tls libkma.so module");
	must(setenv("KMA_TEST_ANY", "1", 1) == 0);
	tap_begin(argv, 30);
	module = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
	if (!ok(module != NULL, "dlopen of a module with static TLS"))
		diag("%s", dlerror());
	kma = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (!ok(kma != NULL, "dlopen of libkma.so")) {
		diag("%s", dlerror());
		return (tap_end());
	}
	*(void **)&allocate = dlsym(kma, "malloc");
	*(void **)&release = dlsym(kma, "free");
	ok(allocate != NULL && (void *)(uintptr_t)allocate !=
	    (void *)(uintptr_t)malloc && tap_from_kma((void *)(uintptr_t)
	    allocate), "its malloc is another one than the program's");
	p = allocate != NULL && release != NULL ? allocate(1000) : NULL;
	ok(p != NULL, "and it allocates");
	if (p != NULL) {
		memset(p, 1, 1000);
		release(p);
	}
	ok(dlclose(kma) == 0, "dlclose, which leaves it where it is");
	return (tap_end());
}
