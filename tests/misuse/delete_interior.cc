/* operator delete[] sixteen bytes into an array. */
#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	char *p = filled(opaque(::operator new[](size)), size);

	::operator delete[](about_to_misuse(p + 16));
	survive(p, size);
}
