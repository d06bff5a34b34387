/*
 * profile.h - what valgrind's tools write down, as figures.
 *
 * Each reader takes one file, and says false if it is not a whole one of its
 * kind: a program that was killed leaves half of one.
 */
#ifndef KMA_PROFILE_H
#define KMA_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Instructions, by callgrind. */
struct callgrind {
	uint64_t	cg_total;
	uint64_t	cg_allocator;	/* inside it, and in what it called */
};

/* Cache misses, by cachegrind. */
struct cachegrind {
	uint64_t	cc_d1;		/* of data, in the first level */
	uint64_t	cc_ll;		/* in the last, of all kinds */
};

/* A heap, by massif. */
struct massif {
	uint64_t	ms_peak;	/* the most of all */
	uint64_t	ms_regular;	/* the most seen at regular times */
};

/* Errors and leaks, by memcheck. */
#define MOST_KINDS	32
struct memcheck_kind {
	char		mk_name[40];	/* memcheck's: InvalidRead, ... */
	uint64_t	mk_count;	/* of errors; of leaks, the blocks */
	uint64_t	mk_bytes;	/* leaked */
};
struct memcheck {
	struct memcheck_kind mc_kind[MOST_KINDS];
	unsigned	mc_nkind;
};

/*
 * The readers add to what is there: a program may be many processes.
 *
 * callgrind_read: object is the path of the library that is the allocator, or
 * NULL where that is the C library.
 * massif_read: regular times that have limit bytes or more do not count.  Of
 * many processes the largest counts.
 */
bool	callgrind_read(FILE *fp, const char *object, struct callgrind *cg);
bool	cachegrind_read(FILE *fp, struct cachegrind *cc);
bool	massif_read(FILE *fp, uint64_t limit, struct massif *ms);
bool	memcheck_read(FILE *fp, struct memcheck *mc);

/* What memcheck found of a kind: never NULL. */
const struct memcheck_kind *memcheck_find(const struct memcheck *mc,
	    const char *name);

#endif /* KMA_PROFILE_H */
