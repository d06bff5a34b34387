/*
 * leaks.c - what is in use at exit, by type or by who allocated it.
 *
 * Layer 8.  Owns the descriptor of the report; no lock.  Calls watch.h,
 * blame.h, memtype.h, os.h.
 *
 * Each block in use has a record that says its type and its caller.  They are
 * added up in a table that is mapped for the moment, by type where there is
 * one and by return address where not: the function's name is looked up for
 * the few that are shown only.
 */
#include "leaks.h"

#include "blame.h"
#include "cdefs.h"
#include "memtype.h"
#include "options.h"
#include "os.h"
#include "watch.h"

#define STDERR		2
#define NOWNER		65536	/* of the table; the rest is not told apart */
#define OWNER_BITS	16
#define TRIES		64
#define SHOWN		20

/* Who has how much.  A caller is no number below NTYPE; 0 is nobody. */
struct owner {
	uintptr_t	o_who;		/* the type, or the caller */
	size_t		o_blocks;
	size_t		o_bytes;
};

struct owners {
	struct owner	*os_table;	/* NOWNER of them */
	struct owner	 os_total;
};

static int leaks_fd = -1;

static void
count(struct owner *o, size_t bytes)
{
	o->o_blocks++;
	o->o_bytes += bytes;
}

static void
count_block(void *arg, const void *p, const struct blocktag *bt)
{
	struct owners *os = arg;
	uintptr_t who = bt->bt_type != 0 ? bt->bt_type : bt->bt_alloc;
	size_t at = who * 0x9e3779b97f4a7c15u >> (64 - OWNER_BITS);

	(void)p;
	if (relaxed_load(&bt->bt_state) != BLOCK_USED)
		return;
	count(&os->os_total, blocktag_size(bt));
	for (unsigned i = 0; i < TRIES; i++) {
		struct owner *o = &os->os_table[(at + i) % NOWNER];

		if (o->o_who != who && o->o_who != 0)
			continue;
		o->o_who = who;
		count(o, blocktag_size(bt));
		return;
	}
}

/* The owner of most bytes; NULL: there is none. */
static struct owner *
largest(struct owners *os)
{
	struct owner *most = NULL;

	for (struct owner *o = os->os_table; o < os->os_table + NOWNER; o++)
		if (o->o_blocks > 0 && (most == NULL ||
		    o->o_bytes > most->o_bytes))
			most = o;
	return (most);
}

static void
print_row(struct report *r, const struct owner *o)
{
	report_printf(r, "libkma: %12zu bytes %9zu blocks  ", o->o_bytes,
	    o->o_blocks);
	if (o->o_who < NTYPE)
		report_printf(r, "type %s", memtype[o->o_who].ks_name);
	else
		blame_caller(r, o->o_who);
	report_printf(r, "\n");
}

static void
print_owners(struct report *r, struct owners *os)
{
	struct owner rest = os->os_total, *o;

	report_printf(r, "libkma: in use at exit: %zu bytes in %zu blocks\n",
	    rest.o_bytes, rest.o_blocks);
	for (int i = 0; i < SHOWN && (o = largest(os)) != NULL; i++) {
		print_row(r, o);
		rest.o_bytes -= o->o_bytes;
		rest.o_blocks -= o->o_blocks;
		o->o_blocks = 0;
	}
	if (rest.o_blocks > 0)
		report_printf(r, "libkma: %12zu bytes %9zu blocks  of others\n",
		    rest.o_bytes, rest.o_blocks);
}

void
leaks_print(struct report *r)
{
	struct owners os = { .os_total.o_bytes = 0 };
	size_t bytes = round_page(NOWNER * sizeof(*os.os_table));
	uintptr_t addr;

	if (os_map_any(bytes, &addr) != 0) {
		report_warn("diagnostic=leaks: no memory");
		return;
	}
	os.os_table = (struct owner *)addr;
	watch_each(count_block, &os);
	print_owners(r, &os);
	report_flush(r);
	(void)os_unmap(addr, bytes);
}

KMA_START void
leaks_start(void)
{
	/* Many programs close standard error before the last moment. */
	if (options.o_leaks && options.o_watch)
		leaks_fd = os_dup_high(STDERR);
}

KMA_START void
leaks_exit(void)
{
	struct report r;

	if (!options.o_leaks || !options.o_watch)
		return;
	/* It was closed at the start: the number may be of any file now. */
	if (leaks_fd < 0 && report_mute)
		return;
	report_open(&r, leaks_fd < 0 ? STDERR : leaks_fd);
	leaks_print(&r);
	if (leaks_fd > STDERR)
		os_close(leaks_fd);
}
