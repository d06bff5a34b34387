/*
 * tracesum.h - what a trace holds, in figures.
 */
#ifndef KMA_TRACESUM_H
#define KMA_TRACESUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tracefile.h"

#define SUM_SLOTS	128	/* points of the curve of live bytes, at most */
#define SUM_SIZES	64	/* sizes up to 2^i */
#define SUM_LIVES	12	/* lifetimes below 10^i units */
#define SUM_LIFE_UNIT	100	/* ns */
#define SUM_SMALL	1024	/* the paper's line: 95 to 98 % are no more */

/* The state when a slot of time ends, and its peak. */
struct sum_slot {
	uint64_t	ss_bytes;
	uint64_t	ss_objects;
	uint64_t	ss_peak;
};

struct sum_class {
	uint64_t	sc_count;
	uint64_t	sc_bytes;
};

struct sum_type {
	unsigned	st_type;
	uint64_t	st_count;
	uint64_t	st_bytes;
	uint64_t	st_live;	/* bytes, at the end */
};

/*
 * Invariants:
 *	sum_slot[i] is of the times from i * sum_width on, i < sum_nslots
 *	sum_requests = the sum of sum_size[].sc_count, and so for the bytes
 */
struct tracesum {
	struct sum_slot	 sum_slot[SUM_SLOTS];
	unsigned	 sum_nslots;
	uint64_t	 sum_width;	/* ns */
	struct sum_class sum_size[SUM_SIZES + 1];
	struct sum_class sum_life[SUM_LIVES + 1];	/* the last: longer */
	struct sum_type	*sum_type;	/* those that are used */
	unsigned	 sum_ntypes;
	uint64_t	 sum_requests;	/* that succeeded */
	uint64_t	 sum_bytes;
	uint64_t	 sum_small;
	uint64_t	 sum_zeroed;
	uint64_t	 sum_aligned;
	uint64_t	 sum_peak;	/* live bytes */
	uint64_t	 sum_peak_objects;	/* then */
	uint64_t	 sum_peak_time;
	uint64_t	 sum_time;	/* of the last operation, ns */
	uint64_t	 sum_file;	/* the file's bytes */
};

/* Reads the trace to its end.  What tracefile_next() said last: 0 or -1. */
int	tracesum_read(struct tracesum *sum, struct tracefile *tf);
void	tracesum_free(struct tracesum *sum);

/* Write one document; false if that failed. */
bool	tracesum_print(FILE *fp, const struct tracesum *sum,
	    struct tracefile *tf);
bool	tracesum_json(FILE *fp, const struct tracesum *sum,
	    struct tracefile *tf);
/* False, after a message. */
bool	tracesum_plot(const char *file, const struct tracesum *sum,
	    const struct tracefile *tf);

/* A lifetime's bound in words: "10 us". */
void	tracesum_life(unsigned i, char *buf, size_t size);

#endif /* KMA_TRACESUM_H */
