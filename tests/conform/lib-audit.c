/*
 * lib-audit - an LD_AUDIT library that allocates in every call it gets.  It
 * reports on the descriptor named by KMA_TEST_AUDIT_FD: `A' when the program
 * is about to start.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *names[1024];
static int count;

static void
note(const char *text)
{
	char *p;

	p = malloc(strlen(text) + 10000);
	if (p == NULL)
		_exit(92);
	strcpy(p, text);
	p = realloc(p, strlen(text) + 1);
	if (count < 1024)
		names[count++] = p;
	else
		free(p);
}

unsigned
la_version(unsigned version)
{
	note("version");
	return (version);
}

unsigned
la_objopen(struct link_map *map, Lmid_t lmid, uintptr_t *cookie)
{
	(void)lmid;
	(void)cookie;
	note(map->l_name);
	return (LA_FLG_BINDTO | LA_FLG_BINDFROM);
}

char *
la_objsearch(const char *name, uintptr_t *cookie, unsigned flag)
{
	(void)cookie;
	(void)flag;
	note(name);
	return ((char *)(uintptr_t)name);
}

#if __ELF_NATIVE_CLASS == 64
uintptr_t
la_symbind64(Elf64_Sym *sym, unsigned ndx, uintptr_t *refcook,
    uintptr_t *defcook, unsigned *flags, const char *name)
{
	(void)ndx;
	(void)refcook;
	(void)defcook;
	(void)flags;
	note(name);
	return (sym->st_value);
}
#endif

void
la_preinit(uintptr_t *cookie)
{
	const char *fd;

	(void)cookie;
	note("preinit");
	if ((fd = getenv("KMA_TEST_AUDIT_FD")) != NULL)
		if (write(atoi(fd), "A", 1) < 0)
			_exit(91);
}

unsigned
la_objclose(uintptr_t *cookie)
{
	(void)cookie;
	while (count > 0)
		free(names[--count]);
	return (0);
}
