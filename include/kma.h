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
#define KMA_NLIST	121
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

/*
 * Memory by type, after the kernel's malloc(9): each use of memory has a type,
 * and each type has figures and may have a limit.
 *
 *	MALLOC_DEFINE(M_NODE, "node", "nodes of the parser's tree");
 *
 *	struct node *n = kma_malloc(sizeof(*n), M_NODE, M_WAITOK | M_ZERO);
 *	kma_free(n, M_NODE);
 *
 * Source: McKusick and Karels (1988); the macros are FreeBSD's.
 */
struct timespec;

struct kma_type {
	uint32_t	 kt_magic;	/* KMA_TYPE_MAGIC */
	uint32_t	 kt_number;	/* the library's; 0: not used yet */
	const char	*kt_name;	/* 31 characters of it are kept */
	const char	*kt_desc;
};
#define KMA_TYPE_MAGIC	0x6b747970u	/* "ktyp" */

/*
 * Defines the type. Two of one name are one type to the figures. When the
 * shared object that defines it is unloaded, with blocks of it still in use,
 * that is reported.
 */
#define MALLOC_DEFINE(type, shortname, longname)			\
	struct kma_type type[1] = {					\
		{ KMA_TYPE_MAGIC, 0, shortname, longname }		\
	};								\
	static __attribute__((destructor)) void				\
	type##_unload(void)						\
	{								\
		kma_type_unload(type);					\
	}								\
	struct kma_type	/* and the semicolon */
#define MALLOC_DECLARE(type)	extern struct kma_type type[1]

/* One of the first two, and M_ZERO with either. */
#define M_NOWAIT	0x0001	/* at the type's limit: NULL at once */
#define M_WAITOK	0x0002	/* at the type's limit: sleep for room */
#define M_ZERO		0x0100	/* the block's first size bytes are zero */

/*
 * Allocates size bytes, charged to type by the size of the block that they
 * get. NULL with errno:
 *
 *	ENOMEM		the system has no memory; or, with M_NOWAIT, the type is
 *			at its limit, or others wait for room before the caller
 *	EINVAL		flags make no sense, or the deadline is no time
 *	EDEADLK		a wait that nothing could end: more is asked for than
 *			the limit, or every other thread of the process waits
 *			too. This is told, and but for the option abort=no the
 *			process aborts
 *
 * With M_WAITOK, whoever waits gets room first come, first served.
 */
void	*kma_malloc(size_t size, struct kma_type *type, int flags);

/*
 * The same with M_WAITOK, but waits no longer than until deadline, a time of
 * CLOCK_MONOTONIC; then NULL with ETIMEDOUT.
 */
void	*kma_malloc_until(size_t size, struct kma_type *type, int flags,
	    const struct timespec *deadline);

/* The same at a multiple of align, a power of two (else EINVAL). */
void	*kma_memalign(size_t align, size_t size, struct kma_type *type,
	    int flags);

/*
 * Makes a block of type hold size bytes, here or elsewhere, as realloc(3):
 * NULL as addr allocates; a size of 0 frees, and returns NULL. On failure the
 * block stays as it was. With M_ZERO, bytes beyond the block's old size, as
 * malloc_usable_size(3) gives it, are zero.
 */
void	*kma_realloc(void *addr, size_t size, struct kma_type *type, int flags);

/*
 * Frees a block that was allocated with the same type; NULL is no block.
 * Another type is a misuse: it is found when the type's figures tell, and
 * with the option accounting at once.
 */
void	 kma_free(void *addr, struct kma_type *type);

/* Sets the limit, in bytes; 0: none. What is in use already stays so. */
void	 kma_type_setlimit(struct kma_type *type, size_t bytes);

/* For MALLOC_DEFINE: the type's object is about to be unloaded. */
void	 kma_type_unload(struct kma_type *type);

/*
 * The calling thread's current type: what malloc and its relatives allocate
 * in it is charged to type from now on, and when it is freed (by whomever) to
 * the same. NULL: to none. Returns the type before, to be set again after.
 * Where type is at its limit, malloc returns NULL with ENOMEM.
 */
struct kma_type *kma_settype(struct kma_type *type);

/*
 * The figures. Sizes and counts are exact when no other thread is in the
 * allocator, and close otherwise.
 */
#define KMA_NAMELEN	32

struct kma_type_figures {		/* vmstat -m: by type */
	char		ks_name[KMA_NAMELEN];
	uint64_t	ks_inuse;	/* blocks */
	uint64_t	ks_memuse;	/* bytes of those */
	uint64_t	ks_maxused;	/* the most bytes, ever */
	uint64_t	ks_limit;	/* bytes; 0: none */
	uint64_t	ks_calls;	/* requests, ever */
	uint64_t	ks_limblocks;	/* times that a request slept for it */
	uint64_t	ks_sizes;	/* bit n: blocks of up to 2^n bytes */
};

/* Fills in the figures of one type. */
void	 kma_type_stats(struct kma_type *type,
	    struct kma_type_figures *figures);

/*
 * All figures at once, as `kma stat' and the option stats print them: a copy
 * that stays as it is.  It takes no lock and stops nobody.  In each row,
 * in use + free = blocks; a total is the sum of its rows; nothing is negative,
 * whatever other threads do meanwhile.
 */
#define KMA_SNAPSHOT_VERSION	1
#define KMA_NTYPE	255
#define KMA_NLEARNED	26

struct kma_bucket_figures {		/* vmstat -m: by bucket size */
	uint64_t	kb_size;	/* bytes in a block */
	uint64_t	kb_inuse;	/* blocks that the program holds */
	uint64_t	kb_free;	/* in clusters and in threads' caches */
	uint64_t	kb_cached;	/* those in caches */
	uint64_t	kb_calls;	/* requests, ever */
	uint64_t	kb_highwat;	/* free blocks kept in clusters */
	uint64_t	kb_pagebytes;	/* in pages of its clusters, or runs */
	uint64_t	kb_requested;	/* bytes asked for, about; 0: unknown */
	uint64_t	kb_sparse;	/* clusters under an eighth in use */
	uint64_t	kb_sparsebytes;	/* in pages of those */
	uint32_t	kb_runs;	/* 1: page runs, no blocks */
	uint32_t	kb_spare;
};

struct kma_learned_figures {		/* a list that the program earned */
	uint64_t	kl_size;	/* bytes in a block */
	uint64_t	kl_from;	/* the list that served it before */
	uint64_t	kl_born;	/* bytes in use when it came */
	uint64_t	kl_waste;	/* bytes wasted then */
	uint64_t	kl_saves;	/* bytes saved now */
	uint64_t	kl_retired;	/* 1: serves no more, has blocks */
};

struct kma_totals {			/* bytes, where it is no count */
	uint64_t	st_calls;	/* requests, ever */
	uint64_t	st_inuse;	/* in blocks and runs in use */
	uint64_t	st_cached;	/* in free blocks and runs of caches */
	uint64_t	st_pages;	/* in pages of clusters and runs */
	uint64_t	st_maxpages;	/* the most of that, ever */
	uint64_t	st_dirty;	/* in free pages that hold memory */
	uint64_t	st_purged;	/* given back to the system, ever */
	uint64_t	st_mapped;	/* of the arena */
	uint64_t	st_largest;	/* the largest free run */
	uint64_t	st_books;	/* in tables and other bookkeeping */
	uint64_t	st_resident;	/* of the process; 0: unknown */
	uint64_t	st_runs;	/* runs beyond the lists, in use */
	uint64_t	st_runbytes;	/* in those */
	uint64_t	st_freeruns;	/* free runs of all lengths */
	uint64_t	st_runcalls;	/* requests beyond the lists */
	uint64_t	st_gonecalls;	/* those to lists that are gone */
	uint64_t	st_threads;	/* caches: one a thread at least */
	uint64_t	st_requested;	/* asked for, about, where that... */
	uint64_t	st_sampled;	/* ... is known: in use there */
	uint64_t	st_sparse;	/* clusters under an eighth in use */
	uint64_t	st_sparsebytes;	/* in pages of those */
};

struct kma_figures {
	uint32_t	sn_version;	/* KMA_SNAPSHOT_VERSION */
	uint32_t	sn_size;	/* sizeof(struct kma_figures) */
	char		sn_library[16];	/* the library's version */
	uint32_t	sn_pid;
	uint32_t	sn_pagesize;
	uint32_t	sn_nbucket;	/* rows in use: by size, runs last */
	uint32_t	sn_nlearned;
	uint32_t	sn_ntype;
	uint32_t	sn_walked;	/* 1: sparse clusters were counted */
	struct kma_totals		sn_totals;
	struct kma_bucket_figures	sn_bucket[KMA_NLIST];
	struct kma_learned_figures	sn_learned[KMA_NLEARNED];
	struct kma_type_figures		sn_type[KMA_NTYPE];
};

/*
 * Takes a snapshot of the calling process; bytes is sizeof(*snap), from which
 * the library knows the version that the program was compiled with.  The sparse
 * clusters are left out: only `kma stat' looks for them.  0, EINVAL (another
 * version) or ENOMEM (there is no heap).
 */
int	kma_snapshot(struct kma_figures *snap, size_t bytes);

/*
 * Object caches, after the slab allocator (Bonwick, USENIX 1994): memory for
 * objects of one kind, which stay constructed while they are free.
 *
 *	nodes = kma_cache_create("node", sizeof(struct node), 0, node_init,
 *	    node_fini, NULL);
 *	struct node *n = kma_cache_alloc(nodes, M_WAITOK);
 *	kma_cache_free(nodes, n);	(in its constructed state again)
 *
 * The constructor runs when the cache gets memory, once for each object in
 * it, and the destructor when that memory is given back: not at each
 * allocation. The library writes nothing into an object, free or not.
 */
struct kma_objcache;

/*
 * Makes a cache of objects of size bytes at multiples of align, a power of
 * two; 0 is malloc's alignment. The cache's memory is charged to the type of
 * that name (kma_type_setlimit finds it by another kma_type of the name).
 *
 * The constructor makes an object out of memory whose contents are undefined.
 * It returns 0, or an errno: then objects made beside it are destroyed again,
 * and the allocation fails with that. Either function may be NULL. Both may
 * allocate; no lock is held. Any thread that allocates from a cache, frees to
 * it or reaps it may find itself in its constructor or destructor; one that
 * allocates when memory is short, in the destructors of all caches.
 *
 * NULL with errno: EINVAL, size is 0 or align no power of two; ENOMEM.
 */
struct kma_objcache *kma_cache_create(const char *name, size_t size,
	    size_t align, int (*ctor)(void *obj, void *arg),
	    void (*dtor)(void *obj, void *arg), void *arg);

/*
 * Gives all memory of the cache back, and the cache is no more: 0. EBUSY:
 * objects are in use; the cache stays as it was. Not while other threads use
 * the cache, nor in its own constructor or destructor.
 */
int	 kma_cache_destroy(struct kma_objcache *cache);

/*
 * Allocates a constructed object. flags is M_NOWAIT or M_WAITOK: as in
 * kma_malloc, if more memory is needed; an object freed meanwhile ends the
 * wait too. NULL with errno: as there (M_ZERO is EINVAL: objects are
 * constructed), or what the constructor returned.
 */
void	*kma_cache_alloc(struct kma_objcache *cache, int flags);

/*
 * Frees an object, whose state must be as the constructor left it. NULL is no
 * object. Any other address than that of an object of this cache in use is a
 * misuse, and always found, by whatever thread it was freed before: unless
 * the object is in use again. So is an object given to free(3).
 */
void	 kma_cache_free(struct kma_objcache *cache, void *obj);

/*
 * Gives back what memory of the cache no object in use is in; of all caches
 * if cache is NULL. Returns how many bytes. Without it, a cache keeps up to
 * 256 KB of free objects and one more piece of its memory.
 */
size_t	 kma_cache_reap(struct kma_objcache *cache);

#ifdef __cplusplus
}
#endif

#endif /* KMA_H */
