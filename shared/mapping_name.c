#include "shared/mapping_name.h"

#include <string.h>

struct mapping_names {
	json_t *known;			/* object: each name once */
	json_t *list;			/* the same, as the index wants it */
	struct model_names *there;
	struct model_names *anywhere;
};

static void know(struct mapping_names *names, const json_t *ids)
{
	size_t i;
	const json_t *id;

	json_array_foreach(ids, i, id) {
		const char *text = json_string_value(id);

		if (!text || json_object_get(names->known, text))
			continue;
		json_object_set_new(names->known, text, json_true());
		json_array_append_new(names->list, json_string(text));
	}
}

struct mapping_names *mapping_names_new(const char *base_url,
					const json_t *models,
					const json_t *listed)
{
	const struct model_endpoint *at = base_url
		? model_endpoint_at(base_url) : NULL;
	struct mapping_names *names = xcalloc(1, sizeof(*names));

	names->known = json_object();
	names->list = json_array();
	know(names, models);
	know(names, listed);
	names->there = model_names_new(at, names->list);
	names->anywhere = model_names_new(at, NULL);
	return names;
}

void mapping_names_free(struct mapping_names **namesp)
{
	struct mapping_names *names = *namesp;

	if (!names)
		return;
	model_names_free(&names->there);
	model_names_free(&names->anywhere);
	json_decref(names->known);
	json_decref(names->list);
	free(names);
	*namesp = NULL;
}

bool mapping_names_has(const struct mapping_names *names, const char *name)
{
	return json_object_get(names->known, name) != NULL;
}

static void resolve_by(const struct model_names *names, const char *typed,
		       struct mapping_name *ret)
{
	struct model_result *by = &ret->by;

	model_names_resolve(names, typed, strlen(typed), by);
	ret->state = by->state;
	ret->canonical = by->canonical;
	if (by->state == MODEL_AMBIGUOUS)
		ret->model = NULL;
	else
		ret->model = by->wire && by->state != MODEL_RETIRED
			? by->wire : typed;
}

void mapping_names_known(const struct mapping_names *names, const char *typed,
			 struct mapping_name *ret)
{
	*ret = (struct mapping_name){ .state = MODEL_RESOLVED,
				      .model = typed };
	if (!mapping_names_has(names, typed))
		resolve_by(names->there, typed, ret);
}

void mapping_names_resolve(const struct mapping_names *names,
			   const json_t *aliases, const char *typed,
			   struct mapping_name *ret)
{
	const json_t *to = json_object_get(aliases, typed);

	if (!mapping_names_has(names, typed) && json_is_string(to)) {
		*ret = (struct mapping_name){ .state = MODEL_RESOLVED,
					      .model = json_string_value(to) };
		return;
	}
	mapping_names_known(names, typed, ret);
	if (ret->state == MODEL_UNKNOWN)
		resolve_by(names->anywhere, typed, ret);
}
