/*
 * typed.c - faults with memory by type and with object caches. The end of a
 * function's name is what memcheck should find in it.
 */
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "kma.h"

volatile int sink;

static MALLOC_DEFINE(M_FAULTS, "faults", "memory of this test");
static struct kma_objcache *cache;

FAULT(after_InvalidWrite)
{
	block p = kma_malloc(100, M_FAULTS, M_NOWAIT);

	p[100] = 1;
	kma_free(p, M_FAULTS);
}

FAULT(before_InvalidRead)
{
	block p = kma_memalign(128, 100, M_FAULTS, M_NOWAIT | M_ZERO);

	LOOK(p[-1]);
	kma_free(p, M_FAULTS);
}

FAULT(freed_InvalidRead)
{
	block p = kma_malloc(1000, M_FAULTS, M_NOWAIT | M_ZERO);

	kma_free(p, M_FAULTS);
	LOOK(p[999]);
}

FAULT(grown_InvalidWrite)
{
	block p = kma_malloc(10, M_FAULTS, M_NOWAIT), q;

	q = kma_realloc(p, 20, M_FAULTS, M_NOWAIT);
	p[0] = 1;
	q[19] = 1;
	kma_free(q, M_FAULTS);
}

FAULT(undefined_UninitCondition)
{
	block p = kma_malloc(10, M_FAULTS, M_NOWAIT);

	LOOK(p[5]);
	kma_free(p, M_FAULTS);
}

FAULT(twice_InvalidFree)
{
	block p = kma_malloc(10, M_FAULTS, M_NOWAIT);

	kma_free(p, M_FAULTS);
	kma_free(p, M_FAULTS);
}

FAULT(lost_Leak_DefinitelyLost)
{
	block p = kma_malloc(345, M_FAULTS, M_NOWAIT);

	p[0] = 1;
	p = NULL;
}

FAULT(object_after_InvalidWrite)
{
	block p = kma_cache_alloc(cache, M_NOWAIT);

	p[64] = 1;
	kma_cache_free(cache, p);
}

FAULT(object_freed_InvalidWrite)
{
	block p = kma_cache_alloc(cache, M_NOWAIT);

	kma_cache_free(cache, p);
	p[10] = 1;
}

FAULT(object_lost_Leak_DefinitelyLost)
{
	block p = kma_cache_alloc(cache, M_NOWAIT);

	p[0] = 1;
	p = NULL;
}

CLEAN(typed)
{
	block p = kma_malloc(50, M_FAULTS, M_NOWAIT | M_ZERO);

	LOOK(p[49]);
	p = kma_realloc(p, 100, M_FAULTS, M_NOWAIT | M_ZERO);
	LOOK(p[49]);
	LOOK(p[99]);
	kma_free(p, M_FAULTS);
	kma_settype(M_FAULTS);
	p = calloc(1, 77);
	LOOK(p[76]);
	p = realloc(p, 9000);
	p[8999] = 1;
	free(p);
	kma_settype(NULL);
	p = MALLOC(10);
	memset(p, 1, 10);
	FREE(p);
}

CLEAN(objects)
{
	block p = kma_cache_alloc(cache, M_NOWAIT), q;

	q = kma_cache_alloc(cache, M_NOWAIT);
	LOOK(p[63]);
	memset(p, 1, 64);
	kma_cache_free(cache, p);
	kma_cache_free(cache, q);
	p = kma_cache_alloc(cache, M_NOWAIT);
	LOOK(p[63]);
	kma_cache_free(cache, p);
	kma_cache_reap(cache);
}

static int
construct(void *obj, void *arg)
{
	(void)arg;
	memset(obj, 0, 64);
	return (0);
}

static void
destroy(void *obj, void *arg)
{
	(void)arg;
	LOOK(*(char *)obj);
}

int
main(void)
{
	cache = kma_cache_create("faults", 64, 0, construct, destroy, NULL);
	fault_after_InvalidWrite();
	fault_before_InvalidRead();
	fault_freed_InvalidRead();
	fault_grown_InvalidWrite();
	fault_undefined_UninitCondition();
	fault_twice_InvalidFree();
	fault_lost_Leak_DefinitelyLost();
	clean_typed();
	clean_objects();
	fault_object_after_InvalidWrite();
	fault_object_freed_InvalidWrite();
	fault_object_lost_Leak_DefinitelyLost();
	return (0);
}
