/*
 * attack.c - attacks on a heap, and faults that invite them.
 *
 * attack NAME SIZE carries one out with blocks of that size, and says by its
 * exit status how it went: WORKS if the program goes on with a heap that the
 * attacker has changed, or has read, HARMLESS if it goes on as if nothing had
 * been tried. Otherwise the allocator ends it (found), or the kernel (faults).
 * attack alone lists all of them with their sizes. kma-security(7) has a row
 * for each; attack.sh compares.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NITEMS(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		4096

enum outcome { WORKS = 20, HARMLESS = 21 };

/* C++, of which no more is wanted. */
void	*_Znwm(size_t size);
void	 _ZdlPvm(void *p, size_t size);
void	*_ZnwmSt11align_val_t(size_t size, size_t align);
void	 _ZdlPvSt11align_val_t(void *p, size_t align);

/* Of glibc's, version 2.36 has none. */
void	 free_sized(void *p, size_t size) __attribute__((weak));
void	 free_aligned_sized(void *p, size_t align, size_t size)
	    __attribute__((weak));

static char secret[] = "attack at dawn";

/* What the compiler cannot see through. */
static void *volatile hidden;

static char *
hide(void *p)
{
	hidden = p;
	return (hidden);
}

static char *
get(size_t size)
{
	char *p = hide(malloc(size));

	if (p == NULL)
		_exit(1);
	memset(p, 'x', size);
	return (p);
}

/* Neighbours, as an attacker arranges them. */
#define NSPRAY	64
static char *spray[NSPRAY];

static void
spray_all(size_t size)
{
	for (int i = 0; i < NSPRAY; i++)
		spray[i] = get(size);
}

static void
free_all(void)
{
	for (int i = 0; i < NSPRAY; i++)
		free(spray[i]);
}

static int
by_address(const void *a, const void *b)
{
	const char *const *p = a, *const *q = b;

	return (*p < *q ? -1 : *p > *q);
}

static void
spray_sorted(size_t size)
{
	spray_all(size);
	qsort(spray, NSPRAY, sizeof(spray[0]), by_address);
}

/* Of three that lie side by side, the one in the middle. */
static int
neighbours(size_t size)
{
	ptrdiff_t least = PTRDIFF_MAX;

	spray_sorted(size);
	for (int i = 1; i < NSPRAY; i++)
		if (spray[i] - spray[i - 1] < least)
			least = spray[i] - spray[i - 1];
	for (int i = 2; i < NSPRAY; i++)
		if (spray[i] - spray[i - 1] == least &&
		    spray[i - 1] - spray[i - 2] == least)
			return (i - 1);
	_exit(HARMLESS);
}

/* Other blocks come and go. */
static void
traffic(size_t size, int n)
{
	for (int i = 0; i < n; i++) {
		spray_all(size);
		free_all();
	}
}

/* Is p handed out to two at once? */
static enum outcome
handed_out_twice(const char *p, size_t size)
{
	int times = 0;

	for (int i = 0; i < 2000; i++)
		times += get(size) == p;
	return (times > 1 ? WORKS : HARMLESS);
}

/*
 * Frees that should not be.
 */

static enum outcome
double_free(size_t size)
{
	char *p = get(size);

	free(p);
	free(p);
	return (handed_out_twice(p, size));
}

static enum outcome
double_free_between(size_t size)
{
	char *p = get(size), *q = get(size);

	free(p);
	free(q);
	free(p);
	return (handed_out_twice(p, size));
}

static enum outcome
double_free_later(size_t size)
{
	char *p;

	spray_all(size);
	p = spray[NSPRAY / 2];
	free_all();
	traffic(size * 3, 4);
	free(p);
	return (handed_out_twice(p, size));
}

static void *
free_it(void *p)
{
	free(p);
	return (NULL);
}

static enum outcome
double_free_thread(size_t size)
{
	char *p = get(size);
	pthread_t thread;

	pthread_create(&thread, NULL, free_it, p);
	pthread_join(thread, NULL);
	free(p);
	return (handed_out_twice(p, size));
}

static enum outcome
double_free_realloc(size_t size)
{
	char *p = get(size), *q = realloc(p, 8 * size + 100000);

	if (p == q)
		return (HARMLESS);
	free(hide(p));
	return (handed_out_twice(p, size));
}

/* The first free was right, the second frees what is another's by now. */
static enum outcome
double_free_reused(size_t size)
{
	char *p = get(size), *q;

	free(p);
	q = get(size);
	free(p);
	return (get(size) == q ? WORKS : HARMLESS);
}

static void *
race(void *arg)
{
	pthread_barrier_wait(arg);
	free(hidden);
	return (NULL);
}

static enum outcome
double_free_race(size_t size)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	char *p;

	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 20; i++) {
		p = get(size);
		pthread_create(&thread, NULL, race, &barrier);
		race(&barrier);
		pthread_join(thread, NULL);
	}
	return (handed_out_twice(p, size));
}

static enum outcome
free_interior(size_t size)
{
	free(get(size) + 16);
	return (WORKS);
}

static enum outcome
free_unaligned(size_t size)
{
	free(get(size) + 1);
	return (WORKS);
}

static enum outcome
free_inner_page(size_t size)
{
	free(get(size) + 2 * PAGE);
	return (WORKS);
}

/* A whole fake chunk of glibc's, where the attacker can write. */
static enum outcome
free_fake(size_t size)
{
	static uint64_t fake[4096] __attribute__((aligned(16)));
	size_t chunk = (size + 8 + 15) & ~(size_t)15;

	fake[1] = chunk;
	fake[chunk / 8 + 1] = 0x20;
	free(hide(fake + 2));
	return (malloc(size) == fake + 2 ? WORKS : HARMLESS);
}

static enum outcome
free_stack(size_t size)
{
	char block[64] __attribute__((aligned(64))) = { 0 };

	(void)size;
	free(hide(block));
	return (WORKS);
}

static enum outcome
free_static(size_t size)
{
	static char block[64] __attribute__((aligned(64)));

	(void)size;
	free(hide(block));
	return (WORKS);
}

static enum outcome
free_mapping(size_t size)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)size;
	free(hide(p + PAGE));
	return (WORKS);
}

static enum outcome
free_wild(size_t size)
{
	(void)size;
	free(hide((void *)(uintptr_t)0x123456789a0));
	return (WORKS);
}

/* The first address behind a block and what is left of its page. */
static enum outcome
free_behind(size_t size)
{
	char *p = get(size);
	size_t room = malloc_usable_size(p);

	free(hide(p + ((room + PAGE) & ~(size_t)(PAGE - 1))));
	return (WORKS);
}

static enum outcome
free_aligned_interior(size_t size)
{
	char *p = hide(aligned_alloc(256, size));

	free(p + 64);
	return (WORKS);
}

static enum outcome
realloc_freed(size_t size)
{
	char *p = get(size);

	free(p);
	p = realloc(hide(p), size + 1000);
	return (WORKS);
}

static enum outcome
realloc_interior(size_t size)
{
	return (realloc(get(size) + 16, 2 * size) != NULL ? WORKS : HARMLESS);
}

static enum outcome
realloc_static(size_t size)
{
	static char block[64] __attribute__((aligned(64)));

	return (realloc(hide(block), size) != NULL ? WORKS : HARMLESS);
}

static enum outcome
usable_freed(size_t size)
{
	char *p = get(size);

	free(p);
	return (malloc_usable_size(hide(p)) > 0 ? WORKS : HARMLESS);
}

/*
 * Sizes and alignments that are not those of the allocation.
 */

static enum outcome
delete_smaller(size_t size)
{
	_ZdlPvm(hide(_Znwm(size)), size - 8);
	return (WORKS);
}

static enum outcome
delete_larger(size_t size)
{
	_ZdlPvm(hide(_Znwm(size)), size * 4);
	return (WORKS);
}

static enum outcome
delete_unaligned(size_t size)
{
	spray_all(size);
	for (int i = 0; i < NSPRAY; i++)
		if ((uintptr_t)spray[i] % (64 * 1024) != 0) {
			_ZdlPvSt11align_val_t(spray[i], 64 * 1024);
			return (WORKS);
		}
	return (HARMLESS);
}

static enum outcome
free_sized_other(size_t size)
{
	char *p = get(size);

	if (free_sized == NULL)
		return (WORKS);
	free_sized(p, size + 1);
	return (WORKS);
}

static enum outcome
free_aligned_sized_other(size_t size)
{
	char *p = hide(aligned_alloc(64, size));

	if (free_aligned_sized == NULL)
		return (WORKS);
	free_aligned_sized(p, 64, size / 2);
	return (WORKS);
}

/*
 * Writes beyond a block.
 */

static enum outcome
overflow(size_t size, size_t n, int byte)
{
	spray_all(size);
	memset(spray[NSPRAY / 2] + size, byte, n);
	free_all();
	return (WORKS);
}

static enum outcome
overflow_1(size_t size)
{
	return (overflow(size, 1, 'A'));
}

static enum outcome
overflow_nul(size_t size)
{
	return (overflow(size, 1, '\0'));
}

static enum outcome
overflow_8(size_t size)
{
	return (overflow(size, 8, 0xff));
}

/* strcpy() of what is too long: several blocks. */
static enum outcome
overflow_long(size_t size)
{
	spray_sorted(size);
	memset(spray[NSPRAY / 2] + size, 'A', size + size / 2);
	free_all();
	return (WORKS);
}

/* To the left: the end of the block before. */
static enum outcome
underflow_1(size_t size)
{
	spray[neighbours(size)][-1] = 'A';
	free_all();
	return (WORKS);
}

static enum outcome
overflow_realloc(size_t size)
{
	char *p = get(size);

	p[size] = 'A';
	p = realloc(hide(p), 3 * size);
	free(p);
	return (WORKS);
}

/* On and on, as a wrong length makes memcpy() do. */
static enum outcome
overflow_far(size_t size)
{
	char *p;

	for (int i = 0; i < 40; i++)
		spray_all(size);
	spray_sorted(size);
	p = spray[0];
	for (size_t i = 0; i < 130 * 1024; i += 8)
		*(volatile char *)(p + size + i) = 'A';
	return (WORKS);
}

static enum outcome
overread_far(size_t size)
{
	char *p;
	unsigned sum = 0;

	for (int i = 0; i < 40; i++)
		spray_all(size);
	spray_sorted(size);
	p = spray[0];
	for (size_t i = 0; i < 130 * 1024; i += 8)
		sum += *(volatile unsigned char *)(p + size + i);
	return (sum > 0 ? WORKS : HARMLESS);
}

/* The same for a run of pages: its guard is next to it. */
static enum outcome
overflow_page(size_t size)
{
	char *p;

	spray_sorted(size);
	p = spray[0];
	*(volatile char *)(p + ((size + PAGE) & ~(size_t)(PAGE - 1))) = 'A';
	return (WORKS);
}

static enum outcome
underflow_page(size_t size)
{
	spray_sorted(size);
	*(volatile char *)(spray[1] - PAGE + 1) = 'A';
	return (WORKS);
}

/* Down from the lowest block, to whatever the allocator keeps there. */
static enum outcome
underflow_far(size_t size)
{
	spray_sorted(size);
	for (size_t i = 1; i < (size_t)256 * 1024 * 1024; i += PAGE)
		*(volatile char *)(spray[0] - i) = 'A';
	return (WORKS);
}

/* The header of the next block says that it is larger: glibc believes it. */
static enum outcome
fake_header(size_t size)
{
	int i = neighbours(size) - 1;
	size_t step = (size_t)(spray[i + 1] - spray[i]);
	char *p;

	*(uint64_t *)(spray[i + 1] - 8) = 2 * step | 1;
	free(spray[i]);
	free(spray[i + 1]);
	p = hide(malloc(2 * step - 16));
	return (p == spray[i + 1] ? WORKS : HARMLESS);
}

/*
 * Use after free.
 */

static enum outcome
uaf_write(size_t size)
{
	char *p = get(size);

	free(p);
	*(volatile char *)(p + size / 2) = 'A';
	traffic(size, 1000);
	return (WORKS);
}

static enum outcome
uaf_read(size_t size)
{
	char *p = get(size);
	char now[sizeof(secret)];

	memcpy(p + size / 2, secret, size / 2 < sizeof(secret) ? size / 2 :
	    sizeof(secret));
	free(p);
	memcpy(now, hide(p) + size / 2, 8);
	return (memcmp(now, secret, 8) == 0 ? WORKS : HARMLESS);
}

/* Does a dangling pointer see the next allocation? */
static enum outcome
uaf_next(size_t size)
{
	char *p = get(size);

	free(p);
	return (get(size) == p ? WORKS : HARMLESS);
}

/* And one of many? */
static enum outcome
uaf_spray(size_t size)
{
	char *p = get(size);

	free(p);
	spray_all(size);
	for (int i = 0; i < NSPRAY; i++)
		if (spray[i] == p)
			return (WORKS);
	return (HARMLESS);
}

/* With as much freed in between as it takes to wear out any queue. */
static enum outcome
uaf_patient(size_t size)
{
	char *p = get(size);

	free(p);
	for (int i = 0; i < 4000; i++) {
		spray_all(size);
		for (int j = 0; j < NSPRAY; j++)
			if (spray[j] == p)
				return (WORKS);
		free_all();
	}
	return (HARMLESS);
}

static enum outcome
uaf_realloc(size_t size)
{
	char *p = get(size), *q = realloc(p, 8 * size + 100000);

	if (p == q)
		return (HARMLESS);
	return (get(size) == hide(p) ? WORKS : HARMLESS);
}

/* What was freed is read by who allocates next. */
static enum outcome
leak_old_data(size_t size)
{
	spray_all(size);
	for (int i = 0; i < NSPRAY; i++)
		memset(spray[i], 'S', size);
	free_all();
	for (int i = 0; i < 200; i++) {
		char *p = hide(malloc(size));

		for (size_t j = 16; j < size; j++)
			if (p[j] == 'S')
				return (WORKS);
	}
	return (HARMLESS);
}

static enum outcome
leak_old_realloc(size_t size)
{
	char *p;

	for (int i = 0; i < NSPRAY; i++) {
		p = get(2 * size);
		memset(p, 'S', 2 * size);
		p = realloc(p, size / 4);
		p = realloc(p, 2 * size);
		for (size_t j = size; j < 2 * size; j++)
			if (p[j] == 'S')
				return (WORKS);
	}
	return (HARMLESS);
}

/* A list's link is in the freed block, as glibc disguises it. */
static enum outcome
freelist_link(size_t size)
{
	static char target[8192] __attribute__((aligned(64)));
	char *p = get(size), *q = get(size);

	free(q);
	free(p);
	*(volatile uintptr_t *)p = (uintptr_t)target ^ (uintptr_t)p >> 12;
	for (int i = 0; i < 4; i++)
		if (malloc(size) == target)
			return (WORKS);
	return (HARMLESS);
}

/* The same in the other way round, as allocators without disguise have it. */
static enum outcome
freelist_plain(size_t size)
{
	static char target[8192] __attribute__((aligned(64)));
	char *p = get(size), *q = get(size);

	free(q);
	free(p);
	*(volatile uintptr_t *)p = (uintptr_t)target;
	for (int i = 0; i < 1000; i++)
		if (malloc(size) == target)
			return (WORKS);
	return (HARMLESS);
}

/*
 * What can be foreseen.
 */

/* Does the next block come right behind the last, more often than not? */
static enum outcome
order(size_t size)
{
	int next = 0;
	size_t step = 0;

	spray_all(size);
	for (int i = 1; i < NSPRAY; i++) {
		size_t d = (size_t)llabs(spray[i] - spray[i - 1]);

		next += d == step;
		step = d;
	}
	return (next > NSPRAY / 2 ? WORKS : HARMLESS);
}

/* Of two blocks that were freed, does the last come back first? */
static enum outcome
order_of_reuse(size_t size)
{
	int same = 0;

	for (int i = 0; i < NSPRAY; i++) {
		char *p = get(size), *q = get(size);

		free(p);
		free(q);
		same += get(size) == q;
	}
	return (same > NSPRAY / 2 ? WORKS : HARMLESS);
}

/*
 * Sizes that overflow.
 */

static enum outcome
calloc_overflow(size_t size)
{
	return (calloc(SIZE_MAX / size + 2, size) != NULL ? WORKS : HARMLESS);
}

static enum outcome
reallocarray_overflow(size_t size)
{
	return (reallocarray(get(size), SIZE_MAX / size + 2, size) != NULL ?
	    WORKS : HARMLESS);
}

static enum outcome
malloc_negative(size_t size)
{
	return (malloc((size_t)0 - size) != NULL ? WORKS : HARMLESS);
}

static enum outcome
memalign_overflow(size_t size)
{
	volatile size_t all = SIZE_MAX - size / 2;

	return (memalign(64, all) != NULL ? WORKS : HARMLESS);
}

/*
 * The list.
 */
#define SMALL	{ 24, 100, 1000, 5000 }
#define LARGE	{ 20000, 100000, 600000 }
#define ALL	{ 24, 100, 1000, 5000, 20000, 100000, 600000 }
#define ONE	{ 64 }

static const struct attack {
	const char	*name;
	enum outcome	(*carry_out)(size_t size);
	size_t		 size[8];
} attacks[] = {
	{ "double-free", double_free, ALL },
	{ "double-free-between", double_free_between, ALL },
	{ "double-free-later", double_free_later, SMALL },
	{ "double-free-later-run", double_free_later, LARGE },
	{ "double-free-thread", double_free_thread, ALL },
	{ "double-free-realloc", double_free_realloc, SMALL },
	{ "double-free-reused", double_free_reused, SMALL },
	{ "double-free-race", double_free_race, SMALL },
	{ "free-interior", free_interior, ALL },
	{ "free-unaligned", free_unaligned, ALL },
	{ "free-inner-page", free_inner_page, LARGE },
	{ "free-aligned-interior", free_aligned_interior, ALL },
	{ "free-fake", free_fake, SMALL },
	{ "free-stack", free_stack, ONE },
	{ "free-static", free_static, ONE },
	{ "free-mapping", free_mapping, ONE },
	{ "free-wild", free_wild, ONE },
	{ "free-behind", free_behind, LARGE },
	{ "realloc-freed", realloc_freed, ALL },
	{ "realloc-interior", realloc_interior, ALL },
	{ "realloc-static", realloc_static, ONE },
	{ "usable-freed", usable_freed, SMALL },
	{ "delete-smaller", delete_smaller, ALL },
	{ "delete-larger", delete_larger, ALL },
	{ "delete-unaligned", delete_unaligned, SMALL },
	{ "free-sized-other", free_sized_other, ALL },
	{ "free-aligned-sized-other", free_aligned_sized_other, ALL },
	{ "overflow-1", overflow_1, ALL },
	{ "overflow-nul", overflow_nul, ALL },
	{ "overflow-8", overflow_8, ALL },
	{ "overflow-long", overflow_long, SMALL },
	{ "overflow-realloc", overflow_realloc, ALL },
	{ "overflow-far", overflow_far, SMALL },
	{ "overflow-page", overflow_page, LARGE },
	{ "overread-far", overread_far, SMALL },
	{ "underflow-1", underflow_1, SMALL },
	{ "underflow-page", underflow_page, LARGE },
	{ "underflow-far", underflow_far, SMALL },
	{ "fake-header", fake_header, { 24, 100, 1000 } },
	{ "uaf-write", uaf_write, SMALL },
	{ "uaf-write-run", uaf_write, LARGE },
	{ "uaf-read", uaf_read, SMALL },
	{ "uaf-read-run", uaf_read, LARGE },
	{ "uaf-next", uaf_next, ALL },
	{ "uaf-spray", uaf_spray, ALL },
	{ "uaf-patient", uaf_patient, SMALL },
	{ "uaf-realloc", uaf_realloc, SMALL },
	{ "leak-old-data", leak_old_data, { 100, 1000, 5000, 20000, 100000 } },
	{ "leak-old-realloc", leak_old_realloc, { 100, 1000, 5000, 20000 } },
	{ "freelist-link", freelist_link, { 24, 100, 1000 } },
	{ "freelist-plain", freelist_plain, { 24, 100, 1000 } },
	{ "order", order, SMALL },
	{ "order-of-reuse", order_of_reuse, SMALL },
	{ "calloc-overflow", calloc_overflow, SMALL },
	{ "reallocarray-overflow", reallocarray_overflow, SMALL },
	{ "malloc-negative", malloc_negative, SMALL },
	{ "memalign-overflow", memalign_overflow, SMALL },
};

static int
list(void)
{
	for (size_t i = 0; i < NITEMS(attacks); i++) {
		printf("%s", attacks[i].name);
		for (size_t j = 0; attacks[i].size[j] != 0; j++)
			printf(" %zu", attacks[i].size[j]);
		putchar('\n');
	}
	return (0);
}

int
main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };

	if (argc != 3)
		return (list());
	setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < NITEMS(attacks); i++)
		if (strcmp(argv[1], attacks[i].name) == 0)
			_exit((int)attacks[i].carry_out(
			    strtoul(argv[2], NULL, 10)));
	return (1);
}
