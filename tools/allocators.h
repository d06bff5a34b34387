/*
 * allocators.h - finds an allocator that can be put before a program's malloc.
 */
#ifndef KMA_ALLOCATORS_H
#define KMA_ALLOCATORS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * By name (glibc, libkma, jemalloc, mimalloc, tcmalloc) or by file: what to put
 * into LD_PRELOAD, "" for glibc.  False, after a message of that command: there
 * is none.
 */
bool	allocator_find(const char *command, const char *name, char *path,
	    size_t size);

#endif /* KMA_ALLOCATORS_H */
