/*
 * limit-fill - under a limit on address space (RLIMIT_AS) or on data
 * (RLIMIT_DATA) a program starts, gets a fair share of the limit, sees NULL
 * and ENOMEM at its end, and can go on once it has freed.
 */
#include "tap.h"

#include <sys/resource.h>

#include <malloc.h>
#include <pthread.h>

#include "measure.h"
#include "pattern.h"

/* A list through the blocks themselves: memory is short. */
struct link {
	struct link	*next;
};

static struct link *
take_all(size_t size, size_t *n)
{
	struct link *head, *p;

	head = NULL;
	for (*n = 0;; (*n)++) {
		errno = 0;
		if ((p = (struct link *)malloc(size)) == NULL)
			break;
		p->next = head;
		head = p;
	}
	must(errno == ENOMEM);
	return (head);
}

static void
free_all(struct link *head)
{
	struct link *p;

	while ((p = head) != NULL) {
		head = p->next;
		free(p);
	}
}

static void *
thread(void *arg)
{
	void *p;

	must((p = malloc(1000)) != NULL);
	free(p);
	return (arg);
}

/*
 * In the limited process: fills memory with blocks of a size, three times
 * over, and with blocks of another size.  At least a part of the limit, in
 * per cent, has to be there each time.
 */
static int
fill_up(size_t limit, size_t size, size_t percent)
{
	struct link *head;
	size_t first, n, other;
	pthread_attr_t attr;
	pthread_t t;
	void *p;
	int i;

	must(!tap_kma || tap_is_kma());
	head = take_all(size, &first);
	diag("limit %zu MB, blocks of %zu: %zu MB, %zu%%", limit / MB, size,
	    first * size / MB, first * size / (limit / 100));
	must(calloc(1, limit / 2) == NULL && errno == ENOMEM);
	must((p = realloc(NULL, limit)) == NULL && errno == ENOMEM);
	free_all(head);
	if (first * size / (limit / 100) < percent)
		return (2);
	for (i = 0; i < 2; i++) {
		head = take_all(size, &n);
		free_all(head);
		if (n < first - first / 20) {
			diag("the next time: %zu MB", n * size / MB);
			return (3);
		}
	}
	for (other = 100; other < MB; other *= 30) {
		head = take_all(other, &n);
		free_all(head);
		if (n * other / (limit / 100) < percent / 2) {
			diag("blocks of %zu: %zu MB", other, n * other / MB);
			return (4);
		}
	}
	head = take_all(size, &n);
	free_all(head);
	if (n < first - first / 10) {
		diag("in the end: %zu MB", n * size / MB);
		return (5);
	}
	/* glibc does not give back what lies below the top of its heap. */
	if (!tap_kma)
		return (0);
	malloc_trim(0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * KB);
	for (i = 0; i < 10; i++) {
		must(pthread_create(&t, &attr, thread, NULL) == 0);
		pthread_join(t, NULL);
	}
	return (0);
}

static void
try(int resource, const char *name, size_t mb, size_t size, size_t percent)
{
	char text[3][32];
	char *args[5];
	struct rlimit rl;
	pid_t pid;

	snprintf(text[0], sizeof(text[0]), "%zu", mb);
	snprintf(text[1], sizeof(text[1]), "%zu", size);
	snprintf(text[2], sizeof(text[2]), "%zu", percent);
	args[0] = (char *)(uintptr_t)"fill";
	args[1] = text[0];
	args[2] = text[1];
	args[3] = text[2];
	args[4] = NULL;
	must((pid = fork()) >= 0);
	if (pid == 0) {
		rl.rlim_cur = rl.rlim_max = mb * MB;
		must(setrlimit((__rlimit_resource_t)resource, &rl) == 0);
		execv("/proc/self/exe", args);
		_exit(96);
	}
	ok(tap_wait(pid) == 0, "%s %zu MB: blocks of %zu fill %zu%% of it",
	    name, mb, size, percent);
}

int
main(int argc, char **argv)
{
	tap_begin(argv, 110);
	if (argc > 3)
		return (fill_up(strtoul(argv[1], NULL, 10) * MB,
		    strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10)));
	try(RLIMIT_AS, "RLIMIT_AS", 32, 256, 50);
	try(RLIMIT_AS, "RLIMIT_AS", 32, 20000, 50);
	try(RLIMIT_AS, "RLIMIT_AS", 64, 64, 60);
	try(RLIMIT_AS, "RLIMIT_AS", 64, 4096, 60);
	try(RLIMIT_AS, "RLIMIT_AS", 64, 65536, 60);
	try(RLIMIT_AS, "RLIMIT_AS", 64, MB, 60);
	try(RLIMIT_AS, "RLIMIT_AS", 256, 256, 75);
	try(RLIMIT_AS, "RLIMIT_AS", 256, 100000, 75);
	try(RLIMIT_AS, "RLIMIT_AS", 1024, 65536, 85);
	try(RLIMIT_AS, "RLIMIT_AS", 1024, 5 * MB, 85);
	try(RLIMIT_DATA, "RLIMIT_DATA", 32, 256, 50);
	try(RLIMIT_DATA, "RLIMIT_DATA", 64, 4096, 60);
	try(RLIMIT_DATA, "RLIMIT_DATA", 64, 65536, 60);
	try(RLIMIT_DATA, "RLIMIT_DATA", 256, 100000, 75);
	try(RLIMIT_DATA, "RLIMIT_DATA", 1024, 65536, 85);
	return (tap_end());
}
