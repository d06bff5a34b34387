/*
 * cxx.cc - operator new and delete below a current type.
 */
#include "typed.h"

#include <map>
#include <memory>
#include <new>
#include <string>
#include <vector>

MALLOC_DEFINE(M_CXX, "c++", "objects of a C++ program");

struct alignas(256) wide {
	char	c[300];
};

/* All forms of new, and the delete that belongs to each. */
static bool
every_form()
{
	bool good = true;

	for (size_t n = 1; n < 20000; n = n * 3 + 1) {
		char *p[4] = {
			new char, new char[n], new (std::nothrow) char,
			new (std::nothrow) char[n],
		};
		wide *w = new wide, *v = new wide[3];

		good &= inuse(M_CXX) == 6;
		good &= (uintptr_t)w % 256 == 0 && (uintptr_t)v % 256 == 0;
		fill(p[1], n, 1);
		fill(p[3], n, 2);
		good &= holds(p[1], n, 1) && holds(p[3], n, 2);
		delete p[0];
		delete[] p[1];
		delete p[2];
		delete[] p[3];
		delete w;
		delete[] v;
		good &= inuse(M_CXX) == 0 && memuse(M_CXX) == 0;
	}
	return (good);
}

static bool
containers()
{
	std::map<int, std::string> m;
	std::vector<std::unique_ptr<int>> v;

	for (int i = 0; i < 1000; i++) {
		m[i] = std::string((size_t)i, 'x');
		v.push_back(std::make_unique<int>(i));
	}
	for (int i = 0; i < 1000; i++)
		if (m[i].size() != (size_t)i || *v[(size_t)i] != i)
			return (false);
	return (inuse(M_CXX) > 2900);
}

static void *
delete_it(void *p)
{
	delete (std::string *)p;
	return (NULL);
}

int
main(int, char **argv)
{
	std::string *s, *t;
	bool thrown = false;

	tap_begin(argv, 60);
	kma_settype(M_CXX);
	ok(every_form(), "each form of new is charged, each delete gives back");
	ok(containers(), "containers are charged");
	ok(inuse(M_CXX) == 0 && memuse(M_CXX) == 0, "and gone");
	s = new std::string(1000, 'y');
	t = new std::string(1000, 'z');
	kma_settype(NULL);
	ok(inuse(M_CXX) == 4, "two strings");
	in_thread(delete_it, s);
	ok(inuse(M_CXX) == 2, "one deleted by another thread");
	delete t;
	ok(inuse(M_CXX) == 0, "one with no current type");
	kma_type_setlimit(M_CXX, 4096);
	kma_settype(M_CXX);
	try {
		std::vector<char> v(5000);
		ok(v[0] != 0, "not reached");
	} catch (const std::bad_alloc &) {
		thrown = true;
	}
	ok(thrown, "at the limit, new throws bad_alloc");
	ok(new (std::nothrow) char[5000] == NULL, "or returns NULL");
	s = new std::string(1000, 'y');
	ok(s != NULL && inuse(M_CXX) >= 2, "what fits is had");
	delete s;
	kma_settype(NULL);
	kma_type_setlimit(M_CXX, 0);
	return (tap_end());
}
