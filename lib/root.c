/*
 * root.c - where the figures are.
 *
 * Layer 8.  Owns the descriptor, which never changes; no lock.  Calls nothing:
 * takes addresses of the layers below.
 */
#include "root.h"

#include "kmemsizes.h"
#include "meta.h"

#ifdef __x86_64__
static unsigned kmem_pageshift __attribute__((used)) = PAGESHIFT;
#endif

#define AT(type, member)	((uint32_t)offsetof(struct type, member))

/* No const: it is to lie among the data that a core file holds. */
__attribute__((used)) struct kma_root kma_root = {
	.kr_magic = ROOT_MAGIC,
	.kr_layout = ROOT_LAYOUT,
	.kr_bytes = sizeof(struct kma_root),
	.kr_library = PACKAGE_VERSION,
	.kr_shape = {
		NLIST, KU_TYPED, KU_LIST, NOSTACK, NLEARNED, NTYPE, LEARN_UNITS,
		sizeof(struct kmembuckets),
		AT(kmembuckets, kb_elmpercl), AT(kmembuckets, kb_next),
		AT(kmembuckets, kb_total), AT(kmembuckets, kb_calls),
		sizeof(struct kmemcluster), AT(kmemcluster, c_nfree),
		sizeof(struct kmemcache),
		AT(kmemcache, kc_run), AT(kmemcache, kc_next),
		AT(kmemcache, kc_types), AT(kmemcache, kc_typed),
		sizeof(struct depot), AT(depot, d_first), AT(depot, d_blocks),
		sizeof(struct pagerun),
		AT(pagerun, pr_max), AT(runtree, rt_ndirty),
		sizeof(struct learned), AT(learned, l_waste),
		sizeof(struct kmemstats), AT(kmemstats, ks_sizes),
		sizeof(struct memtype_count),
	},
	.kr_pageshift = &kmem_pageshift,
	.kr_bucket = bucket,
	.kr_typed = &bucket_typed,
	.kr_limit = &bucket_limit,
	.kr_runs = &bucket_runs,
	.kr_first_limit = &bucket_first_limit,
	.kr_indx = bucketindx,
	.kr_meta_base = &meta_base,
	.kr_meta_next = &meta_next,
	.kr_caches = &cache_list,
	.kr_ncaches = &cache_count,
	.kr_depot = cache_depot,
	.kr_runtree = &pagerun_tree,
	.kr_nruns = &pagerun_nruns,
	.kr_nfreeruns = &pagerun_nfree,
	.kr_inuse = &pagerun_used,
	.kr_mapped = &pagerun_mapped,
	.kr_maxused = &pagerun_maxused,
	.kr_purged = &pagerun_purged,
	.kr_sizes_mapped = &kmemsizes_mapped,
	.kr_usage_mapped = &kmemusage_mapped,
	.kr_seen = learn_seen,
	.kr_learned = learn_lists,
	.kr_nlearned = &learn_nlists,
	.kr_callsgone = &learn_callsgone,
	.kr_memtype = memtype,
	.kr_ntypes = &memtype_ntypes,
};
static_assert(sizeof(ROOT_MAGIC) <= 16 && sizeof(PACKAGE_VERSION) <= 16,
    "strings have their end");
