/*
 * compare_plain.c - plain runs: time and peak memory.
 *
 * A first run of each contender is not counted: it brings files into memory,
 * and tells whether there is anything to compare.  Then they take turns, and
 * each round begins with another, so that what else the machine does meets all
 * of them alike.
 */
#include "child.h"
#include "command.h"
#include "compare.h"

static int
keep(const struct comparison *cmp, struct contender *c, const struct child *ch)
{
	bool good = true;

	if (has_part(cmp, PART_TIME))
		good = sample_add(&c->c_samples[MEASURE_WALL], ch->c_wall) &&
		    sample_add(&c->c_samples[MEASURE_CPU], ch->c_cpu);
	if (good && has_part(cmp, PART_MEMORY))
		good = sample_add(&c->c_samples[MEASURE_RESIDENT],
		    (double)ch->c_resident);
	if (!good)
		complain("compare: no memory");
	return (good ? STATUS_OK : STATUS_FAILED);
}

int
compare_plain(struct comparison *cmp)
{
	unsigned n = cmp->cmp_ncontender;
	unsigned long rounds = cmp->cmp_rounds;
	char what[64];

	if (!has_part(cmp, PART_TIME) && !has_part(cmp, PART_MEMORY))
		rounds = 0;
	for (unsigned long round = 0; round <= rounds; round++)
		for (unsigned i = 0; i < n; i++) {
			struct contender *c =
			    &cmp->cmp_contender[(round + i) % n];
			struct child child;
			int status;

			if (round == 0)
				c = &cmp->cmp_contender[i];
			snprintf(what, sizeof(what), "plain run %lu of %lu",
			    round, rounds);
			progress(cmp, round == 0 ? "first run" : what,
			    c->c_name);
			status = compare_child(cmp, c, NULL, NULL, &child);
			if (status == STATUS_OK && round > 0)
				status = keep(cmp, c, &child);
			if (status != STATUS_OK)
				return (status);
		}
	return (STATUS_OK);
}
