/*
 * allocators.c - finds an allocator that can be put before a program's malloc.
 */
#include "allocators.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "program.h"

static const struct {
	const char	*name, *file, *package;
} known[] = {
	{ "jemalloc", "libjemalloc.so.2", "libjemalloc2" },
	{ "mimalloc", "libmimalloc.so.2", "libmimalloc2.0" },
	{ "tcmalloc", "libtcmalloc_minimal.so.4", "libtcmalloc-minimal4" },
};
#define NKNOWN	(sizeof(known) / sizeof(known[0]))

/* Where Debian and others put libraries. */
static bool
find_file(const char *file, char *path, size_t size)
{
	static const char *const dirs[] = { "/usr/lib/x86_64-linux-gnu",
		"/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib",
		"/usr/local/lib" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, size, "%s/%s", dirs[i], file);
		if (access(path, R_OK) == 0)
			return (true);
	}
	return (false);
}

/* The loader would only warn of one that is none. */
static bool
check_file(const char *command, const char *name, char *path, size_t size)
{
	char magic[4] = "", real[PATH_MAX];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && read(fd, magic, 4) == 4 &&
	    memcmp(magic, "\177ELF", 4) == 0;

	if (!good)
		complain("%s: %s: %s", command, name,
		    fd < 0 ? strerror(errno) : "not a shared library");
	if (fd >= 0)
		close(fd);
	if (good && (realpath(name, real) == NULL || strlen(real) >= size ||
	    !library_can_preload(command, real)))
		good = false;
	if (good)
		strcpy(path, real);
	return (good);
}

bool
allocator_find(const char *command, const char *name, char *path, size_t size)
{
	if (strcmp(name, "glibc") == 0) {
		path[0] = '\0';
		return (true);
	}
	if (strcmp(name, "libkma") == 0)
		return (library_find(command, path, size));
	for (size_t i = 0; i < NKNOWN; i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		if (find_file(known[i].file, path, size))
			return (true);
		complain("%s: no %s: Debian has it in the package %s", command,
		    known[i].file, known[i].package);
		return (false);
	}
	if (strchr(name, '/') != NULL || strstr(name, ".so") != NULL)
		return (check_file(command, name, path, size));
	complain("%s: no allocator is called %s, and no file", command, name);
	return (false);
}
