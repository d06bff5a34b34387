/*
 * test_memtype.c - malloc types: figures against a model, limits against a
 * counter that their users keep, and who gets room in what order.
 */
#include "memtype.h"

#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kmem.h"
#include "mode.h"
#include "os.h"
#include "report.h"
#include "unit.h"

#define KB	((size_t)1024)

/* Check writes a file at each of its own assertions. */
#define EXPECT(cond) \
	((cond) ? (void)0 : ck_abort_msg("line %d: %s", __LINE__, #cond))

static unsigned
setup(const char *name)
{
	ck_assert(kmem_init());
	return (memtype_number(name));
}

static struct kma_type_figures
figures(unsigned type)
{
	struct kma_type_figures f;

	memtype_figures(type, &f);
	return (f);
}

static size_t
inuse(unsigned type)
{
	return (figures(type).ks_memuse);
}

static int
charge(unsigned type, size_t bytes, int flags)
{
	return (memtype_charge(type, bytes, flags, NULL, "test"));
}

/* In how many milliseconds. */
static struct timespec
in_ms(long ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += ms % 1000 * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return (ts);
}

/*
 * Names.
 */

START_TEST(names)
{
	char name[64], longer[64];
	unsigned a = setup("a"), b;

	ck_assert_uint_eq(a, 1);
	ck_assert_uint_eq(memtype_number("a"), a);
	b = memtype_number("b");
	ck_assert_uint_eq(b, 2);
	ck_assert_uint_eq(memtype_number(""), 3);
	ck_assert_uint_eq(memtype_number(""), 3);
	ck_assert_str_eq(figures(a).ks_name, "a");
	memset(name, 'x', sizeof(name));
	name[31] = '\0';
	strcpy(longer, name);
	strcat(longer, "yz");
	b = memtype_number(longer);
	ck_assert_uint_eq(memtype_number(name), b);
	ck_assert_str_eq(figures(b).ks_name, name);
	name[30] = '\0';
	ck_assert_uint_ne(memtype_number(name), b);
}
END_TEST

START_TEST(full_table)
{
	char name[32];

	setup("0");
	for (unsigned i = 1; i < 1000; i++) {
		snprintf(name, sizeof(name), "%u", i);
		ck_assert_uint_eq(memtype_number(name), i + 1 < NTYPE - 1 ?
		    i + 1 : NTYPE - 1);
	}
	ck_assert_uint_eq(memtype_number("100"), 101);
	ck_assert_str_eq(figures(NTYPE - 1).ks_name, "(other)");
	ck_assert_int_eq(charge(NTYPE - 1, 100, M_NOWAIT), 0);
	ck_assert_uint_eq(inuse(NTYPE - 1), 100);
	ck_assert_uint_eq(memtype_ntypes, NTYPE);
}
END_TEST

/* Many threads ask for the same names at once. */
static unsigned number_of[8][100];

static void *
ask(void *arg)
{
	unsigned *number = arg;
	char name[32];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%u", i);
		number[i] = memtype_number(name);
	}
	return (NULL);
}

static void
start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	ck_assert_int_eq(pthread_create(t, NULL, fn, arg), 0);
}

START_TEST(names_in_threads)
{
	pthread_t t[8];

	ck_assert(kmem_init());
	for (int i = 0; i < 8; i++)
		start(&t[i], ask, number_of[i]);
	for (int i = 0; i < 8; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(memtype_ntypes, 101);
	for (int i = 1; i < 8; i++)
		ck_assert_mem_eq(number_of[i], number_of[0],
		    sizeof(number_of[0]));
}
END_TEST

/*
 * Figures.
 */

/* One thread: all of them exact after each step. */
struct model {
	unsigned	type;
	size_t		bytes, most, blocks, calls, limit;
	struct rnd	rnd;
	size_t		block[200];
};

static void
model_check(struct model *m)
{
	struct kma_type_figures f = figures(m->type);

	if (m->bytes > m->most)
		m->most = m->bytes;
	EXPECT(f.ks_memuse == m->bytes);
	EXPECT(f.ks_inuse == m->blocks);
	EXPECT(f.ks_calls == m->calls);
	EXPECT(f.ks_maxused == m->most);
	EXPECT(f.ks_limit == m->limit);
}

static void
model_step(struct model *m)
{
	size_t *b = &m->block[rnd_below(&m->rnd, nitems(m->block))];
	size_t to = 16 + rnd_below(&m->rnd, rnd_below(&m->rnd, 20) == 0 ?
	    200000 : 3000);
	bool room = m->limit == 0 || m->bytes + to - *b <= m->limit;

	if (*b == 0) {
		EXPECT(charge(m->type, to, M_NOWAIT) == (room ? 0 : ENOMEM));
		m->blocks += room;
		m->calls += room;
	} else if (rnd_below(&m->rnd, 2) == 0) {
		EXPECT(memtype_discharge(m->type, *b));
		to = 0;
		m->blocks--;
		room = true;
	} else if (to > *b) {
		EXPECT(memtype_grow(m->type, *b, to, M_NOWAIT, "test") ==
		    (room ? 0 : ENOMEM));
		m->calls += room;
	} else {
		memtype_shrink(m->type, *b, to);
		m->calls++;
		room = true;
	}
	if (room) {
		m->bytes += to - *b;
		*b = to;
	}
}

/* What was charged and cancelled shows nowhere. */
static void
model_cancel(struct model *m)
{
	size_t much = MEMTYPE_SPARE + 1 + rnd_below(&m->rnd, (size_t)1 << 40);

	if (m->limit != 0 && m->bytes + much > m->limit)
		return;
	EXPECT(charge(m->type, much, M_NOWAIT) == 0);
	memtype_cancel(m->type, much);
	EXPECT(memtype_grow(m->type, 100, much + 100, M_NOWAIT, "test") == 0);
	memtype_cancel_grow(m->type, 100, much + 100);
}

START_TEST(model)
{
	static struct model m;
	unsigned steps = unit_less(50000, 10);

	m.type = setup("model");
	for (unsigned i = 0; i < steps; i++) {
		if (i % 1000 == 999) {
			m.limit = i % 3000 == 999 ? 0 :
			    rnd_below(&m.rnd, 2 * m.bytes) + 1;
			memtype_setlimit(m.type, m.limit == 0 ? NOLIMIT :
			    m.limit);
		}
		if (rnd_below(&m.rnd, 50) == 0)
			model_cancel(&m);
		else
			model_step(&m);
		model_check(&m);
	}
}
END_TEST

START_TEST(sizes)
{
	unsigned type = setup("sizes");

	ck_assert_int_eq(charge(type, 1, M_NOWAIT), 0);
	ck_assert_uint_eq(figures(type).ks_sizes, 1);
	ck_assert_int_eq(charge(type, 16, M_NOWAIT), 0);
	ck_assert_uint_eq(figures(type).ks_sizes, 1 | 1 << 4);
	ck_assert_int_eq(charge(type, 17, M_NOWAIT), 0);
	ck_assert_uint_eq(figures(type).ks_sizes, 1 | 1 << 4 | 1 << 5);
	memtype_setlimit(type, 100);
	ck_assert_int_eq(charge(type, 4096, M_NOWAIT), ENOMEM);
	ck_assert_uint_eq(figures(type).ks_sizes, 1 | 1 << 4 | 1 << 5);
}
END_TEST

START_TEST(never_had)
{
	unsigned a = setup("a"), b = memtype_number("b");
	struct kma_type_figures f;

	for (int limited = 0; limited < 2; limited++) {
		memtype_setlimit(b, limited ? 1 << 20 : NOLIMIT);
		ck_assert_int_eq(charge(a, 300 * KB, M_NOWAIT), 0);
		f = figures(b);
		ck_assert(!memtype_discharge(b, 300 * KB));
		ck_assert_uint_eq(figures(b).ks_inuse, f.ks_inuse);
		ck_assert_uint_eq(figures(b).ks_memuse, f.ks_memuse);
		ck_assert(memtype_discharge(a, 300 * KB));
	}
}
END_TEST

/*
 * Limits.
 */

START_TEST(limits)
{
	unsigned type = setup("limits");

	memtype_setlimit(type, 1000);
	ck_assert_int_eq(charge(type, 1001, M_NOWAIT), ENOMEM);
	ck_assert_int_eq(charge(type, 1000, M_NOWAIT), 0);
	ck_assert_int_eq(charge(type, 1, M_NOWAIT), ENOMEM);
	ck_assert(memtype_discharge(type, 1000));
	ck_assert_int_eq(charge(type, 400, M_NOWAIT), 0);
	ck_assert_int_eq(charge(type, 601, M_NOWAIT), ENOMEM);
	ck_assert_int_eq(charge(type, 600, M_NOWAIT), 0);
	memtype_setlimit(type, 500);
	ck_assert_int_eq(charge(type, 1, M_NOWAIT), ENOMEM);
	memtype_shrink(type, 600, 101);
	ck_assert_int_eq(charge(type, 1, M_NOWAIT), ENOMEM);
	memtype_shrink(type, 101, 100);
	ck_assert_int_eq(memtype_grow(type, 100, 101, M_NOWAIT, ""), ENOMEM);
	memtype_shrink(type, 100, 99);
	ck_assert_int_eq(memtype_grow(type, 99, 100, M_NOWAIT, ""), 0);
	ck_assert_uint_eq(inuse(type), 500);
	memtype_setlimit(type, NOLIMIT);
	ck_assert_int_eq(charge(type, SIZE_MAX / 4, M_NOWAIT), 0);
}
END_TEST

/* A limit finds what was taken in advance, by threads that ended too. */
static void *
charge_some(void *arg)
{
	EXPECT(charge(*(unsigned *)arg, 100, M_NOWAIT) == 0);
	return (NULL);
}

START_TEST(spares_come_back)
{
	unsigned type = setup("spares");
	pthread_t t[10];

	for (unsigned i = 0; i < 10; i++)
		start(&t[i], charge_some, &type);
	for (unsigned i = 0; i < 10; i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(inuse(type), 1000);
	memtype_setlimit(type, 1100);
	ck_assert_uint_eq(memtype[type].ks_taken, 1000);
	ck_assert_int_eq(charge(type, 101, M_NOWAIT), ENOMEM);
	ck_assert_int_eq(charge(type, 100, M_NOWAIT), 0);
	for (unsigned i = 0; i < 11; i++)
		ck_assert(memtype_discharge(type, 100));
	ck_assert_uint_eq(memtype[type].ks_taken, 0);
	ck_assert_uint_eq(figures(type).ks_inuse, 0);
	ck_assert_uint_eq(figures(type).ks_calls, 11);
}
END_TEST

/*
 * Waiting.
 */

struct sleeper {
	pthread_t	thread;
	unsigned	type;
	size_t		bytes;
	struct timespec	until;		/* or 0 */
	int		error;
	unsigned	turn;		/* when it came through */
};
static unsigned turns;

static void *
sleeper(void *arg)
{
	struct sleeper *s = arg;

	s->error = memtype_charge(s->type, s->bytes, M_WAITOK,
	    s->until.tv_sec != 0 ? &s->until : NULL, "test");
	__atomic_store_n(&s->turn, __atomic_add_fetch(&turns, 1,
	    __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
	return (NULL);
}

/* Starts it, and returns when it sleeps. */
static void
put_to_sleep(struct sleeper *s, unsigned type, size_t bytes)
{
	uint64_t n = figures(type).ks_limblocks;

	s->type = type;
	s->bytes = bytes;
	s->error = -1;
	start(&s->thread, sleeper, s);
	while (figures(type).ks_limblocks == n)
		sched_yield();
}

static unsigned
turn_of(struct sleeper *s)
{
	return (__atomic_load_n(&s->turn, __ATOMIC_SEQ_CST));
}

static void
expect_awake(struct sleeper *s, int error)
{
	pthread_join(s->thread, NULL);
	ck_assert_int_eq(s->error, error);
}

/* Long enough for whoever would be woken by mistake. */
static void
doze(void)
{
	usleep(20000);
}

START_TEST(first_come)
{
	static const size_t want[] = { 900, 10, 500, 10, 490, 1000, 1 };
	unsigned type = setup("queue"), n = nitems(want);
	static struct sleeper s[nitems(want)];
	size_t shares[10], held = 0;

	memtype_setlimit(type, 1000);
	for (unsigned i = 0; i < nitems(shares); i++) {
		shares[i] = 100;
		ck_assert_int_eq(charge(type, 100, M_NOWAIT), 0);
	}
	for (unsigned i = 0; i < n; i++)
		put_to_sleep(&s[i], type, want[i]);
	/* Room for all but the first, who stands before them. */
	for (unsigned i = 0; i < 8; i++)
		ck_assert(memtype_discharge(type, 100));
	doze();
	ck_assert_uint_eq(turns, 0);
	ck_assert_int_eq(charge(type, 1, M_NOWAIT), ENOMEM);
	ck_assert_uint_eq(inuse(type), 200);
	ck_assert(memtype_discharge(type, 100));
	expect_awake(&s[0], 0);
	doze();
	ck_assert_uint_eq(turns, 1);
	ck_assert_uint_eq(inuse(type), 1000);
	/* Two of them fit, and the fourth waits for the third. */
	ck_assert(memtype_discharge(type, 100));
	expect_awake(&s[1], 0);
	doze();
	ck_assert_uint_eq(turns, 2);
	ck_assert(memtype_discharge(type, 900));
	for (unsigned i = 2; i < 4; i++)
		expect_awake(&s[i], 0);
	/* 10 + 500 + 10, and 490 is too much by 10. */
	doze();
	ck_assert_uint_eq(turns, 4);
	ck_assert(memtype_discharge(type, 10));
	expect_awake(&s[4], 0);
	ck_assert_uint_eq(inuse(type), 1000);
	/* A higher limit lets go of the rest. */
	memtype_setlimit(type, 1999);
	doze();
	ck_assert_uint_eq(turns, 5);
	memtype_setlimit(type, 2001);
	for (unsigned i = 5; i < n; i++)
		expect_awake(&s[i], 0);
	for (unsigned i = 1; i < n; i++)
		held += want[i];
	ck_assert_uint_eq(inuse(type), held - 10);
	ck_assert_uint_eq(figures(type).ks_limblocks, n);
	for (unsigned i = 0; i < 5; i++)
		ck_assert(turn_of(&s[i]) >= (i == 3 ? 3 : i + 1));
}
END_TEST

/* Equals come through one by one, in their order. */
START_TEST(one_by_one)
{
	static struct sleeper s[12];
	unsigned type = setup("equals");

	memtype_setlimit(type, 1000);
	ck_assert_int_eq(charge(type, 1000, M_NOWAIT), 0);
	for (unsigned i = 0; i < nitems(s); i++)
		put_to_sleep(&s[i], type, 1000);
	for (unsigned i = 0; i < nitems(s); i++) {
		ck_assert(memtype_discharge(type, 1000));
		expect_awake(&s[i], 0);
		ck_assert_uint_eq(turn_of(&s[i]), i + 1);
	}
	ck_assert_uint_eq(inuse(type), 1000);
}
END_TEST

START_TEST(deadline)
{
	static struct sleeper s[4];
	unsigned type = setup("deadline");

	memtype_setlimit(type, 1000);
	ck_assert_int_eq(charge(type, 500, M_NOWAIT), 0);
	put_to_sleep(&s[0], type, 1000);
	s[1].until = in_ms(300);
	put_to_sleep(&s[1], type, 900);
	put_to_sleep(&s[2], type, 100);
	/* The one in the middle goes; the first is still before the last. */
	expect_awake(&s[1], ETIMEDOUT);
	doze();
	ck_assert_uint_eq(turns, 1);
	ck_assert(memtype_discharge(type, 500));
	expect_awake(&s[0], 0);
	ck_assert(memtype_discharge(type, 1000));
	expect_awake(&s[2], 0);
	/* The first goes: those behind it have room. */
	s[0].until = in_ms(300);
	put_to_sleep(&s[0], type, 1000);
	put_to_sleep(&s[3], type, 900);
	expect_awake(&s[0], ETIMEDOUT);
	expect_awake(&s[3], 0);
	ck_assert_uint_eq(inuse(type), 1000);
	ck_assert_uint_eq(figures(type).ks_inuse, 2);
}
END_TEST

/* Another type's sleepers are no matter. */
START_TEST(two_types)
{
	static struct sleeper s;
	unsigned a = setup("a"), b = memtype_number("b");

	memtype_setlimit(a, 1000);
	memtype_setlimit(b, 1000);
	ck_assert_int_eq(charge(a, 1000, M_NOWAIT), 0);
	put_to_sleep(&s, a, 1000);
	ck_assert_int_eq(charge(b, 1000, M_NOWAIT), 0);
	ck_assert(memtype_discharge(b, 1000));
	doze();
	ck_assert_uint_eq(turns, 0);
	ck_assert(memtype_discharge(a, 1000));
	expect_awake(&s, 0);
}
END_TEST

/*
 * Waits that cannot end.
 */

static void
more_than_the_limit(void *arg)
{
	(void)arg;
	if (charge(1, 1001, M_WAITOK) != EDEADLK)
		_exit(1);
}

static void
nobody_else(void *arg)
{
	(void)arg;
	if (charge(1, 1000, M_NOWAIT) != 0 ||
	    charge(1, 1, M_WAITOK) != EDEADLK)
		_exit(1);
}

static void
everybody_sleeps(void *arg)
{
	static struct sleeper s[5];

	(void)arg;
	if (charge(1, 1000, M_NOWAIT) != 0)
		_exit(1);
	for (int i = 0; i < 5; i++)
		put_to_sleep(&s[i], 1, 100);
	if (charge(1, 1, M_WAITOK) != EDEADLK)
		_exit(1);
	memtype_discharge(1, 1000);
	for (int i = 0; i < 5; i++)
		expect_awake(&s[i], 0);
}

/* The last awake has a deadline: then it is awake again. */
static void
one_has_a_deadline(void *arg)
{
	static struct sleeper s;
	struct timespec ts = in_ms(50);

	(void)arg;
	if (charge(1, 1000, M_NOWAIT) != 0)
		_exit(1);
	put_to_sleep(&s, 1, 100);
	if (memtype_charge(1, 1, M_WAITOK, &ts, "test") != ETIMEDOUT)
		_exit(1);
	memtype_discharge(1, 1000);
	expect_awake(&s, 0);
}

/* While it sleeps, the limit is made less than it waits for. */
static void
limit_falls(void *arg)
{
	static struct sleeper s[3];

	(void)arg;
	if (charge(1, 1000, M_NOWAIT) != 0)
		_exit(1);
	for (int i = 0; i < 3; i++)
		put_to_sleep(&s[i], 1, i == 1 ? 100 : 900);
	memtype_setlimit(1, 899);
	expect_awake(&s[0], EDEADLK);
	expect_awake(&s[2], EDEADLK);
	memtype_discharge(1, 1000);
	expect_awake(&s[1], 0);
	if (inuse(1) != 100)
		_exit(1);
}

static const struct hopeless {
	void		(*fn)(void *);
	const char	*text;
} hopeless_cases[] = {
	{ more_than_the_limit, "libkma: test(): a wait for 1001 bytes of type "
	    "vain cannot end: 0 of 1000 are in use\n" },
	{ nobody_else, "libkma: test(): a wait for 1 bytes of type vain "
	    "cannot end: 1000 of 1000 are in use\n" },
	{ everybody_sleeps, "libkma: test(): a wait for 1 bytes of type vain "
	    "cannot end: 1000 of 1000 are in use\n" },
	{ one_has_a_deadline, "" },
	{ limit_falls, "libkma: test(): a wait for 900 bytes of type vain "
	    "cannot end: 1000 of 899 are in use\n" },
};

START_TEST(hopeless)
{
	const char *text;

	memtype_setlimit(setup("vain"), 1000);
	for (unsigned i = 0; i < nitems(hopeless_cases); i++) {
		const struct hopeless *h = &hopeless_cases[i];
		int status;

		/* ThreadSanitizer has a thread of its own, always awake. */
		if (UNIT_TSAN && i != 0)
			continue;
		report_no_abort = true;
		status = unit_child(h->fn, NULL, &text);
		ck_assert_msg(status == 0, "case %u: %d, %s", i, status, text);
		ck_assert_msg(strncmp(text, h->text, strlen(h->text)) == 0 &&
		    (h->text[0] != '\0' || text[0] == '\0'),
		    "case %u: %s", i, text);
		report_no_abort = false;
		if (h->text[0] != '\0')
			ck_assert_int_eq(unit_child(h->fn, NULL, &text),
			    -SIGABRT);
	}
}
END_TEST

/*
 * Many threads.
 */

#define NWORKER		32
static unsigned long progress;		/* for the watchdog */
static unsigned long progress_seen;
static unsigned hammered;		/* the type */

/* Nothing has happened for a while: somebody was not woken. */
static void
watchdog(int sig)
{
	static const char text[] = "test_memtype: a wake-up was lost: threads "
	    "sleep, and nobody will free\n";
	unsigned long now = relaxed_load(&progress);

	(void)sig;
	if (now == progress_seen) {
		(void)!write(2, text, sizeof(text) - 1);
		_exit(1);
	}
	progress_seen = now;
	alarm(20);
}

static void
watch(void)
{
	signal(SIGALRM, watchdog);
	alarm(20);
}

/*
 * The bytes that threads know to be theirs: added after each charge and
 * taken away before each discharge, so never more than what is in use.
 */
#define HAMMER_LIMIT	((size_t)4096)
static size_t shadow, shadow_most;
static unsigned long refusals, timeouts;

static void
shadow_add(size_t bytes)
{
	size_t now = __atomic_add_fetch(&shadow, bytes, __ATOMIC_SEQ_CST);

	EXPECT(now <= HAMMER_LIMIT);
	if (now > relaxed_load(&shadow_most))
		relaxed_store(&shadow_most, now);
}

static int
hammer_charge(struct rnd *r, size_t bytes)
{
	struct timespec soon = in_ms(1);

	switch (rnd_below(r, 4)) {
	case 0:
		return (charge(hammered, bytes, M_NOWAIT));
	case 1:
		return (memtype_charge(hammered, bytes, M_WAITOK, &soon,
		    "test"));
	default:
		return (charge(hammered, bytes, M_WAITOK));
	}
}

static void *
hammer(void *arg)
{
	struct rnd r = { (uintptr_t)arg };
	unsigned rounds = unit_less(10000, 10);

	for (unsigned i = 0; i < rounds; i++) {
		size_t bytes = 1 + rnd_below(&r, rnd_below(&r, 8) == 0 ?
		    HAMMER_LIMIT : 700);
		int error = hammer_charge(&r, bytes);

		__atomic_fetch_add(&progress, 1, __ATOMIC_RELAXED);
		if (error != 0) {
			EXPECT(error == ENOMEM || error == ETIMEDOUT);
			__atomic_fetch_add(error == ENOMEM ? &refusals :
			    &timeouts, 1, __ATOMIC_RELAXED);
			continue;
		}
		shadow_add(bytes);
		if (rnd_below(&r, 4) == 0)
			sched_yield();
		__atomic_sub_fetch(&shadow, bytes, __ATOMIC_SEQ_CST);
		EXPECT(memtype_discharge(hammered, bytes));
	}
	return (NULL);
}

START_TEST(one_limit_for_many)
{
	pthread_t t[NWORKER];
	struct kma_type_figures f;

	hammered = setup("hammered");
	memtype_setlimit(hammered, HAMMER_LIMIT);
	watch();
	for (uintptr_t i = 0; i < NWORKER; i++)
		start(&t[i], hammer, (void *)(i + 1));
	for (unsigned i = 0; i < NWORKER; i++)
		pthread_join(t[i], NULL);
	f = figures(hammered);
	ck_assert_uint_eq(f.ks_memuse, 0);
	ck_assert_uint_eq(f.ks_inuse, 0);
	ck_assert_uint_eq(f.ks_calls, (uint64_t)NWORKER * unit_less(10000, 10) -
	    refusals - timeouts);
	ck_assert_uint_le(f.ks_maxused, HAMMER_LIMIT);
	ck_assert_uint_ge(f.ks_maxused, shadow_most);
	/* There was something to test. */
	ck_assert_uint_gt(refusals, 0);
	ck_assert_uint_gt(f.ks_limblocks, 0);
	ck_assert_ptr_null(memtype[hammered].ks_waiters);
}
END_TEST

/* A limit comes and goes while threads charge; none is passed once met. */
static bool stop;

static void *
charge_and_discharge(void *arg)
{
	struct rnd r = { (uintptr_t)arg };
	size_t mine[8] = { 0 };

	for (unsigned i = 0; !relaxed_load(&stop) || i % 8 != 0; i++) {
		size_t *b = &mine[i % 8], bytes = 1 + rnd_below(&r, 3000);

		if (*b != 0) {
			__atomic_sub_fetch(&shadow, *b, __ATOMIC_SEQ_CST);
			EXPECT(memtype_discharge(hammered, *b));
			*b = 0;
		} else if (!relaxed_load(&stop) &&
		    charge(hammered, bytes, M_NOWAIT) == 0) {
			*b = bytes;
			__atomic_add_fetch(&shadow, bytes, __ATOMIC_SEQ_CST);
		}
	}
	for (unsigned i = 0; i < 8; i++)
		if (mine[i] != 0) {
			__atomic_sub_fetch(&shadow, mine[i], __ATOMIC_SEQ_CST);
			EXPECT(memtype_discharge(hammered, mine[i]));
		}
	return (NULL);
}

START_TEST(limits_come_and_go)
{
	unsigned rounds = unit_less(60, 6);
	struct rnd r = { 7 };
	pthread_t t[16];

	hammered = setup("hammered");
	for (uintptr_t i = 0; i < nitems(t); i++)
		start(&t[i], charge_and_discharge, (void *)(i + 1));
	watch();
	for (unsigned i = 0; i < rounds; i++) {
		size_t limit = 1 + rnd_below(&r, 60000);

		progress++;
		memtype_setlimit(hammered, limit);
		while (relaxed_load(&memtype[hammered].ks_taken) > limit)
			sched_yield();
		for (unsigned k = 0; k < 100; k++) {
			EXPECT(__atomic_load_n(&shadow, __ATOMIC_SEQ_CST) <=
			    limit);
			EXPECT(inuse(hammered) <= limit);
			if (k % 50 == 0)
				sched_yield();
		}
		memtype_setlimit(hammered, NOLIMIT);
		usleep(100);
	}
	relaxed_store(&stop, true);
	for (unsigned i = 0; i < nitems(t); i++)
		pthread_join(t[i], NULL);
	ck_assert_uint_eq(shadow, 0);
	ck_assert_uint_eq(figures(hammered).ks_memuse, 0);
	ck_assert_uint_eq(figures(hammered).ks_inuse, 0);
	memtype_setlimit(hammered, 1);
	ck_assert_uint_eq(memtype[hammered].ks_taken, 0);
}
END_TEST

/*
 * 16 threads, 8 types, blocks that others free: exact once it is quiet.
 */
#define NSHARED		512
static struct shared {
	uint32_t	bytes;		/* 0: none */
	uint32_t	type;
} shared[NSHARED];		/* as one word, so exchanged at once */
static size_t type_bytes[9], type_calls[9], type_blocks[9];

static void *
exchange(void *arg)
{
	struct rnd r = { (uintptr_t)arg };
	unsigned rounds = unit_less(20000, 10);

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t *at = (uint64_t *)(void *)&shared[rnd_below(&r,
		    NSHARED)], word;
		struct shared s = { 1 + (uint32_t)rnd_below(&r, 1 +
		    rnd_below(&r, 50000)), 1 + (uint32_t)rnd_below(&r, 8) };

		EXPECT(charge(s.type, s.bytes, M_NOWAIT) == 0);
		__atomic_fetch_add(&type_calls[s.type], 1, __ATOMIC_RELAXED);
		memcpy(&word, &s, sizeof(word));
		word = __atomic_exchange_n(at, word, __ATOMIC_ACQ_REL);
		memcpy(&s, &word, sizeof(word));
		if (s.bytes != 0)
			EXPECT(memtype_discharge(s.type, s.bytes));
	}
	return (NULL);
}

START_TEST(exact_when_quiet)
{
	char name[] = "1";
	pthread_t t[16];

	for (; name[0] <= '8'; name[0]++)
		setup(name);
	for (int round = 0; round < 2; round++) {
		for (uintptr_t i = 0; i < nitems(t); i++)
			start(&t[i], exchange, (void *)(i + 1));
		for (unsigned i = 0; i < nitems(t); i++)
			pthread_join(t[i], NULL);
		memset(type_bytes, 0, sizeof(type_bytes));
		memset(type_blocks, 0, sizeof(type_blocks));
		for (unsigned i = 0; i < NSHARED; i++) {
			type_bytes[shared[i].type] += shared[i].bytes;
			type_blocks[shared[i].type]++;
		}
		for (unsigned type = 1; type <= 8; type++) {
			struct kma_type_figures f = figures(type);

			ck_assert_uint_eq(f.ks_memuse, type_bytes[type]);
			ck_assert_uint_eq(f.ks_inuse, type_blocks[type]);
			ck_assert_uint_eq(f.ks_calls, type_calls[type]);
			ck_assert_uint_ge(f.ks_maxused, f.ks_memuse);
		}
	}
}
END_TEST

/*
 * Fork, while some wait: nobody does in the child.
 */

static int
in_child(unsigned type)
{
	memtype_setlimit(type, NOLIMIT);
	memtype_setlimit(type, 2000);
	if (inuse(type) != 1000 || memtype[type].ks_waiters != NULL)
		return (1);
	if (charge(type, 1000, M_NOWAIT) != 0 ||
	    charge(type, 1, M_NOWAIT) != ENOMEM)
		return (2);
	report_no_abort = true;
	if (charge(type, 1, M_WAITOK) != EDEADLK)
		return (3);
	if (!memtype_discharge(type, 1000) || !memtype_discharge(type, 1000))
		return (4);
	return (inuse(type) != 0);
}

START_TEST(fork_with_waiters)
{
	static struct sleeper s[5];
	unsigned type = setup("fork");
	int status;
	pid_t pid;

	if (UNIT_TSAN)
		return;
	memtype_setlimit(type, 1000);
	ck_assert_int_eq(charge(type, 1000, M_NOWAIT), 0);
	for (unsigned i = 0; i < nitems(s); i++)
		put_to_sleep(&s[i], type, 200);
	kmem_prefork();
	pid = fork();
	if (pid == 0) {
		mode_postfork_child();
		alarm(30);
		_exit(in_child(type));
	}
	kmem_postfork_parent();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(turns, 0);
	ck_assert(memtype_discharge(type, 1000));
	for (unsigned i = 0; i < nitems(s); i++)
		expect_awake(&s[i], 0);
	ck_assert_uint_eq(inuse(type), 1000);
}
END_TEST

UNIT_MAIN("memtype", 1,
    names, full_table, names_in_threads, model, sizes, never_had, limits,
    spares_come_back, first_come, one_by_one, deadline, two_types, hopeless,
    one_limit_for_many, limits_come_and_go, exact_when_quiet,
    fork_with_waiters)
