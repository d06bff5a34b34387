/*
 * traceout.c - the file that a trace goes to.
 *
 * Layer 7.  Owns the name of the file; written by who opens it, before there
 * are chunks.  No lock.  Calls os.h, options.h, report.h.
 */
#include "traceout.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cdefs.h"
#include "kma.h"
#include "memtype.h"
#include "options.h"
#include "os.h"
#include "param.h"
#include "report.h"

#define DIRECTORY_MAX	1024
#define PATH_ROOM	(DIRECTORY_MAX + OPTION_PATH_MAX)
#define SUFFIX_ROOM	64
#define TRIES		100	/* names, where files exist */

static_assert(TRACE_CHUNK % (1u << MAXPAGESHIFT) == 0,
    "a window is whole pages");
static_assert(TRACE_NTYPES >= NTYPE && TRACE_TYPENAME >= KMA_NAMELEN,
    "the table has room for each");
static_assert(sizeof(struct trace_header) + TRACE_NTYPES * TRACE_TYPENAME <=
    TRACE_CHUNK, "what comes before the chunks is as long as one");

static char out_name[PATH_ROOM];	/* the option, as an absolute path */
static char out_path[PATH_ROOM + SUFFIX_ROOM];
static struct os_file out_file;		/* which file that was */
static int out_pid;		/* who wrote it; a parent's in a child */
static uint64_t out_began;		/* ns of the monotonic clock */

static size_t
length(const char *s)
{
	size_t len = 0;

	for (; s[len] != '\0'; len++)
		forget_reg(len);	/* the compiler must not see strlen() */
	return (len);
}

/* The program may change its directory: false if there is no name then. */
static bool
make_absolute(void)
{
	const char *file = options.o_trace_file;
	size_t len = length(file), dir = 0;
	long n;

	forget_reg(file);		/* else GCC imports memcpy() */
	if (out_name[0] != '\0')
		return (true);
	if (file[0] != '/') {
		n = os_getcwd(out_name, DIRECTORY_MAX);
		if (n <= 1 || out_name[0] != '/') {
			out_name[0] = '\0';
			memmove(out_path, file, len + 1);
			return (false);
		}
		dir = (size_t)n - 1;
		out_name[dir++] = '/';
	}
	memmove(out_name + dir, file, len + 1);
	return (true);
}

/* Appends ".N" to a path. */
static void
append(char *path, unsigned n)
{
	char digits[12];
	size_t len = length(path);
	int i = 0;

	path[len++] = '.';
	do
		digits[i++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (i > 0)
		path[len++] = digits[--i];
	path[len] = '\0';
}

static bool
names_pid(const char *name)
{
	for (; *name != '\0'; name++)
		if (name[0] == '%' && name[1] == 'p')
			return (true);
	return (false);
}

/*
 * The names that are tried, in turn: FILE, or FILE.PID in a child and where
 * FILE exists; then FILE.PID.1 and so on, which a program that becomes another
 * one comes to.
 */
static void
make_path(unsigned try, bool child)
{
	options_expand(out_name, out_path, PATH_ROOM);
	if (!names_pid(out_name)) {
		if (!child && try == 0)
			return;
		append(out_path, (unsigned)os_getpid());
		try -= !child;
	}
	if (try > 0)
		append(out_path, try);
}

/* Is the file there the trace of a process that is alive? */
static bool
is_in_use(const char *path)
{
	struct trace_header th;
	int fd = os_open(path);
	long n = fd < 0 ? fd : os_read_at(fd, &th, sizeof(th), 0);

	if (fd >= 0)
		os_close(fd);
	return (n == (long)sizeof(th) && __builtin_memcmp(th.th_magic,
	    TRACE_MAGIC, sizeof(th.th_magic)) == 0 &&
	    os_process_exists((int)th.th_pid));
}

/* A new file: its descriptor, or -errno. */
static int
create(bool child)
{
	bool wanted = false;	/* who asked for it looks there in vain */
	int fd = -EEXIST;

	for (unsigned try = 0; try < TRIES && fd == -EEXIST; try++) {
		make_path(try, child);
		fd = os_create_new(out_path);
		if (fd == -EEXIST && try == 0 && !child)
			wanted = !is_in_use(out_path);
	}
	if (fd >= 0 && wanted)
		report_warn("trace: %s exists: the trace goes to %s", out_name,
		    out_path);
	return (fd);
}

/* What the program was called with, blanks between the words. */
static void
set_command(struct trace_header *th)
{
	long n = os_read_file("/proc/self/cmdline", th->th_command,
	    sizeof(th->th_command) - 1);

	for (long i = 0; i + 1 < n; i++)
		if (th->th_command[i] == '\0')
			th->th_command[i] = ' ';
}

void
traceout_set_rate(struct trace_header *th)
{
	uint64_t units = os_ticks() - th->th_clock;
	uint64_t ns = os_monotonic() - out_began;

	if (units > 0)
		relaxed_store(&th->th_rate, (uint64_t)((double)ns /
		    (double)units * 4294967296.0));
}

static void
fill(struct trace_header *th, int parent)
{
	th->th_order = TRACE_ORDER;
	th->th_version = TRACE_VERSION;
	th->th_first = TRACE_CHUNK;
	th->th_chunk = TRACE_CHUNK;
	th->th_page = (uint32_t)PAGESIZE;
	th->th_pointer = 8 * sizeof(void *);
	th->th_align = TRACE_ALIGN;
	th->th_pid = (uint32_t)out_pid;
	th->th_parent = (uint32_t)parent;
	th->th_end = TRACE_CHUNK;
	th->th_ntypes = TRACE_NTYPES;
	th->th_typename = TRACE_TYPENAME;
	set_command(th);
	traceout_set_rate(th);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	memcpy(th->th_magic, TRACE_MAGIC, sizeof(th->th_magic));
}

struct trace_header *
traceout_open(void)
{
	uint64_t realtime = os_realtime(), clock = os_ticks();
	struct trace_header *th;
	uintptr_t addr;
	int parent = out_pid, fd, error;

	out_began = os_monotonic();
	fd = make_absolute() ? create(parent != 0) : -ENOENT;
	error = fd < 0 ? -fd : os_identify(fd, &out_file);
	if (error == 0)
		error = os_file_reserve(fd, 0, TRACE_CHUNK);
	if (error == 0)
		error = os_map_window(fd, 0, TRACE_CHUNK, &addr);
	if (fd >= 0)
		os_close(fd);
	if (error != 0) {
		traceout_complain(error);
		return (NULL);
	}
	out_pid = os_getpid();
	th = (struct trace_header *)addr;
	th->th_start = realtime;
	th->th_clock = clock;
	fill(th, parent);
	return (th);
}

int
traceout_chunk(uint64_t n, struct trace_chunk **tc)
{
	uint64_t offset = (n + 1) * TRACE_CHUNK;
	struct os_file file;
	uintptr_t addr;
	int fd = os_open_rw(out_path), error;

	if (fd < 0)
		return (fd == -ENOENT ? ESTALE : -fd);
	error = os_identify(fd, &file);
	if (error == 0 && (file.file_dev != out_file.file_dev ||
	    file.file_ino != out_file.file_ino))
		error = ESTALE;
	if (error == 0)
		error = os_file_reserve(fd, offset, TRACE_CHUNK);
	if (error == 0)
		error = os_map_window(fd, offset, TRACE_CHUNK, &addr);
	os_close(fd);
	if (error == 0)
		*tc = (struct trace_chunk *)addr;
	return (error);
}

void
traceout_leave(struct trace_chunk *tc)
{
	os_unmap((uintptr_t)tc, TRACE_CHUNK);
}

void
traceout_complain(int error)
{
	const char *why;

	switch (error) {
	case ENOSPC:
	case EDQUOT:
		why = "no room on the disk";
		break;
	case EFBIG:
		why = "the limit on the size of files";
		break;
	case ESTALE:
		why = "it is not there any more";
		break;
	case ENOENT:
		why = "no such folder";
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		why = "no permission";
		break;
	default:
		report_warn("trace: %s: nothing is recorded from here on: "
		    "error %d", out_path, error);
		return;
	}
	report_warn("trace: %s: nothing is recorded from here on: %s",
	    out_path, why);
}
