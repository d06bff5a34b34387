/*
 * unit.c - what the unit tests share.
 */
#include "unit.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bucket.h"
#include "cache.h"
#include "os.h"
#include "pagerun.h"

#define TEST_TIMEOUT	300	/* s; the machine may be busy */
#define VALGRIND	4	/* KMA_TEST_SLOW from here on: one loop */

static int capture_file = -1, capture_saved;
static char capture_text[65536];

int
unit_run(const char *name, const TTest *const *tests, size_t n, int loops)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, TEST_TIMEOUT);
	if (unit_less(VALGRIND, 1) == 1)
		loops = 1;
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tcase, tests[i], 0, loops);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return (failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

unsigned
unit_less(unsigned work, unsigned n)
{
	const char *slow = getenv("KMA_TEST_SLOW");

	if (slow == NULL)
		return (work);
	n *= (unsigned)strtoul(slow, NULL, 10);
	return (work > n ? work / n : 1);
}

uint64_t
rnd_next(struct rnd *r)
{
	uint64_t x = r->r_state + 0x9e3779b97f4a7c15u;

	r->r_state = x;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31);
}

size_t
rnd_below(struct rnd *r, size_t n)
{
	return ((size_t)(rnd_next(r) % n));
}

void
unit_options(const char *fmt, ...)
{
	const char *old = getenv("KMA_OPTIONS");
	char text[512];
	size_t len = 0;
	va_list ap;

	if (old != NULL)
		len = (size_t)snprintf(text, sizeof(text), "%s,", old);
	ck_assert_uint_lt(len, sizeof(text));
	va_start(ap, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	va_end(ap);
	setenv("KMA_OPTIONS", text, 1);
}

void
unit_pages(unsigned decay_ms)
{
	ck_assert(os_init());
	ck_assert_int_eq(pagerun_init(UNIT_RESERVE, decay_ms), 0);
}

void
unit_buckets(unsigned spacing)
{
	unit_pages(500);
	bucket_init(spacing);
}

void
unit_caches(unsigned spacing)
{
	unit_buckets(spacing);
	cache_init();
}

void
capture_begin(void)
{
	capture_file = memfd_create("stderr", 0);
	ck_assert_int_ge(capture_file, 0);
	capture_saved = dup(2);
	dup2(capture_file, 2);
}

static const char *
capture_read(int fd)
{
	ssize_t len = pread(fd, capture_text, sizeof(capture_text) - 1, 0);

	capture_text[len > 0 ? len : 0] = '\0';
	return (capture_text);
}

const char *
capture_end(void)
{
	const char *text;

	dup2(capture_saved, 2);
	close(capture_saved);
	text = capture_read(capture_file);
	close(capture_file);
	return (text);
}

int
unit_child(void (*fn)(void *), void *arg, const char **text)
{
	int fd = memfd_create("stderr", 0), status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		dup2(fd, 2);
		fn(arg);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (text != NULL)
		*text = capture_read(fd);
	close(fd);
	return (WIFSIGNALED(status) ? -WTERMSIG(status) :
	    WEXITSTATUS(status));
}

size_t
unit_maps(void)
{
	static char buf[4096];	/* stdio's could be a mapping of its own */
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t lines = 0;
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
	close(fd);
	return (lines);
}

size_t
unit_faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ((size_t)ru.ru_minflt);
}

size_t
unit_resident(const void *addr, size_t len)
{
	size_t npages = btop(len), n = 0;
	unsigned char *vec = calloc(npages, 1);

	ck_assert_ptr_nonnull(vec);
	ck_assert_int_eq(mincore((void *)(uintptr_t)addr, len, vec), 0);
	for (size_t i = 0; i < npages; i++)
		n += vec[i] & 1;
	free(vec);
	return (n);
}

size_t
unit_vmsize(void)
{
	FILE *fp = fopen("/proc/self/statm", "r");
	unsigned long npages = 0;

	ck_assert_ptr_nonnull(fp);
	ck_assert_int_eq(fscanf(fp, "%lu", &npages), 1);
	fclose(fp);
	return (ptob(npages));
}

/* A byte that depends on where it is, and on whose it is. */
static inline unsigned char
pattern_byte(size_t at, uint64_t seed)
{
	seed ^= seed >> 17;
	return ((unsigned char)(seed + at * 167 + (at >> 8) + 1));
}

void
pattern_fill(void *p, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)p)[i] = pattern_byte(i, seed);
}

bool
pattern_holds(const void *p, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++)
		if (((const unsigned char *)p)[i] != pattern_byte(i, seed))
			return (false);
	return (true);
}

bool
is_zero(const void *p, size_t len)
{
	const unsigned char *byte = p;

	return (len == 0 || (byte[0] == 0 &&
	    memcmp(byte, byte + 1, len - 1) == 0));
}
