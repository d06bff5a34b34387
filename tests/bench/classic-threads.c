/*
 * classic-threads.c: short-lived threads, each with a job and a result.
 *
 * usage: classic-threads threads jobs blocks
 *
 * As many threads as are asked for are alive at a time. Each makes some blocks,
 * frees all but a few, and leaves those to the main thread, which looks at them
 * when it frees them.
 */
#include "classic.h"

#define RESULT	10	/* blocks left behind */

struct job {
	struct worker	worker;
	size_t		blocks;
	struct block	*result[RESULT];
};

static void *
do_job(void *worker)
{
	struct worker *w = worker;
	struct job *job = w->shared;
	struct random random = random_start(w->number);
	struct block *scratch[64] = { NULL };

	for (size_t i = 0; i < job->blocks; i++) {
		block_free(scratch[i % 64]);
		scratch[i % 64] = block_new(random_skewed(&random, 16, 6), i);
	}
	for (size_t i = 0; i < 64; i++)
		block_free(scratch[i]);
	for (size_t i = 0; i < RESULT; i++)
		job->result[i] = block_new(random_skewed(&random, 16, 8), i);
	return (NULL);
}

static void
collect(struct job *job)
{
	worker_wait(&job->worker);
	for (size_t i = 0; i < RESULT; i++)
		block_free(job->result[i]);
}

int
main(int argc, char *argv[])
{
	size_t threads = argument(argc, argv, 1, 8);
	size_t jobs = argument(argc, argv, 2, 20000);
	size_t blocks = argument(argc, argv, 3, 200);
	struct job *job = calloc(threads, sizeof(*job));

	require(job != NULL, "calloc returned NULL");
	for (size_t n = 0; n < jobs + threads; n++) {
		struct job *next = &job[n % threads];

		if (n >= threads)
			collect(next);
		if (n >= jobs)
			continue;
		next->blocks = blocks;
		next->worker.number = n;
		next->worker.shared = next;
		worker_start(&next->worker, do_job);
	}
	free(job);
	return (0);
}
