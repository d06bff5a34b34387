/*
 * cxx.c - the face of C++: operator new and delete, all forms.
 *
 * Layer 9.  No logic but how memory that is short is told.  Written in C, so
 * that no C++ library is needed: when there is no memory, the throwing forms
 * hand over to the C++ library's own operator, which calls malloc again, runs
 * the new-handler, and throws std::bad_alloc.  The hand-over is a call in the
 * last place, and the file is compiled with -fexceptions, so that the
 * exception passes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

#include "cdefs.h"
#include "dlopen.h"
#include "kmem.h"
#include "report.h"

#if __SIZEOF_SIZE_T__ != 8
#error "the mangled names are those of a 64-bit size_t"
#endif

/* The C++ runtimes that may be there, if nobody put one in global scope. */
static const char *const runtimes[] = {
	"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1",
};

/*
 * The next definition of an operator after ours.  A plugin may have brought
 * the C++ library along for itself alone: then it is asked for by name.
 */
static KMA_COLD void *
next_operator(const char *name)
{
	void *fn = dlsym(RTLD_NEXT, name), *lib;

	for (size_t i = 0; fn == NULL && i < 3; i++) {
		lib = dlopen_real()(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);
		if (lib != NULL)
			fn = dlsym(lib, name);
	}
	if (fn == NULL)
		report_panic("operator new",
		    "a C++ library can throw bad_alloc");
	return (fn);
}

typedef void *new_fn(size_t);
typedef void *new_aligned_fn(size_t, size_t);
typedef void *new_nothrow_fn(size_t, const void *);
typedef void *new_aligned_nothrow_fn(size_t, size_t, const void *);

/*
 * Each form of new: ours if there is memory, else the C++ library's.  The
 * throwing and the nothrow forms are alike: the new-handler is the library's
 * matter, and so is what happens when it gives up.
 */
#define NEW(id, mangled, type, params, alloc, args)			\
KMA_EXPORT void *id params __asm__(mangled);				\
void *									\
id params								\
{									\
	void *p = alloc;						\
									\
	if (likely(p != NULL))						\
		return (p);						\
	return (((type *)next_operator(mangled)) args);			\
}

static inline void *
get(size_t size)
{
	void *p = kmem_alloc_fast(size);

	return (likely(p != NULL) ? p : kmem_alloc_slow(size));
}

NEW(op_new, "_Znwm", new_fn, (size_t size), get(size), (size))
NEW(op_new_array, "_Znam", new_fn, (size_t size), get(size), (size))
NEW(op_new_nothrow, "_ZnwmRKSt9nothrow_t", new_nothrow_fn,
    (size_t size, const void *tag), get(size), (size, tag))
NEW(op_new_array_nothrow, "_ZnamRKSt9nothrow_t", new_nothrow_fn,
    (size_t size, const void *tag), get(size), (size, tag))
NEW(op_new_aligned, "_ZnwmSt11align_val_t", new_aligned_fn,
    (size_t size, size_t align), kmem_memalign(align, size), (size, align))
NEW(op_new_array_aligned, "_ZnamSt11align_val_t", new_aligned_fn,
    (size_t size, size_t align), kmem_memalign(align, size), (size, align))
NEW(op_new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t",
    new_aligned_nothrow_fn, (size_t size, size_t align, const void *tag),
    kmem_memalign(align, size), (size, align, tag))
NEW(op_new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t",
    new_aligned_nothrow_fn, (size_t size, size_t align, const void *tag),
    kmem_memalign(align, size), (size, align, tag))

/* Each form of delete: what else it says of the block is not needed. */
#define DELETE(id, mangled, ...)					\
KMA_EXPORT void id(void *p __VA_ARGS__) __asm__(mangled);		\
void									\
id(void *p __VA_ARGS__)							\
{									\
	if (unlikely(!kmem_free_fast(p)))				\
		kmem_free_slow(p, "free");				\
}

#define SIZE	, size_t size KMA_UNUSED
#define ALIGN	, size_t align KMA_UNUSED
#define TAG	, const void *tag KMA_UNUSED

DELETE(op_delete, "_ZdlPv")
DELETE(op_delete_array, "_ZdaPv")
DELETE(op_delete_nothrow, "_ZdlPvRKSt9nothrow_t", TAG)
DELETE(op_delete_array_nothrow, "_ZdaPvRKSt9nothrow_t", TAG)
DELETE(op_delete_sized, "_ZdlPvm", SIZE)
DELETE(op_delete_array_sized, "_ZdaPvm", SIZE)
DELETE(op_delete_aligned, "_ZdlPvSt11align_val_t", ALIGN)
DELETE(op_delete_array_aligned, "_ZdaPvSt11align_val_t", ALIGN)
DELETE(op_delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    ALIGN TAG)
DELETE(op_delete_array_aligned_nothrow,
    "_ZdaPvSt11align_val_tRKSt9nothrow_t", ALIGN TAG)
DELETE(op_delete_sized_aligned, "_ZdlPvmSt11align_val_t", SIZE ALIGN)
DELETE(op_delete_array_sized_aligned, "_ZdaPvmSt11align_val_t", SIZE ALIGN)
