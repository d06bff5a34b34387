/*
 * traceout.h - the file that a trace goes to.
 *
 * Layer 7.  For trace.c alone.  Each process writes a file of its own, through
 * windows, and holds no descriptor: programs close those that they do not
 * know.
 */
#ifndef KMA_TRACEOUT_H
#define KMA_TRACEOUT_H

#include <stdint.h>

#include "traceformat.h"

/*
 * Makes this process's file and its header, in a window that stays.  NULL:
 * there is none, and a message said so.
 */
struct trace_header *traceout_open(void);

/*
 * A window on chunk number n of the file, from 0, all zero.  0 or an errno:
 * ESTALE where the file is not there any more.
 */
int	traceout_chunk(uint64_t n, struct trace_chunk **tc);
/* It stays in the file. */
void	traceout_leave(struct trace_chunk *tc);

/* Says that no more is recorded. */
void	traceout_complain(int error);

/* Once in a while: how long a unit of the clock is. */
void	traceout_set_rate(struct trace_header *th);

#endif /* KMA_TRACEOUT_H */
