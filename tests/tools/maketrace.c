/*
 * maketrace.c - writes a trace of a made-up program: maketrace FILE OPERATIONS
 * [LIVE [THREADS [LARGEST]]]. Sizes are small mostly; one object in eight lives
 * long; a fifth of the frees are another thread's; some reallocs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracewrite.h"

struct object {
	uint64_t	number, size;
	unsigned	thread;
};

static uint64_t state = 88172645463325252;

static uint64_t
draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state >> 11) % below);
}

static uint64_t
draw_size(uint64_t largest)
{
	uint64_t size = draw(100) < 95 ? 1 + draw(256) : 1 + draw(largest);

	return (size < largest ? size : largest);
}

static unsigned long
argument(int argc, char **argv, int i, unsigned long otherwise)
{
	return (argc > i ? strtoul(argv[i], NULL, 10) : otherwise);
}

int
main(int argc, char **argv)
{
	uint64_t ops = argument(argc, argv, 2, 1000);
	uint64_t live = argument(argc, argv, 3, 1000), next = 1;
	unsigned threads = (unsigned)argument(argc, argv, 4, 1);
	uint64_t largest = argument(argc, argv, 5, 16384);
	struct object *object = calloc(live, sizeof(*object));
	struct tracewrite *tw = argc < 2 || object == NULL ? NULL :
	    tracewrite_open(argv[1], "maketrace");

	for (uint64_t i = 0; tw != NULL && i < ops; i++) {
		struct object *o = &object[draw(live / (draw(8) + 1))];
		struct trace_op op = { .to_time_ns = 50 * i,
			.to_thread = o->number != 0 && draw(5) > 0 ?
			o->thread : 1 + (unsigned)draw(threads) };

		op.to_size = draw_size(largest);
		if (o->number == 0) {
			op.to_kind = TRACE_ALLOC;
			op.to_zero = draw(10) == 0;
			op.to_align = draw(50) == 0 ? 64 : 0;
		} else if (draw(20) == 0) {
			op.to_kind = TRACE_REALLOC;
			op.to_old = o->number;
		} else {
			op.to_kind = TRACE_FREE;
			op.to_size = o->size;
		}
		op.to_object = op.to_kind == TRACE_FREE ? o->number : next++;
		*o = (struct object){ op.to_object, op.to_size, op.to_thread };
		if (op.to_kind == TRACE_FREE)
			o->number = 0;
		if (!tracewrite_op(tw, &op))
			break;
	}
	if (tw == NULL || !tracewrite_close(tw)) {
		perror("maketrace");
		return (1);
	}
	return (0);
}
