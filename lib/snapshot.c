/*
 * snapshot.c - all figures at once.
 *
 * Layer 8.  No state, no lock.  Calls nothing but the function that reads.
 *
 * A thread that allocates meanwhile makes what is read here disagree: a block
 * may seem to be in a cache and in its cluster, or in neither.  So each figure
 * is held to what the ones before it leave: a list's blocks are the truth, of
 * them what its clusters say is free, of the rest what caches say.  What is
 * left is in use.
 */
#include "snapshot.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MOST_CACHES	((size_t)1 << 17)	/* a chain longer is none */
#define MOST_CLUSTERS	((size_t)1 << 22)	/* looked at, of all lists */
#define SPARSE		8	/* less than one part of so many in use */
#define CHUNK_UNITS	64	/* of the histogram, at a time */
#define CHUNK_TYPES	8

#define READ(ss, at, var)	peek((ss), (at), &(var), sizeof(var))

/* Words at a time, as other threads write them. */
static int
peek_self(void *ctx, uintptr_t addr, void *buf, size_t len)
{
	const uint64_t *from = (const uint64_t *)addr;
	size_t i = 0;

	(void)ctx;
	if ((addr | (uintptr_t)buf) % sizeof(*from) == 0)
		for (; i + sizeof(*from) <= len; i += sizeof(*from))
			*(uint64_t *)((char *)buf + i) =
			    relaxed_load(&from[i / sizeof(*from)]);
	for (; i < len; i++)
		((unsigned char *)buf)[i] =
		    relaxed_load((const unsigned char *)addr + i);
	return (0);
}

const struct snapshot_source snapshot_self = { peek_self, NULL, &kma_root };

static int
peek(const struct snapshot_source *ss, const void *at, void *buf, size_t len)
{
	return (ss->ss_peek(ss->ss_ctx, (uintptr_t)at, buf, len));
}

/* May p, which was read, point to a table?  Not beyond all addresses. */
static inline bool
is_pointer(const void *p)
{
	return ((uintptr_t)p % sizeof(void *) == 0 &&
	    (uintptr_t)p < (uintptr_t)1 << 57);
}

static inline uint64_t
at_most(uint64_t n, uint64_t most)
{
	return (n < most ? n : most);
}

/* Subtraction that stops at nothing. */
static inline uint64_t
less(uint64_t n, uint64_t by)
{
	return (n > by ? n - by : 0);
}

/* memcmp(), but one name less for the loader to look up at each start. */
static bool
same(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			return (false);
	return (true);
}

int
snapshot_root(snapshot_peek *read, void *ctx, uintptr_t addr,
    struct kma_root *root)
{
	int error;

	memset(root, 0, sizeof(*root));
	error = read(ctx, addr, root, ROOT_HEAD);
	if (error != 0)
		return (error);
	if (!same(root->kr_magic, kma_root.kr_magic, sizeof(root->kr_magic)))
		return (EPROTO);
	root->kr_library[sizeof(root->kr_library) - 1] = '\0';
	if (root->kr_layout != ROOT_LAYOUT || root->kr_bytes != sizeof(*root))
		return (ENOTSUP);
	error = read(ctx, addr, root, sizeof(*root));
	root->kr_library[sizeof(root->kr_library) - 1] = '\0';
	if (error == 0 && !same(root->kr_shape, kma_root.kr_shape,
	    sizeof(root->kr_shape)))
		error = ENOTSUP;
	return (error);
}

/*
 * Lists.
 */

/* What there is, and how it is numbered. */
struct plan {
	unsigned	p_shift;		/* of the page */
	unsigned	p_first, p_limit;	/* lists */
	unsigned	p_runs, p_runs_limit;	/* those of page runs */
};

static int
read_plan(const struct snapshot_source *ss, struct plan *p)
{
	const struct kma_root *root = ss->ss_root;
	int error;

	if ((error = READ(ss, root->kr_pageshift, p->p_shift)) != 0 ||
	    (error = READ(ss, root->kr_typed, p->p_first)) != 0 ||
	    (error = READ(ss, root->kr_limit, p->p_limit)) != 0 ||
	    (error = READ(ss, root->kr_runs, p->p_runs)) != 0 ||
	    (error = READ(ss, root->kr_first_limit, p->p_runs_limit)) != 0)
		return (error);
	if (p->p_shift < MINBUCKET || p->p_shift > MAXPAGESHIFT)
		return (EPROTO);
	p->p_limit = (unsigned)at_most(p->p_limit, NLIST);
	if (p->p_first < KU_TYPED)
		p->p_first = KU_TYPED;
	return (0);
}

/*
 * Caches.
 */

static int
read_depots(const struct snapshot_source *ss, const struct plan *p,
    struct snapshot_cached *sc, uint32_t *first)
{
	struct depot d;
	int error;

	for (unsigned indx = p->p_first; indx < p->p_limit; indx++) {
		error = READ(ss, &ss->ss_root->kr_depot[indx], d);
		if (error != 0)
			return (error);
		first[indx] = d.d_first;
		sc->sc_blocks[indx] = d.d_blocks;
	}
	return (0);
}

/* The words of one cache's stacks, n of them for lists from indx on. */
static int
read_words(const struct snapshot_source *ss, const uint64_t *at, unsigned indx,
    unsigned n, struct snapshot_cached *sc, const uint32_t *first)
{
	uint64_t word[NLIST];
	int error;

	error = peek(ss, at, word, n * sizeof(word[0]));
	for (unsigned i = 0; error == 0 && i < n; i++) {
		size_t top = stack_top(word[i]);

		sc->sc_calls[indx + i] += word[i] >> 16;
		if (top != NOSTACK)
			sc->sc_blocks[indx + i] += less(top, first[indx + i]);
	}
	return (error);
}

static int
read_cache(const struct snapshot_source *ss, const struct kmemcache *kc,
    const struct plan *p, struct snapshot_cached *sc, const uint32_t *first)
{
	struct cached_run run[NCACHEDRUN];
	int error;

	if (!is_pointer(kc))
		return (EPROTO);
	if (p->p_limit > KU_LIST && (error = read_words(ss,
	    &kc->kc_word[KU_LIST], KU_LIST, p->p_limit - KU_LIST, sc,
	    first)) != 0)
		return (error);
	if ((error = read_words(ss, kc->kc_typed, KU_TYPED,
	    KU_LIST - KU_TYPED, sc, first)) != 0 ||
	    (error = READ(ss, kc->kc_run, run)) != 0)
		return (error);
	for (unsigned i = 0; i < NCACHEDRUN; i++) {
		sc->sc_runs += run[i].cr_npages != 0;
		sc->sc_runpages += run[i].cr_npages;
	}
	sc->sc_threads++;
	return (0);
}

int
snapshot_caches(const struct snapshot_source *ss, struct snapshot_cached *sc)
{
	uint32_t first[NLIST] = { 0 };
	struct kmemcache *kc;
	struct plan p;
	size_t n;
	int error;

	memset(sc, 0, sizeof(*sc));
	if ((error = read_plan(ss, &p)) != 0 ||
	    (error = read_depots(ss, &p, sc, first)) != 0 ||
	    (error = READ(ss, ss->ss_root->kr_caches, kc)) != 0 ||
	    (error = READ(ss, ss->ss_root->kr_ncaches, n)) != 0)
		return (error);
	/* One may have come between the two. */
	for (n = at_most(n, MOST_CACHES) + 1; kc != NULL && n > 0; n--)
		if ((error = read_cache(ss, kc, &p, sc, first)) != 0 ||
		    (error = READ(ss, &kc->kc_next, kc)) != 0)
			return (error);
	return (0);
}

/*
 * Rows and totals.
 */

static int
read_bucket(const struct snapshot_source *ss, const struct plan *p,
    const struct snapshot_cached *sc, unsigned indx,
    struct kma_bucket_figures *row, uint64_t *npageruns)
{
	struct kmembuckets kb;
	int error = READ(ss, &ss->ss_root->kr_bucket[indx], kb);
	uint64_t nfree;

	memset(row, 0, sizeof(*row));
	if (error != 0 || kb.kb_elmpercl == 0)	/* not there yet */
		return (error);
	nfree = at_most(kb.kb_totalfree, kb.kb_total);
	row->kb_size = kb.kb_size;
	row->kb_cached = at_most(sc->sc_blocks[indx], kb.kb_total - nfree);
	row->kb_free = nfree + row->kb_cached;
	row->kb_inuse = kb.kb_total - row->kb_free;
	row->kb_calls = kb.kb_calls + sc->sc_calls[indx];
	row->kb_runs = indx >= p->p_runs && indx < p->p_runs_limit;
	row->kb_highwat = row->kb_runs || row->kb_calls == 0 ? 0 :
	    (uint64_t)kb.kb_highwat * kb.kb_elmpercl;
	row->kb_pagebytes = kb.kb_total / kb.kb_elmpercl *
	    ((uint64_t)kb.kb_clpages << p->p_shift);
	*npageruns += kb.kb_total / kb.kb_elmpercl;
	return (0);
}

static void
add_row(struct kma_totals *st, const struct kma_bucket_figures *row)
{
	st->st_calls += row->kb_calls;
	st->st_inuse += row->kb_inuse * row->kb_size;
	st->st_cached += row->kb_cached * row->kb_size;
	st->st_pages += row->kb_pagebytes;
}

/* What page runs there are beside the lists', which have nlistruns. */
static int
read_runs(const struct snapshot_source *ss, const struct plan *p,
    const struct snapshot_cached *sc, uint64_t nlistruns,
    struct kma_totals *st)
{
	const struct kma_root *root = ss->ss_root;
	size_t inuse, nruns, cached = sc->sc_runpages << p->p_shift;
	uint64_t calls, gone;
	int error;

	if ((error = READ(ss, root->kr_inuse, inuse)) != 0 ||
	    (error = READ(ss, root->kr_nruns, nruns)) != 0 ||
	    (error = READ(ss, root->kr_callsgone, gone)) != 0 ||
	    (error = READ(ss, &root->kr_bucket[KU_RUN].kb_calls,
	    calls)) != 0)
		return (error);
	st->st_runs = less(nruns, nlistruns + sc->sc_runs);
	st->st_runbytes = less(inuse << p->p_shift, st->st_pages + cached);
	if (st->st_runs == 0 || st->st_runbytes == 0)
		st->st_runs = st->st_runbytes = 0;
	st->st_runcalls = calls;
	st->st_gonecalls = gone;
	st->st_calls += calls + gone;
	st->st_inuse += st->st_runbytes;
	st->st_cached += cached;
	st->st_pages += st->st_runbytes + cached;
	st->st_threads = sc->sc_threads;
	return (0);
}

/* Free pages, the arena, and the books. */
static int
read_arena(const struct snapshot_source *ss, const struct plan *p,
    struct kma_totals *st)
{
	const struct kma_root *root = ss->ss_root;
	struct pagerun top = { .pr_max = 0 };
	struct runtree tree;
	size_t mapped, maxused, purged, nfree, sizes, usage;
	uintptr_t base, next;
	int error;

	if ((error = READ(ss, root->kr_runtree, tree)) != 0 ||
	    (tree.rt_root != NULL &&
	    (error = READ(ss, tree.rt_root, top)) != 0) ||
	    (error = READ(ss, root->kr_mapped, mapped)) != 0 ||
	    (error = READ(ss, root->kr_maxused, maxused)) != 0 ||
	    (error = READ(ss, root->kr_purged, purged)) != 0 ||
	    (error = READ(ss, root->kr_nfreeruns, nfree)) != 0 ||
	    (error = READ(ss, root->kr_sizes_mapped, sizes)) != 0 ||
	    (error = READ(ss, root->kr_usage_mapped, usage)) != 0 ||
	    (error = READ(ss, root->kr_meta_base, base)) != 0 ||
	    (error = READ(ss, root->kr_meta_next, next)) != 0)
		return (error);
	st->st_mapped = mapped << p->p_shift;
	if (st->st_mapped < st->st_pages)
		st->st_mapped = st->st_pages;
	st->st_dirty = at_most((uint64_t)tree.rt_ndirty << p->p_shift,
	    st->st_mapped - st->st_pages);
	st->st_largest = at_most((uint64_t)top.pr_max << p->p_shift,
	    st->st_mapped - st->st_pages);
	st->st_maxpages = maxused << p->p_shift;
	if (st->st_maxpages < st->st_pages)
		st->st_maxpages = st->st_pages;
	st->st_purged = purged << p->p_shift;
	st->st_freeruns = nfree;
	st->st_books = less(next, base) + sizes + usage;
	return (0);
}

/* One row for each size, in order of size, runs after blocks. */
static void
insert(struct kma_figures *snap, const struct kma_bucket_figures *row)
{
	struct kma_bucket_figures *end = snap->sn_bucket + snap->sn_nbucket;
	struct kma_bucket_figures *at = end;

	while (at > snap->sn_bucket && (at[-1].kb_runs > row->kb_runs ||
	    (at[-1].kb_runs == row->kb_runs && at[-1].kb_size > row->kb_size)))
		at--;
	if (at > snap->sn_bucket && at[-1].kb_size == row->kb_size &&
	    at[-1].kb_runs == row->kb_runs) {
		at--;		/* typed blocks have lists of their own */
		at->kb_inuse += row->kb_inuse;
		at->kb_free += row->kb_free;
		at->kb_cached += row->kb_cached;
		at->kb_calls += row->kb_calls;
		at->kb_highwat += row->kb_highwat;
		at->kb_pagebytes += row->kb_pagebytes;
		return;
	}
	for (; end > at; end--) {
		*end = end[-1];
		forget_reg(end);	/* this is no memmove() either */
	}
	*at = *row;
	snap->sn_nbucket++;
}

/* The lists, into rows if there is a snapshot, and the totals. */
static int
take(const struct snapshot_source *ss, struct kma_totals *st,
    struct kma_figures *snap)
{
	struct kma_bucket_figures row;
	struct snapshot_cached sc;
	struct plan p;
	uint64_t nlistruns = 0;
	int error;

	memset(st, 0, sizeof(*st));
	if ((error = read_plan(ss, &p)) != 0 ||
	    (error = snapshot_caches(ss, &sc)) != 0)
		return (error);
	for (unsigned indx = p.p_first; indx < p.p_limit; indx++) {
		error = read_bucket(ss, &p, &sc, indx, &row, &nlistruns);
		if (error != 0)
			return (error);
		if (row.kb_size == 0)
			continue;
		add_row(st, &row);
		if (snap != NULL)
			insert(snap, &row);
	}
	if ((error = read_runs(ss, &p, &sc, nlistruns, st)) != 0)
		return (error);
	return (read_arena(ss, &p, st));
}

int
snapshot_totals(const struct snapshot_source *ss, struct kma_totals *st)
{
	return (take(ss, st, NULL));
}

/*
 * What was asked for.
 */

/* The row of a size; a list that came only now has none. */
static struct kma_bucket_figures *
find_row(struct kma_figures *snap, uint64_t size)
{
	for (uint32_t i = 0; i < snap->sn_nbucket; i++)
		if (snap->sn_bucket[i].kb_size == size)
			return (&snap->sn_bucket[i]);
	return (NULL);
}

/* Samples of a list: their weight, and the units that they asked for. */
struct sampled {
	uint64_t	s_weight[NLIST];
	uint64_t	s_units[NLIST];
};

static int
read_samples(const struct snapshot_source *ss, struct sampled *s)
{
	uint32_t seen[CHUNK_UNITS];
	uint8_t indx[CHUNK_UNITS];
	size_t n;
	int error;

	memset(s, 0, sizeof(*s));
	for (size_t u = 0; u < LEARN_UNITS; u += n) {
		n = at_most(LEARN_UNITS - u, CHUNK_UNITS);
		if ((error = peek(ss, ss->ss_root->kr_seen + u, seen,
		    n * sizeof(seen[0]))) != 0 ||
		    (error = peek(ss, ss->ss_root->kr_indx + u, indx,
		    n)) != 0)
			return (error);
		for (size_t i = 0; i < n; i++) {
			if (indx[i] >= NLIST)
				continue;
			s->s_weight[indx[i]] += seen[i];
			s->s_units[indx[i]] += (u + i) * seen[i];
		}
	}
	return (0);
}

/* From the mean of each list's samples; where there is none, nothing. */
static int
add_requested(const struct snapshot_source *ss, struct kma_figures *snap)
{
	struct kma_totals *st = &snap->sn_totals;
	struct kma_bucket_figures *row;
	struct sampled s;
	size_t size;
	int error = read_samples(ss, &s);

	for (unsigned indx = 0; error == 0 && indx < NLIST; indx++) {
		if (s.s_weight[indx] == 0)
			continue;
		error = READ(ss, &ss->ss_root->kr_bucket[indx].kb_size, size);
		if (error != 0 || (row = find_row(snap, size)) == NULL)
			continue;
		row->kb_requested = at_most((uint64_t)((double)row->kb_inuse *
		    MINALLOCSIZE * (double)s.s_units[indx] /
		    (double)s.s_weight[indx]), row->kb_inuse * size);
		st->st_requested += row->kb_requested;
		st->st_sampled += row->kb_inuse * size;
	}
	return (error);
}

/*
 * What was learned.
 */
static int
add_learned(const struct snapshot_source *ss, struct kma_figures *snap)
{
	struct kma_bucket_figures *row;
	struct learned l;
	unsigned n;
	int error = READ(ss, ss->ss_root->kr_nlearned, n);

	n = (unsigned)at_most(n, KMA_NLEARNED);
	for (unsigned i = 0; error == 0 && i < n; i++) {
		struct kma_learned_figures *kl;

		error = READ(ss, &ss->ss_root->kr_learned[i], l);
		if (error != 0)
			break;
		row = find_row(snap, l.l_size);
		if (l.l_state != LEARNED_USED && (l.l_state == LEARNED_GONE ||
		    row == NULL || row->kb_pagebytes == 0))
			continue;
		kl = &snap->sn_learned[snap->sn_nlearned++];
		kl->kl_size = l.l_size;
		kl->kl_from = l.l_from;
		kl->kl_born = l.l_born;
		kl->kl_waste = l.l_waste;
		kl->kl_saves = row == NULL ? 0 :
		    row->kb_inuse * less(l.l_from, l.l_size);
		kl->kl_retired = l.l_state != LEARNED_USED;
	}
	return (error);
}

/*
 * Types.
 */

/* The name is printed; a control character in it might do harm. */
static void
copy_name(char *to, const char *from)
{
	size_t i;

	for (i = 0; i < KMA_NAMELEN - 1 && from[i] != '\0'; i++)
		to[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7f ? '?' :
		    from[i];
	memset(to + i, 0, KMA_NAMELEN - i);
}

/* What one thread counted; spare bytes, and the least of them, for later. */
static int
read_counts(const struct snapshot_source *ss, const struct memtype_count *tc,
    struct kma_figures *snap)
{
	struct memtype_count count[CHUNK_TYPES];
	size_t n;
	int error;

	if (!is_pointer(tc))
		return (EPROTO);
	for (size_t at = 0; at < snap->sn_ntype; at += n) {
		n = at_most(snap->sn_ntype - at, CHUNK_TYPES);
		error = peek(ss, tc + at + 1, count, n * sizeof(count[0]));
		if (error != 0)
			return (error);
		for (size_t i = 0; i < n; i++) {
			struct kma_type_figures *row = &snap->sn_type[at + i];

			row->ks_inuse += (uint64_t)count[i].tc_inuse;
			row->ks_calls += count[i].tc_calls;
			row->ks_memuse += count[i].tc_spare;
			row->ks_maxused += count[i].tc_low;
		}
	}
	return (0);
}

/* The types themselves, last: as memtype_figures() does it. */
static int
read_type(const struct snapshot_source *ss, unsigned type,
    struct kma_type_figures *row)
{
	struct kmemstats ks;
	int error = READ(ss, &ss->ss_root->kr_memtype[type], ks);

	if (error != 0)
		return (error);
	copy_name(row->ks_name, ks.ks_name);
	row->ks_inuse += (uint64_t)ks.ks_inuse;
	if ((int64_t)row->ks_inuse < 0)
		row->ks_inuse = 0;
	row->ks_memuse = less(ks.ks_taken, row->ks_memuse);
	row->ks_maxused = less(ks.ks_taken, row->ks_maxused);
	if (row->ks_maxused < ks.ks_maxused)
		row->ks_maxused = ks.ks_maxused;
	if (row->ks_maxused < row->ks_memuse)
		row->ks_maxused = row->ks_memuse;
	row->ks_limit = ks.ks_limit == NOLIMIT ? 0 : ks.ks_limit;
	row->ks_calls += ks.ks_calls;
	row->ks_limblocks = ks.ks_limblocks;
	row->ks_sizes = ks.ks_sizes;
	return (0);
}

static int
add_types(const struct snapshot_source *ss, struct kma_figures *snap)
{
	struct memtype_count *tc;
	struct kmemcache *kc;
	unsigned ntypes;
	size_t n;
	int error;

	if ((error = READ(ss, ss->ss_root->kr_ntypes, ntypes)) != 0 ||
	    (error = READ(ss, ss->ss_root->kr_caches, kc)) != 0 ||
	    (error = READ(ss, ss->ss_root->kr_ncaches, n)) != 0)
		return (error);
	if (ntypes <= 1)
		return (0);
	snap->sn_ntype = (uint32_t)at_most(ntypes - 1, KMA_NTYPE);
	for (n = at_most(n, MOST_CACHES) + 1; kc != NULL && n > 0; n--) {
		if (!is_pointer(kc))
			return (EPROTO);
		if ((error = READ(ss, &kc->kc_types, tc)) != 0 ||
		    (tc != NULL && (error = read_counts(ss, tc, snap)) != 0) ||
		    (error = READ(ss, &kc->kc_next, kc)) != 0)
			return (error);
	}
	for (unsigned i = 0; error == 0 && i < snap->sn_ntype; i++)
		error = read_type(ss, i + 1, &snap->sn_type[i]);
	return (error);
}

int
snapshot_take(const struct snapshot_source *ss, struct kma_figures *snap)
{
	unsigned shift;
	int error;

	memset(snap, 0, sizeof(*snap));
	snap->sn_version = KMA_SNAPSHOT_VERSION;
	snap->sn_size = sizeof(*snap);
	memcpy(snap->sn_library, ss->ss_root->kr_library,
	    sizeof(snap->sn_library));
	if ((error = READ(ss, ss->ss_root->kr_pageshift, shift)) != 0 ||
	    (error = take(ss, &snap->sn_totals, snap)) != 0 ||
	    (error = add_requested(ss, snap)) != 0 ||
	    (error = add_learned(ss, snap)) != 0 ||
	    (error = add_types(ss, snap)) != 0)
		return (error);
	snap->sn_pagesize = (uint32_t)1 << shift % 32;
	return (0);
}

/*
 * Clusters that few blocks keep: a walk along each list's chain of those with
 * free blocks.
 */

static int
walk_list(const struct snapshot_source *ss, const struct kmembuckets *kb,
    uintptr_t meta, uint64_t *count, size_t *left)
{
	size_t n = kb->kb_total / kb->kb_elmpercl;
	struct kmemcluster c;
	int error;

	for (uint32_t id = kb->kb_next; id != 0 && n > 0 && *left > 0; n--) {
		--*left;
		error = READ(ss, (struct kmemcluster *)(meta +
		    ((uintptr_t)id << 4)), c);
		if (error != 0)
			return (error);
		*count += c.c_nfree < kb->kb_elmpercl &&
		    (kb->kb_elmpercl - c.c_nfree) * SPARSE < kb->kb_elmpercl;
		id = c.c_next;
	}
	return (0);
}

int
snapshot_sparse(const struct snapshot_source *ss, struct kma_figures *snap)
{
	struct kma_totals *st = &snap->sn_totals;
	struct kma_bucket_figures *row;
	struct kmembuckets kb;
	size_t left = MOST_CLUSTERS;
	uintptr_t meta;
	struct plan p;
	int error;

	if ((error = read_plan(ss, &p)) != 0 ||
	    (error = READ(ss, ss->ss_root->kr_meta_base, meta)) != 0)
		return (error);
	for (unsigned indx = p.p_first; indx < p.p_limit; indx++) {
		uint64_t n = 0, bytes, most;

		if ((error = READ(ss, &ss->ss_root->kr_bucket[indx],
		    kb)) != 0)
			return (error);
		if (kb.kb_elmpercl < SPARSE || kb.kb_clpages == 0 ||
		    (row = find_row(snap, kb.kb_size)) == NULL)
			continue;
		if ((error = walk_list(ss, &kb, meta, &n, &left)) != 0)
			return (error);
		/* The list may have grown since its row was read. */
		bytes = (uint64_t)kb.kb_clpages << p.p_shift;
		most = less(row->kb_pagebytes, row->kb_sparsebytes) / bytes;
		n = at_most(n, most);
		bytes *= n;
		row->kb_sparse += n;
		row->kb_sparsebytes += bytes;
		st->st_sparse += n;
		st->st_sparsebytes += bytes;
	}
	snap->sn_walked = left > 0;
	return (0);
}
