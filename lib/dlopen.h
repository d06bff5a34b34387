/*
 * dlopen.h - the face of the loader.
 *
 * Layer 9.
 */
#ifndef KMA_DLOPEN_H
#define KMA_DLOPEN_H

#include "cdefs.h"

typedef void *dlopen_fn(const char *, int);

/* libc's dlopen. */
KMA_HIDDEN dlopen_fn *dlopen_real(void);

#endif /* KMA_DLOPEN_H */
