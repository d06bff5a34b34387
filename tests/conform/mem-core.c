/*
 * mem-core - what a core dump would hold: a mapping that was written to is
 * dumped whole unless it is marked, so the sizes of such mappings, not what
 * is resident, are what counts.  And nobody may take huge pages unasked.
 */
#include "tap.h"

#include "measure.h"
#include "pattern.h"

static char text[4 * 1024 * 1024];

struct dump {
	size_t	size;		/* of all mappings that would be dumped */
	size_t	resident;	/* in them */
	size_t	largest;
	size_t	huge;		/* in huge pages, anywhere */
};

/* One mapping: from its first line to the line of flags. */
static void
add_mapping(struct dump *d, const char *entry, size_t anonymous,
    size_t resident, const char *flags)
{
	uintptr_t lo, hi;
	char *end;

	lo = strtoul(entry, &end, 16);
	hi = strtoul(end + 1, NULL, 16);
	if (anonymous == 0 || strstr(flags, " dd") != NULL)
		return;
	d->size += hi - lo;
	d->resident += resident;
	if (hi - lo > d->largest)
		d->largest = hi - lo;
}

static struct dump
survey(void)
{
	struct dump d;
	size_t anonymous, resident;
	char *entry, *line, *next;

	memset(&d, 0, sizeof(d));
	read_whole("/proc/self/smaps", text, sizeof(text));
	entry = NULL;
	anonymous = resident = 0;
	for (line = text; *line != '\0'; line = next) {
		if ((next = strchr(line, '\n')) == NULL)
			break;
		*next++ = '\0';
		if (strncmp(line, "Anonymous:", 10) == 0)
			anonymous = strtoul(line + 10, NULL, 10) * KB;
		else if (strncmp(line, "Rss:", 4) == 0)
			resident = strtoul(line + 4, NULL, 10) * KB;
		else if (strncmp(line, "AnonHugePages:", 14) == 0)
			d.huge += strtoul(line + 14, NULL, 10) * KB;
		else if (strncmp(line, "VmFlags:", 8) == 0)
			add_mapping(&d, entry, anonymous, resident, line + 8);
		else if (line[0] < 'A' || line[0] > 'Z')
			entry = line;
	}
	return (d);
}

static void *b[4096];

int
main(int argc, char **argv)
{
	struct dump d, base;
	uint64_t rng;
	size_t total;
	int i;

	(void)argc;
	tap_begin(argv, 60);
	/* The test's own buffer is no part of it. */
	memset(text, 1, sizeof(text));
	base = survey();
	ok(base.resident > 0, "mappings to dump are found");
	ok(base.size < base.resident + 16 * MB,
	    "at start: %zu KB to dump, %zu KB resident", base.size / KB,
	    base.resident / KB);
	rng = 4;
	for (i = 0, total = 0; i < 4096; i++) {
		size_t size = rnd_size(&rng, 15) + 1;

		must((b[i] = malloc(size)) != NULL);
		memset(b[i], 1, size);
		total += size;
	}
	d = survey();
	ok(d.size < base.size + total + total / 2 + 8 * MB,
	    "with %zu KB in use: %zu KB to dump, %zu KB resident",
	    total / KB, d.size / KB, d.resident / KB);
	ok(d.size >= total, "which is all that is in use");
	ok(d.huge == base.huge, "no huge pages unasked: %zu KB", d.huge / KB);
	for (i = 0; i < 4096; i++)
		free(b[i]);
	ok(vmsize() < 400 * MB, "and VmSize is %zu MB", vmsize() / MB);
	return (tap_end());
}
