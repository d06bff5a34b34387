/*
 * mode.h - the slow way of the faces, past the modes.
 *
 * Layer 7.  A mode is on for a thread whose cache is hidden: then each of its
 * calls comes here, and the mode sees it (the always-empty lists of 1988).  No
 * errno.
 */
#ifndef KMA_MODE_H
#define KMA_MODE_H

#include <stdbool.h>
#include <stddef.h>

struct typed_request;

/* What kmem_alloc_slow() and its like do, by a caller's return address. */
void	*mode_alloc(size_t size, const void *caller);
void	*mode_zalloc(size_t size, const void *caller);
void	*mode_memalign(size_t align, size_t size, const void *caller);
/* p is not NULL, and size is not 0. */
void	*mode_realloc(void *p, size_t size, const char *func,
	    const void *caller);
/* p may be NULL. */
void	 mode_free(void *p, const char *func, const void *caller);
/*
 * The caller says which size and alignment the block has; SIZE_MAX: it does
 * not say.
 */
void	 mode_free_sized(void *p, size_t size, size_t align, const char *func,
	    const void *caller);
/* As kmem_trim(), and what waits in a quarantine too. */
bool	 mode_trim(void);
/* As kmem_usable(). */
size_t	 mode_usable(const void *p, const char *func);

/* What typed_alloc() and its like do. */
int	 mode_typed_alloc(const struct typed_request *tr, void **p);
int	 mode_typed_realloc(const struct typed_request *tr, void **p);
void	 mode_typed_free(void *p, unsigned type, const char *func,
	    const void *caller);

/* After an object of a cache was had (or not: NULL); before one is freed. */
void	 mode_object_alloc(const void *p, size_t size, unsigned type);
void	 mode_object_free(const void *p);

/*
 * Charges what the calling thread allocates from now on to a type; 0: to
 * none.
 */
void	mode_settype(unsigned type);

/* Do all blocks have the tag of their type? */
bool	 mode_tags(void);

/*
 * When the options are known.  A call may have come before there was an
 * environment to read them from.
 */
void	mode_start(void);

/* At the program's end, though it may go on. */
void	mode_exit(void);

/* Around fork. */
void	mode_postfork_child(void);

#endif /* KMA_MODE_H */
