/* free() of a thread-local variable. */
#include "misuse.h"

static __thread char local[64] __attribute__((aligned(16)));

int
main(void)
{
	free(about_to_misuse(opaque(local)));
	survive(NULL, 64);
}
