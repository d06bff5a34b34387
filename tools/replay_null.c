/*
 * replay_null.c - an allocator that serves nothing. What a replay through it
 * takes is what the loop around every other one takes.
 */
#include "replay.h"

static struct classic_report report;

static void *
null_create(const struct classic_memory *memory,
    const struct classic_options *options)
{
	(void)memory;
	(void)options;
	report = (struct classic_report){ 0 };
	return (&report);
}

static uint64_t
null_alloc(void *arg, const struct classic_request *request, size_t *granted)
{
	(void)arg;
	*granted = request->cr_size;
	return (0);
}

static void
null_free(void *arg, uint64_t addr, size_t size)
{
	(void)arg;
	(void)addr;
	(void)size;
}

static const struct classic_report *
null_report(const void *arg)
{
	return (arg);
}

static void
null_destroy(void *arg)
{
	(void)arg;
}

const struct classic_ops replay_null = {
	.co_name = "",
	.co_title = "nothing",
	.co_create = null_create,
	.co_alloc = null_alloc,
	.co_free = null_free,
	.co_report = null_report,
	.co_destroy = null_destroy
};
