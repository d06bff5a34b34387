/* The aligned operator delete of a block twice in a row. */
#include <new>

#include "misuse.h"

int
main(int argc, char **argv)
{
	size_t size = number(argc, argv, 1);
	std::align_val_t align = std::align_val_t(256);
	void *p = filled(opaque(::operator new(size, align)), size);

	::operator delete(opaque(p), align);
	::operator delete(about_to_misuse(p), align);
	survive(NULL, size);
}
