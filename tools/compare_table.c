/*
 * compare_table.c - a comparison as a table.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"

#define VALUE_WIDTH	16
#define SPREAD_WIDTH	9
#define RATIO_WIDTH	9

/* A line ends with no blanks: those of empty cells wait for what follows. */
struct line {
	FILE	*l_fp;
	int	 l_blanks;
};

static void
cell(struct line *l, int width, const char *text)
{
	if (*text == '\0')
		l->l_blanks += width;
	else {
		fprintf(l->l_fp, "%*s%*s", l->l_blanks, "", width, text);
		l->l_blanks = 0;
	}
}

static void
end_line(struct line *l)
{
	fputc('\n', l->l_fp);
	l->l_blanks = 0;
}

/* 1234567 as 1,234,567. */
static void
grouped(char *text, size_t size, double value)
{
	char plain[32];
	size_t len, out = 0;

	snprintf(plain, sizeof(plain), "%.0f", value);
	len = strlen(plain);
	for (size_t i = 0; i < len && out + 2 < size; i++) {
		text[out++] = plain[i];
		if ((len - 1 - i) % 3 == 0 && i + 1 < len)
			text[out++] = ',';
	}
	text[out] = '\0';
}

static void
print_value(struct line *l, enum unit unit, double value)
{
	char text[48];

	if (unit == UNIT_SECONDS)
		snprintf(text, sizeof(text), "%.2f", value * 1e3);
	else
		grouped(text, sizeof(text),
		    unit == UNIT_BYTES ? value / 1024 : value);
	cell(l, VALUE_WIDTH, text);
}

/* What stands behind a value: how it compares with glibc's. */
static void
print_relation(struct line *l, const struct comparison *cmp, unsigned n,
    enum measure_id id)
{
	const struct samples *base = &cmp->cmp_contender[0].c_samples[id];
	const struct samples *s = &cmp->cmp_contender[n].c_samples[id];
	char text[32] = "";
	double ratio;

	if (ratio_of(cmp, n, id, &ratio))
		snprintf(text, sizeof(text), "%.2fx", ratio);
	else if (measures[id].m_part == PART_MEMCHECK && s->s_number > 0 &&
	    base->s_number > 0)
		snprintf(text, sizeof(text), "%s",
		    s->s_value[0] == base->s_value[0] ? "equal" : "differs");
	cell(l, RATIO_WIDTH, text);
}

static bool
has_spread(enum part part)
{
	return (part == PART_TIME || part == PART_MEMORY);
}

static void
print_spread(struct line *l, const struct summary *u)
{
	char text[32];

	snprintf(text, sizeof(text), "+-%.1f%%",
	    u->u_median > 0 ? 100 * u->u_spread / u->u_median : 0);
	cell(l, SPREAD_WIDTH, text);
}

static void
print_measure(FILE *fp, const struct comparison *cmp, enum measure_id id)
{
	const struct measure *m = &measures[id];
	struct line l = { fp, 0 };

	fprintf(fp, "  %-24s", m->m_text);
	for (unsigned n = 0; n < cmp->cmp_ncontender; n++) {
		const struct samples *s = &cmp->cmp_contender[n].c_samples[id];
		struct summary u = { 0 };

		if (s->s_number > 0) {
			u = samples_summary(s);
			print_value(&l, m->m_unit, u.u_median);
		} else
			cell(&l, VALUE_WIDTH, "-");
		if (s->s_number > 0 && has_spread(m->m_part))
			print_spread(&l, &u);
		else
			cell(&l, SPREAD_WIDTH, "");
		if (n > 0)
			print_relation(&l, cmp, n, id);
	}
	end_line(&l);
}

/* Of leaks only what there is. */
static bool
is_worth_a_line(const struct comparison *cmp, enum measure_id id)
{
	bool any = false;

	for (unsigned n = 0; n < cmp->cmp_ncontender; n++) {
		const struct samples *s = &cmp->cmp_contender[n].c_samples[id];

		any = any || (s->s_number > 0 && s->s_value[0] > 0);
	}
	return (any || measures[id].m_part != PART_MEMCHECK ||
	    id == MEASURE_ERRORS);
}

/* Is this the first contender to have errors of the kind? */
static bool
is_first(const struct comparison *cmp, unsigned n, const char *kind)
{
	while (n-- > 0)
		if (memcheck_find(&cmp->cmp_contender[n].c_memcheck,
		    kind)->mk_count > 0)
			return (false);
	return (true);
}

/* The errors, by kind: as memcheck names it. */
static void
print_kinds(FILE *fp, const struct comparison *cmp, unsigned from)
{
	const struct memcheck *mc = &cmp->cmp_contender[from].c_memcheck;
	struct line l = { fp, 0 };

	for (unsigned i = 0; i < mc->mc_nkind; i++) {
		const char *kind = mc->mc_kind[i].mk_name;

		if (strncmp(kind, "Leak_", 5) == 0 ||
		    mc->mc_kind[i].mk_count == 0 || !is_first(cmp, from, kind))
			continue;
		fprintf(fp, "    %-22s", kind);
		for (unsigned n = 0; n < cmp->cmp_ncontender; n++) {
			const struct contender *c = &cmp->cmp_contender[n];

			if (c->c_samples[MEASURE_ERRORS].s_number == 0)
				continue;
			print_value(&l, UNIT_COUNT, (double)memcheck_find(
			    &c->c_memcheck, kind)->mk_count);
			cell(&l, SPREAD_WIDTH + (n > 0 ? RATIO_WIDTH : 0), "");
		}
		end_line(&l);
	}
}

static void
print_head(FILE *fp, const struct comparison *cmp)
{
	struct line l = { fp, 0 };

	for (char **word = cmp->cmp_argv; *word != NULL; word++) {
		if (word != cmp->cmp_argv)
			fputc(' ', fp);
		for (const char *c = *word; *c != '\0'; c++)
			fputc((unsigned char)*c < ' ' ? ' ' : *c, fp);
	}
	fprintf(fp, "\n%26s", "");
	for (unsigned n = 0; n < cmp->cmp_ncontender; n++) {
		char name[VALUE_WIDTH];

		snprintf(name, sizeof(name), "%.*s", VALUE_WIDTH - 1,
		    cmp->cmp_contender[n].c_name);
		cell(&l, VALUE_WIDTH, name);
		cell(&l, SPREAD_WIDTH + (n > 0 ? RATIO_WIDTH : 0), "");
	}
	end_line(&l);
}

bool
compare_table(FILE *fp, const struct comparison *cmp)
{
	unsigned part = NPART;

	print_head(fp, cmp);
	for (unsigned id = 0; id < NMEASURE; id++) {
		const struct measure *m = &measures[id];

		if (!has_part(cmp, m->m_part) || !is_worth_a_line(cmp, id))
			continue;
		if (m->m_part != part) {
			part = m->m_part;
			fputs(part_titles[part], fp);
			if (has_spread(part))
				fprintf(fp, ", median of %lu",
				    cmp->cmp_rounds);
			fputc('\n', fp);
		}
		print_measure(fp, cmp, id);
		if (id == MEASURE_ERRORS)
			for (unsigned n = 0; n < cmp->cmp_ncontender; n++)
				print_kinds(fp, cmp, n);
	}
	return (fflush(fp) == 0 && !ferror(fp));
}
