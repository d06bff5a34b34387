/*
 * objects.h - the live objects of a trace, by address.
 */
#ifndef KMA_OBJECTS_H
#define KMA_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object {
	uint64_t	o_addr;
	uint64_t	o_number;	/* 0: none */
	uint64_t	o_size;
	uint64_t	o_time;		/* when it was allocated */
	uint32_t	o_type;
};

/*
 * A hash table with open addressing.  Invariants:
 *	os_count = the entries whose o_number is not 0
 *	os_count <= 2/3 of 2^os_bits
 *	no free entry lies between an object's home and its place
 */
struct objects {
	struct object	*os_table;
	unsigned	 os_bits;
	size_t		 os_count;
};

/* False: no memory. */
bool	objects_init(struct objects *os);
void	objects_fini(struct objects *os);
/* Its address must not be there yet.  False: no memory. */
bool	objects_add(struct objects *os, const struct object *o);
/* Takes the object at addr away; false if there is none. */
bool	objects_take(struct objects *os, uint64_t addr, struct object *o);

#endif /* KMA_OBJECTS_H */
