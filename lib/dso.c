/*
 * dso.c - what the compiler's start files would bring into a shared object.
 *
 * Layer 9.  The library is linked without them: they look for four symbols
 * that nobody has, which costs every program three thousand instructions at
 * its start.  pthread_atfork() wants this one.
 */
#include "cdefs.h"

KMA_HIDDEN extern void *__dso_handle;

void *__dso_handle = &__dso_handle;
