/* cfree() of a variable on the stack. */
#include <dlfcn.h>

#include "misuse.h"

int
main(void)
{
	void (*release)(void *);
	char buf[256];

	*(void **)&release = dlsym(RTLD_DEFAULT, "cfree");
	if (release == NULL)
		skip("no cfree");
	memset(buf, 0, sizeof(buf));
	release(about_to_misuse((char *)opaque(buf) + 64));
	survive(NULL, 64);
}
