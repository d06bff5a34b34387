/*
 * replay_spool.c - decodes a trace once, into a file of records of one size
 * that every allocator is then fed from.
 *
 * Owns the spool, which has no name and is on disk where $TMPDIR (or /tmp) is:
 * memory grows with the live objects, not with the trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "replay.h"
#include "replay_map.h"

#define MEMORY_MIN	((uint64_t)1 << 22)

struct spooler {
	struct replay_trace *sp_trace;
	struct replay_op *sp_op;	/* REPLAY_BLOCK of them */
	unsigned	sp_fill;
	uint64_t	sp_live;	/* requested bytes */
	uint64_t	*sp_last;	/* by thread: see rt_spool */
	uint32_t	sp_room;	/* entries of sp_last */
};

/*
 * The file.
 */

static int
open_spool(void)
{
	const char *dir = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		return (fd);
	if (snprintf(path, sizeof(path), "%s/kma-replay.XXXXXX", dir) >=
	    (int)sizeof(path))
		return (-1);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return (fd);
}

static bool
write_all(int fd, const void *buf, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, buf, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			complain("replay: cannot write a file of what the "
			    "trace holds to TMPDIR: %s", strerror(errno));
			return (false);
		}
		buf = (const char *)buf + n;
		size -= (size_t)n;
	}
	return (true);
}

static bool
flush(struct spooler *sp)
{
	size_t size = sp->sp_fill * sizeof(struct replay_op);

	sp->sp_fill = 0;
	progress_at(sp->sp_trace->rt_ops);
	return (write_all(sp->sp_trace->rt_spool, sp->sp_op, size));
}

int
replay_read(int spool, uint64_t first, struct replay_op *op, unsigned count)
{
	size_t size = count * sizeof(*op), have = 0;
	ssize_t n;

	while (have < size) {
		n = pread(spool, (char *)op + have, size - have,
		    (off_t)(first * sizeof(*op) + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? EIO : errno;
			return (-1);
		}
		have += (size_t)n;
	}
	return (0);
}

/*
 * Operations.
 */

/* With a header of a word. */
static struct replay_class *
class_of(struct spooler *sp, uint64_t size)
{
	unsigned k = 64 - (unsigned)__builtin_clzll(size + 7);

	if (k < REPLAY_CLASS_MIN)
		k = REPLAY_CLASS_MIN;
	if (k >= REPLAY_CLASSES)
		k = REPLAY_CLASSES - 1;
	return (&sp->sp_trace->rt_class[k]);
}

static void
count_alloc(struct spooler *sp, uint64_t size)
{
	struct replay_trace *rt = sp->sp_trace;
	struct replay_class *rc = class_of(sp, size);

	sp->sp_live += size;
	if (sp->sp_live > rt->rt_peak)
		rt->rt_peak = sp->sp_live;
	if (size > rt->rt_largest || rt->rt_largest_op == 0) {
		rt->rt_largest = size;
		rt->rt_largest_op = rt->rt_ops;
	}
	if (++rc->rc_live > rc->rc_peak)
		rc->rc_peak = rc->rc_live;
}

/* The classic allocators have both blocks while one is copied. */
static void
count_op(struct spooler *sp, const struct trace_op *to)
{
	uint64_t old = to->to_kind == TRACE_FREE ? to->to_size :
	    to->to_old_size;

	if (to->to_kind != TRACE_FREE)
		count_alloc(sp, to->to_size);
	if (to->to_kind != TRACE_ALLOC) {
		sp->sp_live -= old;
		class_of(sp, old)->rc_live--;
	}
}

static bool
note_thread(struct spooler *sp, uint32_t thread)
{
	uint64_t *last = replay_grow(sp->sp_last, &sp->sp_room, sizeof(*last),
	    thread);

	if (last == NULL)
		return (false);
	sp->sp_last = last;
	if (thread >= sp->sp_trace->rt_threads)
		sp->sp_trace->rt_threads = thread + 1;
	last[thread] = sp->sp_trace->rt_ops;
	return (true);
}

static bool
spool_op(struct spooler *sp, const struct trace_op *to)
{
	struct replay_trace *rt = sp->sp_trace;

	rt->rt_ops++;
	if (!note_thread(sp, to->to_thread)) {
		complain("replay: no memory for the threads");
		return (false);
	}
	if (to->to_slot >= rt->rt_slots)
		rt->rt_slots = to->to_slot + 1;
	sp->sp_op[sp->sp_fill] = (struct replay_op){
		.ro_size = to->to_size, .ro_slot = to->to_slot,
		.ro_use = to->to_use, .ro_thread = to->to_thread,
		.ro_type = (uint16_t)to->to_type,
		.ro_align = to->to_align == 0 ? 0 :
		    (uint8_t)(__builtin_ctzll(to->to_align)),
		.ro_kind = (uint8_t)to->to_kind & 3, .ro_zero = to->to_zero,
	};
	count_op(sp, to);
	return (++sp->sp_fill < REPLAY_BLOCK || flush(sp));
}

/*
 * The whole.
 */

/*
 * A power of two, with room for what buddies and first fit waste, and for lists
 * of powers of two that give nothing back.
 */
uint64_t
replay_need(const struct replay_trace *rt, uint64_t page, bool each)
{
	uint64_t lists = 0, pages = 0, need = 4 * rt->rt_peak;
	uint64_t power = MEMORY_MIN;

	for (unsigned k = REPLAY_CLASS_MIN; k < REPLAY_CLASSES; k++) {
		uint64_t blocks = rt->rt_class[k].rc_peak;
		uint64_t size = (uint64_t)1 << k;

		lists += (blocks * size + page - 1) / page * page;
		pages += blocks * (size < page ? page : size);
	}
	need = need < 2 * lists ? 2 * lists : need;
	need = each && need < pages ? pages : need;
	while (power < need && power < (uint64_t)1 << 60)
		power *= 2;
	return (power);
}

static bool
read_all(struct spooler *sp, struct tracefile *tf)
{
	struct replay_trace *rt = sp->sp_trace;
	struct trace_op to;
	int got;

	while ((got = tracefile_next(tf, &to)) == 1)
		if (!to.to_failed && !spool_op(sp, &to))
			return (false);
	rt->rt_totals = *tracefile_totals(tf);
	rt->rt_status = trace_end(tf, got);
	return (got == 0 ||
	    tracefile_error(tf)->te_fault == TRACE_FAULT_CUT);
}

static bool
spool(struct spooler *sp, struct tracefile *tf)
{
	struct replay_trace *rt = sp->sp_trace;

	rt->rt_spool = open_spool();
	if (rt->rt_spool < 0) {
		complain("replay: no temporary file in TMPDIR: %s",
		    strerror(errno));
		return (false);
	}
	sp->sp_op = replay_map(REPLAY_BLOCK * sizeof(*sp->sp_op));
	if (sp->sp_op == NULL) {
		complain("replay: no memory");
		return (false);
	}
	return (read_all(sp, tf) && flush(sp) && write_all(rt->rt_spool,
	    sp->sp_last, rt->rt_threads * sizeof(*sp->sp_last)));
}

int
replay_spool(const char *path, bool progress, struct replay_trace *rt)
{
	struct spooler sp = { .sp_trace = rt };
	struct trace_error error;
	struct tracefile *tf = tracefile_open(path, &error);
	bool good;

	*rt = (struct replay_trace){ .rt_path = path, .rt_spool = -1 };
	if (tf == NULL) {
		complain("%s", error.te_text);
		return (trace_status(&error));
	}
	if (progress)
		progress_begin("reading", 0);
	good = spool(&sp, tf);
	progress_end();
	tracefile_close(tf);
	replay_unmap(sp.sp_op, REPLAY_BLOCK * sizeof(*sp.sp_op));
	replay_unmap(sp.sp_last, sp.sp_room * sizeof(*sp.sp_last));
	if (good)
		return (STATUS_OK);
	return (rt->rt_status != STATUS_OK ? rt->rt_status : STATUS_FAILED);
}

void
replay_trace_close(struct replay_trace *rt)
{
	if (rt->rt_spool >= 0)
		close(rt->rt_spool);
	rt->rt_spool = -1;
}
