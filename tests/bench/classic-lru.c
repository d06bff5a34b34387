/*
 * classic-lru.c: a long-lived cache of strings whose sizes change with time.
 *
 * usage: classic-lru entries requests
 *
 * A hash table of entries, the least recently used of which go when the values
 * together are over a bound. The typical size of a value changes five times,
 * so that the holes which one phase leaves do not fit the next. A value that is
 * set again is replaced. (The pattern of an LRU in Redis; what it takes in
 * memory matters more than its time.)
 */
#include "classic.h"

#define PHASES	5

static const struct {
	size_t		least;
	size_t		most;
} phase[PHASES] = {
	{ 40, 120 }, { 150, 250 }, { 500, 3000 }, { 20, 60 }, { 100, 1000 }
};

struct entry {
	struct entry	*next;		/* of the same hash */
	struct entry	*older;
	struct entry	*newer;
	struct block	*value;
	char		key[];
};

struct lru {
	struct random	random;
	struct entry	**table;
	size_t		places;
	size_t		bound;		/* bytes */
	size_t		bytes;
	struct entry	use;		/* ends of the list by use */
};

static size_t
hash(const char *key)
{
	size_t h = 14695981039346656037u;

	while (*key != '\0')
		h = (h ^ (unsigned char)*key++) * 1099511628211u;
	return (h ^ h >> 32);
}

static struct entry **
find(struct lru *c, const char *key)
{
	struct entry **e = &c->table[hash(key) % c->places];

	while (*e != NULL && strcmp((*e)->key, key) != 0)
		e = &(*e)->next;
	return (e);
}

static void
unlink_use(struct entry *e)
{
	e->older->newer = e->newer;
	e->newer->older = e->older;
}

static void
link_newest(struct lru *c, struct entry *e)
{
	e->older = c->use.older;
	e->newer = &c->use;
	e->older->newer = e;
	c->use.older = e;
}

static void
evict(struct lru *c)
{
	struct entry *e = c->use.newer;
	struct entry **place = find(c, e->key);

	*place = e->next;
	unlink_use(e);
	c->bytes -= e->value->size;
	block_free(e->value);
	free(e);
}

static void
set(struct lru *c, const char *key, size_t size)
{
	struct entry **place = find(c, key);
	struct entry *e = *place;

	if (e == NULL) {
		e = obtain(sizeof(*e) + strlen(key) + 1);
		strcpy(e->key, key);
		e->next = NULL;
		*place = e;
	} else {
		unlink_use(e);
		c->bytes -= e->value->size;
		block_free(e->value);
	}
	e->value = block_new(size, (uint32_t)hash(key));
	c->bytes += size;
	link_newest(c, e);
	while (c->bytes > c->bound)
		evict(c);
}

int
main(int argc, char *argv[])
{
	size_t entries = argument(argc, argv, 1, 200000);
	size_t requests = argument(argc, argv, 2, 2000000);
	struct lru c = { .random = random_start(1), .places = entries };

	c.bound = entries * 250;
	c.use.older = c.use.newer = &c.use;
	c.table = calloc(c.places, sizeof(struct entry *));
	require(c.table != NULL, "calloc returned NULL");
	for (size_t i = 0; i < requests; i++) {
		size_t now = i * PHASES / requests;
		char key[48];

		snprintf(key, sizeof(key), "object:%zu:%zu", now % 2,
		    random_below(&c.random, entries * 3));
		set(&c, key, random_between(&c.random, phase[now].least,
		    phase[now].most));
	}
	while (c.use.newer != &c.use)
		evict(&c);
	require(c.bytes == 0, "bytes were lost");
	free(c.table);
	return (0);
}
