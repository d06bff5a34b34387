/*
 * account.c - types for programs that have none: by who calls malloc.
 *
 * Layer 7.  Owns the table of callers, which is read without a lock, and the
 * ranges behind it, under account_lock (RANK_ACCOUNT).  Calls kmem.h,
 * maps.h, memtype.h, rules.h, symbol.h.  Never the loader: malloc is called
 * under its lock.
 *
 *	caller -> table[hash]	one word: key and type
 *	       -> ranges	by address, under the lock
 *	       -> the kernel	/proc/self/maps, and the ELF file if a rule
 *				asks for functions; under no lock
 *
 * The key is the page, since the mappings of objects begin and end there;
 * where a rule asks for functions it is the address.
 *
 * Invariants: ranges are in order and do not overlap; what is in the table
 * is in no range of another type.
 */
#include "account.h"

#include <errno.h>
#include <string.h>

#include "cdefs.h"
#include "kmem.h"
#include "lock.h"
#include "maps.h"
#include "memtype.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "param.h"
#include "report.h"
#include "rules.h"
#include "symbol.h"

#define NSLOT		4096	/* of the table */
#define SLOT_BITS	12
#define TYPE_BITS	8
#define RANGE_FIRST	256	/* room for so many ranges, then twice that */
#define RANGE_MOST	65536	/* and so many; then all is forgotten */

static_assert(NSLOT == 1 << SLOT_BITS, "the hash is as wide");
static_assert(NTYPE <= 1 << TYPE_BITS, "a type fits beside its key");

struct range {
	uintptr_t	r_start;
	uintptr_t	r_end;
	unsigned	r_type;
};

static uint64_t		table[NSLOT];	/* key << TYPE_BITS | type; 0 */
static bool		by_address;	/* the key, see above */
static uint32_t		state;		/* 0 untouched, 1 starting, 2 ready */

static struct lock	account_lock;
static struct range	*ranges;
static size_t		nranges;
static size_t		range_room;
static uint64_t		generation;

static void
start(void)
{
	lock_init(&account_lock, RANK_ACCOUNT);
	if (options.o_accounting_file[0] != '\0')
		rules_read(options.o_accounting_file);
	relaxed_store(&by_address, rules_want_functions());
}

bool
account_init(void)
{
	uint32_t was = 0;

	if (!kmem_init())
		return (false);
	if (__atomic_compare_exchange_n(&state, &was, 1, false,
	    __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		lock_depth++;		/* a handler's fork takes nothing */
		start();
		__atomic_store_n(&state, 2, __ATOMIC_RELEASE);
		lock_depth--;
	}
	while (__atomic_load_n(&state, __ATOMIC_ACQUIRE) != 2)
		os_yield();
	return (true);
}

/*
 * The table.
 */

static inline uint64_t
key_of(uintptr_t addr)
{
	return (relaxed_load(&by_address) ? addr : btop(addr));
}

static inline uint64_t *
slot_of(uint64_t key)
{
	return (&table[key * 0x9e3779b97f4a7c15u >> (64 - SLOT_BITS)]);
}

static inline uint64_t
entry(uint64_t key, unsigned type)
{
	return (key << TYPE_BITS | type);
}

/*
 * The type; 0: not in the table.  Whoever finds one here also sees what was
 * written when it was made.
 */
static inline unsigned
table_find(uintptr_t addr)
{
	uint64_t key = key_of(addr);
	uint64_t word = __atomic_load_n(slot_of(key), __ATOMIC_ACQUIRE);
	unsigned type = (unsigned)word & (NTYPE - 1);

	return (word == entry(key, type) ? type : 0);
}

static void
table_put(uintptr_t addr, unsigned type)
{
	uint64_t key = key_of(addr);

	__atomic_store_n(slot_of(key), entry(key, type), __ATOMIC_RELEASE);
}

/*
 * The ranges; the lock is held.
 */

/* The first range that ends behind addr; nranges if none does. */
static size_t
range_at(uintptr_t addr)
{
	size_t low = 0, high = nranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].r_end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return (low);
}

/* The type of the range that addr lies in; 0: in none. */
static unsigned
range_find(uintptr_t addr)
{
	size_t at = range_at(addr);

	return (at < nranges && ranges[at].r_start <= addr ?
	    ranges[at].r_type : 0);
}

static void
forget_all(void)
{
	for (size_t i = 0; i < NSLOT; i++)
		if (table[i] != 0)	/* most pages of it stay untouched */
			relaxed_store(&table[i], 0);
	nranges = 0;
	generation++;
}

/* Makes room for one more; the room before is lost, all in all as much. */
static bool
range_grow(void)
{
	size_t room = range_room == 0 ? RANGE_FIRST : 2 * range_room;
	struct range *more;

	if (nranges < range_room)
		return (true);
	if (range_room == RANGE_MOST) {
		forget_all();
		return (true);
	}
	more = meta_alloc(room * sizeof(*more), KMA_CACHELINE);
	if (more == NULL)
		return (false);
	if (nranges > 0)
		memmove(more, ranges, nranges * sizeof(*more));
	ranges = more;
	range_room = room;
	return (true);
}

/* Moves the ranges from one place on to another. */
static void
range_shift(size_t from, size_t to)
{
	size_t n = nranges - from;

	memmove(ranges + to, ranges + from, n * sizeof(*ranges));
	nranges = to + n;
}

/*
 * Adds a range in the place of those that it overlaps.  If one was of another
 * type, then addresses have changed hands: who knows which others did.
 */
static bool
range_add(const struct range *r)
{
	size_t first, behind;

	if (!range_grow())
		return (false);
	first = range_at(r->r_start);
	for (behind = first; behind < nranges &&
	    ranges[behind].r_start < r->r_end; behind++)
		if (ranges[behind].r_type != r->r_type) {
			forget_all();
			first = behind = 0;
			break;
		}
	range_shift(behind, first + 1);
	ranges[first] = *r;
	return (true);
}

/*
 * Who is it?
 */

static const char *
function_name(void *arg)
{
	struct symbol *sym = arg;

	return (symbol_function(sym->sym_start, sym) ? sym->sym_name : NULL);
}

/* The name of the type of addr, which lies in sym_map; sets its range. */
static const char *
name_of(uintptr_t addr, struct symbol *sym, struct range *r)
{
	const struct mapping *m = &sym->sym_map;
	const char *base = maps_base(m), *type;

	r->r_start = m->m_start;
	r->r_end = m->m_end;
	if (!m->m_isfile)
		return (ACCOUNT_GENERATED);
	sym->sym_start = addr;
	sym->sym_end = 0;
	type = rules_match(m->m_path, base, function_name, sym);
	if (sym->sym_end != 0) {	/* it was asked for */
		if (sym->sym_start > r->r_start && sym->sym_start <= addr)
			r->r_start = sym->sym_start;
		if (sym->sym_end < r->r_end && sym->sym_end > addr)
			r->r_end = sym->sym_end;
	}
	return (type != NULL ? type : base);
}

/* Asks the kernel; false: what is found is not to be kept. */
static bool
identify(uintptr_t addr, struct range *r)
{
	struct symbol sym;
	int error = maps_find(addr, &sym.sym_map);
	const char *name = ACCOUNT_UNKNOWN;

	if (error == 0)
		name = name_of(addr, &sym, r);
	else {
		/* Without /proc, one page is as good as the next. */
		r->r_start = addr & ~PAGEMASK;
		r->r_end = r->r_start + PAGESIZE;
	}
	r->r_type = memtype_number(name);
	return (error == 0 || error == ENOENT);
}

static KMA_NOINLINE unsigned
find_out(uintptr_t addr)
{
	uint64_t began;
	struct range r;

	if (!account_init())
		return (memtype_number(ACCOUNT_UNKNOWN));
	lock_acquire(&account_lock);
	began = generation;
	r.r_type = range_find(addr);
	if (r.r_type != 0)
		table_put(addr, r.r_type);
	lock_release(&account_lock);
	if (r.r_type != 0 || !identify(addr, &r))
		return (r.r_type);
	lock_acquire(&account_lock);
	/* Else it may be gone already, with what was forgotten meanwhile. */
	if (generation == began && range_add(&r))
		table_put(addr, r.r_type);
	lock_release(&account_lock);
	if (KMA_DEBUGGING)
		account_check();
	return (r.r_type);
}

/* A call may be the last thing in its function: so the byte before counts. */
unsigned
account_type(const void *caller)
{
	uintptr_t addr = (uintptr_t)caller - 1;
	unsigned type = table_find(addr);

	return (likely(type != 0) ? type : find_out(addr));
}

void
account_forget(void)
{
	lock_acquire(&account_lock);
	forget_all();
	lock_release(&account_lock);
}

size_t
account_ranges(void)
{
	return (relaxed_load(&nranges));
}

void
account_check(void)
{
	lock_acquire(&account_lock);
	KMA_ASSERT(nranges <= range_room && range_room <= RANGE_MOST);
	for (size_t i = 0; i < nranges; i++) {
		KMA_ASSERT(ranges[i].r_start < ranges[i].r_end);
		KMA_ASSERT(ranges[i].r_type != 0);
		KMA_ASSERT(i == 0 ||
		    ranges[i - 1].r_end <= ranges[i].r_start);
	}
	for (size_t i = 0; i < NSLOT; i++) {
		uint64_t key = table[i] >> TYPE_BITS;
		unsigned type = table[i] & (NTYPE - 1), other;

		other = range_find(by_address ? key : ptob(key));
		KMA_ASSERT(table[i] == 0 || other == 0 || other == type);
	}
	lock_release(&account_lock);
}
