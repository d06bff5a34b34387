/*
 * current.c - the current type: what is charged to whom, below which calls,
 * and who may free it where.
 */
#include "typed.h"

#include <sys/wait.h>

MALLOC_DEFINE(M_A, "current a", "a type");
MALLOC_DEFINE(M_B, "current b", "another");

static const size_t sizes[] = {
	0, 1, 16, 17, 24, 100, 1000, 4096, 5000, 8192, 8193, 12288, 16384,
	100000, 262144, 262145, 1000000, 4000000
};
#define NSIZE	(sizeof(sizes) / sizeof(sizes[0]))

static size_t old_bytes;	/* what M_A has in use before */
static size_t old_blocks;

static void
begin(void)
{
	old_bytes = memuse(M_A);
	old_blocks = inuse(M_A);
	must(kma_settype(M_A) == NULL);
}

/* Is p all that has been charged to M_A since begin()? */
static int
charged(void *p)
{
	return (p != NULL && memuse(M_A) == old_bytes + malloc_usable_size(p) &&
	    inuse(M_A) == old_blocks + 1);
}

static int
given_back(void)
{
	int good = memuse(M_A) == old_bytes && inuse(M_A) == old_blocks;

	return (kma_settype(NULL) == M_A && good);
}

static int
by_malloc(size_t size)
{
	unsigned char *p;
	int good;

	begin();
	p = malloc(size);
	good = charged(p) && malloc_usable_size(p) >= size &&
	    (uintptr_t)p % 16 == 0;
	memset(p, 0xff, malloc_usable_size(p));
	free(p);
	good &= given_back();
	begin();
	p = calloc(1, size);
	good &= charged(p) && is_zero(p, size);
	memset(p, 0xff, malloc_usable_size(p));
	free(p);
	return (given_back() && good);
}

static int
by_realloc(size_t size)
{
	void *p;
	int good;

	begin();
	p = realloc(NULL, size);
	good = charged(p);
	fill(p, size, 3);
	for (size_t i = 0; i < NSIZE; i++) {
		if (sizes[i] == 0)
			continue;
		p = realloc(p, sizes[i]);
		good &= charged(p) && malloc_usable_size(p) >= sizes[i];
		memset(p, 0xff, malloc_usable_size(p));
	}
	p = reallocarray(p, 10, 1000);
	good &= charged(p);
	good &= realloc(p, 0) == NULL;
	return (given_back() && good);
}

static int
by_align(size_t size)
{
	int good = 1;

	for (size_t align = 16; align <= MB; align *= 4) {
		void *p[3] = { NULL, NULL, NULL };

		for (int i = 0; i < 3; i++) {
			begin();
			if (i == 0)
				p[i] = memalign(align, size);
			else if (i == 1)
				p[i] = aligned_alloc(align, size);
			else
				good &= posix_memalign(&p[i], align, size) == 0;
			good &= charged(p[i]);
			good &= ((uintptr_t)p[i] & (align - 1)) == 0;
			good &= malloc_usable_size(p[i]) >= size;
			memset(p[i], 0xff, malloc_usable_size(p[i]));
			free(p[i]);
			good &= given_back();
		}
	}
	return (good);
}

static void
by_libc(void)
{
	char *p, *line = NULL;
	size_t room = 0;
	FILE *fp;

	begin();
	p = strdup("a string that is somewhat longer than sixteen");
	ok(charged(p), "strdup below it");
	free(p);
	must(asprintf(&p, "%050d", 7) == 50);
	ok(charged(p) && strlen(p) == 50, "asprintf");
	free(p);
	fp = fopen("/proc/self/status", "re");
	must(fp != NULL && getline(&line, &room, fp) > 0);
	ok(inuse(M_A) >= old_blocks + 3, "fopen and getline");
	fclose(fp);
	free(line);
	p = valloc(100);
	ok(charged(p) && (uintptr_t)p % 4096 == 0, "valloc");
	free(p);
	ok(given_back(), "all of it freed");
}

static void *
free_it(void *p)
{
	free(p);
	return (NULL);
}

static void *
free_as_b(void *p)
{
	must(kma_settype(M_B) == NULL);
	free(p);
	return (NULL);
}

/* Freed by anybody, and later: it counts for the type that it was of. */
static void
anywhere(void)
{
	int good[5] = { 1, 1, 1, 1, 1 };

	for (size_t i = 0; i < NSIZE; i++) {
		void *p[5];

		begin();
		for (int k = 0; k < 5; k++)
			p[k] = malloc(sizes[i]);
		kma_settype(NULL);
		free(p[0]);
		good[0] &= inuse(M_A) == old_blocks + 4;
		in_thread(free_it, p[1]);
		good[1] &= inuse(M_A) == old_blocks + 3;
		in_thread(free_as_b, p[2]);
		good[2] &= inuse(M_A) == old_blocks + 2;
		kma_free(p[3], M_A);
		good[3] &= inuse(M_A) == old_blocks + 1;
		p[4] = realloc(p[4], 77);
		good[4] &= charged(p[4]);
		free(p[4]);
		good[4] &= memuse(M_A) == old_bytes;
	}
	ok(good[0], "freed when no type is current");
	ok(good[1], "freed by another thread");
	ok(good[2], "freed by one whose current type is another");
	ok(good[3], "freed with kma_free as of its type");
	ok(good[4], "a block made longer elsewhere stays of its type");
	ok(inuse(M_B) == 0, "nothing of that is the other type's");
}

static void
nested(void)
{
	void *p, *q, *r;

	ok(kma_settype(M_A) == NULL && kma_settype(M_B) == M_A &&
	    kma_settype(M_B) == M_B, "the type before is returned");
	p = malloc(100);
	ok(inuse(M_B) == 1, "the inner one is charged");
	ok(kma_settype(M_A) == M_B, "and set back");
	q = malloc(100);
	ok(inuse(M_B) == 1 && inuse(M_A) == 1, "so is the outer one");
	kma_settype(NULL);
	r = malloc(100);
	ok(inuse(M_B) == 1 && inuse(M_A) == 1, "and none after that");
	kma_settype(M_A);
	r = realloc(r, 100000);
	ok(inuse(M_A) == 1, "a block of no type stays so when it gets longer");
	p = realloc(p, 100000);
	ok(inuse(M_A) == 1 && inuse(M_B) == 1,
	    "and that of another type of that");
	free(r);
	free(p);
	ok(inuse(M_A) == 1 && inuse(M_B) == 0, "to which it is given back");
	free(q);
	kma_settype(NULL);
}

static void *
leave_it_set(void *arg)
{
	(void)arg;
	must(kma_settype(M_B) == NULL);
	return (malloc(5000));
}

static void *
whose(void *arg)
{
	size_t before = inuse(M_B);

	free(malloc(64));
	must(malloc(64) != NULL);
	must(inuse(M_B) == before);
	return (arg);
}

static void
threads(void)
{
	void *p;

	p = in_thread(leave_it_set, NULL);
	ok(p != NULL && inuse(M_B) == 1, "a thread ends with a type set");
	in_thread(whose, NULL);
	ok(1, "the next, which takes over its cache, has none");
	free(p);
	ok(inuse(M_B) == 0, "what it left is freed by others");
	kma_settype(M_A);
	in_thread(whose, NULL);
	ok(kma_settype(NULL) == M_A, "a thread inherits no type");
}

static int
in_child(void)
{
	void *p = malloc(100);

	must(inuse(M_A) == 2);
	free(p);
	must(inuse(M_A) == 1);
	must(kma_settype(NULL) == M_A);
	p = malloc(100);
	must(inuse(M_A) == 1);
	free(p);
	return (0);
}

static void
forks(void)
{
	void *p;

	kma_settype(M_A);
	p = malloc(100);
	ok(tap_run_child(in_child) == 0, "a child goes on with the type");
	ok(inuse(M_A) == 1, "the parent does not count it");
	free(p);
	kma_settype(NULL);
}

static void
limited(void)
{
	void *p = NULL, *q;
	int n = 0;

	kma_type_setlimit(M_A, 64 * KB);
	kma_settype(M_A);
	errno = 0;
	while ((q = malloc(1000)) != NULL) {
		*(void **)q = p;
		p = q;
		n++;
	}
	ok(n == 64 && errno == ENOMEM, "at the limit, malloc is NULL, ENOMEM");
	errno = 0;
	ok(calloc(10, 100) == NULL && errno == ENOMEM, "calloc");
	errno = 0;
	ok(realloc(p, 2000) == NULL && errno == ENOMEM, "realloc");
	ok(posix_memalign(&q, 64, 1000) == ENOMEM, "posix_memalign");
	errno = 0;
	ok(strdup("text") == NULL && errno == ENOMEM, "strdup");
	ok(memuse(M_A) == 64 * KB, "nothing went beyond");
	q = p;
	p = *(void **)q;
	free(q);
	q = malloc(1000);
	ok(q != NULL, "one freed, one had");
	free(q);
	kma_settype(NULL);
	q = malloc(1000);
	ok(q != NULL, "the limit is not for others");
	free(q);
	while (p != NULL) {
		q = p;
		p = *(void **)q;
		free(q);
	}
	kma_type_setlimit(M_A, 0);
	ok(memuse(M_A) == 0, "all is given back");
}

static void
macros(void)
{
	void *p;

	begin();
	p = MALLOC(100);
	ok(charged(p), "MALLOC is charged as malloc is");
	FREE(p);
	ok(given_back(), "and FREE gives it back");
}

int
main(int argc, char **argv)
{
	int good[3] = { 1, 1, 1 };

	(void)argc;
	tap_begin(argv, 120);
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < NSIZE; i++) {
			good[0] &= by_malloc(sizes[i]);
			good[1] &= sizes[i] == 0 || by_realloc(sizes[i]);
			good[2] &= by_align(sizes[i]);
		}
	ok(good[0], "malloc and calloc are charged what they give");
	ok(good[1], "realloc is");
	ok(good[2], "memalign, aligned_alloc, posix_memalign are");
	by_libc();
	macros();
	anywhere();
	nested();
	threads();
	forks();
	limited();
	return (tap_end());
}
