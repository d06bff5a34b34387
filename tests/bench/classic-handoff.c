/*
 * classic-handoff.c: producers that only allocate, consumers that only free.
 *
 * usage: classic-handoff pairs parcels least most
 *
 * Each producer fills parcels of 128 blocks with least to most bytes, which go
 * through one short queue to whichever consumer comes first. (The pattern of
 * "xmalloc-test".)
 */
#include "classic.h"

#define PARCEL	128	/* blocks that go together */
#define QUEUE	16	/* parcels under way */

struct parcel {
	struct block	*block[PARCEL];
};

struct depot {
	pthread_mutex_t	lock;
	pthread_cond_t	filled;
	pthread_cond_t	emptied;
	struct parcel	*queue[QUEUE];
	size_t		count;
	size_t		pairs;
	size_t		parcels;	/* of one producer */
	size_t		least;
	size_t		most;
};

static void
send(struct depot *d, struct parcel *parcel)
{
	pthread_mutex_lock(&d->lock);
	while (d->count == QUEUE)
		pthread_cond_wait(&d->emptied, &d->lock);
	d->queue[d->count++] = parcel;
	pthread_cond_signal(&d->filled);
	pthread_mutex_unlock(&d->lock);
}

static struct parcel *
receive(struct depot *d)
{
	struct parcel *parcel;

	pthread_mutex_lock(&d->lock);
	while (d->count == 0)
		pthread_cond_wait(&d->filled, &d->lock);
	parcel = d->queue[--d->count];
	pthread_cond_signal(&d->emptied);
	pthread_mutex_unlock(&d->lock);
	return (parcel);
}

static void
produce(struct depot *d, size_t number)
{
	struct random random = random_start(number);

	for (size_t n = 0; n < d->parcels; n++) {
		struct parcel *parcel = obtain(sizeof(*parcel));

		for (size_t i = 0; i < PARCEL; i++)
			parcel->block[i] = block_new(
			    random_between(&random, d->least, d->most), n);
		send(d, parcel);
	}
}

static void
consume(struct depot *d)
{
	for (size_t n = 0; n < d->parcels; n++) {
		struct parcel *parcel = receive(d);

		for (size_t i = 0; i < PARCEL; i++)
			block_free(parcel->block[i]);
		free(parcel);
	}
}

static void *
trade(void *worker)
{
	struct worker *w = worker;
	struct depot *d = w->shared;

	if (w->number < d->pairs)
		produce(d, w->number);
	else
		consume(d);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	struct depot depot = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.filled = PTHREAD_COND_INITIALIZER,
		.emptied = PTHREAD_COND_INITIALIZER,
		.pairs = argument(argc, argv, 1, 1),
		.parcels = argument(argc, argv, 2, 50000),
		.least = argument(argc, argv, 3, 16),
		.most = argument(argc, argv, 4, 256),
	};

	require(depot.least >= BLOCK_LEAST && depot.least <= depot.most,
	    "blocks that small cannot be checked");
	workers_run(2 * depot.pairs, trade, &depot);
	return (0);
}
