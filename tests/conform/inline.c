/*
 * inline - MALLOC and FREE of <kma.h>: blocks that malloc's family knows, in
 * every thread, and errors that are free's. Linked with -lkma.
 */
#include "tap.h"

#include <malloc.h>
#include <pthread.h>

#include "kma.h"

#define ROUNDS	20000

/* A block of each kind of size: lists of blocks, of page runs, neither. */
#define EACH_SIZE(do)							\
	do(1); do(16); do(17); do(64); do(100); do(1024); do(4096);	\
	do(8192); do(8193); do(100000); do(KMA_INLINE_MAX);		\
	do(KMA_INLINE_MAX + 1)

static void
fits(char *p, size_t size)
{
	must(p != NULL && (uintptr_t)p % 16 == 0);
	must(malloc_usable_size(p) >= size);
	memset(p, 0x5a, size);
}

/* The two kinds of allocation with the two of freeing. */
#define MIX(size) do {							\
	char *p_ = MALLOC(size), *q_ = MALLOC(size), *r_ = malloc(size);\
									\
	fits(p_, size);							\
	fits(q_, size);							\
	fits(r_, size);							\
	must(p_ != q_ && q_ != r_ && p_ != r_);				\
	free(p_);							\
	FREE(r_);							\
	q_ = realloc(q_, 2 * (size));					\
	fits(q_, 2 * (size));						\
	FREE(q_);							\
} while (0)

static void *
mix(void *arg)
{
	FREE(NULL);
	for (int i = 0; i < 100; i++)
		EACH_SIZE(MIX);
	return (arg);
}

static int
mix_in_threads(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		if (pthread_create(&t[i], NULL, mix, NULL) != 0)
			return (0);
	for (int i = 0; i < 4; i++)
		if (pthread_join(t[i], NULL) != 0)
			return (0);
	return (1);
}

/* More than a thread's list holds, so that the slow ways are taken. */
static int
many(void)
{
	static uint32_t *p[ROUNDS];

	for (uint32_t i = 0; i < ROUNDS; i++) {
		if ((p[i] = MALLOC(48)) == NULL)
			return (0);
		p[i][0] = p[i][11] = i;
	}
	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (p[i][0] != i || p[i][11] != i)
			return (0);
		FREE(p[i]);
	}
	return (1);
}

static size_t
unknown(size_t size)
{
	__asm__ volatile ("" : "+r"(size));
	return (size);
}

/* Whether FREE of p ends a child by abort(). */
static int
aborts(void *p)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)close(2);
		FREE(p);
		_exit(0);
	}
	return (pid > 0 && waitpid(pid, &status, 0) == pid &&
	    WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static uint64_t
requests(void)
{
	struct kma_cache *kc = kma_cache;

	return (kc->kc_word[kc->kc_indx[64 / 16]] >> 16);
}

int
main(int argc, char **argv)
{
	char *p, *q, on_stack[64];
	uint64_t before;

	(void)argc;
	tap_begin(argv, 60);
	mix(NULL);
	ok(1, "MALLOC, malloc, realloc, free and FREE mix at every size");
	ok(mix_in_threads(), "in threads too");
	ok(many(), "and beyond what a thread's list holds");
	p = MALLOC(unknown(77));
	ok(p != NULL && malloc_usable_size(p) >= 77,
	    "a size that the compiler does not know");
	ok(aborts(p + 1) && aborts(p + 16), "FREE inside a block aborts");
	ok(aborts(on_stack), "FREE of what is not the heap's aborts");
	FREE(p);
	errno = 1234;
	FREE(NULL);
	FREE(MALLOC(64));
	ok(errno == 1234, "FREE leaves errno alone");
	before = requests();
	p = MALLOC(64);
	q = MALLOC(64);
	ok(p != q && requests() == before + 2, "requests are counted");
	FREE(p);
	FREE(q);
	p = MALLOC(PTRDIFF_MAX);
	ok(p == NULL && errno == ENOMEM, "too much: NULL and ENOMEM");
	return (tap_end());
}
