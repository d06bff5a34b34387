/*
 * info - mallopt, mallinfo, mallinfo2, malloc_stats, malloc_info and
 * malloc_trim.  Run as `info --xml' it writes malloc_info's document to
 * standard output, for info-xml.sh to parse.
 */
#include "tap.h"

#include <malloc.h>

#include "measure.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void *block[20000];

/*
 * Bytes in use: uordblks counts what lies in the arena, hblkhd what has a
 * mapping of its own, and programs add the two.
 */
static size_t
in_use(void)
{
	struct mallinfo2 mi;

	mi = mallinfo2();
	return (mi.uordblks + mi.hblkhd);
}

static void
test_follow(size_t size, int n)
{
	size_t before, grown, want, left, slack;
	int i;

	want = size * (size_t)n;
	slack = want / 4 + 100000 + (tap_kma ? 0 : 16 * (size_t)n);
	before = in_use();
	for (i = 0; i < n; i++)
		if ((block[i] = malloc(size)) == NULL)
			bail("malloc(%zu)", size);
	grown = in_use() - before;
	ok(grown >= want && grown <= want + slack,
	    "%d blocks of %zu: uordblks grows by %zu", n, size, grown);
	for (i = 0; i < n; i++)
		free(block[i]);
	left = in_use();
	ok(left <= before + 4096 + want / 20,
	    "and is back after they are freed: %zd",
	    (ssize_t)(left - before));
}

static void
test_mallinfo(void)
{
	struct mallinfo2 mi2;
	struct mallinfo mi;

	test_follow(1000, 10000);
	test_follow(64, 20000);
	test_follow(16, 20000);
	test_follow(8000, 2000);
	test_follow(100000, 100);
	test_follow(10 * MB, 5);
	mi2 = mallinfo2();
	ok(mi2.arena + mi2.hblkhd >= mi2.uordblks,
	    "no more in use than there is: %zu of %zu", mi2.uordblks,
	    mi2.arena + mi2.hblkhd);
	mi = mallinfo();
	mi2 = mallinfo2();
	ok((size_t)(unsigned)mi.uordblks <= mi2.uordblks + 65536 &&
	    (size_t)(unsigned)mi.uordblks + 65536 >= mi2.uordblks,
	    "mallinfo says the same as mallinfo2");
}

static void
test_mallopt(void)
{
	ok(mallopt(M_ARENA_MAX, 1) == 1, "mallopt(M_ARENA_MAX, 1)");
	ok(mallopt(M_ARENA_MAX, 4) == 1, "mallopt(M_ARENA_MAX, 4)");
	ok(mallopt(M_ARENA_TEST, 2) == 1, "mallopt(M_ARENA_TEST)");
	ok(mallopt(M_MMAP_THRESHOLD, 128 * 1024) == 1,
	    "mallopt(M_MMAP_THRESHOLD)");
	ok(mallopt(M_TRIM_THRESHOLD, 128 * 1024) == 1,
	    "mallopt(M_TRIM_THRESHOLD)");
	ok(mallopt(M_TOP_PAD, 65536) == 1, "mallopt(M_TOP_PAD)");
	ok(mallopt(M_MMAP_MAX, 65536) == 1, "mallopt(M_MMAP_MAX)");
	ok(mallopt(M_MXFAST, 64) == 1, "mallopt(M_MXFAST)");
}

/* What malloc_stats writes to descriptor 2. */
static void
test_stats(void)
{
	char buf[8192];
	ssize_t n;
	int fds[2], saved;

	if (pipe(fds) != 0)
		bail("pipe");
	fflush(stderr);
	saved = dup(2);
	dup2(fds[1], 2);
	malloc_stats();
	fflush(stderr);
	dup2(saved, 2);
	close(fds[1]);
	n = read(fds[0], buf, sizeof(buf));
	close(fds[0]);
	close(saved);
	ok(n > 20, "malloc_stats writes %zd bytes to standard error", n);
	ok(n > 0 && memchr(buf, '\n', (size_t)n) != NULL, "in lines");
}

static void
test_info(void)
{
	char *text;
	size_t len;
	FILE *fp;
	int rc;

	text = NULL;
	fp = open_memstream(&text, &len);
	if (fp == NULL)
		bail("open_memstream");
	rc = malloc_info(0, fp);
	fclose(fp);
	ok(rc == 0, "malloc_info(0)");
	ok(strncmp(text, "<malloc", 7) == 0 || strncmp(text, "<?xml", 5) == 0,
	    "begins with a tag");
	ok(strstr(text, "</malloc>") != NULL, "has the element malloc");
	free(text);
	errno = 0;
	rc = malloc_info(1, stdout);
	ok(rc == EINVAL || (rc == -1 && errno == EINVAL),
	    "malloc_info with an unknown option: EINVAL");
}

static void
test_trim(void)
{
	int rc;

	rc = malloc_trim(0);
	ok(rc == 0 || rc == 1, "malloc_trim(0) is %d", rc);
	rc = malloc_trim(SIZE_MAX);
	ok(rc == 0 || rc == 1, "malloc_trim(SIZE_MAX) is %d", rc);
	rc = malloc_trim(MB);
	ok(rc == 0 || rc == 1, "malloc_trim(1 MB) is %d", rc);
}

int
main(int argc, char **argv)
{
	void *p, *q;

	tap_begin(argv, 60);
	if (argc > 1 && strcmp(argv[1], "--xml") == 0) {
		p = malloc(100000);
		q = malloc(100);
		free(q);
		if (p == NULL || malloc_info(0, stdout) != 0)
			return (1);
		free(p);
		return (0);
	}
	test_mallinfo();
	test_mallopt();
	test_mallinfo();
	test_stats();
	test_info();
	test_trim();
	return (tap_end());
}
