/*
 * cxx_bound.c - the operators by which the standard defines the others.
 *
 * Layer 9.  Apart from cxx.c, where the compiler would take these names for
 * the functions it has just seen; here the loader fills in what they mean.
 */
#include "cxx.h"

void	*bound_new(size_t) __asm__("_Znwm");
void	*bound_new_aligned(size_t, size_t) __asm__("_ZnwmSt11align_val_t");
void	 bound_delete(void *) __asm__("_ZdlPv");
void	 bound_delete_aligned(void *, size_t)
	    __asm__("_ZdlPvSt11align_val_t");

const struct cxx_bound cxx_bound = {
	bound_new, bound_new_aligned, bound_delete, bound_delete_aligned,
};
