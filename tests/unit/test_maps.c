/*
 * test_maps.c - which mapping an address lies in.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "maps.h"
#include "os.h"
#include "param.h"
#include "unit.h"

#define LEN	((size_t)1 << 16)

static char dir[64];
static struct mapping m;

static void
make_dir(void)
{
	strcpy(dir, "/tmp/kma-maps-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

/* A file of LEN bytes, mapped. */
static char *
map_file(const char *path, int prot, size_t offset)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *p;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)LEN), 0);
	p = mmap(NULL, LEN - offset, prot, MAP_PRIVATE, fd, (off_t)offset);
	ck_assert_ptr_ne(p, MAP_FAILED);
	close(fd);
	return (p);
}

/* The mapping of a file at p is found, from its first to its last byte. */
static void
check_file(const char *p, size_t offset, const char *path)
{
	size_t len = LEN - offset;

	errno = 4711;
	ck_assert_int_eq(maps_find((uintptr_t)p, &m), 0);
	ck_assert_uint_eq(m.m_start, (uintptr_t)p);
	ck_assert_uint_eq(m.m_end, (uintptr_t)p + len);
	ck_assert_uint_eq(m.m_offset, offset);
	ck_assert_str_eq(m.m_path, path);
	ck_assert(m.m_isfile && m.m_named);
	memset(&m, 0xff, sizeof(m));
	ck_assert_int_eq(maps_find((uintptr_t)p + len - 1, &m), 0);
	ck_assert_uint_eq(m.m_start, (uintptr_t)p);
	ck_assert_int_eq(errno, 4711);
}

START_TEST(files)
{
	static const char *const names[] = { "a", "name with  blanks",
	    "(deleted)", "deleted)", "x (deleted", "[heap]", "a-b:c" };
	char path[256];

	make_dir();
	for (size_t i = 0; i < nitems(names); i++) {
		size_t offset = i % 2 * 2 * PAGESIZE;
		char *p;

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		p = map_file(path, PROT_READ, offset);
		check_file(p, offset, path);
		ck_assert_str_eq(maps_base(&m), names[i]);
		unlink(path);
		munmap(p, LEN - offset);
	}
	rmdir(dir);
}
END_TEST

START_TEST(removed_file)
{
	char path[256], *p;

	make_dir();
	snprintf(path, sizeof(path), "%s/gone", dir);
	p = map_file(path, PROT_READ, 0);
	unlink(path);
	ck_assert_int_eq(maps_find((uintptr_t)p, &m), 0);
	ck_assert_str_eq(m.m_path, path);
	ck_assert(m.m_isfile && !m.m_named);
	rmdir(dir);
}
END_TEST

/* The path is too long: its end is what counts. */
START_TEST(long_path)
{
	char name[201], path[256], cwd[8192], *p;
	size_t len;

	make_dir();
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(chdir(dir), 0);
	for (len = strlen(dir); len < 3000; len += sizeof(name)) {
		ck_assert_int_eq(mkdir(name, 0700), 0);
		ck_assert_int_eq(chdir(name), 0);
		snprintf(path, sizeof(path), "file%zu.so", len);
		p = map_file(path, PROT_READ, 0);
		ck_assert_int_eq(maps_find((uintptr_t)p, &m), 0);
		ck_assert_str_eq(maps_base(&m), path);
		ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
		strcat(strcat(cwd, "/"), path);
		ck_assert(m.m_isfile);
		ck_assert_int_eq(m.m_named, strlen(cwd) < MAPS_PATH);
		if (m.m_named)
			ck_assert_str_eq(m.m_path, cwd);
		ck_assert_str_eq(m.m_path,
		    cwd + strlen(cwd) - strlen(m.m_path));
		unlink(path);
	}
	snprintf(cwd, sizeof(cwd), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(cwd), 0);
}
END_TEST

START_TEST(memory)
{
	int on_stack;
	char *p = mmap(NULL, 3 * LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	/* So that neither end joins a neighbour. */
	mprotect(p, LEN, PROT_NONE);
	mprotect(p + 2 * LEN, LEN, PROT_NONE);
	ck_assert_int_eq(maps_find((uintptr_t)p + LEN, &m), 0);
	ck_assert_uint_eq(m.m_start, (uintptr_t)p + LEN);
	ck_assert_uint_eq(m.m_end, (uintptr_t)p + 2 * LEN);
	ck_assert(!m.m_isfile && !m.m_named);
	ck_assert_str_eq(m.m_path, "");
	munmap(p + LEN, LEN);
	ck_assert_int_eq(maps_find((uintptr_t)p + LEN, &m), EFAULT);
	ck_assert_int_eq(maps_find(0, &m), EFAULT);
	ck_assert_int_eq(maps_find(UINTPTR_MAX, &m), EFAULT);
	ck_assert_int_eq(maps_find((uintptr_t)&on_stack, &m), 0);
	ck_assert(!m.m_isfile);
}
END_TEST

#define NMAPS	1000

static size_t
read_maps(uintptr_t *start, uintptr_t *end)
{
	FILE *fp = fopen("/proc/self/maps", "r");
	char line[4096];
	size_t n = 0;

	ck_assert_ptr_nonnull(fp);
	while (n < NMAPS && fgets(line, sizeof(line), fp) != NULL)
		if (sscanf(line, "%lx-%lx", &start[n], &end[n]) == 2)
			n++;
	fclose(fp);
	return (n);
}

/*
 * Lines begin anywhere in the buffer: each mapping is found.  Whoever serves
 * malloc() here may map and unmap while the list is read: one that is not in
 * the list any more afterwards does not count.
 */
START_TEST(every_mapping)
{
	static uintptr_t start[NMAPS], end[NMAPS], from[NMAPS], to[NMAPS];
	static uintptr_t later[NMAPS], lend[NMAPS];
	static int error[NMAPS];
	size_t n = read_maps(start, end), nlater, seen = 0;

	for (size_t i = 0; i < n; i++) {
		error[i] = maps_find(start[i] + (end[i] - start[i]) / 2, &m);
		from[i] = m.m_start;
		to[i] = m.m_end;
	}
	nlater = read_maps(later, lend);
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k < nlater && later[k] < start[i])
			k++;
		if (k == nlater || later[k] != start[i] || lend[k] != end[i])
			continue;
		ck_assert_int_eq(error[i], 0);
		ck_assert_uint_eq(from[i], start[i]);
		ck_assert_uint_eq(to[i], end[i]);
		seen++;
	}
	ck_assert_uint_gt(seen, 10);
	ck_assert_uint_gt(seen, n / 2);
}
END_TEST

START_TEST(no_descriptor)
{
	struct rlimit none = { 0, 0 };
	struct mapping before;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(maps_find((uintptr_t)&before, &m), EMFILE);
}
END_TEST

static void
without_proc(void *arg)
{
	if (chroot(arg) != 0)
		_exit(77);
	_exit(maps_find((uintptr_t)&m, &m) == ENOENT ? 0 : 1);
}

START_TEST(no_proc)
{
	int status;

	make_dir();
	status = unit_child(without_proc, dir, NULL);
	rmdir(dir);
	if (status != 77)		/* not root */
		ck_assert_int_eq(status, 0);
}
END_TEST

UNIT_MAIN("maps", 1, files, removed_file, long_path, memory, every_mapping,
    no_descriptor, no_proc)
