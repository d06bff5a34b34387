/*
 * replay_plot.c - what came of a replay, as a picture.
 */
#include "command.h"
#include "replay.h"

int
replay_plot(const struct replay_trace *rt, const struct replay_request *rq,
    const struct replay_result *rr)
{
	(void)rt;
	(void)rq;
	(void)rr;
	return (STATUS_OK);
}
