/*
 * options.c - KMA_OPTIONS=key=value,key=value
 *
 * Layer 1.  Owns options, which is written before there is a second thread
 * and read-only afterwards.  Calls client.h, os.h, report.h.  One table drives
 * the parser and help; kma(7) is checked against it.
 */
#include "options.h"

#include <stdint.h>
#include <string.h>

#include "cdefs.h"
#include "client.h"
#include "fill.h"
#include "kma.h"
#include "os.h"
#include "report.h"

struct options options = {
	.o_decay = 500,
	.o_spacing = SPACING_LEARN,
	.o_abort = true,
};

#define POISON		0xde	/* eight of it are no address */
#define QUARANTINE	((size_t)1 << 20)
#define WORD_MAX	64	/* of a key or value that a message shows */

/*
 * The few operations on strings that are wanted, since each name of libc's
 * costs every program a thousand instructions at its start.
 */
static size_t
length_until(const char *s, char end)
{
	size_t len = 0;

	/* The compiler must not see strlen() in it. */
	for (; s[len] != '\0' && s[len] != end; len++)
		forget_reg(len);
	return (len);
}

static bool
equal(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (*a == '\0')
			return (true);
	return (false);
}

/* Each takes the text after '=', or NULL without one; false: a bad value. */
typedef bool setter(const char *value);

static bool set_help(const char *value);

static bool
set_stats(const char *value)
{
	if (value != NULL) {
		size_t len = length_until(value, '\0');

		if (len == 0 || len >= OPTION_PATH_MAX)
			return (false);
		memcpy(options.o_stats_file, value, len + 1);
	}
	options.o_stats = true;
	return (true);
}

/* A number with an optional K, M, G or T; false if it is none, or above max. */
static bool
parse_number(const char *text, size_t max, size_t *number)
{
	static const char units[] = "KMGT";
	size_t n = 0, unit;

	if (text == NULL || *text < '0' || *text > '9')
		return (false);
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (size_t)(*text - '0'), &n))
			return (false);
	unit = length_until(units, (char)(*text & ~0x20));
	if (*text != '\0' && unit < sizeof(units) - 1) {
		unsigned shift = 10 * (unsigned)(unit + 1);

		if (n > SIZE_MAX >> shift)
			return (false);
		n <<= shift;
		text++;
	}
	*number = n;
	return (*text == '\0' && n <= max);
}

static bool
set_decay(const char *value)
{
	size_t n;

	if (!parse_number(value, 1u << 30, &n))
		return (false);
	options.o_decay = (unsigned)n;
	return (true);
}

static bool
set_spacing(const char *value)
{
	size_t n;

	if (value != NULL && equal(value, "learn"))
		n = SPACING_LEARN;
	else if (!parse_number(value, 4, &n) || (n != 1 && n != 2 && n != 4))
		return (false);
	options.o_spacing = (unsigned)n;
	return (true);
}

static bool
set_reserve(const char *value)
{
	size_t n;

	if (!parse_number(value, SIZE_MAX, &n) || n < (size_t)64 << 20)
		return (false);
	options.o_reserve = n;
	return (true);
}

/* Sets *which to whether the value is the first of the two words. */
static bool
parse_choice(const char *value, const char *yes, const char *no, bool *which)
{
	if (value == NULL || (!equal(value, yes) && !equal(value, no)))
		return (false);
	*which = equal(value, yes);
	return (true);
}

static bool
set_deepbind(const char *value)
{
	return (parse_choice(value, "keep", "drop", &options.o_deepbind_keep));
}

static bool
set_abort(const char *value)
{
	return (parse_choice(value, "yes", "no", &options.o_abort));
}

static bool
set_accounting(const char *value)
{
	size_t len = value != NULL ? length_until(value, '\0') : 0;

	if (len == 0 || len >= OPTION_PATH_MAX)
		return (false);
	if (equal(value, "object"))
		len = 0;
	memcpy(options.o_accounting_file, value, len);
	options.o_accounting_file[len] = '\0';
	options.o_accounting = true;
	return (true);
}

static bool
set_trace(const char *value)
{
	size_t len = value != NULL ? length_until(value, '\0') : 0;

	if (len == 0 || len >= OPTION_PATH_MAX)
		return (false);
	memcpy(options.o_trace_file, value, len + 1);
	options.o_trace = true;
	return (true);
}

static bool
set_diagnostic(const char *value)
{
	if (value != NULL && !equal(value, "leaks"))
		return (false);
	options.o_leaks = value != NULL;
	options.o_diagnostic = options.o_watch = true;
	options.o_fill = options.o_canary = FILL_BYTES(POISON);
	return (true);
}

/*
 * Free blocks are zero.  The canary is neither zero, nor text, nor all ones,
 * which is what most writes beyond a block write, and no program knows it.
 */
static bool
set_hardened(const char *value)
{
	size_t bytes = QUARANTINE;

	if (value != NULL && !parse_number(value, (size_t)1 << 40, &bytes))
		return (false);
	options.o_hardened = options.o_watch = true;
	options.o_quarantine = bytes;
	options.o_fill = 0;
	options.o_canary = FILL_BYTES(0x80 | os_random() % 127);
	return (true);
}

/*
 * Limits of types.  Of a name, as many characters count as a type keeps.
 */

static struct typelimit {
	char	tl_name[KMA_NAMELEN];
	size_t	tl_bytes;
} typelimits[OPTION_LIMITS];
static unsigned ntypelimits;

static bool
add_typelimit(const char *name, size_t len, size_t bytes)
{
	struct typelimit tl = { .tl_bytes = bytes };
	unsigned i = 0;

	if (len == 0)
		return (false);
	if (len > KMA_NAMELEN - 1)
		len = KMA_NAMELEN - 1;
	memcpy(tl.tl_name, name, len);
	while (i < ntypelimits && !equal(typelimits[i].tl_name, tl.tl_name))
		i++;
	if (i == OPTION_LIMITS) {
		report_warn("KMA_OPTIONS: more than %d limits: none for '%s'",
		    OPTION_LIMITS, tl.tl_name);
		return (true);
	}
	typelimits[i] = tl;
	ntypelimits += i == ntypelimits;
	return (true);
}

/* BYTES or TYPE:BYTES; a type's name may have colons. */
static bool
set_limit(const char *value)
{
	const char *number = value;
	size_t n;

	for (const char *p = value; p != NULL && *p != '\0'; p++)
		if (*p == ':')
			number = p + 1;
	if (!parse_number(number, SIZE_MAX, &n))
		return (false);
	if (number != value)
		return (add_typelimit(value, (size_t)(number - 1 - value),
		    n > 0 ? n : OPTION_NOLIMIT));
	options.o_limit = n;
	return (true);
}

/* The length of name if it is text or what comes before a '.' or '-'. */
static size_t
begins(const char *text, const char *name)
{
	size_t len = length_until(name, '\0');

	for (size_t i = 0; i < len; i++)
		if (text[i] != name[i])
			return (0);
	return (text[len] == '\0' || text[len] == '.' || text[len] == '-' ?
	    len : 0);
}

size_t
options_typelimit(const char *name)
{
	size_t best = 0, bytes = OPTION_NOLIMIT;

	for (unsigned i = 0; i < ntypelimits; i++) {
		size_t len = begins(name, typelimits[i].tl_name);

		if (len > best) {
			best = len;
			bytes = typelimits[i].tl_bytes;
		}
	}
	return (bytes);
}

void
options_expand(const char *from, char *name, size_t size)
{
	int pid = os_getpid();
	size_t len = 0;

	for (; *from != '\0' && len + 12 < size; from++) {
		if (from[0] == '%' && from[1] == 'p') {
			char digits[12];
			int n = 0;

			for (int rest = pid; rest > 0; rest /= 10)
				digits[n++] = (char)('0' + rest % 10);
			while (n > 0)
				name[len++] = digits[--n];
			from++;
		} else
			name[len++] = *from;
	}
	name[len] = '\0';
}

static const struct option {
	const char	*key;
	const char	*form;
	setter		*set;
	const char	*text;
} option_table[] = {
	{ "help", "", set_help, "list the options" },
	{ "stats", "[=FILE]", set_stats,
	    "print the tables at exit, on stderr or to FILE (%p: the PID)" },
	{ "decay", "=MS", set_decay,
	    "how long freed pages stay resident, in ms; 0: not at all [500]" },
	{ "spacing", "=1|2|4|learn", set_spacing,
	    "lists for each doubling of the size, or those earned [learn]" },
	{ "reserve", "=BYTES", set_reserve,
	    "addresses set aside for the arena, 64M or more (K, M, G, T)" },
	{ "deepbind", "=drop|keep", set_deepbind,
	    "what dlopen does with RTLD_DEEPBIND [drop]" },
	{ "abort", "=yes|no", set_abort,
	    "abort after the message about a misuse of the heap [yes]" },
	{ "accounting", "=object|FILE", set_accounting,
	    "types by the object that calls malloc, or by the rules in FILE" },
	{ "trace", "=FILE", set_trace,
	    "record each operation in FILE (%p: the PID), for kma trace" },
	{ "diagnostic", "[=leaks]", set_diagnostic,
	    "check all blocks for misuse; what is in use at exit" },
	{ "hardened", "[=BYTES]", set_hardened,
	    "against attacks; freed blocks wait, up to BYTES of them [1M]" },
	{ "limit", "=[TYPE:]BYTES", set_limit,
	    "what the process, or a type, may have in use (K, M, G, T)" },
};
#define NOPTION	(sizeof(option_table) / sizeof(option_table[0]))

static bool
set_help(const char *value)
{
	if (value != NULL)
		return (false);
	report_warn("KMA_OPTIONS=key[=value],...");
	for (size_t i = 0; i < NOPTION; i++) {
		const struct option *o = &option_table[i];

		report_warn("  %s%s: %s", o->key, o->form, o->text);
	}
	return (true);
}

/* One key[=value]; the word may be written to. */
static void
parse_word(char *word)
{
	char *value = word + length_until(word, '=');

	if (*value == '=')
		*value++ = '\0';
	else
		value = NULL;
	for (size_t i = 0; i < NOPTION; i++) {
		if (!equal(word, option_table[i].key))
			continue;
		if (!option_table[i].set(value))
			report_warn("KMA_OPTIONS: bad value '%s' for '%s'",
			    value != NULL ? value : "", word);
		return;
	}
	report_warn("KMA_OPTIONS: unknown option '%s'", word);
}

/* Under valgrind, its tools say more than blocks that are watched could. */
static void
give_way(void)
{
	if (!options.o_watch || client_state != CLIENT_TOLD)
		return;
	report_warn("KMA_OPTIONS: under valgrind, diagnostic and hardened do "
	    "not count");
	options.o_watch = options.o_diagnostic = options.o_hardened = false;
}

void
options_parse(const char *text)
{
	char word[OPTION_PATH_MAX + WORD_MAX];

	while (*text != '\0') {
		size_t len = length_until(text, ','), take = len;

		if (take >= sizeof(word))
			take = sizeof(word) - 1;
		memcpy(word, text, take);
		word[take] = '\0';
		if (take > 0)
			parse_word(word);
		text += len;
		text += *text == ',';
	}
	give_way();
	options.o_modes = options.o_accounting || options.o_watch ||
	    options.o_trace;
	report_no_abort = !options.o_abort;
}

KMA_START void
options_read(void)
{
	static bool done;
	const char *text = done ? NULL : os_getenv("KMA_OPTIONS");

	/* Before libc has its environment, there is nothing to be found. */
	if (text != NULL) {
		done = true;
		options_parse(text);
	}
}
