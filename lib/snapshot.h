/*
 * snapshot.h - all figures at once, of this process or of another.
 *
 * Layer 8.  Reads the live tables through a function, and without a lock: so
 * the same code serves in the process, and from outside on its memory or on a
 * core file.  What changes meanwhile is made to fit: see kma_snapshot(3).
 * Every walk is bounded and nothing that was read is trusted, so that memory
 * that holds anything at all leads to wrong figures or to an error, and to no
 * worse.
 */
#ifndef KMA_SNAPSHOT_H
#define KMA_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"
#include "kma.h"
#include "root.h"

/* Reads len bytes at addr of the process: 0 or an errno. */
typedef int snapshot_peek(void *ctx, uintptr_t addr, void *buf, size_t len);

struct snapshot_source {
	snapshot_peek	*ss_peek;
	void		*ss_ctx;
	const struct kma_root *ss_root;	/* where its tables are */
};

/* This process. */
extern KMA_HIDDEN const struct snapshot_source snapshot_self;

/*
 * Reads the root at addr: 0; EPROTO, there is none; ENOTSUP, it is that of a
 * library with another layout or shape, and only the head is there (ROOT_HEAD
 * bytes); or what the function says.
 */
int	snapshot_root(snapshot_peek *peek, void *ctx, uintptr_t addr,
	    struct kma_root *root);

/*
 * The totals alone, without those that need a whole snapshot (0: st_requested,
 * st_sampled, st_sparse*) and st_resident, which is the caller's to know.
 * Needs little stack.  0, or what the function says.
 */
int	snapshot_totals(const struct snapshot_source *ss,
	    struct kma_totals *st);

/* All but sn_pid, st_resident and the sparse clusters. */
int	snapshot_take(const struct snapshot_source *ss,
	    struct kma_figures *snap);

/*
 * Adds the sparse clusters, by a walk through all that have free blocks.  Where
 * there are more than some millions, sn_walked stays 0.
 */
int	snapshot_sparse(const struct snapshot_source *ss,
	    struct kma_figures *snap);

/* What caches and depots hold. */
struct snapshot_cached {
	uint64_t	sc_calls[NLIST];	/* requests, kb_calls apart */
	uint64_t	sc_blocks[NLIST];
	uint64_t	sc_runs;		/* beyond MAXCACHED */
	uint64_t	sc_runpages;
	uint64_t	sc_threads;
};
int	snapshot_caches(const struct snapshot_source *ss,
	    struct snapshot_cached *sc);

#endif /* KMA_SNAPSHOT_H */
