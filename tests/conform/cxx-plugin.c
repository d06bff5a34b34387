/*
 * cxx-plugin - a C program that knows nothing of C++ loads a C++ plugin with
 * RTLD_LOCAL: libstdc++ is out of sight, and std::bad_alloc must still be
 * thrown inside the plugin.
 */
#include "tap.h"

static void *plugin;

static int
call(const char *name)
{
	int (*fn)(void);

	*(void **)&fn = dlsym(plugin, name);
	return (fn != NULL && fn());
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	ok(dlsym(RTLD_DEFAULT, "__cxa_throw") == NULL,
	    "no C++ in this program");
	plugin = dlopen(tap_module("lib-cxx"), RTLD_NOW | RTLD_LOCAL);
	if (plugin == NULL)
		bail("%s", dlerror());
	ok(call("plugin_work"), "the plugin works");
	ok(call("plugin_bad_alloc"), "std::bad_alloc is thrown inside it");
	ok(call("plugin_bad_alloc_aligned"), "and by aligned new");
	ok(call("plugin_nothrow"), "nothrow new returns null");
	ok(call("plugin_handler"), "the plugin's new-handler is called");
	ok(call("plugin_aligned"), "alignas(256) is honoured");
	ok(dlsym(RTLD_DEFAULT, "__cxa_throw") == NULL,
	    "still no C++ in the program's own scope");
	ok(dlclose(plugin) == 0, "dlclose");
	plugin = dlopen(tap_module("lib-cxx"), RTLD_LAZY | RTLD_LOCAL);
	ok(plugin != NULL && call("plugin_bad_alloc"),
	    "loaded again, lazily, it throws again");
	return (tap_end());
}
