/*
 * objects - KMA_OPTIONS=accounting=object: what a library allocates is charged
 * to it, whoever frees it; all figures are exact.
 */
#include "figures.h"

#include <sys/mman.h>

#include <pthread.h>

#define N		1000
#define NTHREAD	8
#define ONE		"libone.so"
#define TWO		"libtwo.so"

static const struct lib *one, *two;
static void *p[N];

static void
each_call(void)
{
	look(ONE);
	for (int i = 0; i < 100; i++)
		p[i] = one->do_malloc(100);
	ok(changed(ONE, 100, 100 * 128, 100), "malloc");
	p[100] = one->do_calloc(10, 30);
	ok(changed(ONE, 101, 100 * 128 + 512, 101), "calloc");
	p[101] = one->do_realloc(NULL, 1000);
	ok(changed(ONE, 102, 100 * 128 + 1536, 102), "realloc of nothing");
	p[102] = one->do_posix_memalign(256, 70);
	ok(changed(ONE, 103, 100 * 128 + 1792, 103), "posix_memalign");
	p[103] = one->do_memalign(64, 64);
	ok(changed(ONE, 104, 100 * 128 + 1856, 104), "memalign");
	p[104] = one->do_new(40);
	ok(changed(ONE, 105, 100 * 128 + 1920, 105), "operator new");
	p[105] = one->do_malloc((size_t)1 << 20);
	ok(changed(ONE, 106, 100 * 128 + 1920 + (1 << 20), 106), "1 MB");
	ok(figures(ONE).ks_maxused >= before.ks_memuse + (1 << 20) + 12800,
	    "the most");
	for (int i = 0; i < 106; i++)
		one->do_free(p[i]);
	ok(changed(ONE, 0, 0, 106), "all of it freed");
}

/* Whose block is it that libc made for a library? */
static void
libc(void)
{
	char path[PATH_MAX], *name;
	Dl_info info;

	must(dladdr((void *)(uintptr_t)&strdup, &info) != 0);
	must(realpath(info.dli_fname, path) != NULL);
	name = strrchr(path, '/') + 1;
	look(ONE);
	free(one->do_strdup("text"));
	ok(changed(ONE, 0, 0, 0), "strdup is not the caller's");
	look(name);
	p[0] = one->do_strdup("text");
	ok(changed(name, 1, 16, 1), "but libc's: %s", name);
	one->do_free(p[0]);
	ok(changed(name, 0, 0, 1), "and it is freed");
}

static void
others_free(void)
{
	look(ONE);
	for (int i = 0; i < N; i++)
		p[i] = one->do_malloc((size_t)i);
	look(TWO);
	for (int i = 0; i < N; i += 2)
		two->do_free(p[i]);
	for (int i = 1; i < N; i += 2)
		free(p[i]);
	ok(changed(TWO, 0, 0, 0), "who frees is not charged");
	look(ONE);
	p[0] = one->do_malloc(100);
	p[0] = two->do_realloc(p[0], 5000);
	ok(changed(ONE, 1, 8192, 2), "a block stays whose it is");
	p[0] = realloc(p[0], (size_t)1 << 20);
	ok(changed(ONE, 1, 1 << 20, 3), "as a page run too");
	p[0] = realloc(p[0], 20);
	ok(changed(ONE, 1, 32, 4), "and back");
	free(p[0]);
	ok(changed(ONE, 0, 0, 4), "it is freed");
	p[0] = one->do_malloc(100);
	ok(two->do_realloc(p[0], 0) == NULL && changed(ONE, 0, 0, 5),
	    "realloc to nothing");
}

static void
program(void)
{
	void *volatile q;

	look("objects");
	q = malloc(1000);
	ok(changed("objects", 1, 1024, 1), "the program itself");
	free(q);
	ok(changed("objects", 0, 0, 1), "the program's is freed");
}

/* Code that no file has. */
static void
generated(void)
{
#ifdef __x86_64__
	static const unsigned char code[] = {
		0x48, 0x83, 0xec, 0x08,			/* sub $8, %rsp */
		0xff, 0xd6,				/* call *%rsi */
		0x48, 0x83, 0xc4, 0x08,			/* add $8, %rsp */
		0xc3					/* ret */
	};
	void *(*fn)(size_t, void *(*)(size_t)), *q;
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(m != MAP_FAILED);
	memcpy(m, code, sizeof(code));
	if (mprotect(m, 4096, PROT_READ | PROT_EXEC) != 0) {
		skip("the system allows no generated code");
		return;
	}
	*(void **)&fn = m;
	look("(generated)");
	q = fn(100, malloc);
	ok(changed("(generated)", 1, 128, 1), "generated code");
	free(q);
	munmap(m, 4096);
#else
	skip("only for x86-64");
#endif
}

static void *
thread(void *arg)
{
	void *q[100];

	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 100; k++)
			q[k] = (k & 1 ? one : two)->do_malloc(
			    (size_t)(k * 50));
		for (int k = 0; k < 100; k++)
			(k & 2 ? one : two)->do_free(q[k]);
	}
	p[(uintptr_t)arg] = one->do_malloc(200);
	return (NULL);
}

static void
threads(void)
{
	struct kma_type_figures other = figures(TWO);
	pthread_t t[NTHREAD];

	look(ONE);
	for (uintptr_t i = 0; i < NTHREAD; i++)
		must(pthread_create(&t[i], NULL, thread, (void *)i) == 0);
	for (int i = 0; i < NTHREAD; i++)
		pthread_join(t[i], NULL);
	ok(changed(ONE, NTHREAD, NTHREAD * 256, NTHREAD * (200 * 50 + 1)),
	    "threads");
	before = other;
	ok(changed(TWO, 0, 0, NTHREAD * 200 * 50), "the other library");
	for (int i = 0; i < NTHREAD; i++)
		free(p[i]);
}

static int
child(void)
{
	void *q = one->do_malloc(100);

	must(changed(ONE, 1, 128, 1));
	free(q);
	return (changed(ONE, 0, 0, 1) ? 0 : 1);
}

/* One library is closed, another comes to lie where it was. */
static void
reload(void)
{
	const struct lib *was = two, *three;
	unsigned same = 0;
	void *h;

	for (int i = 0; i < 20; i++) {
		two = open_lib("libtwo", &h);
		free(two->do_malloc(100));
		look(TWO);
		p[0] = two->do_malloc(100);
		must(changed(TWO, 1, 128, 1));
		free(p[0]);
		was = two;
		must(dlclose(h) == 0);
		three = open_lib("libthree", &h);
		same += three == was;
		look("libthree.so");
		p[0] = three->do_malloc(100);
		must(changed("libthree.so", 1, 128, 1));
		look(TWO);
		free(p[0]);
		must(changed(TWO, 0, 0, 0));
		must(dlclose(h) == 0);
	}
	ok(same > 0, "%u times one library lay where the other was", same);
}

int
main(int argc, char **argv)
{
	void *h;

	(void)argc;
	begin(argv, "accounting=object");
	one = open_lib("libone", NULL);
	two = open_lib("libtwo", &h);
	each_call();
	libc();
	others_free();
	program();
	generated();
	threads();
	look(ONE);
	ok(tap_run_child(child) == 0, "the child of a fork");
	must(dlclose(h) == 0);
	reload();
	/* For programs.sh, which looks at the tables. */
	for (int i = 0; i < 3; i++)
		p[i] = one->do_malloc(100);
	p[3] = one->do_malloc(5000);
	return (tap_end());
}
