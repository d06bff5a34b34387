/*
 * states.c - a program with a block in each state, for gdb's commands.
 *
 * What gdb looks at are the variables below; each is in the state that its
 * name says when the program says "ready". It ends when its standard input
 * does.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kma.h"

#define NBLOCK	20000
#define NLEARN	6000

char *block_used, *block_freed, *block_home, *block_learned, *block_typed;
char *block_theirs, *run_used, *run_typed, *run_held, *run_freed;
char *object_used, *object_freed;
long theirs_tid;
char not_ours;

static char *blocks[NBLOCK];
static int ready[2];

MALLOC_DEFINE(M_STATES, "states", "a type of this program");

/* Keeps a freed block in its cache until the program ends. */
static void *
other_thread(void *arg)
{
	(void)arg;
	theirs_tid = syscall(SYS_gettid);
	block_theirs = malloc(500);
	free(block_theirs);
	if (write(ready[1], "", 1) == 1)
		pause();
	return (NULL);
}

static int
start_thread(void)
{
	pthread_t thread;
	char c;

	return (pipe(ready) == 0 &&
	    pthread_create(&thread, NULL, other_thread, NULL) == 0 &&
	    read(ready[0], &c, 1) == 1);
}

/* Blocks that come and go twice: the second time, some stay in a depot. */
static void
fill_depot(void)
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < NBLOCK; i++)
			blocks[i] = malloc(64);
		for (int i = 0; i < NBLOCK; i++)
			free(blocks[i]);
	}
}

static void
make_objects(void)
{
	struct kma_objcache *cache = kma_cache_create("objects", 200, 0, NULL,
	    NULL, NULL);

	object_used = kma_cache_alloc(cache, M_NOWAIT);
	object_freed = kma_cache_alloc(cache, M_NOWAIT);
	kma_cache_free(cache, object_freed);
}

static void
make_typed(void)
{
	kma_settype(M_STATES);
	block_typed = malloc(100);
	run_typed = malloc(50000);
	kma_settype(NULL);
}

/* Whole clusters are freed, and malloc_trim() sends what is cached home. */
static void
send_home(void)
{
	char *keep[2];

	keep[0] = malloc(2000);
	block_home = malloc(2000);
	keep[1] = malloc(2000);
	free(block_home);
	run_freed = malloc(3000000);
	free(run_freed);
	malloc_trim(0);
	strcpy(keep[0], keep[1] != NULL ? "kept" : "");
}

/*
 * Two runs, the second right behind the first, once the holes are full; but a
 * mode may have a guard between any two.
 */
static void
make_neighbours(void)
{
	for (int i = 0; i < 20; i++) {
		run_used = malloc(600000);
		run_held = malloc(400000);
		if (run_held == run_used + 602112)
			break;
	}
}

int
main(void)
{
	char c;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	send_home();
	fill_depot();
	for (int i = 0; i < NLEARN; i++)
		block_learned = malloc(72);
	make_objects();
	make_typed();
	block_used = malloc(1000);
	block_freed = malloc(1000);
	free(block_freed);
	make_neighbours();
	free(run_held);
	if (!start_thread() || write(1, "ready\n", 6) != 6)
		return (1);
	while (read(0, &c, 1) > 0)
		continue;
	return (0);
}
