/* free_aligned_sized() of a block twice in a row. */
#include <dlfcn.h>

#include "misuse.h"

int
main(int argc, char **argv)
{
	void (*release)(void *, size_t, size_t);
	size_t size = number(argc, argv, 1);
	char *p = filled(opaque(aligned_alloc(64, size)), size);

	*(void **)&release = dlsym(RTLD_DEFAULT, "free_aligned_sized");
	if (release == NULL)
		skip("no free_aligned_sized");
	release(p, 64, size);
	release(about_to_misuse(p), 64, size);
	survive(NULL, size);
}
