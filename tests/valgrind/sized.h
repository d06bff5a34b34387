/*
 * sized.h - the faults of a block of SIZE bytes, as functions with SIZE in
 * their names; included once for each size.
 */
#define NAME_OF(what, size)	what##_##size
#define NAME(what, size)	NAME_OF(what, size)
#define SIZED(what)		FUNCTION(NAME(fault_##what, SIZE))

/* Behind the block: the next byte, and what the allocator rounded up. */
SIZED(write_after)
{
	block p = malloc(SIZE);

	p[SIZE] = 1;
	free(p);
}

SIZED(write_after_8)
{
	block p = malloc(SIZE);

	p[SIZE + 7] = 1;
	free(p);
}

SIZED(write_after_16)
{
	block p = malloc(SIZE);

	p[SIZE + 15] = 1;
	free(p);
}

SIZED(read_after)
{
	block p = calloc(1, SIZE);

	sink = p[SIZE];
	free(p);
}

SIZED(read_across)
{
	char *volatile p = calloc(1, SIZE + 8);

	p = realloc(p, SIZE);
	sink = (int)*(volatile long *)(void *)(p + (SIZE & ~7));
	sink = (int)*(volatile long *)(void *)(p + (SIZE & ~7) + 8);
	free(p);
}

/* Before it. */
SIZED(write_before)
{
	block p = malloc(SIZE);

	p[-1] = 1;
	free(p);
}

SIZED(write_before_16)
{
	block p = malloc(SIZE);

	p[-16] = 1;
	free(p);
}

SIZED(read_before)
{
	block p = calloc(1, SIZE);

	sink = p[-8];
	free(p);
}

/* After its free. */
SIZED(write_freed)
{
	block p = malloc(SIZE);

	free(p);
	p[SIZE - 1] = 1;
}

SIZED(read_freed)
{
	block p = calloc(1, SIZE);

	free(p);
	sink = p[0];
}

SIZED(free_twice)
{
	block p = malloc(SIZE);

	free(p);
	free(p);
}

SIZED(free_inside)
{
	block p = malloc(SIZE);

	free(p + 1);
	free(p);
}

SIZED(free_before)
{
	block p = malloc(SIZE);

	free(p - 16);
	free(p);
}

/* After realloc: each block is another one. */
SIZED(use_grown)
{
	block p = calloc(1, SIZE), q = realloc(p, 2 * SIZE);

	sink = p[0];
	q[2 * SIZE] = 1;
	free(q);
}

SIZED(use_shrunk)
{
	block p = calloc(1, SIZE), q = realloc(p, SIZE / 2 + 1);

	p[0] = 1;
	q[SIZE / 2 + 1] = 1;
	free(q);
}

SIZED(realloc_freed)
{
	block p = malloc(SIZE);

	free(p);
	LOOK(realloc(p, 10) != NULL);
}

/* What nobody wrote. */
SIZED(undefined)
{
	block p = malloc(SIZE);

	LOOK(p[SIZE - 1]);
	free(p);
}

SIZED(undefined_grown)
{
	block p = calloc(1, SIZE);

	p = realloc(p, SIZE + 1);
	LOOK(p[0]);
	LOOK(p[SIZE]);
	free(p);
}

SIZED(undefined_kept)
{
	block p = malloc(SIZE);

	p = realloc(p, SIZE + 100);
	LOOK(p[0]);
	free(p);
}

/* Aligned. */
SIZED(aligned_after)
{
	block p = aligned_alloc(64, SIZE);

	p[SIZE] = 1;
	p[-1] = 1;
	free(p);
	p[0] = 1;
}

SIZED(page_aligned_after)
{
	block p = memalign(4096, SIZE);

	p[SIZE] = 1;
	p[-16] = 1;
	free(p);
	free(p);
}

/* Lost. */
SIZED(lost)
{
	block p = malloc(SIZE);

	p[0] = 1;
	p = NULL;
}

SIZED(lost_grown)
{
	block p = malloc(SIZE);

	p = realloc(p, SIZE + 1000);
	p = realloc(p, SIZE + 3);
	p = NULL;
}

FUNCTION(NAME(clean_use, SIZE))
{
	block p = calloc(1, SIZE);

	LOOK(p[0]);
	LOOK(p[SIZE - 1]);
	LOOK(malloc_usable_size(p) != SIZE);
	p = realloc(p, SIZE + 10);
	LOOK(p[SIZE - 1]);
	memset(p, 1, SIZE + 10);
	LOOK(p[SIZE + 9]);
	free(p);
	p = memalign(256, SIZE);
	memset(p, 1, SIZE);
	free(p);
}

#undef SIZED
#undef NAME
#undef NAME_OF
#undef SIZE
