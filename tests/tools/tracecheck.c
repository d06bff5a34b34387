/*
 * tracecheck.c - holds a trace against what must be so in every trace: objects
 * are numbered in turn and live when they end, times do not go back, and no
 * two live objects share a byte.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracefile.h"

#define GRAIN	16
#define NGRAINS	((uint64_t)1 << 22)	/* 64 MB of addresses */
#define MOST	((uint64_t)1 << 22)	/* objects */

static uint8_t used[NGRAINS];
static uint64_t where[MOST], length[MOST];	/* by object; length: + 1 */
static uint64_t base;

static void
bad(const char *what, const struct trace_op *op)
{
	printf("object %" PRIu64 ": %s\n", op->to_object, what);
	exit(1);
}

/* Sets or clears an object's grains. */
static void
mark(const struct trace_op *op, uint64_t addr, uint64_t size, uint8_t to)
{
	uint64_t first = addr / GRAIN, last = (addr + size) / GRAIN;

	if (base == 0)
		base = first - NGRAINS / 2;
	for (uint64_t i = first; i <= last && (i < last || size == 0 ||
	    (addr + size) % GRAIN != 0); i++) {
		uint8_t *grain = &used[(i - base) % NGRAINS];

		if (*grain == to)
			bad(to ? "where another one is" : "not all there", op);
		*grain = to;
	}
}

static void
begin(const struct trace_op *op, uint64_t *number)
{
	if (op->to_object != ++*number || *number >= MOST)
		bad("not the next number", op);
	where[op->to_object] = op->to_address;
	length[op->to_object] = op->to_size + 1;
	mark(op, op->to_address, op->to_size, 1);
}

static void
end(const struct trace_op *op, uint64_t object)
{
	if (object >= MOST || length[object] == 0)
		bad("not live", op);
	mark(op, where[object], length[object] - 1, 0);
	length[object] = 0;
}

int
main(int argc, char **argv)
{
	struct trace_error error;
	struct tracefile *tf = argc == 2 ? tracefile_open(argv[1], &error) :
	    NULL;
	uint64_t number = 0, time = 0;
	struct trace_op op;
	int got;

	if (tf == NULL) {
		printf("%s\n", argc == 2 ? error.te_text : "no file");
		return (1);
	}
	while ((got = tracefile_next(tf, &op)) > 0) {
		if (op.to_time_ns < time)
			bad("the time goes back", &op);
		time = op.to_time_ns;
		if (op.to_kind == TRACE_FREE)
			end(&op, op.to_object);
		if (op.to_kind == TRACE_REALLOC && !op.to_failed)
			end(&op, op.to_old);
		if (op.to_kind != TRACE_FREE && !op.to_failed)
			begin(&op, &number);
	}
	if (got < 0)
		printf("%s\n", tracefile_error(tf)->te_text);
	tracefile_close(tf);
	return (got < 0);
}
