/*
 * chaos.c - everything at once, for a while, in constant memory.
 *
 *	chaos SECONDS SEED THREADS [REPORT-SECONDS]
 *
 * Threads allocate, resize and free blocks of all sizes and check their
 * contents; now and then a block is left for whoever comes by (so that it is
 * freed by another thread), threads end and others begin, children are forked
 * meanwhile and do the same for a moment.  What is live at once has a bound,
 * so resident memory must have one too: after a tenth of the time it may not
 * grow any more than by a third and 32 MB.  It exits with 0, or says what
 * failed.
 */
#include "conform/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#include "churn.h"

#define NSLOT	300		/* blocks of a thread */
#define NSHARED	64		/* blocks on their way to another */
#define MOST	20		/* blocks up to 1 MB */
#define LIFE	2000		/* steps of a thread */
#define MB	((size_t)1 << 20)

static struct held shared[NSHARED];
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long long total;	/* steps, by atomic operations */
static int stop;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static size_t
resident(void)
{
	char text[64] = "", *at;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	strtoul(text, &at, 10);
	return (strtoul(at, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE));
}

/* Changes one block for another that some thread left. */
static void
swap(struct churn *ch)
{
	struct held *mine = &ch->ch_held[rnd_range(&ch->ch_state, 0,
	    NSLOT - 1)];
	struct held *its = &shared[rnd_range(&ch->ch_state, 0, NSHARED - 1)];
	struct held was;

	pthread_mutex_lock(&shared_lock);
	was = *its;
	*its = *mine;
	*mine = was;
	pthread_mutex_unlock(&shared_lock);
}

/* A child has what the thread has, and what it shares, and may use it. */
static void
child(struct churn *ch)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < 500; i++)
			churn_step(ch);
		churn_end(ch);
		_exit(0);
	}
	must(tap_wait(pid) == 0);
}

static void
live(uint64_t seed)
{
	struct held *held = calloc(NSLOT, sizeof(*held));
	struct churn ch = { .ch_state = seed, .ch_slots = NSLOT,
	    .ch_held = held };

	must(held != NULL);
	for (int i = 0; i < LIFE && !__atomic_load_n(&stop,
	    __ATOMIC_RELAXED); i++) {
		/* One in eight may be long. */
		ch.ch_shift = i % 8 == 0 ? MOST : 12;
		churn_step(&ch);
		if (i % 4 == 0) {
			__atomic_fetch_add(&total, 4, __ATOMIC_RELAXED);
			swap(&ch);
		}
		if (i == LIFE / 2 && seed % 4 == 1)
			child(&ch);
	}
	churn_end(&ch);
	free(held);
}

static void *
short_thread(void *arg)
{
	live(*(uint64_t *)arg);
	return (NULL);
}

/* Its threads follow each other. */
static void *
long_thread(void *arg)
{
	uint64_t seed = (uintptr_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		pthread_t thread;

		seed = rnd(&seed) | 1;
		must(pthread_create(&thread, NULL, short_thread, &seed) == 0);
		must(pthread_join(thread, NULL) == 0);
	}
	return (NULL);
}

/* Looks at resident memory until the time is over. */
static void
watch(double seconds, double report)
{
	double start = now(), next = report, at;
	size_t early = 0, most = 0, rss;

	while ((at = now() - start) < seconds) {
		struct timespec ts = { 0, 50000000 };

		nanosleep(&ts, NULL);
		rss = resident();
		if (at < seconds / 10)
			early = rss > early ? rss : early;
		most = rss > most ? rss : most;
		must(early == 0 || at < seconds / 10 ||
		    rss <= early + early / 3 + 32 * MB);
		if (at >= next) {
			diag("%.0f of %.0f s: %llu thousand calls, %zu MB "
			    "resident, %zu at most", at, seconds,
			    total / 1000, rss / MB, most / MB);
			next += report;
		}
	}
	diag("%.0f s: %llu thousand calls, %zu MB resident, %zu at first, "
	    "%zu at most", seconds, total / 1000, resident() / MB, early / MB,
	    most / MB);
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned n = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 4;
	pthread_t thread[64];

	must(argc > 1 && n <= 64 && tap_is_kma());
	for (unsigned i = 0; i < n; i++)
		must(pthread_create(&thread[i], NULL, long_thread,
		    (void *)(uintptr_t)(seed + i * 1000003 + 1)) == 0);
	watch(strtod(argv[1], NULL), argc > 4 ? strtod(argv[4], NULL) : 1e9);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < n; i++)
		must(pthread_join(thread[i], NULL) == 0);
	for (int i = 0; i < NSHARED; i++)
		churn_free(&shared[i]);
	return (0);
}
