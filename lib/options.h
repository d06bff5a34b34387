/*
 * options.h - KMA_OPTIONS=key=value,key=value
 *
 * Layer 1.  Read once, at start; never in the fast path.
 */
#ifndef KMA_OPTIONS_H
#define KMA_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

#define OPTION_PATH_MAX	256

#define SPACING_LEARN	0

#define OPTION_LIMITS	16		/* limit=TYPE:BYTES, at most */
#define OPTION_NOLIMIT	SIZE_MAX

/* What the options say; the defaults until options_read() is called. */
struct options {
	bool	 o_stats;		/* print the tables at exit */
	char	 o_stats_file[OPTION_PATH_MAX];	/* "": standard error */
	unsigned o_decay;		/* ms */
	unsigned o_spacing;		/* 1, 2, 4 or SPACING_LEARN */
	size_t	 o_reserve;		/* bytes; 0: chosen from the machine */
	bool	 o_deepbind_keep;
	bool	 o_abort;
	bool	 o_accounting;		/* types by who calls malloc */
	char	 o_accounting_file[OPTION_PATH_MAX];	/* rules; "": none */
	bool	 o_trace;		/* record each operation */
	char	 o_trace_file[OPTION_PATH_MAX];
	size_t	 o_quarantine;		/* bytes of freed blocks that wait */
	bool	 o_diagnostic;		/* check all blocks */
	bool	 o_leaks;		/* and say at exit what is in use */
	bool	 o_hardened;		/* make them hard to attack */
	bool	 o_watch;		/* one of these: see watch.h */
	bool	 o_modes;		/* malloc has to see each call */
	/* A byte, eight times: see fill.h. */
	uint64_t o_fill;		/* free blocks are filled with it */
	uint64_t o_canary;		/* so is what is behind a request */
	size_t	 o_limit;		/* bytes of pages in use; 0: none */
};
extern KMA_HIDDEN struct options options;

/*
 * Reads KMA_OPTIONS, the first time it is called, unless the program is
 * set-user-ID.  What it does not understand it names on standard error, and
 * goes on.
 */
void	options_read(void);

/* The same from a given string: for options_read() and for tests. */
void	options_parse(const char *text);

/* Copies the name of a file, with the process number for each %p. */
void	options_expand(const char *from, char *name, size_t size);

/*
 * What limit=TYPE:BYTES says of a type; OPTION_NOLIMIT if nothing.  TYPE is
 * the whole name or what stands in it before a '.' or '-', so that libfoo.so
 * means libfoo.so.1.2 as well; of several that fit, the longest counts.
 */
size_t	options_typelimit(const char *name);

#endif /* KMA_OPTIONS_H */
