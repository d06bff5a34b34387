/*
 * stats.c - the figures of this process: vmstat -m.
 *
 * Layer 8.  Owns the descriptor that the tables go to at exit.  Takes no lock.
 * Calls snapshot.h, which counts, and tables.h, which prints.
 */
#include "stats.h"

#include <errno.h>
#include <string.h>

#include "kmem.h"
#include "options.h"
#include "os.h"
#include "snapshot.h"
#include "tables.h"

#define STDERR	2

static int stats_fd = -1;

/* The second number of /proc/self/statm, in bytes; 0 if there is none. */
static size_t
resident(void)
{
	char text[128];
	long len = os_read_file("/proc/self/statm", text, sizeof(text) - 1);
	size_t pages = 0;
	const char *at;

	if (len <= 0)
		return (0);
	text[len] = '\0';
	for (at = text; *at != '\0' && *at != ' '; at++)
		continue;
	for (; *at != '\0' && *++at >= '0' && *at <= '9';)
		pages = 10 * pages + (size_t)(*at - '0');
	return (ptob(pages));
}

void
stats_totals(struct kma_totals *st)
{
	memset(st, 0, sizeof(*st));
	if (!kmem_init())
		return;
	snapshot_totals(&snapshot_self, st);
	st->st_resident = resident();
}

int
stats_snapshot(struct kma_figures *snap)
{
	if (!kmem_init())
		return (ENOMEM);
	snapshot_take(&snapshot_self, snap);
	snap->sn_pid = (uint32_t)os_getpid();
	snap->sn_totals.st_resident = resident();
	return (0);
}

/*
 * A snapshot is too large for a small stack, and the heap is what is looked at:
 * it gets a place of its own for the moment.
 */
static bool
with_snapshot(void (*print)(struct report *, const struct kma_figures *),
    struct report *r)
{
	size_t len = round_page(sizeof(struct kma_figures));
	struct kma_figures *snap;
	uintptr_t addr;
	bool done;

	if (!kmem_init() || os_map_any(len, &addr) != 0)
		return (false);
	snap = (struct kma_figures *)addr;
	done = stats_snapshot(snap) == 0;
	if (done)
		print(r, snap);
	os_unmap(addr, len);
	return (done);
}

void
stats_print(struct report *r)
{
	if (!with_snapshot(tables_print, r))
		report_warn("stats: no memory to put them together");
}

bool
stats_xml(struct report *r)
{
	return (with_snapshot(tables_xml, r));
}

KMA_START void
stats_start(void)
{
	/* Many programs close standard error before the last moment. */
	if (options.o_stats && options.o_stats_file[0] == '\0')
		stats_fd = os_dup_high(STDERR);
}

KMA_START void
stats_exit(void)
{
	char name[OPTION_PATH_MAX + 32];
	struct report r;
	int fd = stats_fd;

	if (!options.o_stats)
		return;
	if (options.o_stats_file[0] != '\0') {
		options_expand(options.o_stats_file, name, sizeof(name));
		fd = os_create(name);
		if (fd < 0) {
			report_warn("stats: cannot write %s: error %d", name,
			    -fd);
			return;
		}
	}
	if (fd < 0 && report_mute)
		return;
	report_open(&r, fd < 0 ? STDERR : fd);
	stats_print(&r);
	if (fd > STDERR)
		os_close(fd);
}
