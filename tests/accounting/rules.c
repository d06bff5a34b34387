/*
 * rules - KMA_OPTIONS=accounting=FILE: types by rules for objects and for
 * functions.
 */
#include "figures.h"

#include <fcntl.h>

static const char rules[] =
    "# TYPE OBJECT FUNCTION\n"
    "other lib*.so by_oth*\n"
    "this line is bad\n"
    "first */libone.so\n"
    "news libtwo.so by_new\n"
    "news libtwo.so by_?alloc\n";

/* The rules are in a file that is named after the process, and soon gone. */
static void
begin_with_rules(char **argv)
{
	char option[100], path[80];
	int fd;

	snprintf(path, sizeof(path), "/tmp/kma-rules-%d", (int)getpid());
	snprintf(option, sizeof(option), "accounting=%s", path);
	if (getenv("KMA_TEST_REEXEC") == NULL) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
		must(write(fd, rules, sizeof(rules) - 1) ==
		    sizeof(rules) - 1);
		close(fd);
	}
	begin(argv, option);
	free(malloc(1));
	unlink(path);
}

int
main(int argc, char **argv)
{
	const struct lib *one, *two;
	void *p[8];

	(void)argc;
	begin_with_rules(argv);
	one = open_lib("libone", NULL);
	two = open_lib("libtwo", NULL);
	look("first");
	p[0] = one->do_malloc(100);
	p[1] = one->do_new(100);
	ok(changed("first", 2, 256, 2), "by object");
	look("other");
	p[2] = one->do_other(100);
	p[3] = two->do_other(1000);
	ok(changed("other", 2, 128 + 1024, 2), "by function");
	look("news");
	p[4] = two->do_new(10);
	p[5] = two->do_calloc(1, 10);
	ok(changed("news", 2, 32, 2), "several rules for one type");
	look("libtwo.so");
	p[6] = two->do_memalign(64, 64);
	p[7] = two->do_posix_memalign(16, 16);
	ok(changed("libtwo.so", 2, 80, 2), "what no rule has");
	for (int i = 0; i < 8; i++)
		free(p[i]);
	ok(changed("libtwo.so", 0, 0, 2), "it is freed");
	ok(figures("other").ks_memuse == 0 && figures("news").ks_memuse == 0 &&
	    figures("first").ks_memuse == 0, "all is freed");
	return (tap_end());
}
