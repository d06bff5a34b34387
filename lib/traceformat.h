/*
 * traceformat.h - what a trace file is made of: kma_trace(5).
 *
 * Layer 0.  Owns no state, calls nothing.  The library writes it, the kma
 * command reads and writes it, all with this code.
 *
 *	| header | type names | chunk | chunk | chunk ...
 *
 * A chunk belongs to one stream, which is written by one thread at a time, and
 * is read on its own.  Within a stream the sequence numbers grow, so the
 * streams merge into one order.  What was not written yet is zero: a record
 * counts from the moment that its first byte is set, which comes last.
 */
#ifndef KMA_TRACEFORMAT_H
#define KMA_TRACEFORMAT_H

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define TRACE_MAGIC	"KMATRACE"
#define TRACE_ORDER	0x01020304u
#define TRACE_VERSION	1
#define TRACE_CHUNK	65536u		/* bytes; a multiple of any page */
#define TRACE_ALIGN	8u		/* addresses are counted in these */
#define TRACE_RATE(ns)	((uint64_t)(ns) << 32)
#define TRACE_NTYPES	256u
#define TRACE_TYPENAME	32u
#define TRACE_COMMAND	256u

/*
 * All numbers are of the machine that wrote them; th_order tells.
 */
struct trace_header {
	char		th_magic[8];	/* TRACE_MAGIC, without its end */
	uint32_t	th_order;	/* TRACE_ORDER */
	uint32_t	th_version;
	uint32_t	th_first;	/* offset of the first chunk */
	uint32_t	th_chunk;	/* bytes of a chunk */
	uint32_t	th_page;	/* the machine's page */
	uint32_t	th_pointer;	/* bits of an address */
	uint32_t	th_align;	/* bytes in a unit of addresses */
	uint32_t	th_pid;
	uint32_t	th_parent;	/* whose fork it is; 0: nobody's */
	uint32_t	th_error;	/* errno of the stop */
	uint64_t	th_start;	/* ns of CLOCK_REALTIME */
	uint64_t	th_clock;	/* the clock then, in units; time 0 */
	uint64_t	th_rate;	/* ns in a unit, times 2^32 */
	uint64_t	th_end;		/* the file is so long, or longer */
	uint64_t	th_stop;	/* all from here on is void; 0: none */
	uint64_t	th_lost;	/* operations that were not recorded */
	uint32_t	th_ntypes;	/* names behind the header */
	uint32_t	th_typename;	/* bytes of each, with its end */
	uint32_t	th_reserved[38];
	char		th_command[TRACE_COMMAND];
};
static_assert(sizeof(struct trace_header) == 512, "kma_trace(5)");
static_assert(offsetof(struct trace_header, th_start) == 48, "kma_trace(5)");
static_assert(offsetof(struct trace_header, th_lost) == 88, "kma_trace(5)");

struct trace_chunk {
	char		tc_magic[4];	/* TRACE_CHUNK_MAGIC; 0: not begun */
	uint32_t	tc_stream;	/* from 1 */
	uint32_t	tc_index;	/* in its stream, from 0 */
	uint32_t	tc_thread;	/* who begins it: from 1 */
	uint32_t	tc_tid;		/* the kernel's number of that thread */
	uint32_t	tc_reserved;
	uint64_t	tc_seq;		/* all records have higher ones */
	uint64_t	tc_time;	/* and times from here on */
	uint64_t	tc_next;	/* offset of the next; 0: none yet */
};
static_assert(sizeof(struct trace_chunk) == 48, "kma_trace(5)");

#define TRACE_CHUNK_MAGIC	"KMAC"

enum {
	TREC_NONE,	/* nothing was written from here on */
	TREC_ALLOC,
	TREC_FREE,
	TREC_REALLOC,	/* realloc begins: the old block */
	TREC_REALLOCED,	/* and ends: the new one */
	TREC_THREAD,	/* the records from here on are another thread's */
	TREC_KINDS
};

/*
 * A record: a byte, then what that and the next say there is, in this order.
 *
 *	0-2	kind
 *	3	TRACE_EXTRA: one more byte
 *	4	TRACE_GAP: how much the sequence number grew, if not by 1
 *	5-7	of which of the last addresses the distance follows
 *
 *	0	TRACE_ZERO, TRACE_FAILED
 *	2	TRACE_TYPE: the type, if not as that of the alloc before
 *	3-7	exponent of the alignment, if it was asked for
 */
#define TRACE_EXTRA	0x08
#define TRACE_GAP	0x10
#define TRACE_ZERO	0x01
#define TRACE_FAILED	0x02
#define TRACE_TYPE	0x04

#define TRACE_NRECENT	8
#define TRACE_ALIGN_MAX	31
#define TRACE_RECORD_MAX	64	/* no record is as long */

struct trace_record {
	uint64_t	tr_seq;
	uint64_t	tr_time;	/* in units */
	uint64_t	tr_size;
	uint64_t	tr_addr;	/* in units; thread: its number */
	uint32_t	tr_type;	/* thread: the kernel's number */
	uint8_t		tr_kind;
	uint8_t		tr_flags;	/* TRACE_ZERO, TRACE_FAILED */
	uint8_t		tr_align;	/* exponent; 0: none */
};

/*
 * What both sides know of the records before; for each chunk anew.
 */
struct trace_coder {
	uint64_t	co_seq;
	uint64_t	co_time;
	uint64_t	co_recent[TRACE_NRECENT];	/* addresses */
	uint32_t	co_slot;	/* the oldest of them */
	uint32_t	co_type;
};

static inline void
trace_coder_init(struct trace_coder *co, uint64_t seq, uint64_t time)
{
	co->co_seq = seq;
	co->co_time = time;
	for (unsigned i = 0; i < TRACE_NRECENT; i++)
		co->co_recent[i] = 0;
	co->co_slot = 0;
	co->co_type = 0;
}

static inline uint8_t *
trace_put(uint8_t *at, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		*at++ = (uint8_t)(n | 0x80);
	*at++ = (uint8_t)n;
	return (at);
}

/* A distance, small in either direction, as a small number; and back. */
static inline uint64_t
trace_fold(uint64_t distance)
{
	return (distance << 1 ^ (uint64_t)((int64_t)distance >> 63));
}

static inline uint64_t
trace_unfold(uint64_t n)
{
	return (n >> 1 ^ (0 - (n & 1)));
}

/* The last addresses: one that comes again stays where it is. */
static inline void
trace_remember(struct trace_coder *co, unsigned slot, uint64_t addr)
{
	if (co->co_recent[slot] == addr)
		return;
	co->co_recent[co->co_slot] = addr;
	co->co_slot = (co->co_slot + 1) % TRACE_NRECENT;
}

/* Of the last addresses, the one nearest to addr. */
static inline unsigned
trace_nearest(const struct trace_coder *co, uint64_t addr)
{
	uint64_t least = UINT64_MAX;
	unsigned slot = 0;

	for (unsigned i = 0; i < TRACE_NRECENT; i++) {
		uint64_t far = trace_fold(addr - co->co_recent[i]);

		if (far < least) {
			least = far;
			slot = i;
		}
	}
	return (slot);
}

static inline bool
trace_has_size(unsigned kind)
{
	return (kind == TREC_ALLOC || kind == TREC_REALLOCED);
}

/*
 * Writes a record where TRACE_RECORD_MAX bytes are zero, its first byte last;
 * returns its end.
 */
static inline uint8_t *
trace_encode(struct trace_coder *co, uint8_t *at,
    const struct trace_record *tr)
{
	uint8_t *first = at++, head = tr->tr_kind, extra = tr->tr_flags;

	if (tr->tr_kind == TREC_THREAD) {
		at = trace_put(trace_put(at, tr->tr_addr), tr->tr_type);
	} else {
		extra |= (uint8_t)(tr->tr_align << 3);
		if (tr->tr_kind == TREC_ALLOC && tr->tr_type != co->co_type)
			extra |= TRACE_TYPE;
		if (extra != 0) {
			head |= TRACE_EXTRA;
			*at++ = extra;
		}
		if (tr->tr_seq != co->co_seq + 1) {
			head |= TRACE_GAP;
			at = trace_put(at, tr->tr_seq - co->co_seq);
		}
		co->co_seq = tr->tr_seq;
		at = trace_put(at, tr->tr_time - co->co_time);
		co->co_time = tr->tr_time;
		if (extra & TRACE_TYPE)
			at = trace_put(at, co->co_type = tr->tr_type);
		if (trace_has_size(tr->tr_kind))
			at = trace_put(at, tr->tr_size);
		if (!(extra & TRACE_FAILED)) {
			unsigned slot = trace_nearest(co, tr->tr_addr);

			head |= (uint8_t)(slot << 5);
			at = trace_put(at,
			    trace_fold(tr->tr_addr - co->co_recent[slot]));
			trace_remember(co, slot, tr->tr_addr);
		}
	}
	__atomic_store_n(first, head, __ATOMIC_RELEASE);
	return (at);
}

/* Seven bits of each of eight bytes, the lowest first, as one number. */
static inline uint64_t
trace_pack(uint64_t n)
{
	n = (n & 0x007f007f007f007f) | (n & 0x7f007f007f007f00) >> 1;
	n = (n & 0x00003fff00003fff) | (n & 0x3fff00003fff0000) >> 2;
	return ((n & 0x0fffffff) | (n & 0x0fffffff00000000) >> 4);
}

/* NULL: it goes on beyond end, or is none of 64 bits. */
static inline const uint8_t *
trace_get_bytes(const uint8_t *at, const uint8_t *end, uint64_t *n)
{
	unsigned shift = 0;

	*n = 0;
	for (; at < end && shift < 64; shift += 7) {
		*n |= (uint64_t)(*at & 0x7f) << shift;
		if (*at++ < 0x80)
			return (shift < 63 || at[-1] <= 1 ? at : NULL);
	}
	return (NULL);
}

/* The same; most numbers have a byte or two, and nearly all eight at most. */
static inline const uint8_t *
trace_get(const uint8_t *at, const uint8_t *end, uint64_t *n)
{
	uint64_t word, last;

	if (at < end && *at < 0x80) {
		*n = *at;
		return (at + 1);
	}
	if (end - at < (ptrdiff_t)sizeof(word))
		return (trace_get_bytes(at, end, n));
	memcpy(&word, at, sizeof(word));
	word = le64toh(word);
	last = ~word & 0x8080808080808080;	/* bytes that end a number */
	if (last == 0)
		return (trace_get_bytes(at, end, n));
	/* The first of them, and all below. */
	*n = trace_pack(word & (last ^ (last - 1)));
	return (at + (__builtin_ctzll(last) >> 3) + 1);
}

/*
 * Reads the record at at, of which the first byte is not 0.  NULL: it is none,
 * or goes on beyond end.
 */
static inline const uint8_t *
trace_decode(struct trace_coder *co, const uint8_t *at, const uint8_t *end,
    struct trace_record *tr)
{
	uint8_t head = *at++, extra = 0;
	uint64_t n = 1;

	tr->tr_kind = head & 7;
	if (tr->tr_kind == TREC_THREAD) {
		at = trace_get(at, end, &tr->tr_addr);
		if (at == NULL || (at = trace_get(at, end, &n)) == NULL)
			return (NULL);
		tr->tr_type = (uint32_t)n;
		return (at);
	}
	if (tr->tr_kind == TREC_NONE || tr->tr_kind >= TREC_KINDS)
		return (NULL);
	if (head & TRACE_EXTRA) {
		if (at >= end)
			return (NULL);
		extra = *at++;
	}
	tr->tr_flags = extra & (TRACE_ZERO | TRACE_FAILED);
	tr->tr_align = extra >> 3;
	if ((head & TRACE_GAP) && (at = trace_get(at, end, &n)) == NULL)
		return (NULL);
	tr->tr_seq = co->co_seq += n;
	if ((at = trace_get(at, end, &n)) == NULL)
		return (NULL);
	tr->tr_time = co->co_time += n;
	if (extra & TRACE_TYPE) {
		if ((at = trace_get(at, end, &n)) == NULL)
			return (NULL);
		co->co_type = (uint32_t)n;
	}
	tr->tr_type = co->co_type;
	tr->tr_size = 0;
	if (trace_has_size(tr->tr_kind) &&
	    (at = trace_get(at, end, &tr->tr_size)) == NULL)
		return (NULL);
	tr->tr_addr = 0;
	if (!(extra & TRACE_FAILED)) {
		unsigned slot = head >> 5;

		if ((at = trace_get(at, end, &n)) == NULL)
			return (NULL);
		tr->tr_addr = co->co_recent[slot] + trace_unfold(n);
		trace_remember(co, slot, tr->tr_addr);
	}
	return (at);
}

#endif /* KMA_TRACEFORMAT_H */
