/*
 * ops.c - plays byte strings as operations, against a model.
 *
 * Each operation takes a few bytes.  The model knows of every live block its
 * address, size and contents; that no two overlap follows from a table of
 * the arena's granules.  All modules check their invariants as it goes.
 * When the bytes are at an end, everything is freed and must be gone.
 */
#include "ops.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmem.h"
#include "pagerun.h"
#include "stats.h"
#include "unit/blocks.h"

#define NBLOCK		256
#define CHECK_EVERY	64
#define MARK_STEP	1021	/* bytes between two marks in a block */

#define REQUIRE(cond) \
	((cond) ? (void)0 : disagree(#cond, __LINE__))

static struct block {
	char	*p;
	size_t	 size;		/* as asked for */
	size_t	 usable;
	uint8_t	 fill;
} block[NBLOCK];

static uint64_t played, now;
static uint8_t counter;

/* The bytes. */
static const uint8_t *next, *end;

static _Noreturn void
disagree(const char *what, int line)
{
	fprintf(stderr, "ops.c:%d: after %llu operations: %s\n", line,
	    (unsigned long long)played, what);
	abort();
}

static uint8_t
byte(void)
{
	return (next < end ? *next++ : 0);
}

/* Most sizes are small; some are at a power of two, less or more a little. */
static size_t
some_size(void)
{
	uint8_t a = byte(), b = byte();
	size_t size = (size_t)1 << a % 23;

	switch (a / 23 % 4) {
	case 0:
		return (size + b % 3 - 1);
	case 1:
		return ((size_t)b * 16);
	case 2:
		return (size * b / 256);
	default:
		return (a + b);
	}
}

static void
mark(struct block *b)
{
	for (size_t i = 0; i < b->usable; i += MARK_STEP)
		b->p[i] = (char)(b->fill + i / MARK_STEP);
	b->p[b->usable - 1] = (char)~b->fill;
}

static void
expect_marks(const struct block *b, size_t len)
{
	for (size_t i = 0; i < len && i + 1 < b->usable; i += MARK_STEP)
		REQUIRE(b->p[i] == (char)(b->fill + i / MARK_STEP));
	if (len == b->usable)
		REQUIRE(b->p[len - 1] == (char)~b->fill);
}

static bool
overlap(const struct block *a, const struct block *b)
{
	return (a->p < b->p + b->usable && b->p < a->p + a->usable);
}

/* A block that the allocator has just given. */
static void
enter(struct block *b, void *p, size_t size)
{
	REQUIRE(p != NULL);
	REQUIRE((uintptr_t)p % MINALLOCSIZE == 0);
	b->p = p;
	b->size = size;
	b->usable = kmem_usable(p, "fuzz");
	b->fill = ++counter;
	REQUIRE(b->usable >= size);
	REQUIRE(b->usable >= MINALLOCSIZE);
	for (unsigned i = 0; i < NBLOCK; i++)
		REQUIRE(&block[i] == b || block[i].p == NULL ||
		    !overlap(&block[i], b));
	mark(b);
}

static void
op_free(struct block *b)
{
	REQUIRE(kmem_usable(b->p, "fuzz") == b->usable);
	expect_marks(b, b->usable);
	block_put(b->p);
	b->p = NULL;
}

static void
op_alloc(struct block *b)
{
	size_t size = some_size();

	if (b->p != NULL)
		op_free(b);
	enter(b, block_get(size), size);
}

static void
op_zalloc(struct block *b)
{
	size_t size = some_size();
	char *p;

	if (b->p != NULL)
		op_free(b);
	p = kmem_zalloc(size);
	for (size_t i = 0; p != NULL && i < size; i++)
		REQUIRE(p[i] == 0);
	enter(b, p, size);
}

static void
op_memalign(struct block *b)
{
	size_t align = (size_t)1 << byte() % 22, size = some_size();
	void *p;

	if (b->p != NULL)
		op_free(b);
	p = kmem_memalign(align, size);
	REQUIRE((uintptr_t)p % align == 0);
	enter(b, p, size);
}

static void
op_realloc(struct block *b)
{
	size_t size = some_size(), keep;
	struct block old = *b;

	if (b->p == NULL) {
		op_alloc(b);
		return;
	}
	if (byte() & 1)		/* a little more or less */
		size = b->size + size % 10000;
	size += size == 0;
	expect_marks(b, b->usable);
	b->p = kmem_realloc(old.p, size, "fuzz");
	REQUIRE(b->p != NULL);
	keep = size < old.usable ? size : old.usable;
	old.p = b->p;
	expect_marks(&old, keep);
	enter(b, b->p, size);
}

/* Many of a size, freed in some order. */
static void
op_batch(void)
{
	static void *p[256];
	size_t size = some_size() % 20000;
	unsigned n = byte() + 1u, stride = byte() | 1u;

	for (unsigned i = 0; i < n; i++) {
		p[i] = block_get(size);
		REQUIRE(p[i] != NULL);
		*(unsigned *)p[i] = i;
	}
	for (unsigned i = 0, at = 0; i < 256; i++, at = (at + stride) % 256) {
		if (at >= n)
			continue;
		REQUIRE(*(unsigned *)p[at] == at);
		block_put(p[at]);
	}
}

static void
op_rare(void)
{
	switch (byte() % 8) {
	case 0:
		kmem_trim();
		break;
	case 1:
		cache_drain();
		break;
	case 2:
		cache_reap();
		break;
	case 3:
		for (unsigned i = KU_LIST; i < bucket_runs; i++)
			bucket_reap(i, byte() & 1);
		for (unsigned i = bucket_first_limit; i < bucket_limit; i++)
			bucket_reap(i, true);	/* those learned */
		break;
	default:
		pagerun_tick(now += 4u * byte());
	}
}

static void
check_figures(void)
{
	struct kma_totals st;
	size_t inuse = 0;

	kmem_check();
	for (unsigned i = 0; i < NBLOCK; i++)
		if (block[i].p != NULL)
			inuse += block[i].usable;
	stats_totals(&st);
	REQUIRE(st.st_inuse == inuse);
}

static void
play_one(void)
{
	uint8_t op = byte();
	struct block *b = &block[byte()];

	played++;
	if (op < 90)
		op_alloc(b);
	else if (op < 110)
		op_zalloc(b);
	else if (op < 130)
		op_memalign(b);
	else if (op < 175)
		op_realloc(b);
	else if (op < 182)
		op_batch();
	else if (op < 190)
		op_rare();
	else if (b->p != NULL)
		op_free(b);
	if (played % CHECK_EVERY == 0)
		check_figures();
}

uint64_t
ops_played(void)
{
	return (played);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pagerun_stats ps;

	REQUIRE(kmem_init());
	next = data;
	end = data + size;
	while (next < end)
		play_one();
	for (unsigned i = 0; i < NBLOCK; i++)
		if (block[i].p != NULL)
			op_free(&block[i]);
	check_figures();
	kmem_trim();
	kmem_check();
	pagerun_stats(&ps);
	REQUIRE(ps.ps_inuse == 0);
	REQUIRE(ps.ps_dirty == 0);
	return (0);
}
