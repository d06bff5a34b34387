/*
 * traced.c - a program that is traced, and that says what it asks for.
 *
 *	traced MODE [FILE]
 *
 * ops writes to FILE what kma trace --text should say, but for threads and
 * times.  It keeps its own numbers of objects.  In each mode, an object of MARK
 * bytes comes first: what libc allocates before is not ours.
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK	77777
#define NOPS	20000
#define NSLOT	300
#define NTHREAD	4
#define HANDED	30000

static char said[NOPS * 64];
static size_t nsaid;

static struct slot {
	void	*s_block;
	unsigned s_number;
} slots[NSLOT];
static unsigned number;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	nsaid += (size_t)vsnprintf(said + nsaid, sizeof(said) - nsaid, fmt,
	    ap);
	va_end(ap);
}

static void
begin_one(struct slot *s)
{
	size_t size = (size_t)random() % (random() % 50 == 0 ? 300000 : 700);
	size_t align = (size_t)16 << random() % 9;

	s->s_number = ++number;
	switch (random() % 4) {
	case 0:
		s->s_block = calloc(1, size);
		say("alloc %u %zu zero\n", number, size);
		break;
	case 1:
		s->s_block = memalign(align, size);
		say("alloc %u %zu align=%zu\n", number, size, align);
		break;
	default:
		s->s_block = malloc(size);
		say("alloc %u %zu\n", number, size);
		break;
	}
}

static void
end_one(struct slot *s)
{
	free(s->s_block);
	say("free %u\n", s->s_number);
	s->s_block = NULL;
}

/* A size about the old one, so that many stay in their place. */
static void
resize_one(struct slot *s)
{
	size_t size = malloc_usable_size(s->s_block) - (size_t)random() % 16 +
	    (random() % 3 == 0 ? (size_t)random() % 5000 : 0);

	if (random() % 20 == 0) {
		if (realloc(s->s_block, PTRDIFF_MAX) != NULL)
			abort();
		say("realloc %u 0 %td failed\n", s->s_number, PTRDIFF_MAX);
		return;
	}
	if (size == 0)
		size = 1;
	s->s_block = realloc(s->s_block, size);
	say("realloc %u %u %zu\n", s->s_number, number + 1, size);
	s->s_number = ++number;
}

static int
ops(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	for (int i = 0; i < NOPS; i++) {
		struct slot *s = &slots[random() % NSLOT];

		if (s->s_block == NULL)
			begin_one(s);
		else if (random() % 3 == 0)
			resize_one(s);
		else
			end_one(s);
	}
	/* Not through stdio: what that allocates was not said. */
	return (write(fd, said, nsaid) == (ssize_t)nsaid ? 0 : 1);
}

/*
 * Each thread hands what it allocates to the next, which frees it, at once, so
 * that a third may get the same memory.
 */
static void *boxes[NTHREAD];

static void *
hand_on(void *arg)
{
	int me = (int)(intptr_t)arg;
	void **to = &boxes[(me + 1) % NTHREAD], **from = &boxes[me], *p;
	int sent = 0, had = 0;

	while (sent < HANDED || had < HANDED) {
		if (sent < HANDED &&
		    __atomic_load_n(to, __ATOMIC_ACQUIRE) == NULL) {
			__atomic_store_n(to, malloc(100), __ATOMIC_RELEASE);
			sent++;
		}
		p = __atomic_exchange_n(from, NULL, __ATOMIC_ACQ_REL);
		if (p != NULL) {
			free(p);
			had++;
		}
	}
	return (NULL);
}

static int
threads(void)
{
	pthread_t thread[NTHREAD];

	for (intptr_t i = 0; i < NTHREAD; i++)
		if (pthread_create(&thread[i], NULL, hand_on, (void *)i) != 0)
			return (1);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(thread[i], NULL);
	return (0);
}

/* The child frees half of what its parent has, and has ten of its own. */
static int
forks(void)
{
	void *p[100];
	int status;
	pid_t pid;

	for (int i = 0; i < 100; i++)
		p[i] = malloc(1000);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 50; i++)
			free(p[i]);
		for (int i = 0; i < 10; i++)
			p[i] = malloc(5555);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	for (int i = 0; i < 100; i++)
		free(p[i]);
	return (status);
}

static void
many(int n)
{
	for (int i = 0; i < n; i++)
		free(malloc((size_t)(i % 100) + 1));
}

int
main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	free(malloc(MARK));
	if (strcmp(mode, "ops") == 0 && argc == 3)
		return (ops(argv[2]));
	if (strcmp(mode, "threads") == 0)
		return (threads());
	if (strcmp(mode, "fork") == 0)
		return (forks());
	many(10000);
	if (strcmp(mode, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(mode, "_exit") == 0)
		_exit(0);
	if (strcmp(mode, "exec") == 0) {
		execl("/proc/self/exe", argv[0], "end", (char *)NULL);
		return (1);
	}
	if (strcmp(mode, "close") == 0) {
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
		if (chdir("/") != 0)
			return (1);
	}
	if (strcmp(mode, "remove") == 0 && argc == 3)
		unlink(argv[2]);
	many(30000);
	return (0);
}
