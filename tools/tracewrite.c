/*
 * tracewrite.c - writes a trace from operations: kma_trace(5).
 *
 * One stream, which changes its thread as often as it must.  An object's
 * number is its address.
 */
#include "tracewrite.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traceformat.h"

#define UNIT		128u		/* ns of the clock */

struct tracewrite {
	int		 tw_fd;
	struct trace_header tw_header;
	char		 tw_types[TRACE_NTYPES][TRACE_TYPENAME];
	unsigned	 tw_ntypes;
	uint64_t	 tw_seq;
	uint64_t	 tw_time;	/* units */
	unsigned	 tw_thread;
	uint64_t	 tw_chunk;	/* offset of the chunk at work */
	uint32_t	 tw_index;
	struct trace_coder tw_coder;
	uint8_t		*tw_at;
	uint8_t		 tw_buf[TRACE_CHUNK];
};

static bool
write_at(struct tracewrite *tw, const void *buf, size_t len, uint64_t offset)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pwrite(tw->tw_fd, (const char *)buf + have, len - have,
		    (off_t)(offset + have));
		if (n < 0 && errno != EINTR)
			return (false);
		have += n > 0 ? (size_t)n : 0;
	}
	return (true);
}

/* A file that is no trace is somebody's work. */
static bool
may_replace(int fd)
{
	char magic[sizeof(((struct trace_header *)NULL)->th_magic)];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);

	return (n == 0 || (n == (ssize_t)sizeof(magic) &&
	    memcmp(magic, TRACE_MAGIC, sizeof(magic)) == 0));
}

bool
tracewrite_remove(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool may;

	if (fd < 0)
		return (errno == ENOENT);
	may = may_replace(fd);
	close(fd);
	if (!may)
		errno = EEXIST;
	return (may && unlink(path) == 0);
}

static struct trace_chunk *
chunk_of(struct tracewrite *tw)
{
	return ((struct trace_chunk *)(void *)tw->tw_buf);
}

static void
begin_chunk(struct tracewrite *tw)
{
	struct trace_chunk *tc = chunk_of(tw);

	memset(tw->tw_buf, 0, sizeof(tw->tw_buf));
	memcpy(tc->tc_magic, TRACE_CHUNK_MAGIC, sizeof(tc->tc_magic));
	tc->tc_stream = 1;
	tc->tc_index = tw->tw_index++;
	tc->tc_thread = tw->tw_thread;
	tc->tc_seq = tw->tw_seq;
	tc->tc_time = tw->tw_time;
	trace_coder_init(&tw->tw_coder, tc->tc_seq, tc->tc_time);
	tw->tw_at = tw->tw_buf + sizeof(*tc);
}

struct tracewrite *
tracewrite_open(const char *path, const char *command)
{
	struct tracewrite *tw = calloc(1, sizeof(*tw));
	struct trace_header *th;

	if (tw == NULL)
		return (NULL);
	tw->tw_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (tw->tw_fd < 0 || !may_replace(tw->tw_fd) ||
	    ftruncate(tw->tw_fd, 0) != 0) {
		int error = tw->tw_fd >= 0 && !may_replace(tw->tw_fd) ?
		    EEXIST : errno;

		if (tw->tw_fd >= 0)
			close(tw->tw_fd);
		free(tw);
		errno = error;
		return (NULL);
	}
	th = &tw->tw_header;
	memcpy(th->th_magic, TRACE_MAGIC, sizeof(th->th_magic));
	th->th_order = TRACE_ORDER;
	th->th_version = TRACE_VERSION;
	th->th_first = sizeof(*th) + sizeof(tw->tw_types);
	th->th_chunk = TRACE_CHUNK;
	th->th_page = (uint32_t)sysconf(_SC_PAGESIZE);
	th->th_pointer = 8 * sizeof(void *);
	th->th_rate = TRACE_RATE(UNIT);
	th->th_align = TRACE_ALIGN;
	th->th_ntypes = TRACE_NTYPES;
	th->th_typename = TRACE_TYPENAME;
	snprintf(th->th_command, sizeof(th->th_command), "%s", command);
	tw->tw_ntypes = 1;
	tw->tw_thread = 1;
	tw->tw_chunk = th->th_first;
	begin_chunk(tw);
	return (tw);
}

/* Writes the chunk, of which the last may be shorter. */
static bool
end_chunk(struct tracewrite *tw, bool last)
{
	size_t len = last ? (size_t)(tw->tw_at - tw->tw_buf) : TRACE_CHUNK;

	if (!last)
		chunk_of(tw)->tc_next = tw->tw_chunk + TRACE_CHUNK;
	if (!write_at(tw, tw->tw_buf, len, tw->tw_chunk))
		return (false);
	tw->tw_chunk += len;
	return (true);
}

static bool
put_record(struct tracewrite *tw, const struct trace_record *tr)
{
	if (tw->tw_at + TRACE_RECORD_MAX > tw->tw_buf + TRACE_CHUNK) {
		if (!end_chunk(tw, false))
			return (false);
		begin_chunk(tw);
	}
	tw->tw_at = trace_encode(&tw->tw_coder, tw->tw_at, tr);
	return (true);
}

static bool
put_thread(struct tracewrite *tw, unsigned thread)
{
	struct trace_record tr = { .tr_kind = TREC_THREAD, .tr_addr = thread };

	if (thread == tw->tw_thread)
		return (true);
	tw->tw_thread = thread;
	return (put_record(tw, &tr));
}

static unsigned
exponent(uint64_t align)
{
	unsigned n = align > 1 ? 63 - (unsigned)__builtin_clzll(align) : 0;

	return (n < TRACE_ALIGN_MAX ? n : TRACE_ALIGN_MAX);
}

bool
tracewrite_op(struct tracewrite *tw, const struct trace_op *op)
{
	struct trace_record tr = {
		.tr_kind = TREC_ALLOC, .tr_addr = op->to_object,
		.tr_size = op->to_size, .tr_type = op->to_type,
		.tr_flags = (op->to_zero ? TRACE_ZERO : 0) |
		    (op->to_failed ? TRACE_FAILED : 0),
		.tr_align = (uint8_t)exponent(op->to_align),
	};
	uint64_t time = op->to_time_ns / UNIT;

	if (!put_thread(tw, op->to_thread))
		return (false);
	if (tw->tw_time < time)
		tw->tw_time = time;
	tr.tr_time = tw->tw_time;
	tr.tr_seq = ++tw->tw_seq;
	if (op->to_kind == TRACE_FREE) {
		struct trace_record end = {
			.tr_kind = TREC_FREE, .tr_addr = op->to_object,
			.tr_seq = tr.tr_seq, .tr_time = tr.tr_time,
		};

		return (put_record(tw, &end));
	}
	if (op->to_kind == TRACE_REALLOC) {
		struct trace_record old = {
			.tr_kind = TREC_REALLOC, .tr_addr = op->to_old,
			.tr_seq = tr.tr_seq, .tr_time = tr.tr_time,
		};

		if (!put_record(tw, &old))
			return (false);
		tr.tr_kind = TREC_REALLOCED;
		tr.tr_seq = ++tw->tw_seq;
	}
	return (put_record(tw, &tr));
}

unsigned
tracewrite_type(struct tracewrite *tw, const char *name)
{
	unsigned i = 1;

	while (i < tw->tw_ntypes && strncmp(tw->tw_types[i], name,
	    TRACE_TYPENAME - 1) != 0)
		i++;
	if (i == TRACE_NTYPES)
		return (0);
	if (i == tw->tw_ntypes) {
		snprintf(tw->tw_types[i], TRACE_TYPENAME, "%s", name);
		tw->tw_ntypes++;
	}
	return (i);
}

bool
tracewrite_close(struct tracewrite *tw)
{
	bool done = end_chunk(tw, true);
	int error;

	tw->tw_header.th_end = tw->tw_chunk;
	done = done && write_at(tw, tw->tw_types, sizeof(tw->tw_types),
	    sizeof(tw->tw_header)) &&
	    write_at(tw, &tw->tw_header, sizeof(tw->tw_header), 0);
	error = errno;
	if (close(tw->tw_fd) != 0 && done) {
		error = errno;
		done = false;
	}
	free(tw);
	errno = error;
	return (done);
}
