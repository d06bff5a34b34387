/*
 * load-late - a program that runs on glibc's malloc loads libkma.so with
 * dlopen: refused or working, but no crash, and no block in the wrong heap.
 * This program runs without LD_PRELOAD.
 */
#include "tap.h"

#include <pthread.h>

#include "measure.h"
#include "pattern.h"

#define N	1000

static void *before[N];

static void *
worker(void *arg)
{
	int i;

	for (i = 0; i < N; i++)
		free(malloc((size_t)i * 10));
	return (arg);
}

static int
load(int flags)
{
	void *(*kma_malloc)(size_t);
	void (*kma_free)(void *);
	pthread_t t;
	void *lib, *p;
	int i;

	for (i = 0; i < N; i++)
		must((before[i] = malloc((size_t)i * 100)) != NULL);
	lib = dlopen(tap_libkma(), flags);
	if (lib == NULL) {
		diag("refused: %s", dlerror());
	} else {
		*(void **)&kma_malloc = dlsym(lib, "malloc");
		*(void **)&kma_free = dlsym(lib, "free");
		must(tap_from_kma((void *)(uintptr_t)kma_malloc));
		for (i = 0; i < N; i++) {
			p = kma_malloc((size_t)i * 100);
			must(p != NULL);
			fill(p, (size_t)i * 100, 1);
			kma_free(p);
		}
	}
	for (i = 0; i < N; i++) {
		before[i] = realloc(before[i], (size_t)i * 120 + 1);
		must(before[i] != NULL);
	}
	must(pthread_create(&t, NULL, worker, NULL) == 0);
	pthread_join(t, NULL);
	p = dlopen(tap_module("lib-ctor"), RTLD_NOW);
	must(p != NULL && dlclose(p) == 0);
	for (i = 0; i < N; i++)
		free(before[i]);
	if (lib != NULL)
		must(dlclose(lib) == 0);
	for (i = 0; i < N; i++)
		free(malloc((size_t)i * 100));
	exit(0);
}

static void *
thread_loads(void *arg)
{
	load(RTLD_NOW | RTLD_LOCAL);
	return (arg);
}

static int now_local(void) { return (load(RTLD_NOW | RTLD_LOCAL)); }
static int now_global(void) { return (load(RTLD_NOW | RTLD_GLOBAL)); }
static int lazy(void) { return (load(RTLD_LAZY)); }
static int deep(void) { return (load(RTLD_NOW | RTLD_DEEPBIND)); }

static int
in_thread(void)
{
	pthread_t t;

	must(pthread_create(&t, NULL, thread_loads, NULL) == 0);
	pthread_join(t, NULL);
	return (1);
}

int
main(int argc, char **argv)
{
	(void)argc;
	if (tap_is_kma()) {
		unsetenv("LD_PRELOAD");
		execv("/proc/self/exe", argv);
		bail("cannot run again");
	}
	alarm(60);
	if (tap_libkma() == NULL) {
		if (getenv("KMA_TEST_ANY") == NULL)
			bail("no libkma.so: set LIBKMA to its path");
		skip_all("no libkma.so");
	}
	ok(!tap_is_kma(), "this program runs on another malloc");
	ok(tap_run_child(now_local) == 0, "libkma with RTLD_LOCAL");
	ok(tap_run_child(now_global) == 0, "libkma with RTLD_GLOBAL");
	ok(tap_run_child(lazy) == 0, "libkma with RTLD_LAZY");
	ok(tap_run_child(deep) == 0, "libkma with RTLD_DEEPBIND");
	ok(tap_run_child(in_thread) == 0, "libkma, loaded by a thread");
	return (tap_end());
}
