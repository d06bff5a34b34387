/*
 * trace.c - the option trace: each operation, for replay.
 *
 * Layer 7.  Owns the streams: each is written by one thread at a time, and one
 * whose thread has ended is continued by another.  No lock: threads share the
 * sequence number, and claim streams and chunks by atomic operations.  Calls
 * traceout.h, memtype.h, os.h.
 *
 * Records are written straight into windows of the file, so that nothing is
 * lost however the process ends.  All state that belongs to one process is in
 * memory that a forked child finds wiped: it begins anew, without being told.
 */
#include "trace.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "cdefs.h"
#include "kma.h"
#include "memtype.h"
#include "os.h"
#include "param.h"
#include "report.h"
#include "traceformat.h"
#include "traceout.h"

#define NSTREAM		4096	/* threads at a time that can be recorded */
#define ADOPT_LOOKS	8

/*
 * A stream.  Invariants, for its thread:
 *	st_chunk = NULL and st_at = st_end = 0, or
 *	st_chunk + 1 <= st_at <= st_end = st_chunk + TRACE_CHUNK
 *	bytes from st_at to st_end are zero
 *	st_coder.co_seq <= rc_seq
 */
struct stream {
	uint8_t		*st_at;
	uint8_t		*st_end;
	struct trace_coder st_coder;
	struct trace_chunk *st_chunk;
	uint32_t	 st_index;	/* of the next chunk */
	uint32_t	 st_thread;
	uint32_t	 st_made;	/* st_life can be claimed */
	struct os_life	 st_life;
};

enum { UNTOUCHED, BEGINNING, DONE, FAILED };

/* Invariant: rc_nstreams counts more than NSTREAM at most by mistake. */
struct recorder {
	KMA_ALIGNED(KMA_CACHELINE)
	uint64_t	 rc_seq;	/* the last number that was given */
	KMA_ALIGNED(KMA_CACHELINE)
	uint32_t	 rc_state;
	uint32_t	 rc_nthreads;
	uint32_t	 rc_nstreams;
	uint32_t	 rc_hand;	/* where to look for a stream next */
	uint64_t	 rc_nchunks;
	struct trace_header *rc_header;
	struct stream	 rc_stream[NSTREAM];
};

static struct recorder *rc;
static uint32_t rc_made;		/* rc_state's values */
static bool rc_wiped;			/* a child finds it so */
static KMA_TLS struct stream *mine;
static KMA_TLS uintptr_t window;	/* mine's chunk, if it was not wiped */
static KMA_TLS bool recording;		/* a signal may come in between */

/* Has make() done it, now or before? */
static bool
once(uint32_t *state, bool (*make)(void))
{
	uint32_t was = __atomic_load_n(state, __ATOMIC_ACQUIRE);

	if (was == UNTOUCHED && __atomic_compare_exchange_n(state, &was,
	    BEGINNING, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		was = make() ? DONE : FAILED;
		__atomic_store_n(state, was, __ATOMIC_RELEASE);
	}
	while (was == BEGINNING) {
		os_yield();
		was = __atomic_load_n(state, __ATOMIC_ACQUIRE);
	}
	return (was == DONE);
}

static bool
make_recorder(void)
{
	size_t len = round_page(sizeof(*rc));
	uintptr_t addr;
	int error = os_map_any(len, &addr);

	if (error != 0) {
		traceout_complain(error);
		return (false);
	}
	rc_wiped = os_wipe_on_fork(addr, len) == 0;
	rc = (struct recorder *)addr;
	return (true);
}

static bool
begin(void)
{
	rc->rc_header = traceout_open();
	return (rc->rc_header != NULL);
}

static void
lose(void)
{
	__atomic_fetch_add(&rc->rc_header->th_lost, 1, __ATOMIC_RELAXED);
}

/* All operations that have a number are recorded, or will be; no more are. */
static KMA_COLD void
stop(int error)
{
	struct trace_header *th = rc->rc_header;
	uint32_t was = DONE;

	if (!__atomic_compare_exchange_n(&rc->rc_state, &was, FAILED, false,
	    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	th->th_error = (uint32_t)error;
	relaxed_store(&th->th_stop, relaxed_load(&rc->rc_seq) + 1);
	traceout_set_rate(th);
	traceout_complain(error);
}

/* The file has reached end. */
static void
reach(uint64_t end)
{
	uint64_t *th_end = &rc->rc_header->th_end, was = relaxed_load(th_end);

	while (was < end && !__atomic_compare_exchange_n(th_end, &was, end,
	    true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
}

static bool
has_room(const struct stream *s)
{
	return ((uintptr_t)s->st_at + TRACE_RECORD_MAX <=
	    (uintptr_t)s->st_end);
}

/* Goes on in a new chunk. */
static bool
next_chunk(struct stream *s)
{
	uint64_t n = __atomic_fetch_add(&rc->rc_nchunks, 1, __ATOMIC_RELAXED);
	struct trace_chunk *tc, *before = s->st_chunk;
	int error = traceout_chunk(n, &tc);

	if (error != 0) {
		stop(error);
		return (false);
	}
	tc->tc_stream = (uint32_t)(s - rc->rc_stream) + 1;
	tc->tc_index = s->st_index++;
	tc->tc_thread = s->st_thread;
	tc->tc_tid = (uint32_t)os_gettid();
	tc->tc_seq = relaxed_load(&rc->rc_seq);
	tc->tc_time = os_ticks();
	if (tc->tc_time < s->st_coder.co_time)
		tc->tc_time = s->st_coder.co_time;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memcpy(tc->tc_magic, TRACE_CHUNK_MAGIC, sizeof(tc->tc_magic));
	trace_coder_init(&s->st_coder, tc->tc_seq, tc->tc_time);
	window = (uintptr_t)tc;
	s->st_chunk = tc;
	s->st_at = (uint8_t *)(tc + 1);
	s->st_end = (uint8_t *)tc + TRACE_CHUNK;
	reach((n + 2) * TRACE_CHUNK);
	if (before != NULL) {
		before->tc_next = (n + 1) * TRACE_CHUNK;
		traceout_leave(before);
	}
	traceout_set_rate(rc->rc_header);
	return (true);
}

/* One whose thread has ended, among a few; or NULL. */
static struct stream *
adopt(void)
{
	uint32_t n = relaxed_load(&rc->rc_nstreams);

	if (n > NSTREAM)
		n = NSTREAM;
	for (int i = 0; n > 0 && i < ADOPT_LOOKS; i++) {
		struct stream *s = &rc->rc_stream[__atomic_fetch_add(
		    &rc->rc_hand, 1, __ATOMIC_RELAXED) % n];

		if (__atomic_load_n(&s->st_made, __ATOMIC_ACQUIRE) &&
		    os_life_claim(&s->st_life))
			return (s);
	}
	return (NULL);
}

static struct stream *
make_stream(void)
{
	uint32_t n;
	struct stream *s;

	if (relaxed_load(&rc->rc_nstreams) >= NSTREAM)
		return (NULL);
	n = __atomic_fetch_add(&rc->rc_nstreams, 1, __ATOMIC_RELAXED);
	if (n >= NSTREAM)
		return (NULL);
	s = &rc->rc_stream[n];
	s->st_at = s->st_end = NULL;	/* trace_postfork_child() */
	os_life_init(&s->st_life);
	if (!os_life_claim(&s->st_life))
		return (NULL);
	__atomic_store_n(&s->st_made, 1, __ATOMIC_RELEASE);
	return (s);
}

/* The calling thread's from now on, until it ends. */
static struct stream *
claim_stream(void)
{
	struct trace_record tr = { .tr_kind = TREC_THREAD };
	struct stream *s = adopt();

	if (s == NULL)
		s = make_stream();
	if (s == NULL)
		return (NULL);
	s->st_thread = 1 + __atomic_fetch_add(&rc->rc_nthreads, 1,
	    __ATOMIC_RELAXED);
	if (has_room(s)) {
		tr.tr_addr = s->st_thread;
		tr.tr_type = (uint32_t)os_gettid();
		s->st_at = trace_encode(&s->st_coder, s->st_at, &tr);
	}
	return (s);
}

/* The calling thread's stream with room for a record; or NULL. */
static struct stream *
make_room(void)
{
	if (!once(&rc_made, make_recorder) || !once(&rc->rc_state, begin))
		return (NULL);
	if (mine == NULL || !mine->st_made)	/* wiped: a child's first */
		mine = claim_stream();
	if (mine == NULL) {
		lose();
		return (NULL);
	}
	return (has_room(mine) || next_chunk(mine) ? mine : NULL);
}

/* The same, and no handler of a signal can fork meanwhile. */
static KMA_NOINLINE struct stream *
find_room(void)
{
	uint32_t made = __atomic_load_n(&rc_made, __ATOMIC_ACQUIRE);
	struct stream *s;
	uint64_t mask;

	if (made == FAILED ||
	    (made == DONE && relaxed_load(&rc->rc_state) == FAILED))
		return (NULL);
	os_block_signals(&mask);
	s = make_room();
	os_unblock_signals(&mask);
	return (s);
}

static void
record(struct trace_record *tr)
{
	struct stream *s = mine;

	if (unlikely(recording)) {
		/* In a signal's handler, and what it interrupted is ours. */
		if (rc != NULL && rc->rc_header != NULL)
			lose();
		return;
	}
	recording = true;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(s == NULL || !has_room(s)))
		s = find_room();
	if (likely(s != NULL)) {
		tr->tr_seq = 1 + __atomic_fetch_add(&rc->rc_seq, 1,
		    __ATOMIC_RELAXED);
		tr->tr_time = os_ticks();
		/* The processors' clocks may differ a little. */
		if (unlikely(tr->tr_time < s->st_coder.co_time))
			tr->tr_time = s->st_coder.co_time;
		s->st_at = trace_encode(&s->st_coder, s->st_at, tr);
	}
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	recording = false;
}

/* The name of a type, once: whoever else does it writes the same. */
static void
name_type(unsigned type)
{
	char *name;

	if (type >= NTYPE || rc == NULL || rc->rc_header == NULL)
		return;
	name = (char *)(rc->rc_header + 1) + type * TRACE_TYPENAME;
	if (unlikely(*name == '\0'))
		memcpy(name, memtype[type].ks_name, KMA_NAMELEN - 1);
}

void
trace_alloc(const void *p, size_t size, size_t align, unsigned type, bool zero)
{
	struct trace_record tr = {
		.tr_kind = TREC_ALLOC, .tr_size = size, .tr_type = type,
		.tr_addr = (uintptr_t)p / TRACE_ALIGN,
		.tr_flags = (p == NULL ? TRACE_FAILED : 0) |
		    (zero ? TRACE_ZERO : 0),
		.tr_align = align > 1 ? (uint8_t)__builtin_ctzl(align) : 0,
	};

	if (tr.tr_align > TRACE_ALIGN_MAX)
		tr.tr_align = TRACE_ALIGN_MAX;
	record(&tr);
	if (type != 0)
		name_type(type);
}

/* What is no block is not of interest: free will say so. */
static void
record_end(const void *p, uint8_t kind)
{
	struct trace_record tr = {
		.tr_kind = kind, .tr_addr = (uintptr_t)p / TRACE_ALIGN,
	};

	if (likely(p != NULL && (uintptr_t)p % TRACE_ALIGN == 0))
		record(&tr);
}

void
trace_free(const void *p)
{
	record_end(p, TREC_FREE);
}

void
trace_realloc(const void *p)
{
	record_end(p, TREC_REALLOC);
}

void
trace_realloced(const void *p, size_t size)
{
	struct trace_record tr = {
		.tr_kind = TREC_REALLOCED, .tr_size = size,
		.tr_addr = (uintptr_t)p / TRACE_ALIGN,
		.tr_flags = p == NULL ? TRACE_FAILED : 0,
	};

	record(&tr);
}

void
trace_exit(void)
{
	if (rc != NULL && rc->rc_header != NULL)
		traceout_set_rate(rc->rc_header);
}

/*
 * The child's own file is made when it first allocates.  It has no windows of
 * its parent's; but if the handler of a signal forked in the middle of a
 * record, that one is completed here, and goes nowhere.
 */
void
trace_postfork_child(void)
{
	if (__atomic_load_n(&rc_made, __ATOMIC_RELAXED) == BEGINNING)
		rc_made = UNTOUCHED;
	if (rc != NULL && !rc_wiped)
		os_remap((uintptr_t)rc, round_page(sizeof(*rc)));
	if (recording && mine != NULL) {
		os_remap(window, TRACE_CHUNK);
		mine->st_at = mine->st_end = (uint8_t *)window;
	}
	mine = NULL;
}

void
trace_check(void)
{
	struct stream *s = mine;

	if (s == NULL)
		return;
	if (s->st_chunk == NULL) {
		KMA_ASSERT(s->st_at == NULL && s->st_end == NULL);
		return;
	}
	KMA_ASSERT(s->st_end == (uint8_t *)s->st_chunk + TRACE_CHUNK);
	KMA_ASSERT(s->st_at >= (uint8_t *)(s->st_chunk + 1));
	KMA_ASSERT(s->st_at <= s->st_end);
	KMA_ASSERT(s->st_coder.co_seq <= relaxed_load(&rc->rc_seq));
	for (const uint8_t *at = s->st_at; at < s->st_end; at++)
		KMA_ASSERT(*at == 0);
}
