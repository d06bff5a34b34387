/*
 * target.c - a process, or a core file, as memory to take a snapshot of.
 *
 * Owns nothing beyond its struct.  Calls the library's snapshot.h.
 */
#include "target.h"

#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "snapshot.h"

#ifdef __x86_64__
#define MACHINE		EM_X86_64
#else
#define MACHINE		EM_AARCH64
#endif

#define MOST_HEADERS	64		/* program headers of an object */
#define MOST_NOTES	((size_t)16 << 10)	/* bytes of its notes */
#define MOST_SEGMENTS	((size_t)1 << 20)	/* of a core file */
#define KERNEL_THREAD	0x00200000	/* PF_KTHREAD, in stat's flags */
#define LOADER_LOOKS	50	/* at a program that has just started */
#define LOADER_MOMENT	10000000	/* ns from one to the next */

/*
 * Memory.
 */

static int
peek_process(void *ctx, uintptr_t addr, void *buf, size_t len)
{
	const struct target *t = ctx;
	struct iovec here = { buf, len }, there = { (void *)addr, len };
	ssize_t n = process_vm_readv(t->t_pid, &here, 1, &there, 1, 0);

	return (n < 0 ? errno : (size_t)n < len ? EFAULT : 0);
}

static int
read_at(int fd, void *buf, size_t len, uint64_t offset)
{
	ssize_t n;

	for (size_t at = 0; at < len; at += (size_t)n) {
		n = pread(fd, (char *)buf + at, len - at,
		    (off_t)(offset + at));
		if (n < 0)
			return (errno);
		if (n == 0)
			return (EFAULT);
	}
	return (0);
}

static const struct segment *
find_segment(const struct target *t, uintptr_t addr)
{
	for (size_t i = 0; i < t->t_nsegment; i++)
		if (addr - t->t_segment[i].s_addr < t->t_segment[i].s_bytes)
			return (&t->t_segment[i]);
	return (NULL);
}

static int
peek_core(void *ctx, uintptr_t addr, void *buf, size_t len)
{
	const struct target *t = ctx;

	while (len > 0) {
		const struct segment *s = find_segment(t, addr);
		size_t n;
		int error;

		if (s == NULL)
			return (EFAULT);
		n = s->s_bytes - (addr - s->s_addr);
		n = n < len ? n : len;
		error = read_at(t->t_fd, buf, n, s->s_offset + addr -
		    s->s_addr);
		if (error != 0)
			return (error);
		addr += n;
		buf = (char *)buf + n;
		len -= n;
	}
	return (0);
}

static snapshot_peek *
peek_of(const struct target *t)
{
	return (t->t_core ? peek_core : peek_process);
}

static int
peek(struct target *t, uintptr_t addr, void *buf, size_t len)
{
	return (peek_of(t)(t, addr, buf, len));
}

/*
 * Finding the library.
 */

/*
 * A root: the first that has a heap is taken, else the first.  (The kma command
 * itself, or a second copy of the library, has one without.)
 */
static int
consider_root(struct target *t, uintptr_t addr)
{
	struct kma_root root;
	unsigned limit = 0;
	int error = snapshot_root(peek_of(t), t, addr, &root);

	if (error == ENOTSUP && !t->t_other) {
		t->t_other = true;
		memcpy(t->t_library, root.kr_library, sizeof(t->t_library));
		t->t_layout = root.kr_layout;
	}
	if (error == ENOTSUP || error == EPROTO)
		return (0);
	if (error == 0)
		error = peek(t, (uintptr_t)root.kr_limit, &limit,
		    sizeof(limit));
	if (error == 0 && !t->t_started && (!t->t_found || limit > KU_LIST)) {
		t->t_root = root;
		t->t_found = true;
		t->t_started = limit > KU_LIST;
	}
	return (error);
}

/* Looks through the notes that an object has at addr. */
static int
look_at_notes(struct target *t, uintptr_t addr, size_t len, size_t align)
{
	_Alignas(8) char buf[MOST_NOTES];
	const size_t mask = align == 8 ? 7 : 3;
	int error;

	len = len < sizeof(buf) ? len : sizeof(buf);
	error = peek(t, addr, buf, len);
	for (size_t at = 0; error == 0 && at + sizeof(Elf64_Nhdr) <= len;) {
		Elf64_Nhdr n;
		size_t name = at + sizeof(n), desc, next;
		int64_t distance;

		memcpy(&n, buf + at, sizeof(n));
		desc = (name + n.n_namesz + mask) & ~mask;
		next = (desc + n.n_descsz + mask) & ~mask;
		if (n.n_namesz > len || n.n_descsz > len || next > len)
			break;
		if (n.n_type == 1 && n.n_namesz == sizeof(ROOT_NOTE) &&
		    n.n_descsz == sizeof(distance) && memcmp(buf + name,
		    ROOT_NOTE, sizeof(ROOT_NOTE)) == 0) {
			memcpy(&distance, buf + desc, sizeof(distance));
			error = consider_root(t, addr + desc +
			    (uintptr_t)distance);
		}
		at = next;
	}
	return (error == EFAULT ? 0 : error);
}

/* Looks at what is mapped from the start of a file: is it an object? */
static int
look_at_object(struct target *t, uintptr_t start)
{
	Elf64_Phdr ph[MOST_HEADERS];
	Elf64_Ehdr eh;
	uintptr_t bias = 0;
	int error = peek(t, start, &eh, sizeof(eh));

	if (error != 0)
		return (error == EFAULT ? 0 : error);
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != MACHINE ||
	    eh.e_phentsize != sizeof(ph[0]) || eh.e_phnum > MOST_HEADERS)
		return (0);
	error = peek(t, start + eh.e_phoff, ph, eh.e_phnum * sizeof(ph[0]));
	if (error != 0)
		return (error == EFAULT ? 0 : error);
	for (size_t i = eh.e_phnum; i-- > 0;)
		if (ph[i].p_type == PT_LOAD)
			bias = start - (ph[i].p_vaddr - ph[i].p_offset);
	for (size_t i = 0; error == 0 && i < eh.e_phnum; i++)
		if (ph[i].p_type == PT_NOTE)
			error = look_at_notes(t, bias + ph[i].p_vaddr,
			    ph[i].p_memsz, ph[i].p_align);
	return (error);
}

static int
no_library(const struct target *t)
{
	const char *what = t->t_core ? "" : "process ";

	if (t->t_other) {
		complain("%s%s has libkma %s, whose figures have layout %u: "
		    "this is kma %s for layout %u", what, t->t_name,
		    t->t_library, t->t_layout, PACKAGE_VERSION, ROOT_LAYOUT);
		return (STATUS_OTHER_VERSION);
	}
	complain("%s%s has no libkma", what, t->t_name);
	return (STATUS_NO_KMA);
}

/*
 * Processes.
 */

/* A line of a small file, or an empty string. */
static void
read_line(int dir, const char *path, char *line, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, line, size - 1) : 0;

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The first process whose user is asked for: the real user of a process. */
static long
user_of(const struct target *t)
{
	char text[4096], *at;
	int fd = openat(t->t_fd, "status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "\nUid:");
	return (at != NULL ? strtol(at + 5, NULL, 10) : -1);
}

static int
no_permission(const struct target *t)
{
	char yama[16];
	long user = user_of(t);
	struct stat st;

	read_line(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", yama,
	    sizeof(yama));
	if (user >= 0 && (uid_t)user != geteuid() && geteuid() != 0)
		complain("no permission to read process %d: it is of user "
		    "%ld. Be that user, or root", t->t_pid, user);
	else if (fstatat(t->t_fd, "maps", &st, 0) == 0 && geteuid() != 0 &&
	    st.st_uid != geteuid())
		complain("no permission to read process %d: it is not "
		    "dumpable, since it changed its user or asked for that "
		    "(PR_SET_DUMPABLE). Be root", t->t_pid);
	else if (yama[0] != '\0' && yama[0] != '0')
		complain("no permission to read process %d: Yama forbids it "
		    "(kernel.yama.ptrace_scope is %s). Be root, or set that "
		    "to 0", t->t_pid, yama);
	else
		complain("no permission to read process %d: a container, a "
		    "user namespace or a security module forbids it. Run kma "
		    "inside, or with CAP_SYS_PTRACE", t->t_pid);
	return (STATUS_NO_PERMISSION);
}

static int
gone(const struct target *t)
{
	complain("process %d has exited", t->t_pid);
	return (STATUS_GONE);
}

/* What an errno from the process's memory means. */
static int
failed(const struct target *t, int error)
{
	if (t->t_core) {
		if (error == EFAULT)
			complain("%s does not hold the pages of libkma's "
			    "figures: it is cut short, or coredump_filter "
			    "left them out", t->t_name);
		else
			complain("%s: %s", t->t_name, error == EPROTO ?
			    "figures make no sense" : strerror(error));
		return (STATUS_NO_PAGES);
	}
	switch (error) {
	case ESRCH:
	case ENOENT:
		return (gone(t));
	case EPERM:
	case EACCES:
		return (no_permission(t));
	case EFAULT:
	case EPROTO:
		complain("process %d changed while it was read", t->t_pid);
		return (STATUS_GONE);
	default:
		complain("cannot read process %d: %s", t->t_pid,
		    strerror(error));
		return (STATUS_FAILED);
	}
}

/* Goes through the process's mappings; 0 or an errno. */
static int
look_at_maps(struct target *t, bool *any)
{
	int fd = openat(t->t_fd, "maps", O_RDONLY | O_CLOEXEC), error = 0;
	FILE *fp = fd >= 0 ? fdopen(fd, "r") : NULL;
	char *line = NULL;
	size_t size = 0;

	*any = false;
	if (fp == NULL)
		return (errno);
	errno = 0;
	while (error == 0 && getline(&line, &size, fp) > 0) {
		unsigned long start, offset, inode;
		char mode[8];

		*any = true;
		if (sscanf(line, "%lx-%*x %7s %lx %*s %lu", &start, mode,
		    &offset, &inode) == 4 && mode[0] == 'r' && offset == 0 &&
		    inode != 0)
			error = look_at_object(t, start);
		errno = 0;
	}
	if (error == 0 && ferror(fp))
		error = errno;
	free(line);
	fclose(fp);
	return (error);
}

/* Such a one maps nothing either; nor does a process that is about to end. */
static bool
is_of_kernel(const struct target *t)
{
	char line[512], *state;
	unsigned long flags;

	read_line(t->t_fd, "stat", line, sizeof(line));
	state = strrchr(line, ')');
	return (state != NULL && sscanf(state + 1, "%*s %*d %*d %*d %*d %*d "
	    "%lu", &flags) == 1 && (flags & KERNEL_THREAD) != 0);
}

/*
 * Looks for the library, and looks that many times more where there is none: a
 * program that has just started may have no more than its loader.
 */
static int
find_in_process(struct target *t, unsigned more)
{
	const struct timespec moment = { 0, LOADER_MOMENT };
	bool any;
	int error;

	while ((error = look_at_maps(t, &any)) == 0 && any && !t->t_found &&
	    !t->t_other && more-- > 0)
		nanosleep(&moment, NULL);
	if (error != 0)
		return (failed(t, error));
	if (!any && !is_of_kernel(t))
		return (gone(t));
	if (!any) {
		complain("process %d is a thread of the kernel", t->t_pid);
		return (STATUS_NO_KMA);
	}
	return (t->t_found ? STATUS_OK : no_library(t));
}

static int
open_process(struct target *t)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", t->t_pid);
	t->t_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->t_fd < 0) {
		complain("no such process: %s", t->t_name);
		return (STATUS_NO_PROCESS);
	}
	return (find_in_process(t, 0));
}

/* The second number of statm, in bytes; 0 if there is none any more. */
static uint64_t
resident(const struct target *t)
{
	char line[128];
	unsigned long pages;

	read_line(t->t_fd, "statm", line, sizeof(line));
	return (sscanf(line, "%*u %lu", &pages) == 1 ?
	    pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0);
}

/*
 * Core files.
 */

/* The process's number, from the core file's own notes. */
static void
read_core_note(struct target *t, const Elf64_Phdr *ph)
{
	struct elf_prpsinfo info;
	uint64_t at = ph->p_offset, end = at + ph->p_filesz;
	Elf64_Nhdr n;

	while (at + sizeof(n) <= end &&
	    read_at(t->t_fd, &n, sizeof(n), at) == 0) {
		at += sizeof(n) + ((n.n_namesz + (uint64_t)3) & ~(uint64_t)3);
		if (n.n_type == NT_PRPSINFO && n.n_descsz == sizeof(info) &&
		    read_at(t->t_fd, &info, sizeof(info), at) == 0)
			t->t_pid = info.pr_pid;
		at += (n.n_descsz + (uint64_t)3) & ~(uint64_t)3;
	}
}

/* How many program headers there are: many mappings need another place. */
static size_t
count_headers(const struct target *t, const Elf64_Ehdr *eh)
{
	Elf64_Shdr sh;

	if (eh->e_phnum != PN_XNUM)
		return (eh->e_phnum);
	if (eh->e_shoff == 0 ||
	    read_at(t->t_fd, &sh, sizeof(sh), eh->e_shoff) != 0 ||
	    sh.sh_info > MOST_SEGMENTS)
		return (0);
	return (sh.sh_info);
}

static int
read_segments(struct target *t, const Elf64_Ehdr *eh)
{
	size_t n = count_headers(t, eh);
	Elf64_Phdr ph;
	struct stat st;

	if (fstat(t->t_fd, &st) != 0)
		return (errno);
	t->t_segment = calloc(n + 1, sizeof(*t->t_segment));
	if (t->t_segment == NULL)
		return (ENOMEM);
	for (size_t i = 0; i < n; i++) {
		int error = read_at(t->t_fd, &ph, sizeof(ph), eh->e_phoff +
		    i * sizeof(ph));

		if (error != 0)
			return (error);
		if (ph.p_type == PT_NOTE)
			read_core_note(t, &ph);
		if (ph.p_offset + ph.p_filesz > (uint64_t)st.st_size)
			t->t_cut = true;
		if (ph.p_type == PT_LOAD && ph.p_filesz > 0)
			t->t_segment[t->t_nsegment++] = (struct segment){
			    ph.p_vaddr, ph.p_filesz, ph.p_offset };
	}
	return (0);
}

static int
open_core(struct target *t)
{
	Elf64_Ehdr eh;
	int error;

	t->t_core = true;
	t->t_fd = open(t->t_name, O_RDONLY | O_CLOEXEC);
	if (t->t_fd < 0) {
		complain("%s is no process, and as a file: %s", t->t_name,
		    strerror(errno));
		return (errno == EACCES ? STATUS_NO_PERMISSION :
		    STATUS_NO_PROCESS);
	}
	if (read_at(t->t_fd, &eh, sizeof(eh), 0) != 0 ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != MACHINE ||
	    eh.e_type != ET_CORE || eh.e_phentsize != sizeof(Elf64_Phdr)) {
		complain("%s is no core file of this kind of machine",
		    t->t_name);
		return (STATUS_NO_PAGES);
	}
	error = read_segments(t, &eh);
	for (size_t i = 0; error == 0 && i < t->t_nsegment; i++)
		error = look_at_object(t, t->t_segment[i].s_addr);
	if (error == 0 && !t->t_found && t->t_cut)
		error = EFAULT;
	if (error != 0)
		return (failed(t, error));
	return (t->t_found ? STATUS_OK : no_library(t));
}

/*
 * The interface.
 */

int
target_open(struct target *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	t->t_name = name;
	t->t_fd = -1;
	if (name[0] == '\0' || name[strspn(name, "0123456789")] != '\0')
		return (open_core(t));
	if (strlen(name) > 9) {
		complain("no such process: %s", name);
		return (STATUS_NO_PROCESS);
	}
	t->t_pid = (pid_t)strtol(name, NULL, 10);
	return (open_process(t));
}

void
target_close(struct target *t)
{
	if (t->t_fd >= 0)
		close(t->t_fd);
	free(t->t_segment);
}

static int
take(struct target *t, struct kma_figures *snap)
{
	struct snapshot_source ss = { peek_of(t), t, &t->t_root };
	int error = snapshot_take(&ss, snap);

	if (error == 0)
		error = snapshot_sparse(&ss, snap);
	snap->sn_pid = (uint32_t)t->t_pid;
	if (error == 0 && !t->t_core) {
		snap->sn_totals.st_resident = resident(t);
		if (snap->sn_totals.st_resident == 0)
			error = ESRCH;
	}
	return (error);
}

/* From the second time on, or in doubt: it may run another program by now. */
static int
find_again(struct target *t)
{
	t->t_found = t->t_started = t->t_other = false;
	return (find_in_process(t, LOADER_LOOKS));
}

int
target_snapshot(struct target *t, struct kma_figures *snap)
{
	int error, status;

	if (t->t_core) {
		error = take(t, snap);
		return (error == 0 ? STATUS_OK : failed(t, error));
	}
	if (t->t_taken && (status = find_again(t)) != STATUS_OK)
		return (status);
	t->t_taken = true;
	error = take(t, snap);
	if (error == EFAULT || error == EPROTO) {
		if ((status = find_again(t)) != STATUS_OK)
			return (status);
		error = take(t, snap);
	}
	return (error == 0 ? STATUS_OK : failed(t, error));
}
