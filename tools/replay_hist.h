/*
 * replay_hist.h - a histogram that is exact below 128 and within 1 % above.
 *
 * Each doubling has 128 buckets of one width: HDR histograms do the same.
 * Owns nothing; no lock; calls nothing.
 */
#ifndef KMA_REPLAY_HIST_H
#define KMA_REPLAY_HIST_H

#include <stdint.h>

#define HIST_SHIFT	7
#define HIST_LINEAR	(1U << HIST_SHIFT)	/* buckets of one doubling */
#define HIST_BUCKETS	((64 - HIST_SHIFT + 1) * HIST_LINEAR)

/*
 * Invariants, which hist_check() checks:
 *	h_count is the sum of h_bucket[]
 *	h_worst is in the last bucket that is not empty
 */
struct hist {
	uint64_t	h_count;
	uint64_t	h_sum;
	uint64_t	h_worst;
	uint64_t	h_bucket[HIST_BUCKETS];
};

static inline unsigned
hist_index(uint64_t value)
{
	unsigned shift;

	if (value < HIST_LINEAR)
		return ((unsigned)value);
	shift = 63 - HIST_SHIFT - (unsigned)__builtin_clzll(value);
	return ((shift << HIST_SHIFT) + (unsigned)(value >> shift));
}

static inline void
hist_add(struct hist *h, uint64_t value)
{
	h->h_count++;
	h->h_sum += value;
	if (value > h->h_worst)
		h->h_worst = value;
	h->h_bucket[hist_index(value)]++;
}

double		hist_mean(const struct hist *h);
/* The least value that is not below this part of all (0.999), within 1 %. */
uint64_t	hist_quantile(const struct hist *h, double part);
int		hist_check(const struct hist *h);

#endif /* KMA_REPLAY_HIST_H */
