/*
 * replay.h - what the parts of kma replay share.
 *
 *	replay_spool	the trace, decoded once, as records of one size
 *	replay_run	one classic allocator serves them
 *	replay_table, replay_csv, replay_json, replay_plot
 *			what came of it
 *	replay_real, replay_child
 *			a real allocator serves them
 */
#ifndef KMA_REPLAY_H
#define KMA_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "classic.h"
#include "replay_hist.h"
#include "tracefile.h"

#define REPLAY_BLOCK	4096	/* operations read at a time */
#define REPLAY_SAMPLES	256	/* points of utilisation over time */
#define REPLAY_CELLS	256	/* pieces of a map of the memory */
#define REPLAY_CLASS_MIN 5
#define REPLAY_CLASSES	60
#define REPLAY_REALS	32	/* allocators of one --real */

/* An operation that succeeded when it was recorded; what the spool has. */
struct replay_op {
	uint64_t	ro_size;	/* requested */
	uint32_t	ro_slot;	/* the object's, also after a realloc */
	uint32_t	ro_use;		/* operations on the slot before */
	uint32_t	ro_thread;
	uint16_t	ro_type;
	uint8_t		ro_align;	/* log2; 0: none was asked for */
	uint8_t		ro_kind : 2;	/* enum trace_kind */
	uint8_t		ro_zero : 1;
};

/* Blocks of 2^k bytes, with a header of a word. */
struct replay_class {
	uint64_t	rc_live, rc_peak;
};

/*
 * A trace.  Its operations are in the spool, a file that has no name any more;
 * behind them, for each thread, the number of operations up to its last one.
 */
struct replay_trace {
	const char	*rt_path;
	int		 rt_spool;
	uint64_t	 rt_ops;
	uint32_t	 rt_threads;	/* the highest number + 1 */
	uint32_t	 rt_slots;	/* most objects that lived at once */
	uint64_t	 rt_peak;	/* most requested bytes at once */
	uint64_t	 rt_largest;	/* request */
	uint64_t	 rt_largest_op;	/* its number in the trace, from 1 */
	struct replay_class rt_class[REPLAY_CLASSES];
	struct trace_totals rt_totals;	/* the reader's */
	int		 rt_status;	/* to exit with: its end is missing */
};

/* What of the memory is used; parts of 1. */
struct replay_cell {
	float		rc_use[CLASSIC_META + 1];
};

struct replay_moment {
	uint64_t	rm_op;		/* from 1; 0: never */
	uint64_t	rm_requested, rm_granted, rm_inband, rm_required;
	uint64_t	rm_zone[CLASSIC_ZONES];
};

struct replay_failure {
	uint64_t	rf_count;
	uint64_t	rf_bytes;
	uint64_t	rf_op;		/* the first; from 1 */
	uint64_t	rf_size;	/* its size */
};

/*
 * What one allocator made of a trace.
 *
 * rr_worst is looked for where at least a quarter of the trace's peak is live:
 * the first request and the last need a page for a few bytes anywhere.
 */
struct replay_result {
	const struct classic_ops *rr_ops;
	struct classic_memory rr_memory;
	struct classic_report rr_end;
	struct replay_moment rr_peak;	/* where most was required */
	struct replay_failure rr_failed;
	uint64_t	rr_done;	/* operations */
	uint64_t	rr_left;	/* of what had failed to be there */
	uint64_t	rr_largest;	/* still possible, at the first failure
					 * or else at the peak */
	bool		rr_has_largest;
	double		rr_sum_requested, rr_sum_required;
	double		rr_worst;	/* utilisation; > 1: never looked for */
	uint64_t	rr_worst_op;
	double		rr_seconds;	/* of the loop with all it measures */
	double		rr_ns;		/* a request's */
	struct hist	rr_steps;
	unsigned	rr_samples;
	struct replay_moment rr_sample[REPLAY_SAMPLES];
	unsigned	rr_cells;	/* 0: no map was made */
	uint64_t	rr_extent;	/* bytes that the map shows */
	struct replay_cell rr_cell[REPLAY_CELLS];
};

struct replay_real {
	char		rl_name[64];
	char		rl_file[4096];	/* to be preloaded; "": none */
	char		rl_package[64];	/* where it is in Debian, or "" */
	unsigned	rl_runs;
	double		rl_cpu, rl_wall;	/* seconds, net */
	uint64_t	rl_peak;	/* bytes resident, net */
	uint64_t	rl_failed;
};

enum replay_form { REPLAY_TABLE, REPLAY_JSON, REPLAY_CSV };

/* What is wanted. */
struct replay_request {
	enum replay_form rq_form;
	const char	*rq_trace;
	const char	*rq_plot;
	struct classic_memory rq_memory;	/* what most have */
	bool		 rq_short;	/* --memory was given */
	bool		 rq_zones;
	bool		 rq_progress;
	const struct classic_ops *rq_ops[64];
	unsigned	 rq_nops;
	struct replay_real rq_real[REPLAY_REALS];
	unsigned	 rq_nreal;
	unsigned	 rq_runs;
	struct replay_real rq_base;	/* the replayer itself; not net */
};

/* replay_options.c: STATUS_OK, or the status to exit with; -1: with success. */
int	replay_parse(int argc, char **argv, struct replay_request *rq);

/* replay_spool.c: STATUS_OK, or the status to exit with. */
int	replay_spool(const char *path, bool progress, struct replay_trace *rt);
/* So many operations from the first on; -1: errno says why not. */
int	replay_read(int spool, uint64_t first, struct replay_op *op,
	    unsigned count);
/* Bytes that are enough for most allocators; each: a block has its own page. */
uint64_t replay_need(const struct replay_trace *rt, uint64_t page, bool each);
void	replay_trace_close(struct replay_trace *rt);

/* replay_run.c */
int	replay_run(const struct replay_trace *rt,
	    const struct classic_memory *cm, const struct classic_ops *ops,
	    struct replay_result *rr);
/* Once more up to the peak: the map there, and the largest request. */
int	replay_look(const struct replay_trace *rt, struct replay_result *rr);

/* replay_null.c: serves nothing, so that its time is the loop's. */
extern const struct classic_ops replay_null;

/* replay_real.c */
bool	replay_find_real(const char *name, struct replay_real *rl);
int	replay_for_real(const struct replay_trace *rt,
	    struct replay_request *rq);
/* replay_child.c: the process that replays for real; argv from --child on. */
int	replay_child(int argc, char **argv);

/* replay_progress.c: on standard error, while it runs. */
void	progress_begin(const char *what, uint64_t all);
void	progress_at(uint64_t done);
void	progress_end(void);

/* What is said; rr has rq_nops results.  False: it could not be written. */
bool	replay_table(FILE *fp, const struct replay_trace *rt,
	    const struct replay_request *rq, const struct replay_result *rr);
bool	replay_csv(FILE *fp, const struct replay_request *rq,
	    const struct replay_result *rr);
bool	replay_json(FILE *fp, const struct replay_trace *rt,
	    const struct replay_request *rq, const struct replay_result *rr);
/* STATUS_OK or the status to exit with. */
int	replay_plot(const struct replay_trace *rt,
	    const struct replay_request *rq, const struct replay_result *rr);

/* Figures that more than one form shows. */
static inline double
replay_part(uint64_t part, uint64_t of)
{
	return (of == 0 ? 0 : (double)part / (double)of);
}

static inline double
replay_mean(const struct replay_result *rr)
{
	return (rr->rr_sum_required == 0 ? 0 :
	    rr->rr_sum_requested / rr->rr_sum_required);
}

static inline double
replay_worst(const struct replay_result *rr)
{
	return (rr->rr_worst > 1 ? 0 : rr->rr_worst);
}

static inline double
replay_internal(const struct replay_moment *rm)
{
	return (replay_part(rm->rm_granted - rm->rm_requested,
	    rm->rm_required));
}

static inline double
replay_external(const struct replay_moment *rm)
{
	return (replay_part(rm->rm_required - rm->rm_granted - rm->rm_inband,
	    rm->rm_required));
}

static inline uint64_t
replay_metadata(const struct replay_result *rr)
{
	return (rr->rr_peak.rm_inband + rr->rr_end.cr_outband_peak);
}

#endif /* KMA_REPLAY_H */
