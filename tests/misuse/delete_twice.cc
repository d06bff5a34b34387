/* operator delete of a block twice in a row. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	void *p = filled(opaque(::operator new(size)), size);

	::operator delete(opaque(p));
	::operator delete(about_to_misuse(p));
	survive(NULL, size);
}
