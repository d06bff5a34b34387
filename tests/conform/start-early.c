/*
 * start-early - allocation before anybody's constructor has run: from the
 * program's own DT_PREINIT_ARRAY, and from preloaded libraries before and
 * after libkma, one of which the loader initialises first of all.
 */
#include "tap.h"

#include "measure.h"
#include "pattern.h"

#define N	500

static unsigned char *pre[N];
static int pre_calls;

static size_t
size_of(int i)
{
	return ((size_t)(i * 53 % 20000 + (i % 50 == 0 ? 500000 : 1)));
}

/* Runs before any constructor of any object. */
static void
before_all(void)
{
	int i;

	pre_calls++;
	for (i = 0; i < N; i++) {
		pre[i] = (unsigned char *)malloc(size_of(i));
		fill(pre[i], size_of(i), (uint64_t)i);
		if (i % 4 == 0) {
			pre[i] = (unsigned char *)realloc(pre[i],
			    size_of(i) + 5000);
			free(calloc(3, 100));
		}
	}
}

__attribute__((section(".preinit_array"), used))
static void (*const preinit)(void) = before_all;

static int
pre_intact(void)
{
	int good, i;

	good = pre_calls == 1;
	for (i = 0; i < N; i++) {
		good &= pre[i] != NULL && intact(pre[i], size_of(i),
		    (uint64_t)i);
		free(pre[i]);
	}
	return (good);
}

/* In a program that was started with other preloaded libraries. */
static int
child(void)
{
	int (*check)(void);

	must(pre_intact());
	*(void **)&check = dlsym(RTLD_DEFAULT, "early_check");
	must(check != NULL);
	must(check() == 1);
	return (0);
}

static void
with_preload(const char *a, const char *b, const char *c, const char *what)
{
	char preload[3 * PATH_MAX];
	pid_t pid;

	snprintf(preload, sizeof(preload), "%s%s%s%s%s", a, *b ? ":" : "", b,
	    *c ? ":" : "", c);
	setenv("LD_PRELOAD", preload, 1);
	pid = tap_spawn_self("child", NULL);
	ok(tap_wait(pid) == 0, "%s", what);
}

int
main(int argc, char **argv)
{
	const char *early, *first, *kma;

	tap_begin(argv, 60);
	if (argc > 1)
		return (child());
	ok(pre_intact(), "the program's preinit function allocated");
	kma = tap_kma ? tap_libkma() : "";
	early = tap_module("lib-early");
	first = tap_module("lib-first");
	with_preload(kma, early, "", "a constructor, preloaded after");
	with_preload(early, kma, "", "a constructor, preloaded before");
	with_preload(kma, first, "", "the first constructor of all, after");
	with_preload(first, kma, "", "the first constructor of all, before");
	with_preload(first, early, kma, "both");
	return (tap_end());
}
