/*
 * operator new, written in C: new-handlers run, std::bad_alloc comes, and
 * over-aligned types are aligned.
 */
#include "conform/tap.h"

#include <sys/resource.h>

#include <new>

static int calls;
static void *volatile reserve;

/* Does what a new-handler should: the third time, there is memory. */
static void
free_reserve()
{
	if (++calls < 3)
		return;
	free(reserve);
	reserve = nullptr;
	std::set_new_handler(nullptr);
}

/* Gives up after some time, by an exception of its own. */
static void
give_up()
{
	if (++calls == 5)
		throw 42;
}

static void
no_more()
{
	calls++;
	std::set_new_handler(nullptr);
}

struct alignas(256) wide {
	char	w_bytes[300];
};

struct alignas(4096) page {
	char	p_bytes[5000];
};

static bool
aligned(const void *p, uintptr_t to)
{
	return (p != nullptr && (uintptr_t)p % to == 0);
}

/* Too much for any machine, without the compiler's knowing. */
static size_t
too_much()
{
	volatile size_t n = PTRDIFF_MAX - 4096;

	return (n);
}

template <typename F> static const char *
outcome(F f)
{
	calls = 0;
	try {
		f();
	} catch (const std::bad_alloc &) {
		return ("bad_alloc");
	} catch (int) {
		return ("the handler's");
	}
	return ("nothing");
}

#define THROWS(what, expr) do {						\
	const char *got = outcome([] { free(expr); });			\
	ok(strcmp(got, what) == 0, "%s throws %s", #expr, what);	\
	if (strcmp(got, what) != 0)					\
		diag("thrown: %s", got);				\
} while (0)

static void
exceptions()
{
	const std::align_val_t a = std::align_val_t(256);

	THROWS("bad_alloc", operator new(too_much()));
	THROWS("bad_alloc", operator new[](too_much()));
	THROWS("bad_alloc", operator new(too_much(), std::align_val_t(256)));
	THROWS("bad_alloc", operator new[](too_much(), std::align_val_t(256)));
	THROWS("bad_alloc", operator new(SIZE_MAX));
	THROWS("bad_alloc", operator new[](SIZE_MAX));
	THROWS("bad_alloc", operator new(SIZE_MAX, std::align_val_t(64)));
	ok(operator new(too_much(), std::nothrow) == nullptr &&
	    operator new[](too_much(), std::nothrow) == nullptr,
	    "the nothrow forms return NULL");
	ok(operator new(too_much(), a, std::nothrow) == nullptr &&
	    operator new[](too_much(), a, std::nothrow) == nullptr,
	    "the aligned nothrow forms return NULL");
}

static void
handlers()
{
	const std::align_val_t a = std::align_val_t(256);
	void *p;

	std::set_new_handler(give_up);
	THROWS("the handler's", operator new(too_much()));
	ok(calls == 5, "the new-handler ran until it threw: %d times", calls);
	THROWS("the handler's", operator new(too_much(),
	    std::align_val_t(4096)));
	ok(calls == 5, "aligned: the new-handler ran %d times", calls);

	std::set_new_handler(no_more);
	THROWS("bad_alloc", operator new[](too_much()));
	ok(calls == 1, "a handler that resets itself ran once: %d", calls);

	calls = 0;
	std::set_new_handler(no_more);
	p = operator new(too_much(), std::nothrow);
	ok(p == nullptr && calls == 1,
	    "nothrow: the handler ran first: %d", calls);
	calls = 0;
	std::set_new_handler(no_more);
	p = operator new(too_much(), a, std::nothrow);
	ok(p == nullptr && calls == 1,
	    "aligned nothrow: the handler ran first: %d", calls);
	calls = 0;
	std::set_new_handler(give_up);
	p = operator new(100, std::nothrow);
	ok(p != nullptr && calls == 0,
	    "no handler runs while there is memory");
	operator delete(p);
	std::set_new_handler(nullptr);
}

/* With memory that really ran out, a handler that frees some saves the day. */
static void
recovery()
{
	struct rlimit rl;
	void *p = nullptr;
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	if (f == nullptr || fscanf(f, "%lu", &pages) != 1)
		bail("no /proc/self/statm");
	(void)fclose(f);
	reserve = malloc((size_t)96 << 20);
	must(reserve != nullptr);
	rl.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) +
	    ((rlim_t)128 << 20);
	rl.rlim_max = RLIM_INFINITY;
	must(setrlimit(RLIMIT_AS, &rl) == 0);
	calls = 0;
	std::set_new_handler(free_reserve);
	try {
		p = operator new((size_t)80 << 20);
	} catch (const std::bad_alloc &) {
	}
	ok(p != nullptr && calls == 3 && reserve == nullptr,
	    "a handler that frees memory at its third call saves operator new");
	diag("calls: %d", calls);
	operator delete(p);
	std::set_new_handler(nullptr);
	rl.rlim_cur = RLIM_INFINITY;
	must(setrlimit(RLIMIT_AS, &rl) == 0);
}

static void
alignment()
{
	static const size_t aligns[] = {
		16, 32, 64, 128, 256, 512, 1024, 4096, 8192, 65536, 1 << 21
	};
	bool wide_ok = true, page_ok = true;
	size_t i, j;

	for (i = 0; i < 100; i++) {
		wide *w = new wide, *ws = new wide[i + 1];
		page *p = new page;

		wide_ok &= aligned(w, 256) && aligned(ws, 256);
		page_ok &= aligned(p, 4096);
		memset((void *)w, 1, sizeof(*w));
		memset((void *)p, 1, sizeof(*p));
		delete w;
		if (i % 2 == 0)
			delete[] ws;
		delete p;
	}
	ok(wide_ok, "alignas(256) is honoured by new and new[]");
	ok(page_ok, "alignas(4096) is honoured");
	for (i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
		std::align_val_t a = std::align_val_t(aligns[i]);
		bool good = true;

		for (j = 1; j < 40000; j += j / 3 + 1) {
			void *p = operator new(j, a);
			void *q = operator new[](j, a, std::nothrow);

			good &= aligned(p, aligns[i]) && aligned(q, aligns[i]);
			operator delete(p, j, a);
			operator delete[](q, a);
		}
		ok(good, "align_val_t(%zu)", aligns[i]);
	}
	void *p = operator new(0), *q = operator new(0);
	ok(p != nullptr && q != nullptr && p != q,
	    "new of nothing is unique");
	operator delete(p);
	operator delete(q, (size_t)0);
	operator delete(nullptr);
	operator delete[](nullptr, (size_t)10);
	operator delete(nullptr, std::align_val_t(64));
	ok(1, "delete of NULL");
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	if (tap_kma)
		ok(tap_from_kma((void *)(uintptr_t)(void *(*)(size_t))
		    operator new), "operator new is libkma's");
	exceptions();
	handlers();
	alignment();
	recovery();
	return (tap_end());
}
