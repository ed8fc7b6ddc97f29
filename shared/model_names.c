#include "shared/model_names.h"

#include <string.h>

#include "shared/model_list.h"
#include "shared/own.h"

static const char *const state_names[] = {
	[MODEL_RESOLVED] = "resolved",
	[MODEL_CORRECTED] = "corrected",
	[MODEL_AMBIGUOUS] = "ambiguous",
	[MODEL_UNKNOWN] = "unknown",
	[MODEL_RETIRED] = "retired",
};
TABLE_ENUM_DEFINE(model_state, state_names, MODEL_STATE__MAX);

/* A name that is looked up, in all its forms. */
struct asked {
	const char *id;
	size_t len;
	struct model_text text;
	struct model_name name;
	const struct model *model;	/* or NULL */
	const char *key;
	size_t key_len;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void trim(struct asked *asked)
{
	while (asked->len > 0 && is_blank(*asked->id)) {
		asked->id++;
		asked->len--;
	}
	while (asked->len > 0 && is_blank(asked->id[asked->len - 1]))
		asked->len--;
}

/* Keep the id in the result: it is the caller's, and may go. */
static void wire_is(struct model_result *ret, const char *id, size_t len)
{
	snprintf(ret->text, sizeof(ret->text), "%.*s", (int)len, id);
	ret->wire = ret->text;
}

/* ---- what is listed ---- */

static void listed_is(const struct model_listed *row, enum model_state state,
		      struct model_result *ret)
{
	ret->state = state;
	ret->canonical = row->canonical;
	ret->family = row->family;
	ret->wire = row->id;
}

static void keep_level(const struct model_names *names,
		       const struct asked *asked, struct model_result *ret)
{
	size_t len;

	if (*asked->name.level == '\0' || !ret->wire)
		return;
	memcpy(ret->level_text, asked->name.level, sizeof(ret->level_text));
	ret->level = ret->level_text;
	if (!names->at->levels)
		return;
	if (ret->wire != ret->text)
		wire_is(ret, ret->wire, strlen(ret->wire));
	len = strlen(ret->text);
	snprintf(ret->text + len, sizeof(ret->text) - len, "(%s)", ret->level);
	ret->level_kept = true;
}

/* The id that its endpoint's table has for it, if the list has that. */
static bool listed_by_table(const struct model_names *names,
			    const struct asked *asked,
			    struct model_result *ret)
{
	const struct model_wire *wire = NULL;

	while ((wire = model_endpoint_wire(names->at, asked->key,
					   asked->key_len, wire))) {
		int row = strmap_get(&names->by_id, wire->id,
				     strlen(wire->id));

		if (row < 0)
			continue;
		listed_is(&names->listed[row], MODEL_CORRECTED, ret);
		ret->canonical = asked->model ? asked->model->name
					      : wire->name;
		ret->family = wire->family;
		return true;
	}
	return false;
}

/* ---- what is known ---- */

/* The replacement as it is called here; NULL if none is named. */
static const char *replacement_id(const struct model_names *names,
				  const char *replacement,
				  char ret[MODEL_WIRE_MAX])
{
	const struct model *model = replacement
		? model_known_by_name(replacement) : NULL;
	int row;

	if (!model)
		return replacement;
	row = strmap_get(&names->by_key, model->key, model->key_len);
	if (row >= 0)
		return names->listed[row].id;
	model_endpoint_id(names->at, model, ret);
	return ret;
}

static bool is_retired(const struct model_names *names,
		       const struct asked *asked, struct model_result *ret)
{
	const struct model_retired *retired = model_endpoint_retired(
		names->at, asked->key, asked->key_len);

	/* What fades is answered still where no list says otherwise. */
	if (!retired || (!retired->gone && names->count == 0 &&
			 (asked->model ||
			  model_endpoint_wire(names->at, asked->key,
					      asked->key_len, NULL))))
		return false;
	ret->state = MODEL_RETIRED;
	ret->retired = retired;
	ret->canonical = asked->model ? asked->model->name : NULL;
	ret->wire = replacement_id(names, retired->replacement, ret->text);
	return true;
}

/* Without a list: what this endpoint calls it. */
static bool known_here(const struct model_names *names,
		       const struct asked *asked, struct model_result *ret)
{
	const struct model_wire *wire = model_endpoint_wire(names->at,
					asked->key, asked->key_len, NULL);

	if (!asked->model && !wire)
		return false;
	ret->canonical = asked->model ? asked->model->name : wire->name;
	ret->family = asked->model ? asked->model->family : wire->family;
	ret->wire = ret->text;
	if (asked->model)
		model_endpoint_id(names->at, asked->model, ret->text);
	else
		wire_is(ret, wire->id, strlen(wire->id));
	keep_level(names, asked, ret);
	ret->state = strlen(ret->text) == asked->len &&
		     memcmp(ret->text, asked->id, asked->len) == 0
		     ? MODEL_RESOLVED : MODEL_CORRECTED;
	return true;
}

/* An id that the endpoint is known to have. */
static void wire_row_is(const struct model_wire *wire, enum model_state state,
			struct model_result *ret)
{
	struct model_name name;
	/* A rolling id stands for itself, whatever else is sent there. */
	const struct model *model =
		model_name_parse(wire->id, strlen(wire->id), &name)
		? model_known(&name) : NULL;

	ret->state = state;
	ret->canonical = model ? model->name : wire->name;
	ret->family = model ? model->family : wire->family;
	ret->wire = wire->id;
}

/* Without a list, an id in other capitals, or with other things between. */
static bool is_wire_folded(const struct model_names *names,
			   const struct asked *asked,
			   struct model_result *ret)
{
	const struct model_wire *wire = names->count > 0 ? NULL :
		model_endpoint_folded(names->at, asked->text.text,
				      asked->text.len);

	if (wire)
		wire_row_is(wire, MODEL_CORRECTED, ret);
	return wire != NULL;
}

/* "ep-20260101120000-abcde": the id of a deployment, of nobody's model. */
static bool is_deployment(const struct model_names *names,
			  const struct asked *asked)
{
	return names->at->deployments && asked->len > 3 &&
	       memcmp(asked->id, "ep-", 3) == 0 &&
	       asked->id[3] >= '0' && asked->id[3] <= '9';
}

/* ---- what is neither ---- */

/* Do several models go on from this name, and one of them here? */
static bool goes_on(const struct model_names *names,
		    const struct model_name *name)
{
	size_t known = model_known_going_on(name->key, name->len);
	size_t listed = model_list_going_on(names, name->key, name->len);

	return listed > 1 || (known > 1 && (names->count == 0 || listed > 0));
}

/* Words that could be of several models, and begin as none that is known. */
static bool is_vague(const struct model_name *name)
{
	return model_name_is_vague(name) &&
	       (!name->family ||
		!model_known_begins(name->key, name->head, name->len));
}

static void leave_open(const struct model_names *names,
		       const struct asked *asked, struct model_result *ret)
{
	const struct model_name *name = &asked->name;

	ret->state = MODEL_UNKNOWN;
	if (asked->model) {
		ret->canonical = asked->model->name;
		ret->unlisted = true;
		if (model_endpoint_wire(names->at, asked->key,
					asked->key_len, NULL)) {
			ret->wire = ret->text;
			model_endpoint_id(names->at, asked->model, ret->text);
		}
	} else if (model_name_is_bare(name) || is_vague(name) ||
		   goes_on(names, name)) {
		ret->state = MODEL_AMBIGUOUS;
	}
}

/* One id of a relay's: that is it.  Of several, people choose. */
static bool is_dressed(const struct model_names *names,
		       const struct asked *asked, struct model_result *ret)
{
	const struct model_listed *row = NULL;
	size_t n = model_list_dressed(names, asked->key, asked->key_len, &row);

	if (n == 1) {
		listed_is(row, MODEL_CORRECTED, ret);
		ret->canonical = asked->model ? asked->model->name
					      : row->canonical;
	} else if (n > 1) {
		ret->state = MODEL_AMBIGUOUS;
	}
	return n > 0;
}

static void resolve_read(const struct model_names *names, struct asked *asked,
			 struct model_result *ret)
{
	int row;

	asked->model = model_known(&asked->name);
	asked->key = asked->model ? asked->model->key : asked->name.key;
	asked->key_len = asked->model ? asked->model->key_len
				      : asked->name.len;
	ret->family = asked->model ? asked->model->family :
		      asked->name.family ? asked->name.family->family : NULL;
	row = strmap_get(&names->by_key, asked->key, asked->key_len);
	if (row >= 0) {
		listed_is(&names->listed[row], MODEL_CORRECTED, ret);
		keep_level(names, asked, ret);
		return;
	}
	if (is_dressed(names, asked, ret))
		return;
	if (is_retired(names, asked, ret))
		return;
	if (names->count > 0 && listed_by_table(names, asked, ret)) {
		keep_level(names, asked, ret);
		return;
	}
	if (names->count == 0 && known_here(names, asked, ret))
		return;
	leave_open(names, asked, ret);
}

static void resolve_other(const struct model_names *names,
			  struct asked *asked, struct model_result *ret)
{
	int row;

	if (asked->len > MODEL_NAME_MAX ||
	    !model_text_fold(asked->id, asked->len, &asked->text))
		return;
	row = strmap_get(&names->by_folded, asked->text.text,
			 asked->text.len);
	if (row >= 0)
		listed_is(&names->listed[row], MODEL_CORRECTED, ret);
	else if (!is_wire_folded(names, asked, ret) &&
		 model_name_read(&asked->text, &asked->name))
		resolve_read(names, asked, ret);
}

void model_names_resolve(const struct model_names *names, const char *asked,
			 size_t len, struct model_result *ret)
{
	const struct model_wire *wire;
	struct asked it;
	int row;

	it.id = asked;
	it.len = len;
	trim(&it);
	ret->state = MODEL_UNKNOWN;
	ret->canonical = ret->family = ret->wire = NULL;
	ret->retired = NULL;
	ret->level = "";
	ret->level_kept = ret->unlisted = false;
	row = strmap_get(&names->by_id, it.id, it.len);
	wire = names->count > 0 ? NULL
		: model_endpoint_row(names->at, it.id, it.len);
	if (row >= 0) {
		listed_is(&names->listed[row], MODEL_RESOLVED, ret);
	} else if (is_deployment(names, &it) && it.len <= MODEL_NAME_MAX) {
		wire_is(ret, it.id, it.len);
		ret->state = MODEL_RESOLVED;
	} else if (wire) {
		wire_row_is(wire, MODEL_RESOLVED, ret);
	} else {
		resolve_other(names, &it, ret);
	}
}

/* ---- families ---- */

const char *model_family_of(const char *id)
{
	struct model_name name;
	const struct model *model;

	if (!model_name_parse(id, strlen(id), &name))
		return NULL;
	model = model_known(&name);
	return model ? model->family :
	       name.family ? name.family->family : NULL;
}

static bool holds(const json_t *families, const char *family)
{
	size_t i;
	const json_t *value;

	json_array_foreach(families, i, value)
		if (strcmp(json_string_value(value), family) == 0)
			return true;
	return false;
}

json_t *model_families(const json_t *ids)
{
	json_t *families = json_array();
	size_t i;
	const json_t *id;

	json_array_foreach(ids, i, id) {
		const char *family = model_family_of(json_string_value(id));

		if (family && !holds(families, family))
			json_array_append_new(families, json_string(family));
	}
	return families;
}
