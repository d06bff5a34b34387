// lib-cxx - a C++ plugin for a C program: everything stays inside.

#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>

#include <map>
#include <new>
#include <string>
#include <vector>

struct alignas(256) wide {
	char c[256];
};

static volatile size_t too_big = (size_t)PTRDIFF_MAX + 1;
static int calls;

static void
handler()
{
	calls++;
	std::set_new_handler(nullptr);
}

extern "C" {
int	plugin_work(void);
int	plugin_bad_alloc(void);
int	plugin_bad_alloc_aligned(void);
int	plugin_nothrow(void);
int	plugin_handler(void);
int	plugin_aligned(void);
}

int
plugin_work(void)
{
	std::map<int, std::string> m;
	std::vector<std::string> v;

	for (int i = 0; i < 10000; i++)
		m[i * 7919 % 10007] = std::string((size_t)i % 200, 'a');
	for (auto &kv : m)
		v.push_back(kv.second);
	return (v.size() == 10000);
}

int
plugin_bad_alloc(void)
{
	try {
		::operator delete(::operator new(too_big));
	} catch (const std::bad_alloc &) {
		try {
			::operator delete[](::operator new[](too_big));
		} catch (const std::bad_alloc &) {
			return (1);
		}
	}
	return (0);
}

int
plugin_bad_alloc_aligned(void)
{
	const std::align_val_t al = (std::align_val_t)128;

	try {
		::operator delete(::operator new(too_big, al), al);
	} catch (const std::bad_alloc &) {
		return (1);
	}
	return (0);
}

int
plugin_nothrow(void)
{
	return (::operator new(too_big, std::nothrow) == nullptr &&
	    ::operator new[](too_big, std::nothrow) == nullptr);
}

int
plugin_handler(void)
{
	calls = 0;
	std::set_new_handler(handler);
	return (plugin_bad_alloc() && calls == 1);
}

int
plugin_aligned(void)
{
	int good = 1;

	for (int i = 0; i < 100; i++) {
		wide *w = new wide[3];
		good &= (uintptr_t)w % 256 == 0;
		delete[] w;
	}
	return (good);
}
