/*
 * plugin.c - a module with a type of its own, for unload.c.
 */
#include <stdlib.h>

#include "kma.h"

static MALLOC_DEFINE(M_PLUGIN, "plugin", "of a module that comes and goes");

void	*plugin_get(void);
void	 plugin_put(void *p);
uint64_t plugin_calls(void);

void *
plugin_get(void)
{
	return (kma_malloc(100, M_PLUGIN, M_WAITOK | M_ZERO));
}

void
plugin_put(void *p)
{
	kma_free(p, M_PLUGIN);
}

uint64_t
plugin_calls(void)
{
	struct kma_type_figures f;

	kma_type_stats(M_PLUGIN, &f);
	return (f.ks_calls);
}
