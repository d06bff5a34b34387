/*
 * valgrind.h - under valgrind, its tools are told of each block.
 *
 * Layer 7.  A mode, but no option: it is on under memcheck and massif, which
 * follow blocks.  It is off under those that count (callgrind, cachegrind),
 * which are to see what runs without valgrind, and under those that know only
 * their own malloc, or take our locks for races (dhat, helgrind, drd).
 *
 * A block of the program's lies within one of the allocator's:
 *
 *	| redzone |     what was requested     | redzone, slack |
 *	base      p                            p + size
 *
 * Whatever is not of a block in use may not be touched.  What is known of
 * blocks is kept out of line, so that a program may go on after any error.
 * And since the allocator's books know a block by its base, they have no
 * pointer that could keep a lost block from being found.
 */
#ifndef KMA_VALGRIND_H
#define KMA_VALGRIND_H

#include <stdbool.h>
#include <stddef.h>

#include "client.h"
#include "param.h"

/* As wide as memcheck's own. */
#define VALGRIND_REDZONE	16

/* Which functions may free a block. */
enum valgrind_kind {
	VALGRIND_MALLOC,
	VALGRIND_NEW,
	VALGRIND_NEW_ARRAY
};

/* Finds out whether the mode is on, as soon as that can be known. */
bool	valgrind_decide(void);

static inline bool
valgrind_active(void)
{
	return (unlikely(client_state != CLIENT_NONE) && valgrind_decide());
}

/*
 * A block: bytes to ask the allocator for, at a multiple of align, and where
 * in them the program's block is.  NULL: there is no memory to remember it.
 */
size_t	valgrind_room(size_t align, size_t size);
void	*valgrind_place(void *base, size_t align, size_t size);
/* Which functions may free the block; VALGRIND_MALLOC at first. */
void	valgrind_set_kind(const void *p, enum valgrind_kind kind);
/* Is p a block?  Then what was requested. */
bool	valgrind_size(const void *p, size_t *size);
/*
 * Forgets the block p: its base and size; false if it is none.  Memory that
 * was handed out before the mode was on is its own base, of no size.
 */
bool	valgrind_remove(void *p, void **base, size_t *size);

/* May a function of the kind free p?  True too if p is no block at all. */
bool	valgrind_matches(const void *p, enum valgrind_kind kind);
/* Tells of a free by one that may not. */
void	valgrind_mismatch(void *p);

/*
 * A request that was refused: func(a, b).  Tells of it if one of the arguments
 * is a number below zero.
 */
void	valgrind_refused(const char *func, uintptr_t a, uintptr_t b);

/* When the program has ended, before valgrind looks for leaks. */
void	valgrind_end(void);

/* Walks and checks what is known of blocks. */
void	valgrind_check(void);

/*
 * What a tool is told, in the very function that the program calls: the tool
 * shows that function and who called it, and suppressions name it.  So these
 * are macros: inline functions would be shown too.
 */

/* Is there certainly nobody to tell? */
#define VALGRIND_IS_QUIET	likely(client_state == CLIENT_NONE)

/* The block p is new, or NULL. */
#define VALGRIND_TELL(p, size, zeroed, kind) do {			\
	if (unlikely(client_state == CLIENT_TOLD) && (p) != NULL) {	\
		VALGRIND_MALLOCLIKE_BLOCK(p, size, VALGRIND_REDZONE,	\
		    zeroed);						\
		if ((kind) != VALGRIND_MALLOC)				\
			valgrind_set_kind(p, kind);			\
	}								\
} while (0)

/* p is about to be freed; it may be no block, or NULL. */
#define VALGRIND_TELL_FREE(p, kind) do {				\
	if (unlikely(client_state == CLIENT_TOLD) && (p) != NULL) {	\
		if (valgrind_matches(p, kind))				\
			VALGRIND_FREELIKE_BLOCK(p, VALGRIND_REDZONE);	\
		else							\
			valgrind_mismatch(p);				\
	}								\
} while (0)

#endif /* KMA_VALGRIND_H */
