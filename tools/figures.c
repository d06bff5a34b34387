/*
 * figures.c - the figures by name, for JSON and for Prometheus.
 *
 * Names, once published, stay.
 */
#include "figures.h"

#include "kma.h"

#define TOTAL(member)	offsetof(struct kma_totals, member)
#define BUCKET(member)	offsetof(struct kma_bucket_figures, member)
#define LEARNED(member)	offsetof(struct kma_learned_figures, member)
#define TYPE(member)	offsetof(struct kma_type_figures, member)

const struct figure total_figures[] = {
	{ "requests", "kma_requests_total", "Requests, ever.",
	    TOTAL(st_calls), true, false },
	{ "in_use", "kma_in_use_bytes", "Bytes of blocks and runs in use.",
	    TOTAL(st_inuse), false, false },
	{ "cached", "kma_cached_bytes",
	    "Bytes of free blocks and runs in caches.",
	    TOTAL(st_cached), false, false },
	{ "in_pages", "kma_in_pages_bytes",
	    "Bytes of pages of clusters and runs.",
	    TOTAL(st_pages), false, false },
	{ "in_pages_max", "kma_in_pages_max_bytes", "The most of that, ever.",
	    TOTAL(st_maxpages), false, false },
	{ "free_resident", "kma_free_resident_bytes",
	    "Bytes of free pages that hold memory.",
	    TOTAL(st_dirty), false, false },
	{ "given_back", "kma_given_back_bytes_total",
	    "Bytes given back to the system, ever.",
	    TOTAL(st_purged), true, false },
	{ "largest_free_run", "kma_largest_free_run_bytes",
	    "Bytes of the largest free page run.",
	    TOTAL(st_largest), false, false },
	{ "arena", "kma_arena_bytes", "Bytes of the arena.",
	    TOTAL(st_mapped), false, false },
	{ "bookkeeping", "kma_bookkeeping_bytes",
	    "Bytes of tables and other bookkeeping.",
	    TOTAL(st_books), false, false },
	{ "process_resident", "kma_process_resident_bytes",
	    "Bytes of the process that are resident.",
	    TOTAL(st_resident), false, true },
	{ "long_runs", "kma_long_runs",
	    "Page runs in use that are longer than any list's.",
	    TOTAL(st_runs), false, false },
	{ "long_run_bytes", "kma_long_run_bytes", "Bytes of those.",
	    TOTAL(st_runbytes), false, false },
	{ "long_run_requests", "kma_long_run_requests_total",
	    "Requests for those, ever.",
	    TOTAL(st_runcalls), true, false },
	{ "free_runs", "kma_free_runs", "Free page runs.",
	    TOTAL(st_freeruns), false, false },
	{ "threads", "kma_thread_caches", "Threads' caches.",
	    TOTAL(st_threads), false, false },
	{ "requested", "kma_requested_bytes",
	    "Bytes asked for, about, of the sampled.",
	    TOTAL(st_requested), false, true },
	{ "sampled", "kma_sampled_bytes",
	    "Bytes in use for which it is known what was asked for.",
	    TOTAL(st_sampled), false, true },
	{ "sparse_clusters", "kma_sparse_clusters",
	    "Clusters that are less than an eighth in use.",
	    TOTAL(st_sparse), false, false },
	{ "sparse_bytes", "kma_sparse_bytes", "Bytes of pages of those.",
	    TOTAL(st_sparsebytes), false, false },
	{ .f_name = NULL }
};

const struct figure bucket_figures[] = {
	{ "size", NULL, NULL, BUCKET(kb_size), false, false },
	{ "in_use", "kma_bucket_in_use_blocks", "Blocks in use.",
	    BUCKET(kb_inuse), false, false },
	{ "free", "kma_bucket_free_blocks",
	    "Free blocks in clusters and caches.",
	    BUCKET(kb_free), false, false },
	{ "cached", "kma_bucket_cached_blocks", "Free blocks in caches.",
	    BUCKET(kb_cached), false, false },
	{ "requests", "kma_bucket_requests_total", "Requests, ever.",
	    BUCKET(kb_calls), true, false },
	{ "high_water", NULL, NULL, BUCKET(kb_highwat), false, false },
	{ "page_bytes", "kma_bucket_page_bytes",
	    "Bytes of pages of the list's clusters or runs.",
	    BUCKET(kb_pagebytes), false, false },
	{ "requested", "kma_bucket_requested_bytes",
	    "Bytes asked for, about, of the blocks in use.",
	    BUCKET(kb_requested), false, true },
	{ "sparse_clusters", "kma_bucket_sparse_clusters",
	    "Clusters that are less than an eighth in use.",
	    BUCKET(kb_sparse), false, false },
	{ "sparse_bytes", "kma_bucket_sparse_bytes",
	    "Bytes of pages of those.",
	    BUCKET(kb_sparsebytes), false, false },
	{ .f_name = NULL }
};

const struct figure learned_figures[] = {
	{ "size", NULL, NULL, LEARNED(kl_size), false, false },
	{ "from", NULL, NULL, LEARNED(kl_from), false, false },
	{ "born_at", NULL, NULL, LEARNED(kl_born), false, false },
	{ "waste_then", NULL, NULL, LEARNED(kl_waste), false, false },
	{ "saves", NULL, NULL, LEARNED(kl_saves), false, false },
	{ "retired", NULL, NULL, LEARNED(kl_retired), false, false },
	{ .f_name = NULL }
};

const struct figure type_figures[] = {
	{ "in_use", "kma_type_in_use_blocks", "Blocks of the type in use.",
	    TYPE(ks_inuse), false, false },
	{ "memory_use", "kma_type_bytes", "Bytes of those.",
	    TYPE(ks_memuse), false, false },
	{ "high_use", "kma_type_max_bytes", "The most of that, ever.",
	    TYPE(ks_maxused), false, false },
	{ "limit", "kma_type_limit_bytes", "The type's limit.",
	    TYPE(ks_limit), false, true },
	{ "requests", "kma_type_requests_total", "Requests, ever.",
	    TYPE(ks_calls), true, false },
	{ "limit_waits", "kma_type_limit_waits_total",
	    "Times that a request met the limit.",
	    TYPE(ks_limblocks), true, false },
	{ .f_name = NULL }
};
