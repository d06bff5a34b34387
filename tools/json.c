/*
 * json.c - a snapshot as JSON.
 */
#include "figures.h"

#include <string.h>

#include <jansson.h>

#include "jsontext.h"
#include "kma.h"

static json_t *
object(const struct figure *figures, const void *row)
{
	json_t *json = json_object();

	for (const struct figure *f = figures; f->f_name != NULL; f++) {
		uint64_t value = figure_value(f, row);

		json_object_set_new(json, f->f_name,
		    value == 0 && f->f_zero_is_none ? json_null() :
		    json_integer((json_int_t)value));
	}
	return (json);
}

static json_t *
buckets(const struct kma_figures *snap)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < snap->sn_nbucket; i++) {
		const struct kma_bucket_figures *row = &snap->sn_bucket[i];
		json_t *json;

		if (row->kb_calls == 0 && row->kb_pagebytes == 0)
			continue;
		json = object(bucket_figures, row);
		json_object_set_new(json, "page_runs",
		    json_boolean(row->kb_runs));
		json_array_append_new(array, json);
	}
	return (array);
}

static json_t *
learned(const struct kma_figures *snap)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < snap->sn_nlearned; i++)
		json_array_append_new(array, object(learned_figures,
		    &snap->sn_learned[i]));
	return (array);
}

static json_t *
types(const struct kma_figures *snap)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < snap->sn_ntype; i++) {
		const struct kma_type_figures *row = &snap->sn_type[i];
		json_t *json = object(type_figures, row);
		json_t *sizes = json_array();

		for (unsigned n = 0; n < 63; n++)
			if (row->ks_sizes >> n & 1)
				json_array_append_new(sizes, json_integer(
				    (json_int_t)1 << n));
		json_object_set_new(json, "name", json_text(row->ks_name));
		json_object_set_new(json, "sizes", sizes);
		json_array_append_new(array, json);
	}
	return (array);
}

bool
json_print(FILE *fp, const struct kma_figures *snap, bool compact,
    double seconds, uint64_t calls)
{
	json_t *json = json_object();
	bool done;

	json_object_set_new(json, "version", json_integer(snap->sn_version));
	json_object_set_new(json, "library", json_text(snap->sn_library));
	json_object_set_new(json, "pid", json_integer(snap->sn_pid));
	json_object_set_new(json, "page_size",
	    json_integer(snap->sn_pagesize));
	if (seconds > 0) {
		json_object_set_new(json, "seconds", json_real(seconds));
		json_object_set_new(json, "requests_per_second",
		    json_real((double)calls / seconds));
	}
	json_object_set_new(json, "totals", object(total_figures,
	    &snap->sn_totals));
	json_object_set_new(json, "buckets", buckets(snap));
	json_object_set_new(json, "learned", learned(snap));
	json_object_set_new(json, "types", types(snap));
	done = json_dumpf(json, fp, compact ? JSON_COMPACT :
	    JSON_INDENT(2)) == 0 && fputc('\n', fp) != EOF;
	json_decref(json);
	return (done);
}
