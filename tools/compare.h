/*
 * compare.h - what the parts of kma compare share.
 *
 * A comparison holds contenders, the first of them glibc; a contender holds
 * for each measure its samples, none where it could not be measured.
 */
#ifndef KMA_COMPARE_H
#define KMA_COMPARE_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "profile.h"

#define MOST_CONTENDERS	8
#define MOST_ROUNDS	1000

enum part {
	PART_TIME, PART_MEMORY, PART_INSTRUCTIONS, PART_CACHE, PART_MASSIF,
	PART_MEMCHECK, NPART
};

enum unit { UNIT_SECONDS, UNIT_BYTES, UNIT_COUNT };

enum measure_id {
	MEASURE_WALL, MEASURE_CPU, MEASURE_RESIDENT, MEASURE_ALLOCATOR,
	MEASURE_TOTAL, MEASURE_D1, MEASURE_LL, MEASURE_USEFUL, MEASURE_PAGES,
	MEASURE_ERRORS, MEASURE_DEFINITE, MEASURE_DEFINITE_BLOCKS,
	MEASURE_INDIRECT, MEASURE_INDIRECT_BLOCKS, MEASURE_POSSIBLE,
	MEASURE_POSSIBLE_BLOCKS, MEASURE_REACHABLE,
	MEASURE_REACHABLE_BLOCKS, NMEASURE
};

struct measure {
	const char	*m_name;	/* in JSON */
	const char	*m_text;	/* in the table */
	const char	*m_bar;		/* in the picture */
	enum part	 m_part;
	enum unit	 m_unit;
};
extern const struct measure measures[NMEASURE];
extern const char *const part_names[NPART];
extern const char *const part_titles[NPART];

struct samples {
	double		*s_value;	/* in the order of the rounds */
	unsigned	 s_number;
};

/* False: no memory. */
bool	sample_add(struct samples *s, double value);

/* Of at least one sample. */
struct summary {
	double	u_median, u_least, u_most;
	double	u_spread;	/* half of what lies between the quartiles */
};
struct summary	samples_summary(const struct samples *s);

/* How much of glibc's it is; false: no such thing. */
struct comparison;
bool	ratio_of(const struct comparison *cmp, unsigned contender,
	    enum measure_id id, double *ratio);

enum kind { KIND_GLIBC, KIND_KMA, KIND_OTHER };

struct contender {
	enum kind	 c_kind;
	char		 c_name[NAME_MAX + 1];
	char		 c_path[PATH_MAX];	/* not glibc's */
	struct samples	 c_samples[NMEASURE];
	struct memcheck	 c_memcheck;
	bool		 c_proved;	/* seen in a process */
};

struct comparison {
	char		**cmp_argv;		/* the program's */
	char		 cmp_program[PATH_MAX];
	char		 cmp_valgrind[PATH_MAX];	/* or empty */
	char		 cmp_dir[PATH_MAX];	/* ours, for a while */
	unsigned long	 cmp_rounds;
	unsigned	 cmp_parts;		/* bits, by enum part */
	struct contender cmp_contender[MOST_CONTENDERS];
	unsigned	 cmp_ncontender;
	int		 cmp_stdin, cmp_stdout;
	off_t		 cmp_offset;		/* of stdin, at the start */
	unsigned	 cmp_step, cmp_steps;
};

static inline bool
has_part(const struct comparison *cmp, enum part part)
{
	return (cmp->cmp_parts >> part & 1);
}

/* A line of progress, on standard error. */
void	progress(struct comparison *cmp, const char *what, const char *who);

/*
 * compare_child.c: runs the program once.  valgrind: the words before the
 * program, up to NULL, or NULL.  STATUS_OK, or what is wrong, after a message:
 * the program failed, or did not have the allocator.
 */
struct child;
int	compare_child(struct comparison *cmp, struct contender *c,
	    const char *const *valgrind, const char *options,
	    struct child *child);

/*
 * The parts: STATUS_OK, or the status to end with.  In the first, nothing can
 * be compared then; the others leave out what failed.
 */
int	compare_plain(struct comparison *cmp);
int	compare_valgrind(struct comparison *cmp);

/* The results; false if writing failed. */
bool	compare_table(FILE *fp, const struct comparison *cmp);
bool	compare_json(FILE *fp, const struct comparison *cmp);
bool	compare_plot(const struct comparison *cmp, const char *file);

#endif /* KMA_COMPARE_H */
