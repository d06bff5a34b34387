/*
 * 04-limit-wait.c - a fast reader and a slow writer, held together by a limit.
 *
 * The reader hands its messages to the writer in a queue that has no length of
 * its own. What bounds it is the limit of the messages' type: at the limit
 * kma_malloc with M_WAITOK sleeps until the writer has freed one.
 *
 *	cc 04-limit-wait.c $(pkg-config --cflags --libs libkma) -pthread
 */
#include <kma.h>
#include <pthread.h>
#include <stdio.h>

#define MESSAGES	20000

MALLOC_DEFINE(M_MESSAGE, "message", "messages between the threads");

struct message {
	struct message	*next;
	int		 number;
	char		 text[500];
};

static struct message *first, **last = &first;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;

static void
put(struct message *m)
{
	pthread_mutex_lock(&mutex);
	m->next = NULL;
	*last = m;
	last = &m->next;
	pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&mutex);
}

static struct message *
get(void)
{
	struct message *m;

	pthread_mutex_lock(&mutex);
	while (first == NULL)
		pthread_cond_wait(&arrived, &mutex);
	m = first;
	first = m->next;
	if (first == NULL)
		last = &first;
	pthread_mutex_unlock(&mutex);
	return (m);
}

static void *
reader(void *arg)
{
	for (int i = 1; i <= MESSAGES; i++) {
		struct message *m = kma_malloc(sizeof(*m), M_MESSAGE,
		    M_WAITOK);

		m->number = i;
		snprintf(m->text, sizeof(m->text), "message %d", i);
		put(m);
	}
	return (arg);
}

int
main(void)
{
	struct kma_type_figures f;
	unsigned long sum = 0;
	pthread_t t;

	kma_type_setlimit(M_MESSAGE, 8192);
	if (pthread_create(&t, NULL, reader, NULL) != 0)
		return (1);
	for (int i = 1; i <= MESSAGES; i++) {
		struct message *m = get();

		sum += (unsigned long)m->number;
		kma_free(m, M_MESSAGE);
	}
	pthread_join(t, NULL);
	kma_type_stats(M_MESSAGE, &f);
	printf("%lu messages, their numbers' sum %lu\n",
	    (unsigned long)f.ks_calls, sum);
	printf("never more than %lu bytes of them: %s\n",
	    (unsigned long)f.ks_limit,
	    f.ks_maxused <= f.ks_limit ? "yes" : "no");
	return (0);
}
