/*
 * mlockall locks what is mapped, present and future: that must be what the
 * program uses, not a reservation.
 */
#include "conform/tap.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <malloc.h>

#define MUCH	((long)48 * 1024)	/* kilobytes */

static long
field(const char *name)
{
	char line[256];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	must(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kb = strtol(line + strlen(name), NULL, 10);
	(void)fclose(f);
	return (kb);
}

int
main(int argc, char **argv)
{
	struct rlimit rl = { RLIM_INFINITY, RLIM_INFINITY };
	long locked, resident;
	void *p[200];
	int i;

	(void)argc;
	tap_begin(argv, 60);
	(void)setrlimit(RLIMIT_MEMLOCK, &rl);
	free(malloc(100));
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
		if (errno == EPERM || getrlimit(RLIMIT_MEMLOCK, &rl) != 0 ||
		    rl.rlim_cur < (rlim_t)MUCH * 1024)
			skip_all("mlockall: %s", strerror(errno));
		ok(0, "mlockall: %s", strerror(errno));
		return (tap_end());
	}
	locked = field("VmLck:");
	resident = field("VmRSS:");
	ok(locked >= 0 && locked < MUCH, "locked at start: %ld KB", locked);
	ok(resident >= 0 && resident < MUCH, "resident at start: %ld KB",
	    resident);
	for (i = 0; i < 200; i++) {
		must((p[i] = malloc((size_t)1000 * (unsigned)(i + 1))) != NULL);
		memset(p[i], 1, (size_t)1000 * (unsigned)(i + 1));
	}
	/* 20 MB are in use. */
	locked = field("VmLck:");
	ok(locked < 2 * MUCH, "locked with 20 MB in use: %ld KB", locked);
	for (i = 0; i < 200; i++)
		free(p[i]);
	(void)malloc_trim(0);
	must((p[0] = malloc((size_t)64 << 20)) != NULL);
	memset(p[0], 1, (size_t)64 << 20);
	free(p[0]);
	ok(1, "freed, trimmed, and 64 MB more");
	return (tap_end());
}
