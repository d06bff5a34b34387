/*
 * kma.h - libkma beyond malloc: what a program that is linked with -lkma can
 * use. Everything here may be called by any thread at any time.
 */
#ifndef KMA_H
#define KMA_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * MALLOC(size) and FREE(addr): malloc and free in line, after the macros of
 * the same names of 4.3BSD (McKusick and Karels, USENIX 1988), which took 9
 * and 16 instructions. So do these.
 *
 *	struct node *n = MALLOC(sizeof(*n));
 *	if (n == NULL)
 *		...
 *	FREE(n);
 *
 * MALLOC is worth it where the compiler knows size, in bytes; where it does
 * not, and beyond KMA_INLINE_MAX, it calls malloc. The block is as malloc's:
 * the two kinds mix freely. NULL: no memory, errno is ENOMEM.
 *
 * FREE takes what malloc and its relatives returned, or NULL. It checks that
 * the address is a block of libkma's, like free; of a second free of the same
 * block it is free that finds the immediate one, and FREE that leaves it to
 * be found when the block goes back to its page.
 */
#define MALLOC(size)	kma_malloc_inline(size)
#define FREE(addr)	kma_free_inline(addr)

#define KMA_INLINE_MAX	((size_t)256 * 1024)

/*
 * What follows is how, and may change with the library's major version: a
 * thread's lists of free blocks, of which lib/cache.h has the theory. The
 * program works on the words and reads the rest.
 */
#define KMA_NLIST	104
struct kma_cache {
	uint64_t	 kc_word[KMA_NLIST];	/* requests, slot of the top */
	uintptr_t	 kc_mask[KMA_NLIST];	/* not in a block's address */
	const uint8_t	*kc_indx;	/* the list of each 16 bytes of size */
	const uint8_t	*kc_sizes;	/* the list of each page */
	uintptr_t	 kc_base;	/* where the pages begin */
	size_t		 kc_npages;	/* how many there are at least */
};
extern __thread struct kma_cache *kma_cache
    __attribute__((tls_model("initial-exec")));

/*
 * The compiler forgets what it knows of x, so that it works on memory in one
 * instruction and keeps an index an index.
 */
#define KMA_FORGET(x)		__asm__("" : "+m"(x))
#define KMA_FORGET_REG(x)	__asm__("" : "+r"(x))

static inline __attribute__((always_inline, malloc, warn_unused_result)) void *
kma_malloc_inline(size_t size)
{
	struct kma_cache *kc = kma_cache;
	size_t indx, top;
	void *p;

	if (!__builtin_constant_p(size) || size > KMA_INLINE_MAX)
		return (malloc(size));
	indx = kc->kc_indx[(size + 15) / 16];
	top = (uint16_t)kc->kc_word[indx];
	KMA_FORGET_REG(indx);
	p = ((void **)kc)[top];
	if (__builtin_expect(p == NULL, 0))
		return (malloc(size));
	KMA_FORGET(kc->kc_word[indx]);
	kc->kc_word[indx] += 0xffff;		/* one request more, one less */
	return (p);
}

#ifdef __x86_64__

/* One instruction each, on memory; both are unlikely. */
#define KMA_IS(mem, value) __extension__ ({				\
	int is_;							\
	__asm__("cmpq %2, %1" : "=@ccz"(is_) : "m"(mem), "i"(value));	\
	__builtin_expect(is_, 0);					\
})
#define KMA_ANY_BIT(x, mem) __extension__ ({				\
	int any_;							\
	__asm__("testq %1, %2" : "=@ccnz"(any_) : "r"(x), "m"(mem));	\
	__builtin_expect(any_, 0);					\
})

static inline __attribute__((always_inline)) void
kma_free_inline(void *p)
{
	struct kma_cache *kc = kma_cache;
	uintptr_t page = ((uintptr_t)p - kc->kc_base) >> 12;
	size_t indx, top;

	if (__builtin_expect(page >= kc->kc_npages, 0)) {
		free(p);
		return;
	}
	indx = kc->kc_sizes[page];
	top = (uint16_t)kc->kc_word[indx];
	KMA_FORGET_REG(indx);
	if (KMA_ANY_BIT(p, kc->kc_mask[indx]) ||
	    KMA_IS(((void **)kc)[top + 1], 1)) {
		free(p);
		return;
	}
	KMA_FORGET_REG(top);
	((void **)kc)[top + 1] = p;
	KMA_FORGET(kc->kc_word[indx]);
	kc->kc_word[indx]++;
}

#else /* the page size is not known to the compiler */

static inline void
kma_free_inline(void *p)
{
	free(p);
}

#endif

#ifdef __cplusplus
}
#endif

#endif /* KMA_H */
