/*
 * unload.c - the types of a module that is unloaded: what is still in use is
 * told, and nothing at the end of the program.
 */
#include "typed.h"

#include <sys/mman.h>

MALLOC_DEFINE(M_MAIN, "main program", "of a program that ends");

static void *module;
static void *(*plugin_get)(void);
static void (*plugin_put)(void *);
static uint64_t (*plugin_calls)(void);

static void
load(void)
{
	module = dlopen(tap_module("plugin"), RTLD_NOW | RTLD_LOCAL);
	must(module != NULL);
	*(void **)&plugin_get = dlsym(module, "plugin_get");
	*(void **)&plugin_put = dlsym(module, "plugin_put");
	*(void **)&plugin_calls = dlsym(module, "plugin_calls");
	must(plugin_get != NULL && plugin_put != NULL && plugin_calls != NULL);
}

static int
is_loaded(void)
{
	void *again = dlopen(tap_module("plugin"), RTLD_NOW | RTLD_NOLOAD);

	if (again != NULL)
		dlclose(again);
	return (again != NULL);
}

static void
unload(void)
{
	dlclose(module);
	must(!is_loaded());
}

/* The module is unloaded before it ever had a block. */
static int
unused(void)
{
	load();
	unload();
	return (0);
}

static int
none_left(void)
{
	load();
	plugin_put(plugin_get());
	unload();
	return (0);
}

static int
some_left(void)
{
	load();
	must(plugin_get() != NULL && plugin_get() != NULL);
	plugin_put(plugin_get());
	unload();
	return (0);
}

/* Loaded again: the same type, which goes on. */
static int
again(void)
{
	for (uint64_t i = 0; i < 20; i++) {
		load();
		must(i == 0 || plugin_calls() == i);
		plugin_put(plugin_get());
		must(plugin_calls() == i + 1);
		unload();
	}
	return (0);
}

static int
at_exit_loaded(void)
{
	load();
	must(plugin_get() != NULL);
	must(kma_malloc(100, M_MAIN, M_NOWAIT) != NULL);
	exit(0);
}

static int
at_exit(void)
{
	must(kma_malloc(100, M_MAIN, M_NOWAIT) != NULL);
	exit(0);
}

/* What fn, in a child, says on standard error; its exit status is 0. */
static const char *
says(int (*fn)(void))
{
	static char text[4096];
	int fd = memfd_create("stderr", 0);
	ssize_t n;
	pid_t pid;

	must(fd >= 0);
	if ((pid = fork()) == 0) {
		dup2(fd, 2);
		_exit(fn());
	}
	must(tap_wait(pid) == 0);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return (text);
}

#define SAYS(fn, what, name) do {					\
	const char *text_ = says(fn);					\
									\
	if (!ok(strcmp(text_, what) == 0, name))			\
		diag("it says: %s", text_);				\
} while (0)

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	SAYS(unused, "", "a type that was never used");
	SAYS(none_left, "", "a type of which nothing is in use");
	SAYS(some_left, "libkma: type plugin is unloaded with 2 blocks, 256 "
	    "bytes, in use\n", "a type of which two blocks are");
	SAYS(again, "", "loaded again, the type goes on");
	SAYS(at_exit_loaded, "", "at the program's end nothing is told");
	SAYS(at_exit, "", "without a module either");
	return (tap_end());
}
