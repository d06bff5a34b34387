/*
 * cachegrind.c - cache misses, from what cachegrind wrote: a line of names
 * and, at the end, a line of sums.
 */
#include <stdlib.h>
#include <string.h>

#include "profile.h"

#define MOST_EVENTS	32

struct columns {
	char		c_name[MOST_EVENTS][8];
	unsigned	c_number;
};

static void
take_names(struct columns *c, char *line)
{
	char *rest;

	c->c_number = 0;
	for (char *word = strtok_r(line, " \n", &rest);
	    word != NULL && c->c_number < MOST_EVENTS;
	    word = strtok_r(NULL, " \n", &rest))
		snprintf(c->c_name[c->c_number++], sizeof(c->c_name[0]), "%s",
		    word);
}

/* How often an event that is counted happened, is added up; how many were. */
static unsigned
take_sums(const struct columns *c, const char *line, struct cachegrind *sum)
{
	unsigned found = 0;

	for (unsigned i = 0; i < c->c_number; i++) {
		char *end;
		uint64_t n = strtoull(line, &end, 10);
		const char *name = c->c_name[i];

		if (end == line)
			return (0);
		line = end;
		if (strcmp(name, "D1mr") == 0 || strcmp(name, "D1mw") == 0)
			sum->cc_d1 += n;
		else if (strcmp(name, "ILmr") == 0 ||
		    strcmp(name, "DLmr") == 0 || strcmp(name, "DLmw") == 0)
			sum->cc_ll += n;
		else
			continue;
		found++;
	}
	return (found);
}

bool
cachegrind_read(FILE *fp, struct cachegrind *cc)
{
	struct cachegrind sum = { 0 };
	struct columns c = { .c_number = 0 };
	unsigned found = 0;
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, fp) > 0)
		if (strncmp(line, "events: ", 8) == 0)
			take_names(&c, line + 8);
		else if (strncmp(line, "summary: ", 9) == 0)
			found = take_sums(&c, line + 9, &sum);
	free(line);
	if (found != 5 || ferror(fp))
		return (false);
	cc->cc_d1 += sum.cc_d1;
	cc->cc_ll += sum.cc_ll;
	return (true);
}
