/*
 * trace.h - the option trace: each operation, for replay.
 *
 * Layer 7.  The outermost mode: what the program asks for is recorded, and not
 * what other modes make of it.  No errno, no lock, bounded memory.
 */
#ifndef KMA_TRACE_H
#define KMA_TRACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * After a block was had (or could not be: NULL), and before one is given away:
 * so that no other thread's use of the same memory comes between.
 */
void	trace_alloc(const void *p, size_t size, size_t align, unsigned type,
	    bool zero);
void	trace_free(const void *p);

/* Before and after a realloc; the second with NULL if it failed. */
void	trace_realloc(const void *p);
void	trace_realloced(const void *p, size_t size);

/* At the program's end, though it may go on. */
void	trace_exit(void);
void	trace_postfork_child(void);

/* Checks the calling thread's stream. */
void	trace_check(void);

#endif /* KMA_TRACE_H */
