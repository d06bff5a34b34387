/*
 * tracetext.h - a trace as text, one line an operation: kma_trace(5).
 */
#ifndef KMA_TRACETEXT_H
#define KMA_TRACETEXT_H

#include <stdio.h>

#include "tracefile.h"
#include "tracewrite.h"

void	tracetext_print(FILE *fp, const struct tracefile *tf,
	    const struct trace_op *op);

/* The line before, which says what a line leaves out. */
struct tracetext {
	unsigned	tx_thread;
	uint64_t	tx_time_ns;
};

/*
 * Reads a line, which is written to.  1: *op; 0: it has none (a comment); -1:
 * *why says why not.  Names of types are numbered by tw.
 */
int	tracetext_parse(struct tracetext *tx, char *line,
	    struct tracewrite *tw, struct trace_op *op, const char **why);

#endif /* KMA_TRACETEXT_H */
