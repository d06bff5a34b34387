/*
 * tracewrite.h - writes a trace from operations: kma_trace(5).
 *
 * For traces that come from a text, from another trace or from a program of
 * one's own.
 */
#ifndef KMA_TRACEWRITE_H
#define KMA_TRACEWRITE_H

#include <stdbool.h>

#include "tracefile.h"

struct tracewrite;

/*
 * The file must not exist, or be a trace.  NULL or false: errno says why.
 */
struct tracewrite *tracewrite_open(const char *path, const char *command);

/*
 * Takes the operation's kind, thread, time, object, old, size, align, type,
 * zero and failed.  Objects have numbers of the caller's choice below 2^60, of
 * which no two are live at once; times must not go back.
 */
bool	tracewrite_op(struct tracewrite *tw, const struct trace_op *op);

/* Removes a trace, if there is one.  False: errno; EEXIST: it is none. */
bool	tracewrite_remove(const char *path);

/* The number of a type by its name; 0: there are too many. */
unsigned tracewrite_type(struct tracewrite *tw, const char *name);

/* Completes the file and frees tw, also where that fails. */
bool	tracewrite_close(struct tracewrite *tw);

#endif /* KMA_TRACEWRITE_H */
