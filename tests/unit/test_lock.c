/*
 * test_lock.c - mutual exclusion, and the fork protocol.
 */
#include <sys/wait.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "lock.h"
#include "os.h"
#include "unit.h"

#define NTHREAD	4

static struct lock lock[NRANK];
static uint64_t counter[2];

static void
setup(void)
{
	for (int i = NRANK - 1; i >= 0; i--)
		lock_init(&lock[i], (enum lock_rank)i);
}

static void *
count(void *arg)
{
	for (unsigned i = 0; i < unit_less(200000, 20); i++) {
		lock_acquire(&lock[RANK_META]);
		counter[0]++;
		counter[1] = counter[0];
		if (i % 1000 == 0)
			os_yield();	/* the others go to sleep */
		ck_assert_uint_eq(counter[1], counter[0]);
		lock_release(&lock[RANK_META]);
	}
	return (arg);
}

START_TEST(exclusion)
{
	pthread_t thread[NTHREAD];

	setup();
	for (int i = 0; i < NTHREAD; i++)
		pthread_create(&thread[i], NULL, count, NULL);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(counter[0], NTHREAD * unit_less(200000, 20));
	ck_assert_uint_eq(lock[RANK_META].l_word, 0);
}
END_TEST

START_TEST(nesting)
{
	setup();
	ck_assert_uint_eq(lock_depth, 0);
	lock_acquire(&lock[RANK_CACHES]);
	ck_assert_uint_gt(lock_depth, 0);
	lock_acquire(&lock[RANK_META]);
	lock_release(&lock[RANK_META]);
	ck_assert_uint_gt(lock_depth, 0);
	lock_release(&lock[RANK_CACHES]);
	ck_assert_uint_eq(lock_depth, 0);
	ck_assert_uint_eq(lock_depth, 0);
}
END_TEST

static bool
all_are(uint32_t word)
{
	for (int i = 0; i < NRANK; i++)
		if (relaxed_load(&lock[i].l_word) != word)
			return (false);
	return (true);
}

/* Every lock is held across fork, and free afterwards on both sides. */
START_TEST(fork_takes_all)
{
	int status;
	pid_t pid;

	setup();
	lock_prefork();
	ck_assert(all_are(1));
	/* Handlers of others pass through. */
	lock_acquire(&lock[RANK_DEPOT]);
	lock_release(&lock[RANK_DEPOT]);
	ck_assert(all_are(1));
	pid = fork();
	if (pid == 0) {
		bool ok;

		lock_postfork_child();
		ok = all_are(0) && lock_depth == 0;
		lock_acquire(&lock[RANK_CACHES]);
		lock_release(&lock[RANK_CACHES]);
		_exit(ok && all_are(0) ? 0 : 1);
	}
	lock_postfork_parent();
	ck_assert(all_are(0));
	ck_assert_uint_eq(lock_depth, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Handlers that run without their partner do nothing. */
START_TEST(unpaired_handlers)
{
	setup();
	lock_postfork_parent();
	lock_postfork_child();
	ck_assert(all_are(0));
	ck_assert_uint_eq(lock_depth, 0);
}
END_TEST

static int stage;

static void *
hold_for_a_while(void *arg)
{
	lock_acquire(&lock[RANK_BUCKET]);
	relaxed_store(&stage, 1);
	usleep(50000);
	relaxed_store(&stage, 2);
	lock_release(&lock[RANK_BUCKET]);
	return (arg);
}

START_TEST(fork_waits_for_holders)
{
	pthread_t thread;

	setup();
	pthread_create(&thread, NULL, hold_for_a_while, NULL);
	while (relaxed_load(&stage) == 0)
		os_yield();
	lock_prefork();
	ck_assert_int_eq(relaxed_load(&stage), 2);
	lock_postfork_parent();
	pthread_join(thread, NULL);
}
END_TEST

/* And those who come meanwhile wait for the fork. */
static void *
come_meanwhile(void *arg)
{
	relaxed_store(&stage, 1);
	lock_acquire(&lock[RANK_PAGERUN]);
	ck_assert_int_eq(relaxed_load(&stage), 2);
	lock_release(&lock[RANK_PAGERUN]);
	return (arg);
}

START_TEST(others_wait_for_fork)
{
	pthread_t thread;

	setup();
	lock_prefork();
	pthread_create(&thread, NULL, come_meanwhile, NULL);
	while (relaxed_load(&stage) == 0)
		os_yield();
	usleep(50000);
	relaxed_store(&stage, 2);
	lock_postfork_parent();
	pthread_join(thread, NULL);
	ck_assert(all_are(0));
}
END_TEST

/* A fork from a signal handler does not wait for its own thread. */
static void
fork_in_handler(int sig)
{
	int status;
	pid_t pid;

	(void)sig;
	lock_prefork();
	pid = fork();
	if (pid == 0) {
		lock_postfork_child();
		_exit(0);
	}
	lock_postfork_parent();
	waitpid(pid, &status, 0);
	stage = status == 0 ? 1 : 2;
}

START_TEST(fork_while_holding)
{
	setup();
	signal(SIGUSR1, fork_in_handler);
	lock_acquire(&lock[RANK_BUCKET]);
	raise(SIGUSR1);
	ck_assert_int_eq(relaxed_load(&stage), 1);
	ck_assert_uint_eq(lock[RANK_BUCKET].l_word, 1);
	lock_release(&lock[RANK_BUCKET]);
	ck_assert(all_are(0));
}
END_TEST

/* Threads that lock in all ranks while one forks, over and over. */
static int quit;

static void *
lock_all(void *arg)
{
	while (!relaxed_load(&quit)) {
		for (int i = 0; i < NRANK; i++)
			lock_acquire(&lock[i]);
		counter[0]++;
		for (int i = NRANK - 1; i >= 0; i--)
			lock_release(&lock[i]);
	}
	return (arg);
}

START_TEST(fork_storm)
{
	pthread_t thread[2];

	if (UNIT_TSAN)
		return;
	setup();
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, lock_all, NULL);
	for (unsigned i = 0; i < unit_less(300, 20); i++) {
		int status;
		pid_t pid;

		lock_prefork();
		pid = fork();
		if (pid == 0) {
			lock_postfork_child();
			_exit(all_are(0) ? 0 : 1);
		}
		lock_postfork_parent();
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	relaxed_store(&quit, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	ck_assert(all_are(0));
}
END_TEST

UNIT_MAIN("lock", 1, exclusion, nesting, fork_takes_all, unpaired_handlers,
    fork_waits_for_holders, others_wait_for_fork, fork_while_holding,
    fork_storm);
