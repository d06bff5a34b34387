/*
 * snapshot - kma_snapshot of <kma.h>: what it says of blocks and types, and
 * the same from a thread with the smallest stack.
 */
#include "tap.h"

#include <malloc.h>
#include <pthread.h>

#include "kma.h"

MALLOC_DEFINE(M_ROW, "row", "rows of a table");
MALLOC_DEFINE(M_ODD, "od\"d\n\\", "with a name that needs care");

static struct kma_figures before, after;

static const struct kma_bucket_figures *
row(const struct kma_figures *f, size_t size)
{
	static const struct kma_bucket_figures none;

	for (uint32_t i = 0; i < f->sn_nbucket; i++)
		if (f->sn_bucket[i].kb_size == size)
			return (&f->sn_bucket[i]);
	return (&none);
}

static const struct kma_type_figures *
type(const struct kma_figures *f, const char *name)
{
	static const struct kma_type_figures none;

	for (uint32_t i = 0; i < f->sn_ntype; i++)
		if (strcmp(f->sn_type[i].ks_name, name) == 0)
			return (&f->sn_type[i]);
	return (&none);
}

static void
test_blocks(void)
{
	void *p[100];

	ok(kma_snapshot(&before, sizeof(before)) == 0, "a snapshot");
	for (int i = 0; i < 100; i++)
		p[i] = malloc(200);
	p[0] = realloc(p[0], 1000000);
	ok(kma_snapshot(&after, sizeof(after)) == 0, "another");
	ok(row(&after, 256)->kb_inuse == row(&before, 256)->kb_inuse + 99,
	    "99 blocks of 256 bytes more");
	ok(row(&after, 256)->kb_calls == row(&before, 256)->kb_calls + 100,
	    "after 100 requests");
	ok(after.sn_totals.st_runs == before.sn_totals.st_runs + 1 &&
	    after.sn_totals.st_runbytes >= before.sn_totals.st_runbytes +
	    1000000, "a long run more");
	for (int i = 0; i < 100; i++)
		free(p[i]);
	kma_snapshot(&after, sizeof(after));
	ok(after.sn_totals.st_inuse == before.sn_totals.st_inuse,
	    "as much in use as before, when they are free");
	ok(after.sn_version == KMA_SNAPSHOT_VERSION &&
	    after.sn_size == sizeof(after) && after.sn_library[0] != '\0' &&
	    after.sn_pid == (uint32_t)getpid() &&
	    after.sn_pagesize == (uint32_t)sysconf(_SC_PAGESIZE) &&
	    after.sn_totals.st_resident > 0, "what it is of");
	ok(kma_snapshot(&after, sizeof(after) - 8) == EINVAL &&
	    kma_snapshot(&after, sizeof(after) + 8) == EINVAL &&
	    kma_snapshot(&after, 0) == EINVAL, "another version: EINVAL");
}

static void
test_types(void)
{
	struct kma_type_figures figures;
	void *p[50];

	kma_snapshot(&before, sizeof(before));
	for (int i = 0; i < 50; i++)
		p[i] = kma_malloc(120, M_ROW, M_WAITOK);
	for (int i = 0; i < 20; i++)
		kma_free(p[i], M_ROW);
	kma_type_setlimit(M_ROW, 1000000);
	kma_snapshot(&after, sizeof(after));
	kma_type_stats(M_ROW, &figures);
	ok(memcmp(&figures, type(&after, "row"), sizeof(figures)) == 0,
	    "the same as kma_type_stats()");
	ok(figures.ks_inuse == 30 && figures.ks_memuse == 30 * 128 &&
	    figures.ks_maxused == 50 * 128 && figures.ks_calls == 50 &&
	    figures.ks_limit == 1000000 && figures.ks_sizes == 1 << 7,
	    "30 blocks of a type: %lu, %lu bytes, %lu at most",
	    (unsigned long)figures.ks_inuse, (unsigned long)figures.ks_memuse,
	    (unsigned long)figures.ks_maxused);
	ok(row(&after, 128)->kb_inuse == row(&before, 128)->kb_inuse + 30,
	    "typed blocks are in the row of their size");
	for (int i = 20; i < 50; i++)
		kma_free(p[i], M_ROW);
	p[0] = kma_malloc(10, M_ODD, M_WAITOK);
	kma_snapshot(&after, sizeof(after));
	ok(type(&after, "od\"d?\\")->ks_inuse == 1,
	    "a name has no control characters");
	kma_free(p[0], M_ODD);
}

/* All that a thread with little stack may ask. */
static void *
ask(void *arg)
{
	FILE *null = arg;

	must(mallinfo2().uordblks > 0);
	must(kma_snapshot(&after, sizeof(after)) == 0);
	must(malloc_info(0, null) == 0);
	return (null);
}

static void
test_small_stack(void)
{
	size_t size = (size_t)sysconf(_SC_THREAD_STACK_MIN);
	FILE *null = fopen("/dev/null", "w");
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, size);
	rc = pthread_create(&thread, &attr, ask, null);
	if (rc == 0)
		pthread_join(thread, NULL);
	ok(rc == 0, "from a thread with %zu bytes of stack", size);
	fclose(null);
}

int
main(int argc, char **argv)
{
	(void)argc;
	tap_begin(argv, 60);
	test_blocks();
	test_types();
	test_small_stack();
	return (tap_end());
}
