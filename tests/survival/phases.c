/*
 * phases.c - a program whose phases need blocks of other sizes each.
 *
 *	phases MB			all, one after the other
 *	phases MB NUMBER		one of them
 *	phases MB threads		all, each by threads, which free what
 *					others allocated
 *	phases MB processes		all, each also in a child, when its
 *					parent has freed the one before
 *
 * Each phase fills so many MB, checks them and frees them.  The process says
 * how many KB of it were resident at most.  memory.sh gives it little more than
 * the largest phase needs: if what a phase freed were kept, the kernel would
 * kill it.
 */
#include "conform/tap.h"

#include <pthread.h>

#define NTHREAD		4
#define MB		((size_t)1 << 20)

static const size_t sizes[] = { 48, 300000, 200, 5000, 1500, 40000, 24 };
#define NPHASE		(sizeof(sizes) / sizeof(sizes[0]))

/* Blocks of a phase, or of a thread's part of it: in a list. */
struct block {
	struct block	*b_next;
	size_t		 b_number;
};

static struct block *
fill(size_t size, size_t bytes)
{
	struct block *first = NULL;

	for (size_t n = 0; n < bytes / size; n++) {
		struct block *b = malloc(size);

		must(b != NULL);
		memset(b, (int)n, size);
		b->b_next = first;
		b->b_number = n;
		first = b;
	}
	return (first);
}

static void
clear(struct block *b, size_t size)
{
	while (b != NULL) {
		struct block *next = b->b_next;
		const unsigned char *end = (unsigned char *)b + size - 1;

		must(size == sizeof(*b) || *end == (b->b_number & 255));
		free(b);
		b = next;
	}
}

struct part {
	pthread_t	 p_thread;
	size_t		 p_size;
	size_t		 p_bytes;
	struct block	*p_blocks;
};

static void *
fill_part(void *arg)
{
	struct part *p = arg;

	p->p_blocks = fill(p->p_size, p->p_bytes);
	return (NULL);
}

static void *
clear_part(void *arg)
{
	struct part *p = arg;

	clear(p->p_blocks, p->p_size);
	return (NULL);
}

static void
in_threads(size_t size, size_t bytes)
{
	static void *(*const steps[])(void *) = { fill_part, clear_part };
	struct part part[NTHREAD];

	for (size_t s = 0; s < 2; s++) {
		for (int i = 0; i < NTHREAD; i++) {
			part[i].p_size = size;
			part[i].p_bytes = bytes / NTHREAD;
			must(pthread_create(&part[i].p_thread, NULL, steps[s],
			    &part[i]) == 0);
		}
		for (int i = 0; i < NTHREAD; i++)
			must(pthread_join(part[i].p_thread, NULL) == 0);
	}
}

/* The next phase is a child's, for which this process made room. */
static void
in_processes(size_t phase, size_t bytes)
{
	pid_t pid;

	clear(fill(sizes[phase], bytes), sizes[phase]);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		phase = (phase + 1) % NPHASE;
		clear(fill(sizes[phase], bytes), sizes[phase]);
		_exit(0);
	}
	must(tap_wait(pid) == 0);
}

static void
tell_peak(void)
{
	char line[128];
	FILE *fp = fopen("/proc/self/status", "r");

	must(fp != NULL);
	while (fgets(line, sizeof(line), fp) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			printf("%ld\n", strtol(line + 6, NULL, 10));
	(void)fclose(fp);
}

int
main(int argc, char **argv)
{
	size_t bytes = argc > 1 ? strtoul(argv[1], NULL, 10) * MB : 0;
	const char *how = argc > 2 ? argv[2] : "";

	must(bytes > 0 && tap_is_kma());
	for (size_t i = 0; i < NPHASE; i++)
		if (strcmp(how, "threads") == 0)
			in_threads(sizes[i], bytes);
		else if (strcmp(how, "processes") == 0)
			in_processes(i, bytes);
		else if (*how == '\0' || strtoul(how, NULL, 10) == i + 1)
			clear(fill(sizes[i], bytes), sizes[i]);
	tell_peak();
	return (0);
}
