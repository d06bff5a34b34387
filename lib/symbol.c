/*
 * symbol.c - the function that an address lies in.
 *
 * Layer 2.  No state, no lock.  Calls maps.h, os.h.
 *
 * The file is read and not mapped: it may be cut short at any moment, and a
 * mapping would then end the program.  What it says is not believed: an
 * offset that leads nowhere is a read that fails.
 */
#include "symbol.h"

#include <elf.h>

#include "os.h"

#ifdef __x86_64__
#define MACHINE		EM_X86_64
#else
#define MACHINE		EM_AARCH64
#endif

#define AT_ONCE		32		/* symbols read */
#define SYMBOL_MOST	((uint64_t)1 << 24)	/* of a file */

static bool
read_all(int fd, void *buf, size_t len, uint64_t offset)
{
	return (os_read_at(fd, buf, len, offset) == (long)len);
}

static bool
is_elf(const Elf64_Ehdr *eh)
{
	return (eh->e_ident[EI_MAG0] == ELFMAG0 &&
	    eh->e_ident[EI_MAG1] == ELFMAG1 &&
	    eh->e_ident[EI_MAG2] == ELFMAG2 &&
	    eh->e_ident[EI_MAG3] == ELFMAG3 &&
	    eh->e_ident[EI_CLASS] == ELFCLASS64 &&
	    eh->e_ident[EI_DATA] == ELFDATA2LSB &&
	    eh->e_machine == MACHINE &&
	    eh->e_phentsize == sizeof(Elf64_Phdr) &&
	    eh->e_shentsize == sizeof(Elf64_Shdr));
}

/* The address that the file itself has for the code at an offset of it. */
static bool
to_vaddr(int fd, const Elf64_Ehdr *eh, uint64_t offset, uint64_t *vaddr)
{
	for (unsigned i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr ph;

		if (!read_all(fd, &ph, sizeof(ph), eh->e_phoff + i *
		    sizeof(ph)))
			return (false);
		if (ph.p_type != PT_LOAD || !(ph.p_flags & PF_X) ||
		    offset - ph.p_offset >= ph.p_filesz)
			continue;
		*vaddr = offset - ph.p_offset + ph.p_vaddr;
		return (true);
	}
	return (false);
}

/* The table of symbols and that of their names. */
static bool
find_tables(int fd, const Elf64_Ehdr *eh, Elf64_Shdr *symbols,
    Elf64_Shdr *names)
{
	uint64_t at = eh->e_shoff;
	bool found = false;

	for (unsigned i = 0; i < eh->e_shnum; i++) {
		Elf64_Shdr sh;

		if (!read_all(fd, &sh, sizeof(sh), at + i * sizeof(sh)))
			break;
		if (sh.sh_type != SHT_SYMTAB && sh.sh_type != SHT_DYNSYM)
			continue;
		*symbols = sh;
		found = true;
		if (sh.sh_type == SHT_SYMTAB)
			break;
	}
	return (found && symbols->sh_entsize == sizeof(Elf64_Sym) &&
	    symbols->sh_link < eh->e_shnum &&
	    read_all(fd, names, sizeof(*names), at + symbols->sh_link *
	    sizeof(*names)));
}

/* The end of a function; one without a size is taken for its first byte. */
static uint64_t
end_of(const Elf64_Sym *s)
{
	uint64_t end = s->st_value + (s->st_size != 0 ? s->st_size : 1);

	return (end < s->st_value ? UINT64_MAX : end);
}

/* Is s a function that has vaddr, and begins behind what was best so far? */
static bool
is_better(const Elf64_Sym *s, uint64_t vaddr, const Elf64_Sym *best)
{
	unsigned type = ELF64_ST_TYPE(s->st_info);

	return ((type == STT_FUNC || type == STT_GNU_IFUNC) &&
	    s->st_shndx != SHN_UNDEF && s->st_value <= vaddr &&
	    vaddr < end_of(s) && (best->st_name == 0 ||
	    s->st_value > best->st_value));
}

static bool
find_symbol(int fd, const Elf64_Shdr *symbols, uint64_t vaddr, Elf64_Sym *best)
{
	uint64_t count = symbols->sh_size / sizeof(*best), n;
	Elf64_Sym part[AT_ONCE];

	best->st_name = 0;
	if (count > SYMBOL_MOST)
		count = SYMBOL_MOST;
	for (uint64_t i = 0; i < count; i += n) {
		n = count - i < AT_ONCE ? count - i : AT_ONCE;
		if (!read_all(fd, part, n * sizeof(part[0]),
		    symbols->sh_offset + i * sizeof(part[0])))
			break;
		for (uint64_t k = 0; k < n; k++)
			if (part[k].st_name != 0 &&
			    is_better(&part[k], vaddr, best))
				*best = part[k];
	}
	return (best->st_name != 0);
}

/* Reads a name; what is longer than SYMBOL_NAME is cut. */
static bool
read_name(int fd, const Elf64_Shdr *names, const Elf64_Sym *s, char *name)
{
	size_t room = SYMBOL_NAME;
	long len;

	name[0] = '\0';
	if (s->st_name >= names->sh_size)
		return (false);
	if (room > names->sh_size - s->st_name)
		room = names->sh_size - s->st_name;
	len = os_read_at(fd, name, room, names->sh_offset + s->st_name);
	name[len > 0 ? len : 0] = '\0';
	return (name[0] != '\0');
}

static bool
look_up(int fd, uintptr_t addr, struct symbol *sym)
{
	uint64_t offset = addr - sym->sym_map.m_start + sym->sym_map.m_offset;
	uint64_t vaddr;
	Elf64_Shdr symbols, names;
	Elf64_Ehdr eh;
	Elf64_Sym s;

	if (!read_all(fd, &eh, sizeof(eh), 0) || !is_elf(&eh) ||
	    !to_vaddr(fd, &eh, offset, &vaddr) ||
	    !find_tables(fd, &eh, &symbols, &names) ||
	    !find_symbol(fd, &symbols, vaddr, &s) ||
	    !read_name(fd, &names, &s, sym->sym_name))
		return (false);
	sym->sym_offset = vaddr - s.st_value;
	sym->sym_start = addr - sym->sym_offset;
	sym->sym_end = addr + (end_of(&s) - vaddr);
	return (true);
}

bool
symbol_function(uintptr_t addr, struct symbol *sym)
{
	bool found = false;
	int fd;

	sym->sym_name[0] = '\0';
	if (sym->sym_map.m_named &&
	    (fd = os_open(sym->sym_map.m_path)) >= 0) {
		found = look_up(fd, addr, sym);
		os_close(fd);
	}
	if (!found) {
		sym->sym_name[0] = '\0';
		sym->sym_start = addr;
		sym->sym_end = addr + 1;
		sym->sym_offset = 0;
	}
	return (found);
}

bool
symbol_find(const void *addr, struct symbol *sym)
{
	if (maps_find((uintptr_t)addr, &sym->sym_map) != 0)
		return (false);
	sym->sym_object = maps_base(&sym->sym_map);
	symbol_function((uintptr_t)addr, sym);
	return (true);
}
