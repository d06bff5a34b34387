/*
 * stats.h - the figures of this process: vmstat -m.
 *
 * Layer 8.  Reads what the layers below count; counts nothing itself.  Exact
 * when no other thread is allocating, close otherwise.
 */
#ifndef KMA_STATS_H
#define KMA_STATS_H

#include <stdbool.h>

#include "kma.h"
#include "report.h"

/* The totals, for little stack; those of a whole snapshot are 0. */
void	stats_totals(struct kma_totals *st);
/* All: 0, or ENOMEM where there is no heap. */
int	stats_snapshot(struct kma_figures *snap);

/*
 * The tables, for people; and for programs, as malloc_info(3) has them: false
 * if there is no memory for that.
 */
void	stats_print(struct report *r);
bool	stats_xml(struct report *r);

/*
 * For the option stats: stats_start() makes sure, while it can be, that there
 * is somewhere to print to at exit; stats_exit() prints.
 */
void	stats_start(void);
void	stats_exit(void);

#endif /* KMA_STATS_H */
