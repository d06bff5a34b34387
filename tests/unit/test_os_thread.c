/*
 * test_os_thread.c - signs of life, however the thread ends.
 */
#include <sys/syscall.h>
#include <sys/wait.h>

#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "os.h"
#include "unit.h"

static struct os_life life[200];
static sem_t started;

static void *
claim(void *arg)
{
	ck_assert(os_life_claim(arg));
	sem_post(&started);
	return (NULL);
}

static void *
claim_and_sleep(void *arg)
{
	claim(arg);
	for (;;)
		pause();
	return (NULL);
}

static void *
claim_and_pthread_exit(void *arg)
{
	claim(arg);
	pthread_exit(NULL);
}

/* Past libc: no destructor, nothing. */
static void *
claim_and_raw_exit(void *arg)
{
	claim(arg);
	syscall(SYS_exit, 0);
	return (NULL);
}

static void *
claim_many(void *arg)
{
	for (unsigned i = 0; i < nitems(life); i++)
		ck_assert(os_life_claim(&life[i]));
	return (arg);
}

static void
setup(void)
{
	sem_init(&started, 0, 0);
	for (unsigned i = 0; i < nitems(life); i++)
		os_life_init(&life[i]);
}

static pthread_t
start(void *(*fn)(void *))
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, fn, &life[0]), 0);
	return (thread);
}

START_TEST(own)
{
	setup();
	ck_assert(os_life_claim(&life[0]));
	ck_assert(!os_life_claim(&life[0]));
	os_life_release(&life[0]);
	ck_assert(os_life_claim(&life[0]));
	os_life_release(&life[0]);
}
END_TEST

START_TEST(not_while_it_lives)
{
	pthread_t thread;

	setup();
	thread = start(claim_and_sleep);
	sem_wait(&started);
	for (int i = 0; i < 100; i++)
		ck_assert(!os_life_claim(&life[0]));
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	ck_assert(os_life_claim(&life[0]));
	ck_assert(!os_life_claim(&life[0]));
}
END_TEST

START_TEST(after_return)
{
	setup();
	for (int i = 0; i < 50; i++) {
		pthread_join(start(i & 1 ? claim : claim_and_pthread_exit),
		    NULL);
		ck_assert(os_life_claim(&life[0]));
		os_life_release(&life[0]);
	}
	/* From dead thread to thread, with nobody in between. */
	for (int i = 0; i < 50; i++)
		pthread_join(start(claim), NULL);
	ck_assert(os_life_claim(&life[0]));
}
END_TEST

START_TEST(after_raw_exit)
{
	int tries = 0;

	setup();
	start(claim_and_raw_exit);
	sem_wait(&started);
	while (!os_life_claim(&life[0]) && tries++ < 10000)
		usleep(1000);
	ck_assert_int_lt(tries, 10000);
}
END_TEST

START_TEST(many_of_one_thread)
{
	setup();
	pthread_join(start(claim_many), NULL);
	for (unsigned i = 0; i < nitems(life); i++)
		ck_assert(os_life_claim(&life[i]));
}
END_TEST

/* Only one of those who try gets it. */
static int winners;
static pthread_barrier_t barrier;

static void *
compete(void *arg)
{
	pthread_barrier_wait(&barrier);
	if (os_life_claim(arg))
		__atomic_add_fetch(&winners, 1, __ATOMIC_RELAXED);
	pthread_barrier_wait(&barrier);
	return (NULL);
}

START_TEST(one_winner)
{
	pthread_t thread[8];

	setup();
	pthread_barrier_init(&barrier, NULL, nitems(thread));
	for (int round = 0; round < 50; round++) {
		winners = 0;
		for (unsigned i = 0; i < nitems(thread); i++)
			thread[i] = start(compete);
		for (unsigned i = 0; i < nitems(thread); i++)
			pthread_join(thread[i], NULL);
		ck_assert_int_eq(winners, 1);
	}
}
END_TEST

/* In a child, what the parent's threads owned is made anew. */
START_TEST(fork_child)
{
	pthread_t thread;
	int status;
	pid_t pid;

	setup();
	ck_assert(os_life_claim(&life[1]));
	thread = start(claim_and_sleep);
	sem_wait(&started);
	pid = fork();
	if (pid == 0) {
		bool ok = true;

		for (unsigned i = 0; i < 2; i++) {
			os_life_init(&life[i]);
			ok &= os_life_claim(&life[i]);
			ok &= !os_life_claim(&life[i]);
		}
		_exit(ok ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}
END_TEST

UNIT_MAIN("os_thread", 1, own, not_while_it_lives, after_return,
    after_raw_exit, many_of_one_thread, one_winner, fork_child);
