/*
 * replay_child.c - the process that replays a trace for real, with whatever
 * malloc it was started.
 *
 * A thread for each of the trace's; the trace's first is the main thread, so
 * that a trace of one thread is replayed by a process of one.  The operations
 * come in spans.  A span begins when all of the one before it is done; within
 * it the threads run freely, but for what they do to the same object: an
 * operation waits until those before it on its slot are done.  So no thread is
 * ever further ahead of another than a span, and memory is in use as it was.
 *
 * Every table is from mmap: in the heap there is only what the trace asks for.
 */
#include "replay_child.h"

#include <sys/resource.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "replay.h"
#include "replay_map.h"

#define SPAN		4096	/* operations */
#define CHAIN_END	UINT32_MAX
#define LINE		64
#define PAGE		4096
#define SPINS		100
#define NAP_MIN		1000	/* ns */
#define NAP_MAX		1000000

struct object {
	char		*ob_addr;
	uint64_t	ob_size;
	_Atomic uint32_t ob_uses;	/* operations on the slot, done */
};

struct worker {
	pthread_t	wk_thread;
	sem_t		wk_go;
	uint64_t	wk_last;	/* operations up to its last */
	uint64_t	wk_failed;
	uint32_t	wk_first, wk_tail;	/* its chain in this span */
	uint32_t	wk_next;	/* of those that have one */
	bool		wk_running, wk_quit;
};

static struct {
	bool		c_full;
	int		c_spool;
	uint64_t	c_ops;
	uint32_t	c_slots, c_threads;
	struct object	*c_object;	/* by slot */
	struct worker	*c_worker;	/* by thread */
	struct replay_op *c_op;		/* SPAN of them */
	uint32_t	*c_chain;	/* the same thread's next */
	sem_t		c_done;
	struct child_result c_result;
} child;

static bool
fault(const char *what, int error)
{
	child.c_result.cr_fault = error;
	strncpy(child.c_result.cr_what, what,
	    sizeof(child.c_result.cr_what) - 1);
	return (false);
}

/*
 * Operations.
 */

/* What a program would do: it writes to every line of a small block. */
static void
touch(char *addr, uint64_t from, uint64_t to)
{
	volatile char *p = addr;
	uint64_t at = from;

	for (; at < to && at < PAGE; at += LINE)
		p[at] = 1;
	for (; at < to; at += PAGE)
		p[at] = 1;
	if (to > from)
		p[to - 1] = 1;
}

/* Sleeps the longer the longer it has waited; a nap is no processor time. */
static void
wait_for(const struct object *ob, uint32_t uses)
{
	struct timespec nap = { 0, NAP_MIN };

	for (unsigned i = 0; i < SPINS; i++)
		if (atomic_load_explicit(&ob->ob_uses,
		    memory_order_acquire) == uses)
			return;
	while (atomic_load_explicit(&ob->ob_uses, memory_order_acquire) !=
	    uses) {
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < NAP_MAX)
			nap.tv_nsec *= 2;
	}
}

static char *
allocate(const struct replay_op *op)
{
	void *p = NULL;

	if (op->ro_align > 3)
		return (posix_memalign(&p, (size_t)1 << op->ro_align,
		    op->ro_size) == 0 ? p : NULL);
	return (op->ro_zero ? calloc(1, op->ro_size) : malloc(op->ro_size));
}

static void
operate(struct worker *wk, const struct replay_op *op, struct object *ob)
{
	uint64_t from = 0;
	char *p;

	switch (op->ro_kind) {
	case TRACE_FREE:
		free(ob->ob_addr);
		*ob = (struct object){ .ob_uses = op->ro_use };
		return;
	case TRACE_REALLOC:
		/* Of 0 bytes it would be a free. */
		p = realloc(ob->ob_addr, op->ro_size > 0 ? op->ro_size : 1);
		from = ob->ob_size < op->ro_size ? ob->ob_size : op->ro_size;
		break;
	default:
		p = allocate(op);
		break;
	}
	if (p == NULL) {
		wk->wk_failed++;
		return;
	}
	touch(p, from, op->ro_size);
	ob->ob_addr = p;
	ob->ob_size = op->ro_size;
}

static void
run_chain(struct worker *wk)
{
	for (uint32_t i = wk->wk_first; i != CHAIN_END; i = child.c_chain[i]) {
		const struct replay_op *op = &child.c_op[i];
		struct object *ob = &child.c_object[op->ro_slot];

		if (atomic_load_explicit(&ob->ob_uses,
		    memory_order_acquire) != op->ro_use)
			wait_for(ob, op->ro_use);
		if (child.c_full)
			operate(wk, op, ob);
		atomic_store_explicit(&ob->ob_uses, op->ro_use + 1,
		    memory_order_release);
	}
}

/*
 * Threads.
 */

static void *
work(void *arg)
{
	struct worker *wk = arg;

	for (;;) {
		while (sem_wait(&wk->wk_go) != 0)
			continue;
		if (wk->wk_quit)
			return (NULL);
		run_chain(wk);
		sem_post(&child.c_done);
	}
}

static bool
start(struct worker *wk)
{
	int error;

	sem_init(&wk->wk_go, 0, 0);
	error = pthread_create(&wk->wk_thread, NULL, work, wk);
	if (error != 0)
		return (fault("a thread cannot be started", error));
	wk->wk_running = true;
	return (true);
}

static void
stop(struct worker *wk)
{
	wk->wk_quit = true;
	sem_post(&wk->wk_go);
	pthread_join(wk->wk_thread, NULL);
	wk->wk_running = false;
}

/*
 * Spans.
 */

/* Each thread's operations in a chain; the first thread that has one. */
static uint32_t
chain(unsigned count)
{
	uint32_t threads = CHAIN_END;

	for (unsigned i = 0; i < count; i++) {
		uint32_t thread = child.c_op[i].ro_thread;
		struct worker *wk = &child.c_worker[thread];

		if (wk->wk_first == CHAIN_END) {
			wk->wk_first = i;
			wk->wk_next = threads;
			threads = thread;
		} else
			child.c_chain[wk->wk_tail] = i;
		wk->wk_tail = i;
		child.c_chain[i] = CHAIN_END;
	}
	return (threads);
}

static bool
run_span(uint32_t threads, uint32_t own)
{
	unsigned others = 0;
	bool good = true;

	for (uint32_t t = threads; t != CHAIN_END;
	    t = child.c_worker[t].wk_next) {
		struct worker *wk = &child.c_worker[t];

		if (t != own && !wk->wk_running)
			good = good && start(wk);
	}
	for (uint32_t t = threads; good && t != CHAIN_END;
	    t = child.c_worker[t].wk_next)
		if (t != own) {
			others++;
			sem_post(&child.c_worker[t].wk_go);
		}
	if (good)
		run_chain(&child.c_worker[own]);
	while (others > 0)
		if (sem_wait(&child.c_done) == 0)
			others--;
	return (good);
}

/* Those that had their last operation go. */
static void
end_span(uint32_t threads, uint32_t own, uint64_t done)
{
	for (uint32_t t = threads; t != CHAIN_END;
	    t = child.c_worker[t].wk_next) {
		struct worker *wk = &child.c_worker[t];

		wk->wk_first = CHAIN_END;
		if (wk->wk_running && t != own && wk->wk_last <= done)
			stop(wk);
	}
}

static bool
run_all(void)
{
	uint32_t own = CHAIN_END, threads;
	bool good = true;

	for (uint64_t at = 0; good && at < child.c_ops;) {
		unsigned count = child.c_ops - at < SPAN ?
		    (unsigned)(child.c_ops - at) : SPAN;

		if (replay_read(child.c_spool, at, child.c_op, count) != 0)
			return (fault("the temporary file", errno));
		if (own == CHAIN_END)
			own = child.c_op[0].ro_thread;
		at += count;
		threads = chain(count);
		good = run_span(threads, own);
		end_span(threads, own, at);
	}
	return (good);
}

/*
 * Beginning and end.
 */

static bool
read_last(void)
{
	size_t size = child.c_threads * sizeof(uint64_t);
	uint64_t *last = replay_map(size + 1);
	bool good = last != NULL && pread(child.c_spool, last, size,
	    (off_t)(child.c_ops * sizeof(struct replay_op))) == (ssize_t)size;

	for (uint32_t t = 0; good && t < child.c_threads; t++) {
		child.c_worker[t].wk_last = last[t];
		child.c_worker[t].wk_first = CHAIN_END;
	}
	replay_unmap(last, size + 1);
	return (good || fault("the temporary file", EIO));
}

static bool
prepare(char **argv)
{
	child.c_full = atoi(argv[CHILD_FULL]) != 0;
	child.c_spool = atoi(argv[CHILD_SPOOL]);
	child.c_ops = strtoull(argv[CHILD_OPS], NULL, 10);
	child.c_slots = (uint32_t)strtoul(argv[CHILD_SLOTS], NULL, 10);
	child.c_threads = (uint32_t)strtoul(argv[CHILD_THREADS], NULL, 10);
	child.c_object = replay_map((child.c_slots + 1) *
	    sizeof(*child.c_object));
	child.c_worker = replay_map((child.c_threads + 1) *
	    sizeof(*child.c_worker));
	child.c_op = replay_map(SPAN * sizeof(*child.c_op));
	child.c_chain = replay_map(SPAN * sizeof(*child.c_chain));
	if (child.c_object == NULL || child.c_worker == NULL ||
	    child.c_op == NULL || child.c_chain == NULL)
		return (fault("memory", ENOMEM));
	sem_init(&child.c_done, 0, 0);
	return (read_last());
}

static double
clock_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* VmHWM: ru_maxrss has what this process was before it became kma. */
static uint64_t
peak(void)
{
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *line = n > 0 ? strstr(text, "VmHWM:") : NULL;

	if (fd >= 0)
		close(fd);
	return (line == NULL ? 0 : strtoull(line + 6, NULL, 10) * 1024);
}

static void
measure(void)
{
	struct child_result *cr = &child.c_result;
	double wall = clock_of(CLOCK_MONOTONIC);
	double cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
	Dl_info info;
	void *found;

	if (!run_all())
		return;
	cr->cr_wall = clock_of(CLOCK_MONOTONIC) - wall;
	cr->cr_cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	cr->cr_peak = peak();
	for (uint32_t t = 0; t < child.c_threads; t++)
		cr->cr_failed += child.c_worker[t].wk_failed;
	found = dlsym(RTLD_DEFAULT, "malloc");
	if (found != NULL && dladdr(found, &info) != 0)
		strncpy(cr->cr_malloc, info.dli_fname,
		    sizeof(cr->cr_malloc) - 1);
}

int
replay_child(int argc, char **argv)
{
	ssize_t n;

	if (argc != CHILD_ARGUMENTS)
		return (STATUS_USAGE);
	if (prepare(argv))
		measure();
	n = write(atoi(argv[CHILD_RESULT]), &child.c_result,
	    sizeof(child.c_result));
	/* What the allocator has to say at exit is said. */
	return (n == (ssize_t)sizeof(child.c_result) ? STATUS_OK :
	    STATUS_FAILED);
}
