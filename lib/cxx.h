/*
 * cxx.h - the operators by which the standard defines the others.
 *
 * Layer 9.
 */
#ifndef KMA_CXX_H
#define KMA_CXX_H

#include <stddef.h>

#include "cdefs.h"

/* What their names mean in this process: ours, or the program's own. */
struct cxx_bound {
	void	*(*op_new)(size_t);
	void	*(*op_new_aligned)(size_t, size_t);
	void	 (*op_delete)(void *);
	void	 (*op_delete_aligned)(void *, size_t);
};
extern KMA_HIDDEN const struct cxx_bound cxx_bound;

#endif /* KMA_CXX_H */
