/*
 * 03-object-cache.c - sessions that stay constructed between uses.
 *
 * A session has a lock and a buffer. Making them costs more than handing the
 * session out, and a closed session has both in the very state in which the
 * next one needs them. So they are made once, by the cache's constructor, and
 * unmade when the cache gives memory back.
 *
 *	cc 03-object-cache.c $(pkg-config --cflags --libs libkma) -pthread
 */
#include <errno.h>
#include <kma.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SESSIONS	100000
#define AT_ONCE		64

struct session {
	pthread_mutex_t	 lock;
	char		*buffer;	/* of 512 bytes */
	int		 number;	/* 0: closed */
};

static unsigned made, unmade;

/* 0, or an errno: then kma_cache_alloc() fails with it. */
static int
session_make(void *obj, void *arg)
{
	struct session *s = obj;

	(void)arg;
	s->buffer = malloc(512);
	if (s->buffer == NULL)
		return (ENOMEM);
	pthread_mutex_init(&s->lock, NULL);
	s->number = 0;
	made++;
	return (0);
}

static void
session_unmake(void *obj, void *arg)
{
	struct session *s = obj;

	(void)arg;
	pthread_mutex_destroy(&s->lock);
	free(s->buffer);
	unmade++;
}

static void
serve(struct session *s, int number)
{
	pthread_mutex_lock(&s->lock);
	s->number = number;
	snprintf(s->buffer, 512, "session %d", number);
	pthread_mutex_unlock(&s->lock);
}

int
main(void)
{
	struct session *open[AT_ONCE] = { NULL };
	struct kma_objcache *sessions;

	sessions = kma_cache_create("session", sizeof(struct session), 0,
	    session_make, session_unmake, NULL);
	if (sessions == NULL) {
		perror("kma_cache_create");
		return (1);
	}
	for (int i = 1; i <= SESSIONS; i++) {
		struct session **slot = &open[i % AT_ONCE];

		if (*slot != NULL) {
			(*slot)->number = 0;	/* as it was constructed */
			kma_cache_free(sessions, *slot);
		}
		*slot = kma_cache_alloc(sessions, M_WAITOK);
		if (*slot == NULL) {
			perror("kma_cache_alloc");
			return (1);
		}
		serve(*slot, i);
	}
	printf("%d sessions served\n", SESSIONS);
	printf("the constructor ran for fewer than one in 100: %s\n",
	    made < SESSIONS / 100 ? "yes" : "no");
	printf("the last one is \"%s\"\n", open[SESSIONS % AT_ONCE]->buffer);

	printf("destroyed while sessions are open: %s\n",
	    kma_cache_destroy(sessions) == EBUSY ? "busy" : "yes");
	for (int i = 0; i < AT_ONCE; i++)
		kma_cache_free(sessions, open[i]);
	printf("reaped: %s\n", kma_cache_reap(sessions) > 0 ? "some" : "none");
	printf("all that were made are unmade: %s\n",
	    made == unmade ? "yes" : "no");
	return (kma_cache_destroy(sessions));
}
