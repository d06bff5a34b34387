/*
 * tracetext.c - a trace as text, one line an operation: kma_trace(5).
 */
#include "tracetext.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void
tracetext_print(FILE *fp, const struct tracefile *tf,
    const struct trace_op *op)
{
	switch (op->to_kind) {
	case TRACE_ALLOC:
		fprintf(fp, "alloc %" PRIu64 " %" PRIu64, op->to_object,
		    op->to_size);
		break;
	case TRACE_FREE:
		fprintf(fp, "free %" PRIu64, op->to_object);
		break;
	case TRACE_REALLOC:
		fprintf(fp, "realloc %" PRIu64 " %" PRIu64 " %" PRIu64,
		    op->to_old, op->to_object, op->to_size);
		break;
	}
	if (op->to_align != 0)
		fprintf(fp, " align=%" PRIu64, op->to_align);
	if (op->to_zero)
		fputs(" zero", fp);
	if (op->to_failed)
		fputs(" failed", fp);
	if (op->to_type != 0 && *tracefile_typename(tf, op->to_type) != '\0')
		fprintf(fp, " type=%s", tracefile_typename(tf, op->to_type));
	else if (op->to_type != 0)
		fprintf(fp, " type=%u", op->to_type);
	fprintf(fp, " thread=%u time=%" PRIu64 "\n", op->to_thread,
	    op->to_time_ns);
}

static bool
number(const char *text, uint64_t *n)
{
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return (false);
	errno = 0;
	*n = strtoull(text, &end, 10);
	return (*end == '\0' && errno == 0);
}

/* One of the words behind the numbers. */
static bool
parse_word(struct tracetext *tx, const char *word, struct tracewrite *tw,
    struct trace_op *op)
{
	uint64_t n;

	if (strcmp(word, "zero") == 0)
		op->to_zero = true;
	else if (strcmp(word, "failed") == 0)
		op->to_failed = true;
	else if (strncmp(word, "type=", 5) == 0)
		return ((op->to_type = tracewrite_type(tw, word + 5)) != 0);
	else if (strncmp(word, "align=", 6) == 0)
		return (number(word + 6, &op->to_align) && op->to_align > 0 &&
		    (op->to_align & (op->to_align - 1)) == 0);
	else if (strncmp(word, "thread=", 7) == 0) {
		if (!number(word + 7, &n) || n == 0 || n >= UINT32_MAX)
			return (false);
		tx->tx_thread = (unsigned)n;
	} else if (strncmp(word, "time=", 5) == 0) {
		if (!number(word + 5, &n) || n < tx->tx_time_ns)
			return (false);
		tx->tx_time_ns = n;
	} else
		return (false);
	return (true);
}

/* The numbers that the kind has; NULL, or what is wrong. */
static const char *
parse_numbers(const char *kind, char **rest, struct trace_op *op)
{
	uint64_t *to[3] = { &op->to_object, NULL, NULL };

	if (strcmp(kind, "alloc") == 0) {
		op->to_kind = TRACE_ALLOC;
		to[1] = &op->to_size;
	} else if (strcmp(kind, "free") == 0) {
		op->to_kind = TRACE_FREE;
	} else if (strcmp(kind, "realloc") == 0) {
		op->to_kind = TRACE_REALLOC;
		to[0] = &op->to_old;
		to[1] = &op->to_object;
		to[2] = &op->to_size;
	} else
		return ("neither alloc nor free nor realloc");
	for (int i = 0; i < 3 && to[i] != NULL; i++)
		if (!number(strtok_r(NULL, " \t\n", rest), to[i]))
			return ("a number is missing, or none");
	return (NULL);
}

int
tracetext_parse(struct tracetext *tx, char *line, struct tracewrite *tw,
    struct trace_op *op, const char **why)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);

	if (word == NULL || *word == '#')
		return (0);
	memset(op, 0, sizeof(*op));
	*why = parse_numbers(word, &rest, op);
	if (*why != NULL)
		return (-1);
	while ((word = strtok_r(NULL, " \t\n", &rest)) != NULL)
		if (!parse_word(tx, word, tw, op)) {
			*why = "a word that means nothing here";
			return (-1);
		}
	if ((op->to_object == 0) != op->to_failed ||
	    (op->to_kind == TRACE_REALLOC && op->to_old == 0)) {
		*why = "object 0 is what failed";
		return (-1);
	}
	if (((op->to_object | op->to_old) >> 60) != 0) {
		*why = "objects are numbered below 2^60";
		return (-1);
	}
	op->to_thread = tx->tx_thread;
	op->to_time_ns = tx->tx_time_ns;
	return (1);
}
