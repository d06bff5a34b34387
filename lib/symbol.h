/*
 * symbol.h - the function that an address lies in.
 *
 * Layer 2.  No state, no lock, no memory but the caller's.  The names are
 * read from the ELF file: from its symbol table, or what is left of that in
 * a stripped file, the names for dynamic linking.
 */
#ifndef KMA_SYMBOL_H
#define KMA_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maps.h"

#define SYMBOL_NAME	128

struct symbol {
	struct mapping	sym_map;
	const char	*sym_object;	/* the base name, in sym_map */
	size_t		sym_offset;	/* of the address, in the function */
	uintptr_t	sym_start;	/* of the function, in memory */
	uintptr_t	sym_end;
	char		sym_name[SYMBOL_NAME + 1];	/* "": not known */
};

/* False: the address is in no mapping, or the kernel does not tell. */
bool	symbol_find(const void *addr, struct symbol *sym);

/*
 * The second half of that, with sym_map filled in and the address in it: the
 * function.  False: its name is not known.
 */
bool	symbol_function(uintptr_t addr, struct symbol *sym);

#endif /* KMA_SYMBOL_H */
