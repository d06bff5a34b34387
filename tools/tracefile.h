/*
 * tracefile.h - reads a trace: kma_trace(5).
 *
 * The operations of all threads come in one order, with a number for each
 * object instead of its address.  What is kept in memory grows with the
 * objects that are live and with the threads, never with the trace.
 */
#ifndef KMA_TRACEFILE_H
#define KMA_TRACEFILE_H

#include <stdbool.h>
#include <stdint.h>

struct tracefile;
struct trace_header;

enum trace_kind {
	TRACE_ALLOC,
	TRACE_FREE,
	TRACE_REALLOC
};

/*
 * An operation.  Objects are numbered from 1, in the order in which they were
 * allocated; no number is used twice.  A realloc ends the object to_old and
 * begins to_object, also where the block stayed in its place.  If it failed,
 * to_object is 0 and to_old lives on.  Only objects that are live are freed or
 * reallocated: what was allocated before the trace began is left out.
 *
 * An object also has a slot, which it keeps through reallocs and gives up to
 * another when it ends: all slots are below the most objects that lived at
 * once, and what of those threads kept for themselves (objects.h).
 */
struct trace_op {
	enum trace_kind	to_kind;
	unsigned	to_thread;	/* from 1 */
	uint64_t	to_time_ns;	/* since the start; never goes back */
	uint64_t	to_object;	/* alloc that failed: 0 */
	uint64_t	to_old;		/* realloc; else 0 */
	uint32_t	to_slot;	/* the object's; failed: none */
	uint32_t	to_use;		/* operations on the slot before */
	uint64_t	to_size;	/* requested; free: as was requested */
	uint64_t	to_align;	/* 0: none was asked for */
	unsigned	to_type;	/* the object's; 0: none */
	bool		to_zero;	/* calloc */
	bool		to_failed;
	uint64_t	to_address;	/* when it was recorded */
	uint64_t	to_old_size;	/* realloc; else 0 */
	uint64_t	to_old_time_ns;	/* free, realloc: when it began */
};

enum trace_fault {
	TRACE_FAULT_NONE,
	TRACE_FAULT_OPEN,	/* it cannot be opened or read */
	TRACE_FAULT_OTHER,	/* it is no trace */
	TRACE_FAULT_VERSION,	/* of a version that is not known here */
	TRACE_FAULT_CORRUPT,
	TRACE_FAULT_CUT,	/* its end is missing */
	TRACE_FAULT_MEMORY	/* there is none left for the live objects */
};

struct trace_error {
	enum trace_fault te_fault;
	uint64_t	te_offset;	/* in the file */
	char		te_text[300];	/* a line: file, place and reason */
};

/* Of the operations that were read so far. */
struct trace_totals {
	uint64_t	tt_ops;
	uint64_t	tt_allocs;
	uint64_t	tt_frees;
	uint64_t	tt_reallocs;
	uint64_t	tt_failed;	/* of the allocs and reallocs */
	uint64_t	tt_unknown;	/* frees of older objects: left out */
	uint64_t	tt_unfreed;	/* frees that were lost: put in */
	uint64_t	tt_threads;
	uint64_t	tt_objects;	/* live now */
	uint64_t	tt_bytes;	/* requested, live now */
};

/* NULL: *error says why. */
struct tracefile *tracefile_open(const char *path, struct trace_error *error);
void	tracefile_close(struct tracefile *tf);

/*
 * 1: *op is the next operation.  0: there are no more.  -1: an error, and
 * tracefile_error() says which and where; what came before is good.
 */
int	tracefile_next(struct tracefile *tf, struct trace_op *op);
const struct trace_error *tracefile_error(const struct tracefile *tf);

/* The type's name; "" for 0 and for a type without one. */
const char *tracefile_typename(const struct tracefile *tf, unsigned type);
const struct trace_header *tracefile_header(const struct tracefile *tf);
const struct trace_totals *tracefile_totals(const struct tracefile *tf);
/* The length of the file. */
uint64_t tracefile_size(const struct tracefile *tf);

/*
 * After the end: what is missing from the trace although it is whole (the disk
 * was full, say), as a line to show; NULL: nothing.
 */
const char *tracefile_note(struct tracefile *tf);

#endif /* KMA_TRACEFILE_H */
