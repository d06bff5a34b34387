/*
 * root.h - where the figures are: what a snapshot starts from.
 *
 * Layer 8.  One descriptor in the library, with the addresses of the live
 * tables.  The process itself knows it by name; whoever looks from outside
 * finds it by an ELF note (note.c), in the process's memory.
 *
 * The first four members have had their place and meaning in every version.
 * The rest is for a reader of the same layout and shape: then its own structs
 * are those of the process.
 */
#ifndef KMA_ROOT_H
#define KMA_ROOT_H

#include <stddef.h>
#include <stdint.h>

#include "bucket.h"
#include "cache.h"
#include "cdefs.h"
#include "learn.h"
#include "memtype.h"
#include "runtree.h"

#define ROOT_MAGIC	"libkma figures"
#define ROOT_NOTE	"kma"	/* the note's owner; its type is 1 */
/* To be raised whenever the meaning of a table changes. */
#define ROOT_LAYOUT	1

struct kma_root {
	char		 kr_magic[16];
	uint32_t	 kr_layout;
	uint32_t	 kr_bytes;	/* in all */
	char		 kr_library[16];	/* its version */

	uint32_t	 kr_shape[32];	/* sizes and offsets; the rest 0 */
	const unsigned	*kr_pageshift;

	/* Lists. */
	const struct kmembuckets *kr_bucket;
	const unsigned	*kr_typed, *kr_limit, *kr_runs, *kr_first_limit;
	const uint8_t	*kr_indx;
	const uintptr_t	*kr_meta_base;
	const uintptr_t	*kr_meta_next;

	/* Caches. */
	struct kmemcache *const *kr_caches;
	const size_t	*kr_ncaches;
	const struct depot *kr_depot;

	/* Page runs, and tables. */
	const struct runtree *kr_runtree;
	const size_t	*kr_nruns, *kr_nfreeruns, *kr_inuse, *kr_mapped;
	const size_t	*kr_maxused, *kr_purged;
	const size_t	*kr_sizes_mapped, *kr_usage_mapped;

	/* What was learned. */
	const uint32_t	*kr_seen;
	const struct learned *kr_learned;
	const unsigned	*kr_nlearned;
	const uint64_t	*kr_callsgone;

	/* Types. */
	const struct kmemstats *kr_memtype;
	const unsigned	*kr_ntypes;
};
#define ROOT_HEAD	offsetof(struct kma_root, kr_shape)

extern KMA_HIDDEN struct kma_root kma_root;

/*
 * What modules have to themselves otherwise: second names, which only root.c
 * uses.  See there, in cache.c, learn.c and pagerun.c.
 */
extern KMA_HIDDEN struct kmemcache *cache_list;
extern KMA_HIDDEN size_t cache_count;
extern KMA_HIDDEN struct depot cache_depot[NLIST];
extern KMA_HIDDEN uint32_t learn_seen[LEARN_UNITS];
extern KMA_HIDDEN struct learned learn_lists[NLEARNED];
extern KMA_HIDDEN unsigned learn_nlists;
extern KMA_HIDDEN uint64_t learn_callsgone;
extern KMA_HIDDEN struct runtree pagerun_tree;
extern KMA_HIDDEN size_t pagerun_nruns, pagerun_nfree, pagerun_used;
extern KMA_HIDDEN size_t pagerun_mapped, pagerun_maxused, pagerun_purged;

#endif /* KMA_ROOT_H */
