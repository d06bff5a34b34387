/*
 * glibc.c - the face of glibc: controls and figures that only it has.
 *
 * Layer 9.  No state, no logic of its own.  Empty under another libc.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#ifdef __GLIBC__
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>

#include "cdefs.h"
#include "kmem.h"
#include "mode.h"
#include "report.h"
#include "stats.h"

KMA_EXPORT int
malloc_trim(size_t pad)
{
	(void)pad;
	return (mode_trim());
}

/* There are no such knobs; programs check that setting them works. */
KMA_EXPORT int
mallopt(int param, int value)
{
	(void)param;
	(void)value;
	return (1);
}

KMA_EXPORT struct mallinfo2
mallinfo2(void)
{
	struct kma_totals st;

	stats_totals(&st);
	return ((struct mallinfo2) {
		.arena = st.st_mapped - st.st_runbytes,
		.ordblks = st.st_freeruns,
		.hblks = st.st_runs,
		.hblkhd = st.st_runbytes,
		.usmblks = st.st_maxpages,
		.fsmblks = st.st_cached,
		.uordblks = st.st_inuse - st.st_runbytes,
		.fordblks = st.st_mapped - st.st_inuse,
		.keepcost = st.st_dirty,
	});
}

static int
clamp(size_t n)
{
	return (n > INT32_MAX ? INT32_MAX : (int)n);
}

KMA_EXPORT struct mallinfo
mallinfo(void)
{
	struct mallinfo2 wide = mallinfo2();
	struct mallinfo mi = {
		.arena = clamp(wide.arena),
		.ordblks = clamp(wide.ordblks),
		.hblks = clamp(wide.hblks),
		.hblkhd = clamp(wide.hblkhd),
		.usmblks = clamp(wide.usmblks),
		.fsmblks = clamp(wide.fsmblks),
		.uordblks = clamp(wide.uordblks),
		.fordblks = clamp(wide.fordblks),
		.keepcost = clamp(wide.keepcost),
	};

	return (mi);
}

KMA_EXPORT void
malloc_stats(void)
{
	struct report r;

	report_open(&r, 2);
	stats_print(&r);
}

struct stream {
	FILE	*fp;
	int	 error;
};

static void
to_stream(void *arg, const char *text, size_t len)
{
	struct stream *stream = arg;

	if (fwrite(text, 1, len, stream->fp) != len)
		stream->error = EIO;
}

KMA_EXPORT int
malloc_info(int options, FILE *fp)
{
	struct stream stream = { fp, 0 };
	struct report r;

	if (options != 0)
		return (EINVAL);
	report_open_sink(&r, to_stream, &stream);
	if (!stats_xml(&r))
		return (ENOMEM);
	return (stream.error);
}

#endif /* __GLIBC__ */
