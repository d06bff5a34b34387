/*
 * replay_progress.c - how far it is, on standard error: in place on a terminal,
 * else a line for each tenth.
 */
#include <stdio.h>
#include <unistd.h>

#include "replay.h"

#define PERCENT	100
#define MILLION	1000000

/* p_what is NULL while nothing is shown; p_all 0: nobody knows how many. */
static struct {
	const char	*p_what;
	uint64_t	p_all;
	unsigned	p_shown;	/* per cent */
	bool		p_terminal;
} progress;

static void
show(unsigned done)
{
	const char *unit = progress.p_all > 0 ? "%" : "million operations";

	if (progress.p_terminal)
		fprintf(stderr, "\r%-24s%3u %s", progress.p_what, done, unit);
	else
		fprintf(stderr, "%s: %u %s\n", progress.p_what, done, unit);
	fflush(stderr);
	progress.p_shown = done;
}

void
progress_begin(const char *what, uint64_t all)
{
	progress.p_what = what;
	progress.p_all = all;
	progress.p_terminal = isatty(STDERR_FILENO) == 1;
	show(0);
}

void
progress_at(uint64_t done)
{
	unsigned step = progress.p_terminal || progress.p_all == 0 ? 1 :
	    PERCENT / 10;
	unsigned now;

	if (progress.p_what == NULL)
		return;
	now = (unsigned)(progress.p_all == 0 ? done / MILLION :
	    (uint64_t)((double)done * PERCENT / (double)progress.p_all));
	if (now / step > progress.p_shown / step)
		show(now);
}

void
progress_end(void)
{
	if (progress.p_what != NULL && progress.p_terminal)
		fprintf(stderr, "\r%48s\r", "");
	progress.p_what = NULL;
}
