/* kma_free() of what is on the stack. */
#include "typed.h"

int
main(void)
{
	char on_stack[100], *p = typed_block(100);

	kma_free(about_to_misuse(on_stack), M_MISUSED);
	expect_one(100);
	survive(p, 100);
}
