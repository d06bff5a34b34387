/*
 * kma.c - the face of <kma.h>.
 *
 * Layer 9.  No state.  MALLOC and FREE work in line on the calling thread's
 * cache, of which kma.h shows the first members under names of its own.
 */
#include "kma.h"

#include <assert.h>
#include <stddef.h>

#include "cache.h"
#include "cdefs.h"
#include "param.h"

#define SAME(member)							\
	static_assert(offsetof(struct kma_cache, member) ==		\
	    offsetof(struct kmemcache, member) &&			\
	    sizeof(((struct kma_cache *)NULL)->member) ==		\
	    sizeof(((struct kmemcache *)NULL)->member), #member)
SAME(kc_word);
SAME(kc_mask);
SAME(kc_indx);
SAME(kc_sizes);
SAME(kc_base);
SAME(kc_npages);
static_assert(KMA_INLINE_MAX == MAXCACHED, "what the table knows");
static_assert(STACK_POP == 0xffff && STACK_PUSH == 1, "said there in figures");
