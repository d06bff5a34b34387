/*
 * faults.c - a program full of faults, for memcheck.
 *
 * It makes all of them and ends well, since memcheck lets a program go on.
 * compare.py looks at what memcheck says of each function, on two allocators.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"

#pragma GCC diagnostic ignored "-Wuse-after-free"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wrestrict"

volatile int sink;

#define SIZE	1
#include "sized.h"
#define SIZE	8
#include "sized.h"
#define SIZE	10
#include "sized.h"
#define SIZE	16
#include "sized.h"
#define SIZE	24
#include "sized.h"
#define SIZE	100
#include "sized.h"
#define SIZE	1000
#include "sized.h"
#define SIZE	4096
#include "sized.h"
#define SIZE	10000
#include "sized.h"
#define SIZE	300000
#include "sized.h"

/*
 * Leaks.
 */

struct node {
	struct node	*n_next;
	struct node	*n_other;
	char		 n_text[20];
};

static struct node *
new_node(struct node *next)
{
	struct node *n = calloc(1, sizeof(*n));

	n->n_next = next;
	return (n);
}

FAULT(lost_chain)
{
	struct node *volatile n = NULL;

	for (int i = 0; i < 5; i++)
		n = new_node(n);
	n = NULL;
}

FAULT(lost_tree)
{
	struct node *volatile n = new_node(new_node(NULL));

	n->n_other = new_node(NULL);
	n->n_next->n_other = malloc(3000);
	*(char **)n->n_next->n_other = malloc(70000);
	n = NULL;
}

FAULT(lost_cycle)
{
	struct node *volatile n = new_node(new_node(new_node(NULL)));

	n->n_next->n_next->n_next = n;
	n = NULL;
}

static struct node *volatile reachable_root;

FAULT(reachable)
{
	reachable_root = new_node(new_node(NULL));
}

static char *volatile interior;

FAULT(possible)
{
	interior = (char *)malloc(555) + 100;
}

FAULT(possible_chain)
{
	static char *volatile inside;

	inside = (char *)new_node(new_node(NULL)) + 8;
}

/* The only pointer to it is in a block that was freed. */
FAULT(lost_with_freed)
{
	struct node *volatile n = new_node(new_node(NULL));

	free(n);
	n = NULL;
}

FAULT(lost_many)
{
	for (int i = 1; i <= 300; i++) {
		block p = malloc((size_t)i);

		p[0] = 1;
		p = NULL;
	}
}

FAULT(lost_aligned)
{
	void *p = NULL;

	if (posix_memalign(&p, 1024, 77) == 0)
		p = NULL;
	sink = p != NULL;
	p = valloc(99);
	p = memalign(65536, 10);
	p = NULL;
}

FAULT(lost_by_libc)
{
	block p = strdup("a string of libc's");
	char *line = NULL;
	size_t len = 0;
	FILE *fp = fopen("/proc/self/status", "r");

	LOOK(getline(&line, &len, fp) < 0);
	fclose(fp);
	line = NULL;
	LOOK(asprintf(&line, "%d and so on", 12345) < 0);
	line = NULL;
	p = NULL;
}

FAULT(reachable_stream)
{
	static FILE *volatile fp;

	fp = fopen("/dev/null", "w");
	fputs("text in a buffer", fp);
}

static jmp_buf env;

static __attribute__((noipa)) void
jump(void)
{
	block p = malloc(321);

	p[0] = 1;
	longjmp(env, 1);
}

FAULT(lost_by_longjmp)
{
	if (setjmp(env) == 0)
		jump();
}

/*
 * Frees of what is no block.
 */

FAULT(free_stack)
{
	char array[64];
	block p = array;

	free(p);
}

FAULT(free_static)
{
	static char array[64];
	block p = array;

	free(p);
}

FAULT(free_number)
{
	block p = (char *)0x12345678;

	free(p);
}

FAULT(free_function)
{
	block p = (char *)(uintptr_t)fault_free_number;

	free(p);
}

FAULT(realloc_stack)
{
	char array[64];
	block p = array;

	LOOK(realloc(p, 100) != NULL);
}

FAULT(realloc_inside)
{
	block p = malloc(100);

	LOOK(realloc(p + 8, 200) != NULL);
	free(p);
}

FAULT(realloc_zero_used)
{
	block p = malloc(50);

	LOOK(realloc(p, 0) != NULL);
	p[0] = 1;
}

FAULT(reallocarray_used)
{
	block p = malloc(50), q = reallocarray(p, 10, 10);

	p[0] = 1;
	q[100] = 1;
	free(q);
}

FAULT(free_much_later)
{
	block p = malloc(40), q;

	free(p);
	for (int i = 0; i < 2000; i++) {
		q = malloc(40);
		free(q);
	}
	free(p);
}

FAULT(write_much_later)
{
	block p = malloc(2000), q;

	free(p);
	for (int i = 0; i < 2000; i++) {
		q = malloc(2000);
		free(q);
	}
	p[1000] = 1;
}

FAULT(write_nothing)
{
	block p = malloc(0);

	p[0] = 1;
	free(p);
}

/*
 * Through libc and the kernel.
 */

FAULT(negative)
{
	volatile long n = -1;
	block p = malloc(10);

	LOOK(malloc((size_t)n) != NULL);
	LOOK(calloc((size_t)n, 1) != NULL);
	LOOK(calloc((size_t)n, 1000) != NULL);
	LOOK(realloc(p, (size_t)n) != NULL);
	LOOK(memalign(64, (size_t)n) != NULL);
	free(p);
}

FAULT(strcpy_after)
{
	block p = malloc(5);

	strcpy(p, "12345");
	free(p);
}

FAULT(strlen_after)
{
	block p = malloc(5);

	memset(p, 'x', 5);
	sink = (int)strlen(p);
	free(p);
}

/* To the stack: memcpy goes another way where a block lies below another. */
FAULT(memcpy_after)
{
	volatile char array[100];
	block p = calloc(1, 90);

	memcpy((void *)array, p, 100);
	LOOK(array[0]);
	free(p);
}

FAULT(compare_undefined)
{
	block p = malloc(10), q = calloc(1, 10);

	LOOK(memcmp(p, q, 10));
	free(p);
	free(q);
}

FAULT(system_call_undefined)
{
	int fd = open("/dev/null", O_WRONLY);
	block p = malloc(10);

	sink = (int)write(fd, p, 10);
	close(fd);
	free(p);
}

FAULT(system_call_after)
{
	int fd = open("/dev/zero", O_RDONLY);
	block p = malloc(10);

	sink = (int)read(fd, p, 11);
	close(fd);
	free(p);
}

FAULT(system_call_freed)
{
	int fd = open("/dev/zero", O_RDONLY);
	block p = malloc(10);

	free(p);
	sink = (int)read(fd, p, 10);
	close(fd);
}

/*
 * Threads.
 */

static void *
call(void *func)
{
	(*(void (**)(void))func)();
	return (NULL);
}

/* Calls func in a thread of its own, and waits for its end. */
static void
in_thread(void (*func)(void))
{
	pthread_t t;

	if (pthread_create(&t, NULL, call, &func) == 0)
		pthread_join(t, NULL);
}

FAULT(lost_in_thread)
{
	block p = malloc(432);

	p[0] = 1;
	p = NULL;
}

static __thread char *volatile kept_by_thread;

FAULT(lost_in_tls)
{
	kept_by_thread = malloc(234);
}

static char *volatile shared;

static void
free_shared(void)
{
	free(shared);
}

FAULT(freed_by_thread)
{
	shared = malloc(70);
	in_thread(free_shared);
	shared[3] = 1;
	free(shared);
}

CLEAN(nothing)
{
	free(NULL);
	free(malloc(0));
	free(realloc(NULL, 10));
	sink = malloc_usable_size(NULL) != 0;
}

/* Where malloc is: the test is of nothing if it is not where it should be. */
static void
tell_malloc(void)
{
	Dl_info info;

	if (dladdr((void *)(uintptr_t)malloc, &info) != 0)
		printf("malloc %s\n", info.dli_fname);
	fflush(stdout);
}

#define ALL_SIZED(n)							\
	    fault_write_after_##n, fault_write_after_8_##n,		\
	    fault_write_after_16_##n, fault_read_after_##n,		\
	    fault_read_across_##n, fault_write_before_##n,		\
	    fault_write_before_16_##n, fault_read_before_##n,		\
	    fault_write_freed_##n, fault_read_freed_##n,		\
	    fault_free_twice_##n, fault_free_inside_##n,		\
	    fault_free_before_##n, fault_use_grown_##n,			\
	    fault_use_shrunk_##n, fault_realloc_freed_##n,		\
	    fault_undefined_##n, fault_undefined_grown_##n,		\
	    fault_undefined_kept_##n, fault_aligned_after_##n,		\
	    fault_page_aligned_after_##n, fault_lost_##n,		\
	    fault_lost_grown_##n, clean_use_##n

static void (*const functions[])(void) = {
	ALL_SIZED(1), ALL_SIZED(8), ALL_SIZED(10), ALL_SIZED(16),
	ALL_SIZED(24), ALL_SIZED(100), ALL_SIZED(1000), ALL_SIZED(4096),
	ALL_SIZED(10000), ALL_SIZED(300000),
	fault_lost_chain, fault_lost_tree, fault_lost_cycle, fault_reachable,
	fault_possible, fault_possible_chain, fault_lost_with_freed,
	fault_lost_many, fault_lost_aligned, fault_lost_by_libc,
	fault_reachable_stream, fault_lost_by_longjmp, fault_free_stack,
	fault_free_static, fault_free_number, fault_free_function,
	fault_realloc_stack, fault_realloc_inside, fault_realloc_zero_used,
	fault_reallocarray_used, fault_free_much_later,
	fault_write_much_later, fault_write_nothing, fault_negative,
	fault_strcpy_after,
	fault_strlen_after, fault_memcpy_after,
	fault_compare_undefined, fault_system_call_undefined,
	fault_system_call_after, fault_system_call_freed,
	fault_freed_by_thread, clean_nothing,
};

static void (*const in_threads[])(void) = {
	fault_lost_in_thread, fault_lost_in_tls, fault_write_after_100,
	fault_read_freed_100, fault_lost_cycle,
};
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

int
main(void)
{
	tell_malloc();
	for (size_t i = 0; i < COUNT(functions); i++)
		functions[i]();
	for (size_t i = 0; i < COUNT(in_threads); i++)
		in_thread(in_threads[i]);
	return (0);
}
