/*
 * tracefile.c - reads a trace: kma_trace(5).
 *
 * Each stream of the trace is a chain of chunks, of which one at a time is in
 * memory.  The streams are merged by sequence numbers in a heap; then the
 * addresses become objects.
 */
#include "tracefile.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "objects.h"
#include "traceformat.h"

#define CHUNK_MIN	128u
#define CHUNK_MAX	(64u << 20)
#define AHEAD		OBJECTS_EXPECT	/* records decoded at a time */

/* A record and whose it is. */
struct entry {
	struct trace_record e_record;
	uint32_t	 e_thread;
};

/*
 * A stream.  While its chunk is not loaded, s_seq is what all its records are
 * above; then it is that of s_ahead[s_next], which is the next.
 *
 * Some records are decoded ahead, so that what they ask for is in the cache
 * when their turn comes.  What is wrong behind them is told after them.
 */
struct stream {
	uint64_t	 s_seq;
	uint64_t	 s_chunk;	/* offset; 0: it has ended */
	struct trace_chunk s_head;	/* that chunk's */
	uint8_t		*s_buf;		/* that chunk, or NULL */
	const uint8_t	*s_at;		/* what follows s_ahead */
	const uint8_t	*s_end;
	bool		 s_cut;		/* the file ends at s_end */
	enum trace_fault s_fault;	/* why there is no record at s_at */
	struct trace_coder s_coder;
	uint32_t	 s_thread;	/* at s_at */
	unsigned	 s_next, s_count;	/* of s_ahead */
	struct entry	 s_ahead[AHEAD];
	/* Between the two halves of a realloc. */
	bool		 s_moving;
	uint32_t	 s_old;		/* slot; SLOT_NONE: not known */
};

/*
 * tf_heap is a heap of the streams that have not ended, by s_seq.
 */
struct tracefile {
	char		*tf_path;
	int		 tf_fd;
	uint64_t	 tf_size;
	bool		 tf_cut;	/* shorter than it says */
	struct trace_header tf_header;
	char		*tf_types;
	struct stream	**tf_heap;
	size_t		 tf_nheap;
	size_t		 tf_room;
	struct objects	 tf_objects;
	uint64_t	 tf_number;	/* of the last object */
	uint64_t	 tf_time;	/* of the last operation, ns */
	bool		 tf_waiting;	/* tf_op is to be given first */
	struct trace_op	 tf_op;
	struct trace_totals tf_totals;
	struct trace_error tf_error;
	char		 tf_note[200];
};

/* Always -1. */
static int fault(struct tracefile *tf, enum trace_fault what, uint64_t offset,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int
fault(struct tracefile *tf, enum trace_fault what, uint64_t offset,
    const char *fmt, ...)
{
	struct trace_error *te = &tf->tf_error;
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	te->te_fault = what;
	te->te_offset = offset;
	if (what == TRACE_FAULT_CORRUPT || what == TRACE_FAULT_CUT)
		snprintf(te->te_text, sizeof(te->te_text),
		    "%.80s: offset %" PRIu64 ": %s", tf->tf_path, offset,
		    text);
	else
		snprintf(te->te_text, sizeof(te->te_text), "%.80s: %s",
		    tf->tf_path, text);
	return (-1);
}

static int
no_memory(struct tracefile *tf)
{
	return (fault(tf, TRACE_FAULT_MEMORY, 0, "no memory"));
}

static int
cut_off(struct tracefile *tf)
{
	return (fault(tf, TRACE_FAULT_CUT, tf->tf_size, "cut off: there were "
	    "%" PRIu64 " bytes or more", tf->tf_header.th_end));
}

/* Reads len bytes, or as many as there are: how many, or -1. */
static ssize_t
read_at(struct tracefile *tf, void *buf, size_t len, uint64_t offset)
{
	size_t have = 0;
	ssize_t n;

	do {
		n = pread(tf->tf_fd, (char *)buf + have, len - have,
		    (off_t)(offset + have));
		have += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && have < len) || (n < 0 && errno == EINTR));
	if (n < 0)
		return (fault(tf, TRACE_FAULT_OPEN, offset, "%s",
		    strerror(errno)));
	return ((ssize_t)have);
}

/*
 * The heap.
 */

static inline void
sift_down(struct tracefile *tf, size_t at)
{
	struct stream **heap = tf->tf_heap, *s = heap[at];
	size_t child;

	while ((child = 2 * at + 1) < tf->tf_nheap) {
		if (child + 1 < tf->tf_nheap &&
		    heap[child + 1]->s_seq < heap[child]->s_seq)
			child++;
		if (heap[child]->s_seq >= s->s_seq)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = s;
}

static void
free_stream(struct stream *s)
{
	free(s->s_buf);
	free(s);
}

static void
drop_first(struct tracefile *tf)
{
	free_stream(tf->tf_heap[0]);
	tf->tf_heap[0] = tf->tf_heap[--tf->tf_nheap];
	if (tf->tf_nheap > 0)
		sift_down(tf, 0);
}

static bool
add_stream(struct tracefile *tf, uint64_t offset, const struct trace_chunk *tc)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (tf->tf_nheap == tf->tf_room) {
		size_t room = 2 * tf->tf_room + 16;
		struct stream **heap = realloc(tf->tf_heap,
		    room * sizeof(*heap));

		if (heap == NULL) {
			free(s);
			return (false);
		}
		tf->tf_heap = heap;
		tf->tf_room = room;
	}
	if (s == NULL)
		return (false);
	s->s_seq = tc->tc_seq;
	s->s_chunk = offset;
	s->s_head = *tc;
	tf->tf_heap[tf->tf_nheap++] = s;
	return (true);
}

/*
 * Chunks and records.
 */

static bool
is_chunk(const struct trace_chunk *tc)
{
	return (memcmp(tc->tc_magic, TRACE_CHUNK_MAGIC,
	    sizeof(tc->tc_magic)) == 0);
}

/* Loads the stream's chunk. */
static int
load_chunk(struct tracefile *tf, struct stream *s)
{
	ssize_t n;

	if (s->s_buf == NULL &&
	    (s->s_buf = malloc(tf->tf_header.th_chunk)) == NULL)
		return (no_memory(tf));
	n = read_at(tf, s->s_buf, tf->tf_header.th_chunk, s->s_chunk);
	if (n < 0)
		return (-1);
	if ((size_t)n < sizeof(s->s_head))
		return (cut_off(tf));
	memcpy(&s->s_head, s->s_buf, sizeof(s->s_head));
	if (!is_chunk(&s->s_head))
		return (fault(tf, TRACE_FAULT_CORRUPT, s->s_chunk,
		    "no chunk begins here"));
	s->s_at = s->s_buf + sizeof(s->s_head);
	s->s_end = s->s_buf + n;
	s->s_cut = tf->tf_cut && (size_t)n < tf->tf_header.th_chunk;
	s->s_thread = s->s_head.tc_thread;
	trace_coder_init(&s->s_coder, s->s_head.tc_seq, s->s_head.tc_time);
	if (tf->tf_totals.tt_threads < s->s_thread)
		tf->tf_totals.tt_threads = s->s_thread;
	return (1);
}

/* To the stream's next chunk: 1; 0 if there is none. */
static int
next_chunk(struct tracefile *tf, struct stream *s)
{
	uint64_t next = s->s_head.tc_next, before = s->s_chunk;
	uint32_t index = s->s_head.tc_index + 1, stream = s->s_head.tc_stream;
	int got;

	if (s->s_cut)
		return (cut_off(tf));
	s->s_chunk = next;
	if (next == 0)
		return (0);
	if (next < tf->tf_header.th_first ||
	    (next - tf->tf_header.th_first) % tf->tf_header.th_chunk != 0 ||
	    next == before)
		return (fault(tf, TRACE_FAULT_CORRUPT, before,
		    "a chunk cannot be followed by one at %" PRIu64, next));
	if (next >= tf->tf_size)
		return (cut_off(tf));
	got = load_chunk(tf, s);
	if (got > 0 && (s->s_head.tc_stream != stream ||
	    s->s_head.tc_index != index || s->s_head.tc_seq < s->s_seq))
		return (fault(tf, TRACE_FAULT_CORRUPT, next,
		    "the chunk is not the one that should follow"));
	return (got);
}

/* The record at s_at; what is wrong with it, if it is none. */
static enum trace_fault
decode(struct stream *s, struct entry *e)
{
	uint64_t before = s->s_coder.co_seq;
	const uint8_t *at = trace_decode(&s->s_coder, s->s_at, s->s_end,
	    &e->e_record);

	if (at == NULL && s->s_cut)
		return (TRACE_FAULT_CUT);
	if (at == NULL || s->s_coder.co_seq < before)
		return (TRACE_FAULT_CORRUPT);
	s->s_at = at;
	return (TRACE_FAULT_NONE);
}

/* As many of the chunk's records into s_ahead as there are, and have room. */
static void
read_ahead(const struct tracefile *tf, struct stream *s)
{
	uint64_t addr[AHEAD];
	unsigned n = 0;

	while (n < AHEAD && s->s_at < s->s_end && *s->s_at != 0) {
		struct entry *e = &s->s_ahead[n];

		s->s_fault = decode(s, e);
		if (s->s_fault != TRACE_FAULT_NONE)
			break;
		addr[n] = e->e_record.tr_addr;
		if (e->e_record.tr_kind == TREC_THREAD)
			s->s_thread = (uint32_t)addr[n];
		else
			s->s_ahead[n++].e_thread = s->s_thread;
	}
	s->s_next = 0;
	s->s_count = n;
	objects_expect(&tf->tf_objects, addr, n);
}

/* More records into s_ahead, which is used up: 1; 0: there are no more. */
static int __attribute__((noinline))
refill(struct tracefile *tf, struct stream *s)
{
	do {
		int got = 1;

		if (s->s_fault == TRACE_FAULT_CUT)
			return (cut_off(tf));
		if (s->s_fault != TRACE_FAULT_NONE)
			return (fault(tf, s->s_fault, s->s_chunk +
			    (uint64_t)(s->s_at - s->s_buf), "no record"));
		if (s->s_at >= s->s_end || *s->s_at == 0)
			got = next_chunk(tf, s);
		if (got <= 0)
			return (got);
		read_ahead(tf, s);
	} while (s->s_count == 0);
	return (1);
}

/* Makes s_ahead[s_next] the stream's next operation: 1; 0: it has no more. */
static inline int
next_record(struct tracefile *tf, struct stream *s)
{
	int got = 1;

	if (++s->s_next >= s->s_count)
		got = refill(tf, s);
	if (got > 0)
		s->s_seq = s->s_ahead[s->s_next].e_record.tr_seq;
	return (got);
}

/*
 * Makes the first stream one whose next record is known to be the next of all:
 * 1; 0: there are no more.
 */
static int
find_first(struct tracefile *tf)
{
	while (tf->tf_nheap > 0) {
		struct stream *s = tf->tf_heap[0];
		int got;

		if (s->s_buf != NULL)
			return (1);
		got = load_chunk(tf, s);
		if (got > 0)
			got = next_record(tf, s);
		if (got < 0)
			return (-1);
		if (got == 0)
			drop_first(tf);
		else
			sift_down(tf, 0);
	}
	return (tf->tf_cut ? cut_off(tf) : 0);
}

static int
advance(struct tracefile *tf)
{
	int got = next_record(tf, tf->tf_heap[0]);

	if (got > 0)
		sift_down(tf, 0);
	else if (got == 0)
		drop_first(tf);
	return (got);
}

/*
 * Operations.
 */

/* Time never goes back, whatever the clocks of two processors say. */
static void
note_time(struct tracefile *tf, uint64_t clock)
{
	uint64_t begun = tf->tf_header.th_clock, time;

	if (clock <= begun)
		return;
	time = (uint64_t)((unsigned __int128)(clock - begun) *
	    tf->tf_header.th_rate >> 32);
	if (time > tf->tf_time)
		tf->tf_time = time;
}

static void
end_object(struct tracefile *tf, const struct object *o)
{
	tf->tf_totals.tt_objects--;
	tf->tf_totals.tt_bytes -= o->o_size;
}

/* What few have; one by one, since gcc clears a whole struct slowly. */
static inline void
begin_op(const struct tracefile *tf, struct trace_op *op,
    enum trace_kind kind, uint32_t thread)
{
	op->to_kind = kind;
	op->to_thread = thread;
	op->to_time_ns = tf->tf_time;
	op->to_old = 0;
	op->to_align = 0;
	op->to_zero = false;
	op->to_failed = false;
	op->to_old_size = 0;
	op->to_old_time_ns = 0;
}

static void
make_free(struct tracefile *tf, uint32_t slot, uint32_t thread,
    struct trace_op *op)
{
	struct object *o = &tf->tf_objects.os_object[slot];

	begin_op(tf, op, TRACE_FREE, thread);
	op->to_object = o->o_number;
	op->to_slot = slot;
	op->to_use = o->o_uses++;
	op->to_size = o->o_size;
	op->to_type = o->o_type;
	op->to_address = o->o_addr * tf->tf_header.th_align;
	op->to_old_time_ns = o->o_time;
	tf->tf_totals.tt_frees++;
	end_object(tf, o);
	objects_free(&tf->tf_objects, slot, thread);
}

/* The new object of an operation; a realloc's has the slot of the old. */
static bool
begin_object(struct tracefile *tf, uint64_t addr, uint32_t slot,
    struct trace_op *op)
{
	struct object *o;

	if (slot == SLOT_NONE)
		slot = objects_new(&tf->tf_objects, op->to_thread);
	if (slot == SLOT_NONE)
		return (false);
	o = &tf->tf_objects.os_object[slot];
	o->o_addr = addr;
	o->o_number = op->to_object = ++tf->tf_number;
	o->o_size = op->to_size;
	o->o_time = op->to_time_ns;
	o->o_type = op->to_type;
	op->to_slot = slot;
	op->to_use = o->o_uses++;
	op->to_address = addr * tf->tf_header.th_align;
	tf->tf_totals.tt_objects++;
	tf->tf_totals.tt_bytes += op->to_size;
	return (true);
}

/* Makes an allocation a realloc of the object in that slot. */
static void
end_realloc(struct tracefile *tf, uint32_t slot, struct trace_op *op)
{
	const struct object *old = &tf->tf_objects.os_object[slot];

	op->to_kind = TRACE_REALLOC;
	op->to_old = old->o_number;
	op->to_old_size = old->o_size;
	op->to_old_time_ns = old->o_time;
	op->to_type = old->o_type;
	tf->tf_totals.tt_reallocs++;
	if (!op->to_failed)
		end_object(tf, old);
}

/*
 * Makes an object be found at its address.  Where another one lies, the end of
 * that was lost: it is given first, and op waits.
 */
static int
enter_object(struct tracefile *tf, uint32_t slot, struct trace_op *op)
{
	uint32_t lost;

	if (!objects_enter(&tf->tf_objects, slot, &lost))
		return (no_memory(tf));
	if (lost == SLOT_NONE)
		return (1);
	tf->tf_op = *op;
	tf->tf_waiting = true;
	tf->tf_totals.tt_unfreed++;
	make_free(tf, lost, op->to_thread, op);
	return (1);
}

/* An allocation, or the second half of a realloc. */
static int
make_alloc(struct tracefile *tf, struct stream *s, struct trace_op *op)
{
	const struct entry *e = &s->s_ahead[s->s_next];
	const struct trace_record *tr = &e->e_record;
	uint32_t old = SLOT_NONE;

	begin_op(tf, op, TRACE_ALLOC, e->e_thread);
	op->to_size = tr->tr_size;
	if (tr->tr_align > 0)
		op->to_align = (uint64_t)1 << tr->tr_align;
	op->to_type = tr->tr_kind == TREC_ALLOC ? tr->tr_type : 0;
	op->to_zero = (tr->tr_flags & TRACE_ZERO) != 0;
	op->to_failed = (tr->tr_flags & TRACE_FAILED) != 0;
	if (tr->tr_kind == TREC_REALLOCED && s->s_moving)
		old = s->s_old;
	s->s_moving = false;
	if (old != SLOT_NONE)
		end_realloc(tf, old, op);
	else
		tf->tf_totals.tt_allocs++;
	if (!op->to_failed)
		return (begin_object(tf, tr->tr_addr, old, op) ?
		    enter_object(tf, op->to_slot, op) : no_memory(tf));
	tf->tf_totals.tt_failed++;
	op->to_object = 0;
	op->to_slot = 0;
	op->to_use = 0;
	op->to_address = 0;
	return (old != SLOT_NONE ? enter_object(tf, old, op) : 1);
}

/* 1: *op; 0: nothing to be told; -1. */
static int
make_op(struct tracefile *tf, struct stream *s, struct trace_op *op)
{
	const struct entry *e = &s->s_ahead[s->s_next];
	const struct trace_record *tr = &e->e_record;
	uint32_t slot;

	note_time(tf, tr->tr_time);
	if (tf->tf_totals.tt_threads < e->e_thread)
		tf->tf_totals.tt_threads = e->e_thread;
	if (trace_has_size(tr->tr_kind))
		return (make_alloc(tf, s, op));
	slot = objects_take(&tf->tf_objects, tr->tr_addr);
	if (slot == SLOT_NONE)
		tf->tf_totals.tt_unknown++;
	if (tr->tr_kind == TREC_REALLOC) {
		s->s_moving = true;
		s->s_old = slot;
		return (0);
	}
	if (slot == SLOT_NONE)
		return (0);
	make_free(tf, slot, e->e_thread, op);
	return (1);
}

int
tracefile_next(struct tracefile *tf, struct trace_op *op)
{
	int got = 0;

	if (tf->tf_error.te_fault != TRACE_FAULT_NONE)
		return (-1);
	if (tf->tf_waiting) {
		tf->tf_waiting = false;
		*op = tf->tf_op;
		tf->tf_totals.tt_ops++;
		return (1);
	}
	while (got == 0) {
		got = find_first(tf);
		if (got <= 0)
			return (got);
		if (tf->tf_header.th_stop != 0 &&
		    tf->tf_heap[0]->s_seq >= tf->tf_header.th_stop)
			return (0);
		got = make_op(tf, tf->tf_heap[0], op);
		/* An error behind this operation is told after it. */
		if (got < 0 || (advance(tf) < 0 && got == 0))
			return (-1);
	}
	tf->tf_totals.tt_ops++;
	return (1);
}

/*
 * Opening.
 */

static int
check_header(struct tracefile *tf)
{
	const struct trace_header *th = &tf->tf_header;

	if (memcmp(th->th_magic, TRACE_MAGIC, sizeof(th->th_magic)) != 0)
		return (fault(tf, TRACE_FAULT_OTHER, 0, "not a trace"));
	if (th->th_order == __builtin_bswap32(TRACE_ORDER))
		return (fault(tf, TRACE_FAULT_VERSION, 8, "made on a machine "
		    "with the other byte order"));
	if (th->th_version != TRACE_VERSION)
		return (fault(tf, TRACE_FAULT_VERSION, 12, "version %u of the "
		    "format; this command knows version %u", th->th_version,
		    TRACE_VERSION));
	if (th->th_order != TRACE_ORDER || th->th_chunk < CHUNK_MIN ||
	    th->th_chunk > CHUNK_MAX || th->th_rate == 0 ||
	    th->th_align == 0 || th->th_typename == 0 ||
	    th->th_typename > 4096 || th->th_ntypes > 65536 ||
	    th->th_first < sizeof(*th) + (uint64_t)th->th_ntypes *
	    th->th_typename)
		return (fault(tf, TRACE_FAULT_CORRUPT, 0, "a header that makes "
		    "no sense"));
	return (0);
}

static int
read_header(struct tracefile *tf)
{
	struct trace_header *th = &tf->tf_header;
	ssize_t n = read_at(tf, th, sizeof(*th), 0);
	size_t len;

	if (n < 0)
		return (-1);
	if ((size_t)n < sizeof(th->th_magic))
		return (fault(tf, TRACE_FAULT_OTHER, 0, "not a trace"));
	if ((size_t)n < sizeof(*th) && memcmp(th->th_magic, TRACE_MAGIC,
	    sizeof(th->th_magic)) == 0)
		return (fault(tf, TRACE_FAULT_CUT, (uint64_t)n,
		    "cut off within its header"));
	if (check_header(tf) != 0)
		return (-1);
	th->th_command[sizeof(th->th_command) - 1] = '\0';
	len = (size_t)th->th_ntypes * th->th_typename;
	tf->tf_types = calloc(1, len + 1);
	if (tf->tf_types == NULL)
		return (no_memory(tf));
	n = read_at(tf, tf->tf_types, len, sizeof(*th));
	if (n >= 0 && (size_t)n < len)
		return (fault(tf, TRACE_FAULT_CUT, tf->tf_size,
		    "cut off within the names of types"));
	return (n < 0 ? -1 : 0);
}

/* A stream for each chunk that begins one. */
static int
find_streams(struct tracefile *tf)
{
	const struct trace_header *th = &tf->tf_header;

	for (uint64_t at = th->th_first; at < tf->tf_size; at += th->th_chunk) {
		struct trace_chunk tc;
		ssize_t n = read_at(tf, &tc, sizeof(tc), at);

		if (n < 0)
			return (-1);
		if ((size_t)n < sizeof(tc))
			break;
		if (is_chunk(&tc)) {
			if (tc.tc_index == 0 && !add_stream(tf, at, &tc))
				return (no_memory(tf));
		} else if (tc.tc_magic[0] != 0)
			return (fault(tf, TRACE_FAULT_CORRUPT, at,
			    "no chunk begins here"));
	}
	for (size_t i = tf->tf_nheap / 2; i-- > 0;)
		sift_down(tf, i);
	return (0);
}

static int
open_file(struct tracefile *tf)
{
	struct stat st;

	if (!objects_init(&tf->tf_objects))
		return (no_memory(tf));
	tf->tf_fd = open(tf->tf_path, O_RDONLY | O_CLOEXEC);
	if (tf->tf_fd < 0 || fstat(tf->tf_fd, &st) != 0)
		return (fault(tf, TRACE_FAULT_OPEN, 0, "%s",
		    strerror(errno)));
	if (!S_ISREG(st.st_mode))
		return (fault(tf, TRACE_FAULT_OTHER, 0, "not a file"));
	tf->tf_size = (uint64_t)st.st_size;
	if (read_header(tf) != 0)
		return (-1);
	tf->tf_cut = tf->tf_size < tf->tf_header.th_end;
	return (find_streams(tf));
}

struct tracefile *
tracefile_open(const char *path, struct trace_error *error)
{
	struct tracefile *tf = calloc(1, sizeof(*tf));

	memset(error, 0, sizeof(*error));
	if (tf != NULL)
		tf->tf_path = strdup(path);
	if (tf == NULL || tf->tf_path == NULL) {
		error->te_fault = TRACE_FAULT_MEMORY;
		strcpy(error->te_text, "no memory");
		free(tf);
		return (NULL);
	}
	tf->tf_fd = -1;
	if (open_file(tf) != 0) {
		*error = tf->tf_error;
		tracefile_close(tf);
		return (NULL);
	}
	return (tf);
}

void
tracefile_close(struct tracefile *tf)
{
	for (size_t i = 0; i < tf->tf_nheap; i++)
		free_stream(tf->tf_heap[i]);
	free(tf->tf_heap);
	objects_fini(&tf->tf_objects);
	if (tf->tf_fd >= 0)
		close(tf->tf_fd);
	free(tf->tf_types);
	free(tf->tf_path);
	free(tf);
}

/*
 * What is known.
 */

const struct trace_error *
tracefile_error(const struct tracefile *tf)
{
	return (&tf->tf_error);
}

const char *
tracefile_typename(const struct tracefile *tf, unsigned type)
{
	size_t room = tf->tf_header.th_typename;
	char *name;

	if (type >= tf->tf_header.th_ntypes)
		return ("");
	name = tf->tf_types + type * room;
	name[room - 1] = '\0';
	return (name);
}

const struct trace_header *
tracefile_header(const struct tracefile *tf)
{
	return (&tf->tf_header);
}

const struct trace_totals *
tracefile_totals(const struct tracefile *tf)
{
	return (&tf->tf_totals);
}

uint64_t
tracefile_size(const struct tracefile *tf)
{
	return (tf->tf_size);
}

const char *
tracefile_note(struct tracefile *tf)
{
	const struct trace_header *th = &tf->tf_header;

	if (th->th_stop != 0)
		snprintf(tf->tf_note, sizeof(tf->tf_note), "the recording "
		    "stopped before the program did: %s",
		    strerror((int)th->th_error));
	else if (th->th_lost != 0)
		snprintf(tf->tf_note, sizeof(tf->tf_note), "%" PRIu64
		    " operations could not be recorded", th->th_lost);
	else
		return (NULL);
	return (tf->tf_note);
}
