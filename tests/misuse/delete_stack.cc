/* operator delete of a variable on the stack. */
#include "misuse.h"

int
main()
{
	char buf[256];

	memset(buf, 0, sizeof(buf));
	::operator delete(about_to_misuse((char *)opaque(buf) + 64));
	survive(NULL, 64);
}
