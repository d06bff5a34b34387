/*
 * tables.h - a snapshot for people, and for programs that read malloc_info.
 *
 * Layer 8.
 */
#ifndef KMA_TABLES_H
#define KMA_TABLES_H

#include "kma.h"
#include "report.h"

/* The tables of vmstat -m, and the totals. */
void	tables_print(struct report *r, const struct kma_figures *snap);
/* As malloc_info(3) has them. */
void	tables_xml(struct report *r, const struct kma_figures *snap);

/* part / whole in percent; of nothing, 100. */
uint64_t tables_percent(uint64_t part, uint64_t whole);

#endif /* KMA_TABLES_H */
