/*
 * cdefs.h - compiler vocabulary shared by every file of the library.
 *
 * Owns no state.  May be included anywhere; includes nothing of ours.
 */
#ifndef KMA_CDEFS_H
#define KMA_CDEFS_H

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define KMA_EXPORT	__attribute__((visibility("default")))
/* On declarations: the compiler need not ask where the variable is. */
#define KMA_HIDDEN	__attribute__((visibility("hidden")))
#define KMA_COLD	__attribute__((noinline, cold))
#define KMA_NOINLINE	__attribute__((noinline))
/* Each program runs it at its start or end: the linker puts them together. */
#define KMA_START	__attribute__((section(".text.startup")))
#define KMA_UNUSED	__attribute__((unused))
/* One load of a thread-local address, whatever the library was built as. */
#define KMA_TLS		__thread __attribute__((tls_model("initial-exec")))
/* State of different locks does not share a cache line. */
#define KMA_CACHELINE	64
#define KMA_ALIGNED(n)	__attribute__((aligned(n)))

/* Relaxed access to a word that other threads may read or write meanwhile. */
#define relaxed_load(p)		__atomic_load_n((p), __ATOMIC_RELAXED)
#define relaxed_store(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELAXED)

/*
 * The compiler forgets what it knows of the variable x, in memory or in a
 * register.  What follows then works on memory in one instruction instead of
 * three, or is addressed by index and not by a pointer computed for it.
 */
#define forget(x)	__asm__("" : "+m"(x))
#define forget_reg(x)	__asm__("" : "+r"(x))

/*
 * Is a bit of x set that is set in *mask?  One instruction, where GCC would
 * copy x first.
 */
static inline _Bool
any_bit(unsigned long x, const unsigned long *mask)
{
#ifdef __x86_64__
	_Bool any;

	__asm__("testq %1, %2" : "=@ccnz"(any) : "r"(x), "m"(*mask));
	return (any);
#else
	return ((x & *mask) != 0);
#endif
}

/* Is *p NULL?  One instruction on memory, and p's value is not loaded yet. */
static inline _Bool
is_null(void *const *p)
{
#ifdef __x86_64__
	_Bool null;

	__asm__("cmpq $0, %1" : "=@ccz"(null) : "m"(*p));
	return (null);
#else
	return (*p == (void *)0);
#endif
}

/*
 * Each module's <module>_check() walks its invariants.  Under --enable-debug
 * the modules call it after every operation; tests call it themselves.
 */
#ifdef KMA_DEBUG
#define KMA_DEBUGGING	1
#else
#define KMA_DEBUGGING	0
#endif

#endif /* KMA_CDEFS_H */
