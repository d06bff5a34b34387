/*
 * blame.c - what is known of a block, for messages about it.
 *
 * Layer 7.  No state, no lock.  Calls report.h, symbol.h, memtype.h.
 */
#include "blame.h"

#include "memtype.h"
#include "symbol.h"

/* A call may be the last thing in its function: so the byte before counts. */
KMA_COLD void
blame_caller(struct report *r, uintptr_t caller)
{
	struct symbol sym;

	if (!symbol_find((const void *)(caller - 1), &sym)) {
		report_printf(r, "%p", (void *)caller);
		return;
	}
	if (sym.sym_object[0] == '\0')
		sym.sym_object = "(generated)";
	if (sym.sym_name[0] == '\0') {
		report_printf(r, "%s+%p", sym.sym_object, (void *)(caller -
		    sym.sym_map.m_start + sym.sym_map.m_offset));
		return;
	}
	report_printf(r, "%s %s+%p", sym.sym_object, sym.sym_name,
	    (void *)(sym.sym_offset + 1));
}

struct matter {
	const struct blame_byte	*byte;
	const void		*p;
	struct blocktag		 bt;
};

static void
say_byte(struct report *r, const struct matter *m)
{
	report_printf(r, "libkma:   at offset %zu, %p: expected %p, found %p\n",
	    m->byte->bb_at, (void *)((uintptr_t)m->p + m->byte->bb_at),
	    (void *)(uintptr_t)m->byte->bb_expected,
	    (void *)(uintptr_t)m->byte->bb_found);
}

static void
say_block(struct report *r, const struct matter *m)
{
	report_printf(r, "libkma:   block of %zu bytes at %p",
	    blocktag_size(&m->bt), (void *)(uintptr_t)m->p);
	if (m->bt.bt_type != 0)
		report_printf(r, " of type %s", memtype[m->bt.bt_type].ks_name);
	report_printf(r, ", allocated by ");
	blame_caller(r, m->bt.bt_alloc);
	if (m->bt.bt_free != 0) {
		report_printf(r, ", freed by ");
		blame_caller(r, m->bt.bt_free);
	}
	report_printf(r, "\n");
}

static void
say_more(struct report *r, const void *arg)
{
	const struct matter *m = arg;

	if (m->byte != NULL)
		say_byte(r, m);
	if (m->p != NULL && m->bt.bt_alloc != 0)
		say_block(r, m);
}

KMA_COLD void
blame_misuse(const char *func, const void *addr, const char *reason,
    const struct blame_byte *byte, const void *p, const struct blocktag *bt)
{
	struct matter m = { .byte = byte, .p = p };

	if (p != NULL)
		m.bt = *bt;
	report_misuse_more(func, addr, reason, say_more, &m);
}
