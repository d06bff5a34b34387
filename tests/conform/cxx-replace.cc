// cxx-replace - a program that replaces the scalar operators new and delete
// gets the array and nothrow forms through its own, as the standard says.

#include "tap.h"

#include <cstdlib>
#include <new>
#include <string>

static long news, deletes;

void *
operator new(size_t size)
{
	char *p;

	news++;
	if (size > (size_t)1 << 40)
		throw std::bad_alloc();
	p = (char *)malloc(size + 64);
	if (p == nullptr)
		throw std::bad_alloc();
	return (p + 64);
}

void
operator delete(void *p) noexcept
{
	if (p == nullptr)
		return;
	deletes++;
	free((char *)p - 64);
}

void
operator delete(void *p, size_t) noexcept
{
	::operator delete(p);
}

struct object {
	~object() {}
	int i;
};

int
main(int argc, char **argv)
{
	volatile size_t huge = (size_t)1 << 50;
	int n;

	(void)argc;
	tap_begin(argv, 60);
	news = deletes = 0;
	delete new object;
	ok(news == 1 && deletes == 1, "new and delete are the program's");
	news = deletes = 0;
	n = 100 + argc;
	delete[] new object[n];
	ok(news == 1 && deletes == 1, "new[] and delete[] go through them");
	news = deletes = 0;
	delete[] new char[n];
	ok(news == 1 && deletes == 1, "also without a cookie");
	news = deletes = 0;
	delete new (std::nothrow) object;
	ok(news == 1 && deletes == 1, "nothrow new goes through them");
	news = deletes = 0;
	delete[] new (std::nothrow) object[n];
	ok(news == 1 && deletes == 1, "nothrow new[] goes through them");
	news = deletes = 0;
	ok(::operator new(huge, std::nothrow) == nullptr && news == 1,
	    "nothrow new catches what they throw");
	news = deletes = 0;
	{
		std::string *s = new std::string((size_t)1000, 'x');
		*s += *s;
		delete s;
	}
	ok(news == deletes && news > 1, "libstdc++ uses them: %ld calls", news);
	return (tap_end());
}
