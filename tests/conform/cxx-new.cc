// cxx-new - every form of operator new and delete; new-handlers; bad_alloc.

#include "tap.h"

#include <malloc.h>
#include <sys/resource.h>

#include <new>
#include <string>
#include <vector>

#include "measure.h"
#include "pattern.h"

static volatile size_t too_big = (size_t)PTRDIFF_MAX + 1;
static volatile size_t zero = 0;
// What passes through here is not optimised away.
static char *volatile seen;

static int
good(void *p, size_t alignment, size_t size)
{
	if (p == nullptr || (uintptr_t)p % alignment != 0)
		return (0);
	fill(p, size, size);
	return (malloc_usable_size(p) >= size && intact(p, size, size));
}

// Every operator as the compiler would call it, of every size.
static void
test_operators()
{
	static const char *const symbols[] = { "_Znwm", "_Znam",
	    "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t",
	    "_ZnwmSt11align_val_t", "_ZnamSt11align_val_t",
	    "_ZnwmSt11align_val_tRKSt9nothrow_t",
	    "_ZnamSt11align_val_tRKSt9nothrow_t", "_ZdlPv", "_ZdaPv",
	    "_ZdlPvm", "_ZdaPvm", "_ZdlPvRKSt9nothrow_t",
	    "_ZdaPvRKSt9nothrow_t", "_ZdlPvSt11align_val_t",
	    "_ZdaPvSt11align_val_t", "_ZdlPvmSt11align_val_t",
	    "_ZdaPvmSt11align_val_t", "_ZdlPvSt11align_val_tRKSt9nothrow_t",
	    "_ZdaPvSt11align_val_tRKSt9nothrow_t" };
	const std::nothrow_t &nt = std::nothrow;
	std::align_val_t al;
	size_t a, size;
	void *p;
	int bad;

	for (const char *s : symbols)
		ok_kma(tap_from_kma(dlsym(RTLD_DEFAULT, s)),
		    "%s is libkma's", s);
	bad = 0;
	for (size = 0; size < 300000; size += 1 + size / 40) {
		p = ::operator new(size);
		bad += !good(p, 16, size);
		::operator delete(p);
		p = ::operator new(size);
		bad += !good(p, 16, size);
		::operator delete(p, size);
		p = ::operator new(size, nt);
		bad += !good(p, 16, size);
		::operator delete(p, nt);
		p = ::operator new[](size);
		bad += !good(p, 16, size);
		::operator delete[](p);
		p = ::operator new[](size);
		bad += !good(p, 16, size);
		::operator delete[](p, size);
		p = ::operator new[](size, nt);
		bad += !good(p, 16, size);
		::operator delete[](p, nt);
	}
	ok(bad == 0, "new and delete: plain, array, nothrow, sized");
	bad = 0;
	for (a = 1; a <= MB; a *= 2)
		for (size = 0; size < 40000; size += 1 + size / 3) {
			al = (std::align_val_t)a;
			p = ::operator new(size, al);
			bad += !good(p, a, size);
			::operator delete(p, al);
			p = ::operator new(size, al);
			bad += !good(p, a, size);
			::operator delete(p, size, al);
			p = ::operator new(size, al, nt);
			bad += !good(p, a, size);
			::operator delete(p, al, nt);
			p = ::operator new[](size, al);
			bad += !good(p, a, size);
			::operator delete[](p, al);
			p = ::operator new[](size, al);
			bad += !good(p, a, size);
			::operator delete[](p, size, al);
			p = ::operator new[](size, al, nt);
			bad += !good(p, a, size);
			::operator delete[](p, al, nt);
		}
	ok(bad == 0, "the same with alignments from 1 B to 1 MB");
	p = ::operator new(zero);
	void *q = ::operator new(zero);
	ok(p != nullptr && q != nullptr && p != q, "new of no bytes is unique");
	::operator delete(p);
	::operator delete(q);
	errno = 44;
	::operator delete(nullptr);
	::operator delete[](nullptr);
	::operator delete(nullptr, (std::align_val_t)64);
	::operator delete(nullptr, 8);
	ok(errno == 44, "delete of a null pointer does nothing");
	p = ::operator new(100);
	free(p);
	::operator delete(malloc(100));
	ok(1, "new and malloc share a heap");
}

struct alignas(256) wide {
	char c[300];
};

struct base {
	virtual ~base() {}
	int i;
};

struct derived : base {
	~derived() override { delete[] more; }
	int *more = new int[1000];
	char c[500];
};

struct thrower {
	thrower() { throw 1; }
	char c[200];
};

static void
test_classes()
{
	std::vector<wide *> w;
	int bad, caught, i;

	bad = 0;
	for (i = 0; i < 1000; i++) {
		w.push_back(new wide);
		bad += (uintptr_t)w.back() % 256 != 0;
	}
	for (wide *p : w)
		delete p;
	wide *array = new wide[7];
	bad += (uintptr_t)array % 256 != 0;
	delete[] array;
	std::vector<wide> many(100);
	bad += (uintptr_t)many.data() % 256 != 0;
	ok(bad == 0, "alignas(256) is honoured");
	for (i = 0; i < 1000; i++) {
		base *b = new derived;
		seen = (char *)b;
		delete b;
	}
	ok(1, "sized delete through a virtual destructor");
	caught = 0;
	for (i = 0; i < 1000; i++)
		try {
			delete new thrower;
		} catch (int) {
			caught++;
		}
	ok(caught == 1000, "delete after a constructor that throws");
	std::string s;
	for (i = 0; i < 100000; i++)
		s += std::to_string(i);
	ok(s.size() == 488890, "std::string grows");
}

template <typename F> static int
throws_bad_alloc(F f)
{
	try {
		f();
	} catch (const std::bad_alloc &e) {
		return (e.what() != nullptr);
	}
	return (0);
}

static void
test_bad_alloc()
{
	const std::align_val_t al = (std::align_val_t)64;
	int n;

	ok(throws_bad_alloc([] { ::operator delete(::operator new(too_big)); }),
	    "new of too much throws std::bad_alloc");
	ok(throws_bad_alloc([] {
		::operator delete[](::operator new[](too_big)); }),
	    "so does new[]");
	ok(throws_bad_alloc([al] {
		::operator delete(::operator new(too_big, al), al); }),
	    "so does aligned new");
	ok(throws_bad_alloc([al] {
		::operator delete[](::operator new[](too_big, al), al); }),
	    "so does aligned new[]");
	ok(throws_bad_alloc([] {
		seen = new char[too_big - 1];
		delete[] seen;
	    }),
	    "so does the new expression");
	ok(throws_bad_alloc([] {
		std::vector<char> v;
		v.resize((size_t)1 << 50);
	    }), "so does std::vector");
	ok(::operator new(too_big, std::nothrow) == nullptr,
	    "nothrow new of too much is null");
	ok(::operator new[](too_big, std::nothrow) == nullptr,
	    "nothrow new[] of too much is null");
	ok(::operator new(too_big, al, std::nothrow) == nullptr,
	    "aligned nothrow new of too much is null");
	ok(::operator new[](too_big, al, std::nothrow) == nullptr,
	    "aligned nothrow new[] of too much is null");
	n = 0;
	for (int i = 0; i < 1000; i++)
		n += throws_bad_alloc([] {
			::operator delete(::operator new(too_big)); });
	ok(n == 1000, "1000 times over");
}

static char *ballast;
static int handled;

// Gives the ballast back; the second call finds nothing left and gives up.
static void
release_ballast()
{
	handled++;
	if (ballast == nullptr) {
		std::set_new_handler(nullptr);
		return;
	}
	free(ballast);
	ballast = nullptr;
}

struct handler_threw {};

static void
throwing_handler()
{
	handled++;
	throw handler_threw();
}

static void
test_handlers()
{
	const std::align_val_t al = (std::align_val_t)4096;
	int caught;

	handled = 0;
	std::set_new_handler(release_ballast);
	ok(throws_bad_alloc([] { ::operator delete(::operator new(too_big)); })
	    && handled == 1, "a handler that removes itself ends in bad_alloc");
	handled = 0;
	std::set_new_handler(release_ballast);
	ok(::operator new(too_big, std::nothrow) == nullptr && handled == 1,
	    "nothrow new calls the handler too");
	handled = 0;
	std::set_new_handler(release_ballast);
	ok(throws_bad_alloc([al] {
		::operator delete(::operator new(too_big, al), al); })
	    && handled == 1, "aligned new calls the handler");
	handled = caught = 0;
	std::set_new_handler(throwing_handler);
	try {
		::operator delete(::operator new(too_big));
	} catch (const handler_threw &) {
		caught++;
	}
	try {
		::operator delete[](::operator new[](too_big));
	} catch (const handler_threw &) {
		caught++;
	}
	ok(caught == 2 && handled == 2, "what a handler throws comes through");
	ok(::operator new(too_big, std::nothrow) == nullptr && handled == 3,
	    "except through nothrow new");
	std::set_new_handler(nullptr);
}

// In a child, with little memory: the handler frees some, and new succeeds.
static int
relief(int form)
{
	const std::align_val_t al = (std::align_val_t)64;
	struct rlimit rl;
	size_t want;
	void *p;

	// Enough for one of the two, never for both.
	rl.rlim_cur = rl.rlim_max = vmsize() + 300 * MB;
	must(setrlimit(RLIMIT_AS, &rl) == 0);
	want = 180 * MB;
	must((ballast = (char *)malloc(want)) != nullptr);
	must(malloc(want) == nullptr);
	handled = 0;
	std::set_new_handler(release_ballast);
	switch (form) {
	case 0:
		p = ::operator new(want);
		break;
	case 1:
		p = ::operator new[](want);
		break;
	case 2:
		p = ::operator new(want, std::nothrow);
		break;
	case 3:
		p = ::operator new(want, al);
		break;
	default:
		p = ::operator new[](want, al, std::nothrow);
		break;
	}
	must(p != nullptr);
	must(handled == 1);
	memset(p, 1, 4096);
	return (0);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	test_operators();
	test_classes();
	test_bad_alloc();
	test_handlers();
	ok(tap_run_child([] { return (relief(0)); }) == 0,
	    "a handler frees memory, and new succeeds");
	ok(tap_run_child([] { return (relief(1)); }) == 0, "so does new[]");
	ok(tap_run_child([] { return (relief(2)); }) == 0, "so does nothrow");
	ok(tap_run_child([] { return (relief(3)); }) == 0, "so does aligned");
	ok(tap_run_child([] { return (relief(4)); }) == 0,
	    "so does aligned nothrow new[]");
	return (tap_end());
}
