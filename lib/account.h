/*
 * account.h - types for programs that have none: by who calls malloc.
 *
 * Layer 7.  The option accounting: what calls from one object (a program, a
 * shared library) allocate has a type with that object's name, or the one
 * that a file of rules gives it.
 */
#ifndef KMA_ACCOUNT_H
#define KMA_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The names for callers in no file, and for those that nobody knows. */
#define ACCOUNT_GENERATED	"(generated)"
#define ACCOUNT_UNKNOWN		"(unknown)"

/*
 * Reads the rules of the option, if it names a file.  The first use does it as
 * well.  False: there is no memory to begin with.
 */
bool	account_init(void);

/* The type of what is allocated for a return address: 1 at least. */
unsigned account_type(const void *caller);

/*
 * What was learned of addresses may be wrong from now on: other objects may
 * be mapped where some were before.
 */
void	account_forget(void);

/* Ranges of addresses that are known; for tests, like the check. */
size_t	account_ranges(void);
void	account_check(void);

#endif /* KMA_ACCOUNT_H */
