/*
 * classic-server.c: a server whose threads end and hand their objects on.
 *
 * usage: classic-server threads lives operations
 *
 * A thread has 1,000 objects and replaces one at random at each operation. When
 * its life is over, a new thread takes over its objects, so that most of what
 * is freed was allocated by a thread that is gone. (The pattern of "larson".)
 */
#include "classic.h"

#define SLOTS	1000
#define LEAST	16
#define MOST	1000

struct desk {
	struct random	random;
	struct block	*slot[SLOTS];
};

struct server {
	size_t		lives;
	size_t		operations;
	struct desk	*desk;		/* one for each of the threads */
};

static void *
one_life(void *worker)
{
	struct worker *w = worker;
	struct server *server = w->shared;
	struct desk *desk = &server->desk[w->number];

	for (size_t i = 0; i < server->operations; i++) {
		size_t at = random_below(&desk->random, SLOTS);

		block_free(desk->slot[at]);
		desk->slot[at] =
		    block_new(random_between(&desk->random, LEAST, MOST), i);
	}
	return (NULL);
}

/* A desk is served by one thread after the other. */
static void *
succession(void *worker)
{
	struct worker *w = worker;
	struct server *server = w->shared;
	struct worker life = *w;

	for (size_t i = 0; i < server->lives; i++) {
		worker_start(&life, one_life);
		worker_wait(&life);
	}
	return (NULL);
}

int
main(int argc, char *argv[])
{
	size_t threads = argument(argc, argv, 1, 1);
	struct server server = {
		.lives = argument(argc, argv, 2, 50),
		.operations = argument(argc, argv, 3, 200000),
		.desk = calloc(threads, sizeof(struct desk)),
	};

	require(server.desk != NULL, "calloc returned NULL");
	for (size_t i = 0; i < threads; i++)
		server.desk[i].random = random_start(i);
	workers_run(threads, succession, &server);
	for (size_t i = 0; i < threads; i++)
		for (size_t at = 0; at < SLOTS; at++)
			block_free(server.desk[i].slot[at]);
	free(server.desk);
	return (0);
}
