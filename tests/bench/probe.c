/*
 * probe.c: preloaded beside the allocator under test, tells the bench which
 * library's malloc a process really has: each process that starts appends a
 * line "malloc PATH" to the file named by BENCH_PROBE. Allocates nothing.
 */
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The file that has the malloc that calls go to. In a program with fixed
 * addresses that takes malloc's address somewhere, that address is a stub of
 * the program's own, by a symbol that says it is undefined there: calls go on
 * to the libraries.
 */
static const char *
owner(void)
{
	const ElfW(Sym) *sym = NULL;
	Dl_info info;

	if (dladdr1((void *)malloc, &info, (void **)&sym, RTLD_DL_SYMENT) == 0)
		return (NULL);
	if (sym != NULL && sym->st_shndx == SHN_UNDEF &&
	    dladdr(dlsym(RTLD_NEXT, "malloc"), &info) == 0)
		return (NULL);
	return (info.dli_fname);
}

__attribute__((constructor)) static void
probe(void)
{
	const char *name = getenv("BENCH_PROBE"), *path = owner();
	char line[4096] = "malloc ";
	size_t n = strlen(line);
	int fd;

	if (name == NULL || path == NULL)
		return;
	for (; *path != '\0' && n < sizeof(line) - 1; path++)
		line[n++] = *path;
	line[n++] = '\n';
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* One write, so that the lines of two processes do not mix. */
	if (write(fd, line, n) < 0)
		_exit(98);
	close(fd);
}
