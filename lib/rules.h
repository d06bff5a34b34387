/*
 * rules.h - the file of the option accounting: which type a caller has.
 *
 * Layer 7.  Read once, at start.  Each line is
 *
 *	TYPE OBJECT [FUNCTION]
 *
 * where OBJECT and FUNCTION are patterns with * and ?; OBJECT is held against
 * the object's path and against its base name.  The first line that matches
 * counts.  What follows a # is a comment.
 */
#ifndef KMA_RULES_H
#define KMA_RULES_H

#include <stdbool.h>
#include <stddef.h>

#define RULES_MAX	((size_t)64 * 1024)	/* bytes of the file */

/* Says on standard error what it cannot read; the rest counts. */
void	rules_read(const char *path);

/* Does any rule ask for the function? */
bool	rules_want_functions(void);

/*
 * The type's name, or NULL when no rule matches.  function() is called if a
 * rule wants to know, once at most; it returns NULL for not known.
 */
const char *rules_match(const char *path, const char *base,
	    const char *(*function)(void *arg), void *arg);

/* Is text what the pattern says? */
bool	rules_glob(const char *pattern, const char *text);

#endif /* KMA_RULES_H */
