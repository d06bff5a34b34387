/*
 * compare_json.c - a comparison as JSON.
 */
#include <string.h>

#include <jansson.h>

#include "compare.h"
#include "jsontext.h"

#define FORMAT_VERSION	1

static json_t *
number(enum unit unit, double value)
{
	return (unit == UNIT_SECONDS ? json_real(value) :
	    json_integer((json_int_t)(value + 0.5)));
}

static json_t *
measure(const struct comparison *cmp, unsigned n, enum measure_id id)
{
	const struct samples *s = &cmp->cmp_contender[n].c_samples[id];
	enum unit unit = measures[id].m_unit;
	json_t *json = json_object(), *all;
	struct summary u = samples_summary(s);
	double ratio;

	json_object_set_new(json, "value", number(unit, u.u_median));
	if (ratio_of(cmp, n, id, &ratio))
		json_object_set_new(json, "ratio", json_real(ratio));
	if (measures[id].m_part != PART_TIME &&
	    measures[id].m_part != PART_MEMORY)
		return (json);
	json_object_set_new(json, "spread", number(unit, u.u_spread));
	json_object_set_new(json, "least", number(unit, u.u_least));
	json_object_set_new(json, "most", number(unit, u.u_most));
	all = json_array();
	for (unsigned i = 0; i < s->s_number; i++)
		json_array_append_new(all, number(unit, s->s_value[i]));
	json_object_set_new(json, "samples", all);
	return (json);
}

static json_t *
memcheck(const struct memcheck *mc)
{
	json_t *json = json_object();

	for (unsigned i = 0; i < mc->mc_nkind; i++) {
		const struct memcheck_kind *mk = &mc->mc_kind[i];
		json_t *one = json_object();
		bool leak = strncmp(mk->mk_name, "Leak_", 5) == 0;

		json_object_set_new(one, leak ? "blocks" : "count",
		    json_integer((json_int_t)mk->mk_count));
		if (leak)
			json_object_set_new(one, "bytes",
			    json_integer((json_int_t)mk->mk_bytes));
		json_object_set_new(json, mk->mk_name, one);
	}
	return (json);
}

static json_t *
contender(const struct comparison *cmp, unsigned n)
{
	const struct contender *c = &cmp->cmp_contender[n];
	json_t *json = json_object(), *all = json_object();

	json_object_set_new(json, "name", json_text(c->c_name));
	json_object_set_new(json, "library",
	    c->c_kind == KIND_GLIBC ? json_null() : json_text(c->c_path));
	for (unsigned id = 0; id < NMEASURE; id++)
		if (c->c_samples[id].s_number > 0)
			json_object_set_new(all, measures[id].m_name,
			    measure(cmp, n, id));
	json_object_set_new(json, "measures", all);
	if (c->c_samples[MEASURE_ERRORS].s_number > 0)
		json_object_set_new(json, "memcheck",
		    memcheck(&c->c_memcheck));
	return (json);
}

bool
compare_json(FILE *fp, const struct comparison *cmp)
{
	json_t *json = json_object(), *list = json_array();
	bool done;

	json_object_set_new(json, "version", json_integer(FORMAT_VERSION));
	for (char **word = cmp->cmp_argv; *word != NULL; word++)
		json_array_append_new(list, json_text(*word));
	json_object_set_new(json, "program", list);
	json_object_set_new(json, "rounds",
	    json_integer((json_int_t)cmp->cmp_rounds));
	list = json_array();
	for (unsigned part = 0; part < NPART; part++)
		if (has_part(cmp, part))
			json_array_append_new(list,
			    json_text(part_names[part]));
	json_object_set_new(json, "parts", list);
	list = json_array();
	for (unsigned n = 0; n < cmp->cmp_ncontender; n++)
		json_array_append_new(list, contender(cmp, n));
	json_object_set_new(json, "contenders", list);
	done = json_dumpf(json, fp, JSON_INDENT(2)) == 0 &&
	    fputc('\n', fp) != EOF && fflush(fp) == 0;
	json_decref(json);
	return (done);
}
