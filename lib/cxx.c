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
#include "cxx.h"
#include "dlopen.h"
#include "kmem.h"
#include "mode.h"
#include "report.h"
#include "valgrind.h"

#if __SIZEOF_SIZE_T__ != 8
#error "the mangled names are those of a 64-bit size_t"
#endif

/* The C++ runtimes that may be there, if nobody put one in global scope. */
static const char *const runtimes[] = {
	"libstdc++.so.6", "libc++abi.so.1", "libc++.so.1",
};

/*
 * The next definition of an operator after ours, looked for once.  A plugin
 * may have brought the C++ library along for itself alone: then it is asked
 * for by name.
 */
static KMA_COLD void *
next_operator(const char *name, void **found)
{
	void *fn = relaxed_load(found), *lib;

	if (fn != NULL)
		return (fn);
	fn = dlsym(RTLD_NEXT, name);
	for (size_t i = 0; fn == NULL && i < 3; i++) {
		lib = dlopen_real()(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);
		if (lib != NULL)
			fn = dlsym(lib, name);
	}
	if (fn == NULL)
		report_panic("operator new",
		    "a C++ library can throw bad_alloc");
	relaxed_store(found, fn);
	return (fn);
}

/*
 * Each form is a function here, with the form's name for an alias.  Those
 * that the standard defines by another form must reach the program's own if
 * it has replaced that one: then they too are the C++ library's to do, which
 * knows how.  cxx_bound has what the names mean in this process.
 */
#define NAMED(id, mangled, result, params)				\
KMA_EXPORT result name_##id params __asm__(mangled)			\
    __attribute__((alias(#id)));

#define OURS(id)	likely(cxx_bound.id == id)

typedef void *new_fn(size_t);
typedef void *new_aligned_fn(size_t, size_t);
typedef void *new_nothrow_fn(size_t, const void *);
typedef void *new_aligned_nothrow_fn(size_t, size_t, const void *);

/* To whom a call is charged, where that matters. */
#define CALLER	__builtin_return_address(0)

/*
 * A form of new: ours if there is memory, else the C++ library's.  The
 * throwing and the nothrow forms are alike: the new-handler is the library's
 * matter, and so is what happens when it gives up.
 */
#define NEW(id, mangled, type, kind, ours, theirs, tagparam, tagarg)	\
void *id(size_t size tagparam);						\
NAMED(id, mangled, void *, (size_t size tagparam))			\
static KMA_COLD void *							\
id##_hand_over(size_t size tagparam)					\
{									\
	static void *next;						\
									\
	return (((type *)next_operator(mangled, &next))(size tagarg));	\
}									\
void *									\
id(size_t size tagparam)						\
{									\
	void *p;							\
									\
	if (likely(ours && kmem_alloc_fast(size, &p)))			\
		return (p);						\
	if (ours) {							\
		p = mode_alloc(size, CALLER);				\
		VALGRIND_TELL(p, size, false, kind);			\
	} else								\
		p = theirs;						\
	return (likely(p != NULL) ? p : id##_hand_over(size tagarg));	\
}
#define TAG	, const void *tag KMA_UNUSED
#define TAGARG	, tag

NEW(op_new, "_Znwm", new_fn, VALGRIND_NEW, 1, NULL, , )
NEW(op_new_array, "_Znam", new_fn, VALGRIND_NEW_ARRAY, OURS(op_new),
    cxx_bound.op_new(size), , )
NEW(op_new_nothrow, "_ZnwmRKSt9nothrow_t", new_nothrow_fn, VALGRIND_NEW,
    OURS(op_new), NULL, TAG, TAGARG)
NEW(op_new_array_nothrow, "_ZnamRKSt9nothrow_t", new_nothrow_fn,
    VALGRIND_NEW_ARRAY, OURS(op_new), NULL, TAG, TAGARG)

/*
 * Some C++ libraries round an aligned size up without a look: a size that
 * cannot be had is told by the plain form, in the same way.
 */
static KMA_COLD void *
give_up_aligned(size_t size, size_t align)
{
	static void *plain, *aligned;

	if (size > PTRDIFF_MAX)
		return (((new_fn *)next_operator("_Znwm", &plain))(size));
	return (((new_aligned_fn *)next_operator("_ZnwmSt11align_val_t",
	    &aligned))(size, align));
}

static KMA_COLD void *
give_up_aligned_nothrow(size_t size, size_t align, const void *tag)
{
	static void *plain, *aligned;

	if (size > PTRDIFF_MAX)
		return (((new_nothrow_fn *)next_operator(
		    "_ZnwmRKSt9nothrow_t", &plain))(size, tag));
	return (((new_aligned_nothrow_fn *)next_operator(
	    "_ZnwmSt11align_val_tRKSt9nothrow_t", &aligned))(size, align,
	    tag));
}

#define NEW_ALIGNED(id, mangled, kind, ours, params, give_up)		\
void *id params;							\
NAMED(id, mangled, void *, params)					\
void *									\
id params								\
{									\
	void *p = ours ? mode_memalign(align, size, CALLER) : NULL;	\
									\
	VALGRIND_TELL(p, size, false, kind);				\
	return (likely(p != NULL) ? p : give_up);			\
}

NEW_ALIGNED(op_new_aligned, "_ZnwmSt11align_val_t", VALGRIND_NEW, 1,
    (size_t size, size_t align), give_up_aligned(size, align))
NEW_ALIGNED(op_new_array_aligned, "_ZnamSt11align_val_t",
    VALGRIND_NEW_ARRAY, OURS(op_new_aligned), (size_t size, size_t align),
    cxx_bound.op_new_aligned(size, align))
NEW_ALIGNED(op_new_aligned_nothrow, "_ZnwmSt11align_val_tRKSt9nothrow_t",
    VALGRIND_NEW, OURS(op_new_aligned),
    (size_t size, size_t align, const void *tag),
    give_up_aligned_nothrow(size, align, tag))
NEW_ALIGNED(op_new_array_aligned_nothrow,
    "_ZnamSt11align_val_tRKSt9nothrow_t",
    VALGRIND_NEW_ARRAY, OURS(op_new_aligned),
    (size_t size, size_t align, const void *tag),
    give_up_aligned_nothrow(size, align, tag))

/* A form of delete; what else it says of the block, a mode looks at. */
#define DELETE(id, mangled, kind, theirs, size, align, ...)		\
void id(void *p __VA_ARGS__);						\
NAMED(id, mangled, void, (void *p __VA_ARGS__))				\
void									\
id(void *p __VA_ARGS__)							\
{									\
	theirs								\
	if (likely(kmem_free_fast(p)))					\
		return;							\
	VALGRIND_TELL_FREE(p, kind);					\
	mode_free_sized(p, size, align, "free", CALLER);		\
}

#define UNSAID	SIZE_MAX
#define SIZE	, size_t size
#define ALIGN	, size_t align
#define UNLESS_REPLACED							\
	if (!OURS(op_delete)) {						\
		cxx_bound.op_delete(p);					\
		return;							\
	}
#define UNLESS_REPLACED_ALIGNED						\
	if (!OURS(op_delete_aligned)) {					\
		cxx_bound.op_delete_aligned(p, align);			\
		return;							\
	}

DELETE(op_delete, "_ZdlPv", VALGRIND_NEW, , UNSAID, 1)
DELETE(op_delete_array, "_ZdaPv", VALGRIND_NEW_ARRAY, UNLESS_REPLACED,
    UNSAID, 1)
DELETE(op_delete_nothrow, "_ZdlPvRKSt9nothrow_t", VALGRIND_NEW,
    UNLESS_REPLACED, UNSAID, 1, TAG)
DELETE(op_delete_array_nothrow, "_ZdaPvRKSt9nothrow_t", VALGRIND_NEW_ARRAY,
    UNLESS_REPLACED, UNSAID, 1, TAG)
DELETE(op_delete_sized, "_ZdlPvm", VALGRIND_NEW, UNLESS_REPLACED,
    size, 1, SIZE)
DELETE(op_delete_array_sized, "_ZdaPvm", VALGRIND_NEW_ARRAY, UNLESS_REPLACED,
    size, 1, SIZE)
DELETE(op_delete_aligned, "_ZdlPvSt11align_val_t", VALGRIND_NEW, ,
    UNSAID, align, ALIGN)
DELETE(op_delete_array_aligned, "_ZdaPvSt11align_val_t", VALGRIND_NEW_ARRAY,
    UNLESS_REPLACED_ALIGNED, UNSAID, align, ALIGN)
DELETE(op_delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
    VALGRIND_NEW, UNLESS_REPLACED_ALIGNED, UNSAID, align, ALIGN TAG)
DELETE(op_delete_array_aligned_nothrow,
    "_ZdaPvSt11align_val_tRKSt9nothrow_t", VALGRIND_NEW_ARRAY,
    UNLESS_REPLACED_ALIGNED, UNSAID, align, ALIGN TAG)
DELETE(op_delete_sized_aligned, "_ZdlPvmSt11align_val_t", VALGRIND_NEW,
    UNLESS_REPLACED_ALIGNED, size, align, SIZE ALIGN)
DELETE(op_delete_array_sized_aligned, "_ZdaPvmSt11align_val_t",
    VALGRIND_NEW_ARRAY, UNLESS_REPLACED_ALIGNED, size, align, SIZE ALIGN)
