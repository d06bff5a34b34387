/*
 * figures.h - the figures by name, and a snapshot for programs to read.
 */
#ifndef KMA_FIGURES_H
#define KMA_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct kma_figures;

/* A figure: a uint64_t in a struct of kma.h. */
struct figure {
	const char	*f_name;	/* in JSON */
	const char	*f_metric;	/* in Prometheus's text, or NULL */
	const char	*f_help;
	size_t		 f_offset;
	bool		 f_counter;	/* only grows */
	bool		 f_zero_is_none;	/* 0: not known, or no limit */
};

/* Each table ends with a NULL name. */
extern const struct figure total_figures[];	/* struct kma_totals */
extern const struct figure bucket_figures[];	/* kma_bucket_figures */
extern const struct figure learned_figures[];	/* kma_learned_figures */
extern const struct figure type_figures[];	/* kma_type_figures */

static inline uint64_t
figure_value(const struct figure *f, const void *row)
{
	return (*(const uint64_t *)((const char *)row + f->f_offset));
}

/*
 * Write one document; false if that failed.  compact: JSON in a line of its
 * own.  seconds: since the snapshot before, or 0; calls: requests meanwhile.
 */
bool	json_print(FILE *fp, const struct kma_figures *snap, bool compact,
	    double seconds, uint64_t calls);
bool	prometheus_print(FILE *fp, const struct kma_figures *snap);

#endif /* KMA_FIGURES_H */
