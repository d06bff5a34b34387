/*
 * rules.c - the file of the option accounting: which type a caller has.
 *
 * Layer 7.  Owns the rules, which are written at start, before there is a
 * second thread, and only read afterwards.  Calls meta.h, os.h, report.h.
 */
#include "rules.h"

#include "meta.h"
#include "os.h"
#include "report.h"

#define WARNINGS	8	/* of bad lines, at most */
#define NFIELD		3

struct rule {
	const char	*r_type;
	const char	*r_object;
	const char	*r_function;	/* NULL: any */
};

static struct rule *rules;
static size_t nrules;
static bool any_function;

/* The last * takes as little as it can: going back to it is enough. */
bool
rules_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++from;
		} else
			return (false);
	}
	while (*pattern == '*')
		pattern++;
	return (*pattern == '\0');
}

const char *
rules_match(const char *path, const char *base,
    const char *(*function)(void *arg), void *arg)
{
	const char *name = NULL;
	bool asked = false;

	for (size_t i = 0; i < nrules; i++) {
		const struct rule *r = &rules[i];

		if (!rules_glob(r->r_object, base) &&
		    !rules_glob(r->r_object, path))
			continue;
		if (r->r_function == NULL)
			return (r->r_type);
		if (!asked)
			name = function(arg);
		asked = true;
		if (name != NULL && rules_glob(r->r_function, name))
			return (r->r_type);
	}
	return (NULL);
}

bool
rules_want_functions(void)
{
	return (any_function);
}

/*
 * Reading.
 */

static bool
is_blank(char c)
{
	return (c == ' ' || c == '\t' || c == '\r');
}

/* Ends each word of the line with '\0'; counts them, up to one too many. */
static unsigned
split(char *line, char *field[NFIELD])
{
	unsigned n = 0;

	for (;;) {
		while (is_blank(*line))
			*line++ = '\0';
		if (*line == '\0' || *line == '#') {
			*line = '\0';
			return (n);
		}
		if (n == NFIELD)
			return (n + 1);
		field[n++] = line;
		while (*line != '\0' && *line != '#' && !is_blank(*line))
			line++;
	}
}

static bool
parse_line(char *line, struct rule *r)
{
	char *field[NFIELD];
	unsigned n = split(line, field);

	if (n < 2 || n > NFIELD)
		return (n == 0);
	r->r_type = field[0];
	r->r_object = field[1];
	r->r_function = n > 2 ? field[2] : NULL;
	any_function = any_function || n > 2;
	nrules++;
	return (true);
}

static void
parse(const char *path, char *text)
{
	unsigned number = 1, bad = 0;

	for (char *end = text; *text != '\0'; text = end, number++) {
		while (*end != '\n' && *end != '\0')
			end++;
		if (*end == '\n')
			*end++ = '\0';
		if (!parse_line(text, &rules[nrules]) && ++bad <= WARNINGS)
			report_warn("%s:%u: not TYPE OBJECT [FUNCTION]", path,
			    number);
	}
}

static size_t
count_lines(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return (n);
}

/* A line that is not there to its end does not count. */
static void
cut(const char *path, char *text, size_t len)
{
	while (len > 0 && text[len - 1] != '\n')
		len--;
	text[len] = '\0';
	report_warn("%s: what is beyond %zu bytes does not count", path,
	    RULES_MAX);
}

void
rules_read(const char *path)
{
	char *text = meta_alloc(RULES_MAX + 16, 16);
	long len = text == NULL ? -1 :
	    os_read_file(path, text, RULES_MAX + 1);

	if (len < 0) {
		report_warn("KMA_OPTIONS: accounting: cannot read '%s'", path);
		return;
	}
	text[len] = '\0';
	if ((size_t)len > RULES_MAX)
		cut(path, text, RULES_MAX);
	rules = meta_alloc(count_lines(text) * sizeof(*rules), 16);
	if (rules != NULL)
		parse(path, text);
}
