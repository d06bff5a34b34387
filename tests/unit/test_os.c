/*
 * test_os.c - the contract of each call of os.h: 0 or an errno, and errno
 * itself untouched.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os.h"
#include "param.h"
#include "unit.h"

#define LEN	((size_t)1 << 20)
#define ODD	4711

static uintptr_t base;

static void
setup(void)
{
	ck_assert(os_init());
	/* In the middle of a gap: its ends are soon in use. */
	ck_assert_int_eq(os_findspace(1024 * LEN, &base), 0);
	base = (base + 512 * LEN) & ~(LEN - 1);
	errno = ODD;
}

#define ERRNO_UNTOUCHED()	ck_assert_int_eq(errno, ODD)

static char *
at(uintptr_t addr)
{
	return ((char *)addr);
}

START_TEST(findspace)
{
	uintptr_t start;

	setup();
	ck_assert_int_eq(os_findspace(LEN, &start), 0);
	ck_assert_uint_eq(start % PAGESIZE, 0);
	/* Nothing stays mapped there. */
	ck_assert_int_eq(os_map(start, LEN), 0);
	ck_assert_int_eq(os_findspace((size_t)1 << 62, &start), ENOMEM);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(map_and_unmap)
{
	setup();
	ck_assert_int_eq(os_map(base, LEN), 0);
	ck_assert(is_zero(at(base), LEN));
	memset(at(base), 1, LEN);
	ck_assert_int_eq(os_map(base, LEN), EEXIST);
	ck_assert_int_eq(os_map(base + LEN - PAGESIZE, LEN), EEXIST);
	ck_assert(!is_zero(at(base + LEN - PAGESIZE), PAGESIZE));
	ck_assert_int_eq(os_unmap(base, LEN), 0);
	ck_assert_int_eq(os_map(base, LEN), 0);
	ck_assert(is_zero(at(base), LEN));
	ck_assert_int_eq(os_map((uintptr_t)1 << 60, LEN), ENOMEM);
	ck_assert_int_eq(os_unmap(base + 1, LEN), EINVAL);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(map_beyond_the_limit)
{
	struct rlimit limit = { 0, 0 };

	if (UNIT_SANITIZED)
		return;
	setup();
	limit.rlim_cur = limit.rlim_max = unit_vmsize();
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	ck_assert_int_eq(os_map(base, 4 * LEN), ENOMEM);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(purge)
{
	setup();
	ck_assert_int_eq(os_map(base, LEN), 0);
	memset(at(base), 1, LEN);
	ck_assert_int_eq(os_purge(base + PAGESIZE, LEN / 2), 0);
	ck_assert_uint_eq(unit_resident(at(base), LEN),
	    btop(LEN) - btop(LEN / 2));
	ck_assert(is_zero(at(base + PAGESIZE), LEN / 2));
	ck_assert_int_eq(*at(base), 1);
	ck_assert_int_eq(os_purge(base + 4 * LEN, PAGESIZE), ENOMEM);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(purge_of_locked_memory)
{
	setup();
	ck_assert_int_eq(os_map(base, PAGESIZE), 0);
	*at(base) = 1;
	/* A sanitizer does not let it happen. */
	if (UNIT_SANITIZED || mlock(at(base), PAGESIZE) != 0)
		return;
	errno = ODD;
	ck_assert_int_eq(os_purge(base, PAGESIZE), EINVAL);
	ck_assert_int_eq(*at(base), 1);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(remap)
{
	setup();
	ck_assert_int_eq(os_map(base, LEN), 0);
	memset(at(base), 1, LEN);
	ck_assert_int_eq(os_remap(base, LEN / 2), 0);
	ck_assert(is_zero(at(base), LEN / 2));
	ck_assert_int_eq(*at(base + LEN / 2), 1);
	ck_assert_int_eq(os_remap((uintptr_t)1 << 60, LEN), ENOMEM);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(move)
{
	size_t faults;

	setup();
	ck_assert_int_eq(os_map(base, 4 * LEN), 0);
	memset(at(base), 1, LEN);
	memset(at(base + 2 * LEN), 2, LEN);
	faults = unit_faults();
	ck_assert_int_eq(os_move(base, LEN, base + 2 * LEN), 0);
	ck_assert_int_eq(*at(base + 2 * LEN), 1);
	ck_assert_int_eq(*at(base + 3 * LEN - 1), 1);
	ck_assert_uint_lt(unit_faults() - faults, UNIT_FAULTS(16));
	/* What was there is zero, and still mapped. */
	ck_assert(is_zero(at(base), LEN));
	*at(base) = 3;
	/* The kernel may have unmapped the target: it is not relied on. */
	ck_assert_int_ne(os_move(base + 8 * LEN, LEN, base), 0);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(machine)
{
	uint64_t then;

	setup();
	ck_assert_uint_gt(os_physmem(), 16 * LEN);
	ck_assert_uint_eq(os_physmem() / PAGESIZE,
	    (size_t)sysconf(_SC_PHYS_PAGES));
	ck_assert_int_eq(os_getpid(), getpid());
	then = os_now();
	usleep(30000);
	ck_assert_uint_ge(os_now() - then, 20);
	ck_assert_uint_lt(os_now() - then, 10000);
	os_yield();
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(address_limit)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
	if (limit.rlim_cur == RLIM_INFINITY)
		ck_assert_uint_eq(os_aslimit(), SIZE_MAX);
	if (UNIT_SANITIZED)
		return;
	limit.rlim_cur = (rlim_t)1 << 40;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
	ck_assert_uint_eq(os_aslimit(), (size_t)1 << 40);
}
END_TEST

/* A pipe that takes little at a time. */
static int pipe_fd[2];
static char pipe_text[300000];

static void *
read_slowly(void *arg)
{
	size_t have = 0;
	ssize_t n;

	while ((n = read(pipe_fd[0], pipe_text + have, 5000)) > 0)
		have += (size_t)n;
	ck_assert_uint_eq(have, sizeof(pipe_text));
	return (arg);
}

START_TEST(write_all)
{
	static char text[sizeof(pipe_text)];
	pthread_t thread;

	setup();
	ck_assert_int_eq(pipe(pipe_fd), 0);
	pattern_fill(text, sizeof(text), 1);
	pthread_create(&thread, NULL, read_slowly, NULL);
	errno = ODD;
	ck_assert_int_eq(os_write(pipe_fd[1], text, sizeof(text)), 0);
	ERRNO_UNTOUCHED();
	close(pipe_fd[1]);
	pthread_join(thread, NULL);
	ck_assert(pattern_holds(pipe_text, sizeof(text), 1));
}
END_TEST

START_TEST(write_errors)
{
	setup();
	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(os_write(-1, "x", 1), EBADF);
	ck_assert_int_eq(pipe(pipe_fd), 0);
	close(pipe_fd[0]);
	errno = ODD;
	ck_assert_int_eq(os_write(pipe_fd[1], "x", 1), EPIPE);
	ck_assert_int_eq(os_write(pipe_fd[1], "x", 0), 0);
	ERRNO_UNTOUCHED();
}
END_TEST

START_TEST(files)
{
	char path[] = "/tmp/kma-os-XXXXXX", text[16];
	int fd = mkstemp(path), high;
	struct stat st;

	setup();
	ck_assert_int_ge(fd, 0);
	close(fd);
	fd = os_create(path);
	ck_assert_int_gt(fd, 2);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(os_write(fd, "hello", 5), 0);
	high = os_dup_high(fd);
	ck_assert_int_ge(high, 100);
	ck_assert_int_eq(fcntl(high, F_GETFD), FD_CLOEXEC);
	os_close(fd);
	ck_assert_int_eq(fstat(fd, &st), -1);
	ck_assert_int_eq(os_write(high, "!", 1), 0);
	os_close(high);
	errno = ODD;
	ck_assert_int_eq(os_read_file(path, text, sizeof(text)), 6);
	ck_assert_int_eq(memcmp(text, "hello!", 6), 0);
	ck_assert_int_eq(os_read_file(path, text, 3), 3);
	/* Made anew: from its start. */
	fd = os_create(path);
	os_close(fd);
	ck_assert_int_eq(os_read_file(path, text, sizeof(text)), 0);
	ERRNO_UNTOUCHED();
	unlink(path);
}
END_TEST

START_TEST(file_errors)
{
	char text[16];

	setup();
	ck_assert_int_eq(os_create("/nonexistent/x"), -ENOENT);
	ck_assert_int_eq(os_create("/"), -EISDIR);
	ck_assert_int_eq(os_read_file("/nonexistent", text, 16), -ENOENT);
	ck_assert_int_eq(os_read_file("/", text, 16), -EISDIR);
	ck_assert_int_eq(os_dup_high(-1), -EBADF);
	ck_assert(os_isopen(2));
	ck_assert(!os_isopen(-1));
	os_close(-1);
	ERRNO_UNTOUCHED();
}
END_TEST

/* Closed standard streams stay closed. */
static void
create_without_streams(void *arg)
{
	int fd;

	close(0);
	close(1);
	close(2);
	fd = os_create(arg);
	_exit(fd > 2 && fcntl(0, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1 ?
	    0 : 1);
}

START_TEST(streams_stay_closed)
{
	char path[] = "/tmp/kma-os-XXXXXX";

	close(mkstemp(path));
	ck_assert_int_eq(unit_child(create_without_streams, path, NULL), 0);
	unlink(path);
}
END_TEST

static uint32_t word;

static void *
wake(void *arg)
{
	usleep(30000);
	__atomic_store_n(&word, 1, __ATOMIC_RELEASE);
	os_wake(&word, 1);
	return (arg);
}

START_TEST(wait_and_wake)
{
	pthread_t thread;

	setup();
	os_wait(&word, 7);		/* it is not 7: no sleep */
	pthread_create(&thread, NULL, wake, NULL);
	errno = ODD;
	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) == 0)
		os_wait(&word, 0);
	ERRNO_UNTOUCHED();
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(environment)
{
	setup();
	setenv("KMA_TEST_VARIABLE", "yes", 1);
	ck_assert_str_eq(os_getenv("KMA_TEST_VARIABLE"), "yes");
	ck_assert_ptr_null(os_getenv("KMA_TEST_OTHER"));
}
END_TEST

static void
give_up(void *arg)
{
	(void)arg;
	os_abort();
}

START_TEST(aborts)
{
	ck_assert_int_eq(unit_child(give_up, NULL, NULL), -SIGABRT);
}
END_TEST

UNIT_MAIN("os", 1, findspace, map_and_unmap, map_beyond_the_limit, purge,
    purge_of_locked_memory, remap, move, machine, address_limit, write_all,
    write_errors, files, file_errors, streams_stay_closed, wait_and_wake,
    environment, aborts);
