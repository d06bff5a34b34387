/*
 * faults-cxx.cc - as faults.c, with operator new and delete.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <dlfcn.h>

#include "faults.h"

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#pragma GCC diagnostic ignored "-Wuse-after-free"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"

#undef FUNCTION
#define FUNCTION(name)	extern "C" __attribute__((noipa)) void name(void)

volatile int sink;

struct object {
	char text[40];
	virtual ~object() {}
};

struct alignas(128) aligned_object {
	char text[200];
};

/* Freed by the wrong function. */
FAULT(new_free)
{
	void *volatile p = new char[1];

	free(p);
	p = operator new(30);
	free(p);
}

FAULT(malloc_delete)
{
	void *volatile p = malloc(31);

	operator delete(p);
}

FAULT(malloc_delete_array)
{
	char *volatile p = (char *)malloc(32);

	delete[] p;
}

FAULT(new_delete_array)
{
	char *volatile p = new char;

	delete[] p;
}

FAULT(new_array_delete)
{
	char *volatile p = new char[33];

	delete p;
}

FAULT(calloc_delete)
{
	char *volatile p = (char *)calloc(3, 3);

	delete p;
}

FAULT(new_realloc)
{
	void *volatile p = operator new(34);

	p = realloc(p, 100);
	free(p);
}

FAULT(aligned_new_free)
{
	void *volatile p = new aligned_object;

	free(p);
}

FAULT(mismatch_used)
{
	char *volatile p = new char[35];

	free(p);
	p[2] = 1;
	free(p);
	delete[] p;
}

/* As with malloc. */
FAULT(new_after)
{
	volatile char *volatile p = new char[10];

	p[10] = 1;
	p[-1] = 1;
	delete[] p;
}

FAULT(object_after)
{
	object *volatile p = new object;

	((volatile char *)p)[sizeof(object)] = 1;
	delete p;
	p->text[0] = 1;
}

FAULT(delete_twice)
{
	char *volatile p = new char;

	delete p;
	delete p;
}

FAULT(delete_array_twice)
{
	char *volatile p = new char[100];

	delete[] p;
	delete[] p;
}

FAULT(delete_inside)
{
	char *volatile p = new char[100];

	delete[] (p + 16);
	delete[] p;
}

FAULT(delete_stack)
{
	char array[10];
	char *volatile p = array;

	delete p;
}

FAULT(new_undefined)
{
	char *volatile p = new char[10];

	LOOK(p[5]);
	delete[] p;
}

FAULT(aligned_after)
{
	aligned_object *volatile p = new aligned_object;

	((volatile char *)p)[sizeof(aligned_object)] = 1;
	((volatile char *)p)[-16] = 1;
	delete p;
	p->text[0] = 1;
}

FAULT(vector_after)
{
	std::vector<int> v(5);
	int *volatile p = v.data();

	p[5] = 1;
	v.resize(50);
	p[0] = 1;
}

FAULT(new_lost)
{
	void *volatile p = new object;

	p = new char[123];
	p = new aligned_object;
	p = new (std::nothrow) int;
	p = new std::string("text that is too long to be in the string itself");
	p = NULL;
}

static object *volatile kept;
static char *volatile inside;

FAULT(new_reachable)
{
	kept = new object;
	/* A pointer behind the count of an array's objects. */
	inside = (char *)new object[3];
}

CLEAN(new_delete)
{
	char *volatile p = new char;
	std::vector<std::string> v;

	delete p;
	p = new char[10];
	delete[] p;
	p = new (std::nothrow) char[10];
	delete[] p;
	operator delete(operator new(10), (std::size_t)10);
	operator delete[](operator new[](10), std::nothrow);
	delete new object;
	delete[] new object[7];
	delete new aligned_object;
	delete[] new aligned_object[2];
	for (int i = 0; i < 100; i++)
		v.push_back(std::string((std::size_t)i, 'x'));
	p = NULL;
	delete p;
}

static void (*const functions[])(void) = {
	fault_new_free, fault_malloc_delete, fault_malloc_delete_array,
	fault_new_delete_array, fault_new_array_delete, fault_calloc_delete,
	fault_new_realloc, fault_aligned_new_free, fault_mismatch_used,
	fault_new_after, fault_object_after, fault_delete_twice,
	fault_delete_array_twice, fault_delete_inside, fault_delete_stack,
	fault_new_undefined, fault_aligned_after, fault_vector_after,
	fault_new_lost, fault_new_reachable, clean_new_delete,
};

int
main()
{
	Dl_info info;
	void *(*volatile allocate)(std::size_t) = &operator new;

	if (dladdr((void *)allocate, &info) != 0)
		printf("malloc %s\n", info.dli_fname);
	fflush(stdout);
	for (std::size_t i = 0; i < sizeof(functions) / sizeof(functions[0]);
	    i++)
		functions[i]();
	return (0);
}
