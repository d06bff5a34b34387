/*
 * watch.h - blocks of which a mode keeps a record out of line.
 *
 * Layer 7.  The modes diagnostic and hardened (options.o_watch).  All blocks
 * are then of the typed lists (bucket.h), or page runs of the kind
 * KU_TYPEDRUN, and each has a struct blocktag: who asked for how much, who
 * freed it.  There is at least one byte behind what was requested, and what is
 * there is filled (options.o_canary); a free block is filled too (o_fill).
 * Both are looked at before they are written to again.
 *
 * So nothing but watch.c may be given such a block; what was allocated before
 * the mode was on is another, and goes its way.
 */
#ifndef KMA_WATCH_H
#define KMA_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "blocktag.h"
#include "typed.h"

/* A run up to here is filled when it is freed; a longer one is given back. */
#define WATCH_FILL_MAX	((size_t)1024 * 1024)

/*
 * When the options are known; false, after a message: there is no room for
 * records, or it is too late.
 */
bool	watch_start(void);

/*
 * As the functions of typed.h, with tr_caller for the record.  A type of 0 is
 * none, and nothing is charged.  Blocks that are not watched become so when
 * they are reallocated.
 */
int	watch_alloc(const struct typed_request *tr, void **p);
int	watch_realloc(const struct typed_request *tr, void **p);
/* Type 0: a block of any; NULL is none. */
void	watch_free(void *p, unsigned type, const char *func,
	    const void *caller);

/*
 * Is it of this size, and at a multiple of align?  False: after a message; but
 * true of what is no block in use, for which watch_free() has another.
 */
bool	watch_is_sized(const void *p, size_t size, size_t align,
	    const char *func);

/* watch_alloc() in its most frequent form; NULL: no memory. */
void	*watch_malloc(size_t size, const void *caller);

/* Ends the waiting of all that is in the quarantine; true if any was. */
bool	watch_trim(void);

/* Bytes that were requested; 0 on misuse. */
size_t	watch_usable(const void *p, const char *func);

/*
 * Calls back for each block, in use or not, with its record; only of page runs
 * those in use.  Blocks may come and go meanwhile.
 */
typedef void watch_visit(void *arg, const void *p, const struct blocktag *bt);
void	watch_each(watch_visit *visit, void *arg);

/* Walks and checks all records, and what free blocks are filled with. */
void	watch_check(void);

#endif /* KMA_WATCH_H */
