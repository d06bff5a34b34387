/*
 * Frees what a plugin loaded with RTLD_DEEPBIND allocated.
 * argument: the plugin
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	char *(*give)(void);
	void *plugin;

	if (argc < 2)
		return (2);
	plugin = dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND);
	if (plugin == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return (3);
	}
	*(void **)&give = dlsym(plugin, "plugin_give");
	if (give == NULL)
		return (4);
	free(give());
	printf("freed\n");
	return (0);
}
