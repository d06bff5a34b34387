/*
 * program.h - the library, and a program to run with it.
 *
 * What cannot work is refused with the reason: the loader would say nothing,
 * or too little.  who is the subcommand, for the messages.
 */
#ifndef KMA_PROGRAM_H
#define KMA_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* The library's path; false, after a message, if there is none. */
bool	library_find(const char *who, char *path, size_t size);

/* LD_PRELOAD knows no quotes; false after a message. */
bool	library_can_preload(const char *who, const char *path);

/*
 * The program's path, as a shell finds it.  STATUS_OK, or what is wrong, after
 * a message: that there is none, or that it would ignore LD_PRELOAD.
 */
int	program_find(const char *who, const char *name, char *path,
	    size_t size);

/* Another program that the command needs, without a message. */
bool	tool_find(const char *name, char *path, size_t size);

/* Puts the library before what LD_PRELOAD has; false: no memory. */
bool	program_preload(const char *library);

#endif /* KMA_PROGRAM_H */
