/*
 * leaks.h - what is in use at exit, by type or by who allocated it.
 *
 * Layer 8.  The option diagnostic=leaks.
 */
#ifndef KMA_LEAKS_H
#define KMA_LEAKS_H

#include "report.h"

/* When the options are known: keeps a way to standard error. */
void	leaks_start(void);
/* At exit, if the option asks for it. */
void	leaks_exit(void);

/* The same at any time; for tests. */
void	leaks_print(struct report *r);

#endif /* KMA_LEAKS_H */
