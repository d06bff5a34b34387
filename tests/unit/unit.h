/*
 * unit.h - what the unit tests share.
 *
 * Every test runs in a child of its own (Check's fork mode), so that the
 * modules' global state is fresh: a test makes ready what it needs.
 */
#ifndef KMA_TEST_UNIT_H
#define KMA_TEST_UNIT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Check notes where each assertion that holds stands, by a system call, to say
 * where a test crashed.  These tests have so many that it is most of their
 * time: a crash is for a debugger (CK_FORK=no).
 */
#define _mark_point(file, line) ((void)0)

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * Runs the tests and prints TAP; each one loops times, with _i from 0 on.
 * Returns main's result.
 */
int	unit_run(const char *name, const TTest *const *tests, size_t n,
	    int loops);

#define UNIT_MAIN(name, loops, ...)					\
int									\
main(void)								\
{									\
	const TTest *const tests[] = { __VA_ARGS__ };			\
									\
	return (unit_run(name, tests, nitems(tests), loops));		\
}

/* _i to a spacing. */
#define SPACING(i)	(1u << (i))
#define NSPACING	3

/* A sanitizer's run-time maps much of its own, and minds limits on that. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNIT_SANITIZED	true
#else
#define UNIT_SANITIZED	false
#endif

/*
 * ThreadSanitizer does not know that a thread's end comes before another
 * finds its robust mutex orphaned: there, threads end together.  And its own
 * fork hangs when there are threads.
 */
#ifdef __SANITIZE_THREAD__
#define UNIT_TSAN	true
#else
#define UNIT_TSAN	false
#endif

/*
 * Under KMA_TEST_SLOW=k, which is for valgrind and sanitizers: work / (n * k).
 */
unsigned unit_less(unsigned work, unsigned n);

/* The same sequence in every run. */
struct rnd {
	uint64_t	r_state;
};
uint64_t rnd_next(struct rnd *r);
/* 0 to n - 1. */
size_t	rnd_below(struct rnd *r, size_t n);

/* Makes kmem_init() see these options besides the environment's. */
void	unit_options(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

/* Layers 1 to 3; to 4; to 5. */
#define UNIT_RESERVE	((size_t)8 << 30)
void	unit_pages(unsigned decay_ms);
void	unit_buckets(unsigned spacing);
void	unit_caches(unsigned spacing);

/* What goes to descriptor 2 meanwhile; the text is the caller's to keep. */
void	capture_begin(void);
const char *capture_end(void);

/*
 * Runs fn(arg) in a child; its standard error is *text.  Returns the child's
 * exit status, or minus the signal that killed it.
 */
int	unit_child(void (*fn)(void *), void *arg, const char **text);

/* Figures of this process. Under valgrind, faults are not the test's. */
#define UNIT_FAULTS(n)	(unit_less(4, 1) == 1 ? SIZE_MAX : (size_t)(n))
size_t	unit_maps(void);		/* mappings */
size_t	unit_faults(void);		/* minor faults so far */
size_t	unit_resident(const void *addr, size_t len);	/* pages */
size_t	unit_vmsize(void);		/* bytes of address space */

/* Patterns. */
void	pattern_fill(void *p, size_t len, uint64_t seed);
bool	pattern_holds(const void *p, size_t len, uint64_t seed);
bool	is_zero(const void *p, size_t len);

#endif /* KMA_TEST_UNIT_H */
