/* __libc_free() of a variable on the stack. */
#include "misuse.h"

extern void __libc_free(void *);

int
main(void)
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	__libc_free(about_to_misuse((char *)opaque(buf) + 64));
	survive(NULL, 64);
}
