/* free_sized() of a block twice in a row. */
#include <dlfcn.h>

#include "misuse.h"

int
main(int argc, char **argv)
{
	void (*release)(void *, size_t);
	size_t size = number(argc, argv, 1);
	char *p = block(size);

	*(void **)&release = dlsym(RTLD_DEFAULT, "free_sized");
	if (release == NULL)
		skip("no free_sized");
	release(p, size);
	release(about_to_misuse(p), size);
	survive(NULL, size);
}
