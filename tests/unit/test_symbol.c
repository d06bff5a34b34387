/*
 * test_symbol.c - the function that an address lies in, also in files that
 * are damaged.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os.h"
#include "param.h"
#include "symbol.h"
#include "unit.h"

static struct symbol sym;

/* Not inlined, of different lengths, one local and one not. */
__attribute__((noinline, used)) static int
a_local_function(int n)
{
	volatile int sum = n;

	for (int i = 0; i < 100; i++)
		sum = sum * 3 + i;
	return (sum);
}

int	a_global_function_of_the_test(int n);

__attribute__((noinline, used)) int
a_global_function_of_the_test(int n)
{
	return (a_local_function(n) + 1);
}

static void
check_own(const void *fn, const char *name)
{
	const char *p = fn;

	for (size_t i = 0; i < 8; i++) {
		ck_assert(symbol_find(p + i, &sym));
		ck_assert_str_eq(sym.sym_name, name);
		ck_assert_uint_eq(sym.sym_offset, i);
		ck_assert_uint_eq(sym.sym_start, (uintptr_t)p);
		ck_assert_uint_gt(sym.sym_end, (uintptr_t)p + i);
		ck_assert_ptr_nonnull(strstr(sym.sym_object, "test_symbol"));
		ck_assert_int_eq(sym.sym_map.m_path[0], '/');
	}
	/* The last byte is still in it, the one behind is not. */
	ck_assert(symbol_find((void *)(sym.sym_end - 1), &sym));
	ck_assert_str_eq(sym.sym_name, name);
	ck_assert(symbol_find((void *)sym.sym_end, &sym));
	ck_assert_str_ne(sym.sym_name, name);
}

START_TEST(own_functions)
{
	check_own((const void *)(uintptr_t)a_local_function,
	    "a_local_function");
	check_own((const void *)(uintptr_t)a_global_function_of_the_test,
	    "a_global_function_of_the_test");
}
END_TEST

START_TEST(libc)
{
	/* Likely without a symbol table: by the names for linking. */
	ck_assert(symbol_find((const void *)(uintptr_t)qsort, &sym));
	if (!UNIT_SANITIZED)
		ck_assert_str_eq(sym.sym_object, "libc.so.6");
	ck_assert(symbol_find((const char *)(uintptr_t)strtoull + 3, &sym));
	ck_assert_str_ne(sym.sym_name, "");
}
END_TEST

START_TEST(no_function)
{
	static char data[8] = "data";
	char *p = mmap(NULL, PAGESIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	ck_assert(symbol_find(data, &sym));
	ck_assert_str_eq(sym.sym_name, "");
	ck_assert(symbol_find(p, &sym));
	ck_assert_str_eq(sym.sym_name, "");
	ck_assert_str_eq(sym.sym_object, "");
	munmap(p, PAGESIZE);
	ck_assert(!symbol_find(p, &sym));
	ck_assert(!symbol_find(NULL, &sym));
}
END_TEST

/*
 * A copy of this program that may be damaged: sym.sym_map is made to say that
 * the program was mapped from it.
 */
static unsigned char *image;
static size_t image_len;
static char copy[64];
static struct mapping real;

static void
load_image(void)
{
	struct stat st;
	int fd;

	ck_assert_int_eq(maps_find((uintptr_t)a_local_function, &real), 0);
	ck_assert(real.m_named);
	fd = open(real.m_path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	image_len = (size_t)st.st_size;
	image = malloc(image_len);
	ck_assert_int_eq(read(fd, image, image_len), (ssize_t)image_len);
	close(fd);
	strcpy(copy, "/tmp/kma-symbol-XXXXXX");
	fd = mkstemp(copy);
	ck_assert_int_eq(write(fd, image, image_len), (ssize_t)image_len);
	close(fd);
}

/* In the copy. */
static bool
look(uintptr_t addr)
{
	sym.sym_map = real;
	strcpy(sym.sym_map.m_path, copy);
	return (symbol_function(addr, &sym));
}

/* Whatever was found, it is sound. */
static void
check_sound(uintptr_t addr, bool found)
{
	ck_assert_uint_le(strlen(sym.sym_name), SYMBOL_NAME);
	ck_assert_int_eq(found, sym.sym_name[0] != '\0');
	ck_assert_uint_eq(sym.sym_start + sym.sym_offset, addr);
}

START_TEST(truncated)
{
	uintptr_t addr = (uintptr_t)a_local_function + 4;
	size_t step, found = 0;

	load_image();
	ck_assert(look(addr));
	ck_assert_str_eq(sym.sym_name, "a_local_function");
	step = image_len / unit_less(1000, 20) + 1;
	for (size_t len = image_len; len > 0; len -= step < len ? step : len) {
		bool is;

		ck_assert_int_eq(truncate(copy, (off_t)len), 0);
		is = look(addr);
		check_sound(addr, is);
		found += is;
	}
	/* The section headers are at the end. */
	ck_assert_uint_le(found, 2);
	ck_assert_int_eq(truncate(copy, 0), 0);
	ck_assert(!look(addr));
	unlink(copy);
	ck_assert(!look(addr));
}
END_TEST

/* Where it hurts: the headers; or anywhere. */
static size_t
somewhere(struct rnd *r)
{
	const Elf64_Ehdr *eh = (const void *)image;

	switch (rnd_below(r, 4)) {
	case 0:
		return (rnd_below(r, sizeof(*eh)));
	case 1:
		return (eh->e_phoff + rnd_below(r, eh->e_phnum *
		    sizeof(Elf64_Phdr)));
	case 2:
		return (eh->e_shoff + rnd_below(r, eh->e_shnum *
		    sizeof(Elf64_Shdr)));
	default:
		return (rnd_below(r, image_len));
	}
}

START_TEST(damaged)
{
	uintptr_t addr = (uintptr_t)a_local_function + 4;
	struct rnd r = { 1 };
	size_t at[8], wrong = 0;
	int fd;

	load_image();
	fd = open(copy, O_WRONLY | O_CLOEXEC);
	for (unsigned n = unit_less(20000, 40); n > 0; n--) {
		size_t bytes = 1 + rnd_below(&r, nitems(at));
		bool is;

		for (size_t i = 0; i < bytes; i++) {
			unsigned char byte = (unsigned char)rnd_next(&r);

			at[i] = somewhere(&r);
			if (at[i] >= image_len)
				at[i] = 0;
			byte = rnd_below(&r, 3) == 0 ? 0xff : byte;
			ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at[i]), 1);
		}
		is = look(addr);
		check_sound(addr, is);
		wrong += !is;
		for (size_t i = 0; i < bytes; i++)
			ck_assert_int_eq(pwrite(fd, image + at[i], 1,
			    (off_t)at[i]), 1);
	}
	close(fd);
	ck_assert_uint_gt(wrong, 0);
	ck_assert(look(addr));
	ck_assert_str_eq(sym.sym_name, "a_local_function");
	unlink(copy);
}
END_TEST

/* Sizes and offsets at the ends of their range, in each section header. */
START_TEST(extremes)
{
	static const uint64_t values[] = { 0, 1, UINT64_MAX, UINT64_MAX - 23,
	    (uint64_t)1 << 63, INT64_MAX, (uint64_t)1 << 62,
	    (uint64_t)1 << 32 };
	uintptr_t addr = (uintptr_t)a_local_function + 4;
	const Elf64_Ehdr *eh;
	int fd;

	load_image();
	eh = (const void *)image;
	fd = open(copy, O_WRONLY | O_CLOEXEC);
	for (size_t word = 0; word < eh->e_shnum * sizeof(Elf64_Shdr) / 8;
	    word++)
		for (size_t i = 0; i < nitems(values); i++) {
			off_t at = (off_t)(eh->e_shoff + 8 * word);

			ck_assert_int_eq(pwrite(fd, &values[i], 8, at), 8);
			check_sound(addr, look(addr));
			ck_assert_int_eq(pwrite(fd, image + at, 8, at), 8);
		}
	close(fd);
	unlink(copy);
}
END_TEST

/* strip(1), done here: no symbol table; a local function has no name then. */
START_TEST(stripped)
{
	Elf64_Shdr *sh;
	Elf64_Ehdr *eh;
	int fd;

	load_image();
	eh = (void *)image;
	sh = (void *)(image + eh->e_shoff);
	for (unsigned i = 0; i < eh->e_shnum; i++)
		if (sh[i].sh_type == SHT_SYMTAB)
			sh[i].sh_type = SHT_NULL;
	fd = open(copy, O_WRONLY | O_CLOEXEC);
	ck_assert_int_eq(write(fd, image, image_len), (ssize_t)image_len);
	close(fd);
	look((uintptr_t)a_local_function + 4);
	ck_assert_str_ne(sym.sym_name, "a_local_function");
	unlink(copy);
}
END_TEST

UNIT_MAIN("symbol", 1, own_functions, libc, no_function, truncated, damaged,
    extremes, stripped)
