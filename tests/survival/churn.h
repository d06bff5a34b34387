/*
 * churn.h - a program's life in small: blocks of all kinds that come and go,
 * with contents that are checked.  Include conform/tap.h first.
 */
#ifndef CHURN_H
#define CHURN_H

#include <malloc.h>
#include <stdbool.h>

#include "conform/pattern.h"

struct held {
	char		*h_addr;
	size_t		 h_len;
	uint64_t	 h_seed;
};

/* What a thread does in a loop; the sum of its calls that had no memory. */
struct churn {
	uint64_t	 ch_state;	/* of random numbers, not 0 */
	unsigned	 ch_slots;
	struct held	*ch_held;
	unsigned	 ch_shift;	/* blocks up to 2^ch_shift bytes */
	bool		 ch_short;	/* memory may run out */
	uint64_t	 ch_failed;
	uint64_t	 ch_calls;
};

static void *
churn_alloc(struct churn *ch, size_t len)
{
	unsigned how = (unsigned)rnd_range(&ch->ch_state, 0, 9);
	size_t align = (size_t)16 << rnd_range(&ch->ch_state, 0, 9);
	void *p;

	switch (how) {
	case 0:
	case 1:
		p = calloc(1, len);
		must(p == NULL || zeroed(p, len));
		return (p);
	case 2:
		p = aligned_alloc(align, len);
		must((uintptr_t)p % align == 0);
		return (p);
	default:
		return (malloc(len));
	}
}

/* There was none; how things are, if there should have been some. */
static void
churn_fail(struct churn *ch, size_t len)
{
	if (!ch->ch_short) {
		diag("no memory for %zu bytes, call %llu: error %d", len,
		    (unsigned long long)ch->ch_calls, errno);
		malloc_stats();
	}
	must(ch->ch_short);
	ch->ch_failed++;
}

static void
churn_free(struct held *h)
{
	must(h->h_addr == NULL ||
	    intact(h->h_addr, h->h_len, h->h_seed));
	free(h->h_addr);
	h->h_addr = NULL;
}

static void
churn_realloc(struct churn *ch, struct held *h, size_t len)
{
	size_t least = len < h->h_len ? len : h->h_len;
	char *p = realloc(h->h_addr, len);

	if (p == NULL) {
		churn_fail(ch, len);
		return;
	}
	must(intact(p, least, h->h_seed));
	h->h_addr = p;
	h->h_len = len;
	fill(p, len, h->h_seed);
}

static void
churn_step(struct churn *ch)
{
	struct held *h = &ch->ch_held[rnd_range(&ch->ch_state, 0,
	    ch->ch_slots - 1)];
	size_t len = rnd_size(&ch->ch_state, ch->ch_shift) + 1;

	ch->ch_calls++;
	if (h->h_addr != NULL && ch->ch_calls % 4 == 0) {
		churn_realloc(ch, h, len);
		return;
	}
	churn_free(h);
	h->h_addr = churn_alloc(ch, len);
	if (h->h_addr == NULL) {
		churn_fail(ch, len);
		return;
	}
	must(malloc_usable_size(h->h_addr) >= len);
	h->h_len = len;
	h->h_seed = ch->ch_calls ^ (uintptr_t)ch;
	fill(h->h_addr, len, h->h_seed);
}

static void
churn_end(struct churn *ch)
{
	for (unsigned i = 0; i < ch->ch_slots; i++)
		churn_free(&ch->ch_held[i]);
}

/* All of it, on little of the stack. */
TAP_UNUSED static uint64_t
churn(uint64_t seed, unsigned rounds, unsigned shift, bool is_short)
{
	struct held held[40] = { { NULL, 0, 0 } };
	struct churn ch = { .ch_state = seed, .ch_slots = 40,
	    .ch_held = held, .ch_shift = shift, .ch_short = is_short };

	for (; rounds > 0; rounds--)
		churn_step(&ch);
	churn_end(&ch);
	return (ch.ch_failed);
}

#endif /* CHURN_H */
