/*
 * replay_hist.c - what a histogram says. See replay_hist.h.
 */
#include "replay_hist.h"

/* The middle of a bucket. */
static uint64_t
value_of(unsigned index)
{
	unsigned shift;

	if (index < HIST_LINEAR)
		return (index);
	shift = (index >> HIST_SHIFT) - 1;
	return (((uint64_t)(index - (shift << HIST_SHIFT)) << shift) +
	    (((uint64_t)1 << shift) >> 1));
}

double
hist_mean(const struct hist *h)
{
	return (h->h_count == 0 ? 0 :
	    (double)h->h_sum / (double)h->h_count);
}

uint64_t
hist_quantile(const struct hist *h, double part)
{
	double wanted = part * (double)h->h_count;
	uint64_t below = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		below += h->h_bucket[i];
		if (below > 0 && (double)below >= wanted)
			return (value_of(i) < h->h_worst ? value_of(i) :
			    h->h_worst);
	}
	return (h->h_worst);
}

int
hist_check(const struct hist *h)
{
	uint64_t count = 0;
	unsigned last = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		count += h->h_bucket[i];
		if (h->h_bucket[i] > 0)
			last = i;
	}
	return (count == h->h_count && last == hist_index(h->h_worst));
}
