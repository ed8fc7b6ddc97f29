#include "shared/model_listing.h"

#include <string.h>
#include <strings.h>

#include "shared/model_names.h"

/* Words that a list gives for models that nobody can call any more. */
static const char *const withdrawn[] = { "shutdown", "retired", "offline" };

/* {"data":[...]}, {"models":[...]}, or the array itself. */
static const json_t *list_in(const json_t *json)
{
	const json_t *list = json_object_get(json, "data");

	if (!json_is_array(list))
		list = json_object_get(json, "models");
	if (!json_is_array(list))
		list = json;
	return json_is_array(list) ? list : NULL;
}

static bool is_withdrawn(const json_t *model)
{
	const char *status = json_string_value(json_object_get(model,
							       "status"));

	for (size_t i = 0; status && i < COUNT(withdrawn); i++)
		if (strcasecmp(status, withdrawn[i]) == 0)
			return true;
	return false;
}

static const char *name_of(const json_t *model)
{
	const char *name = json_string_value(model);

	if (!name)
		name = json_string_value(json_object_get(model, "id"));
	if (!name)
		name = json_string_value(json_object_get(model, "name"));
	if (!name || *name == '\0' || strlen(name) > MODEL_NAME_MAX ||
	    is_withdrawn(model))
		return NULL;
	return name;
}

static json_t *read_names(const json_t *list)
{
	json_auto_t *seen = json_object();
	json_t *names = json_array();
	size_t i;
	const json_t *model;

	json_array_foreach(list, i, model) {
		const char *name = name_of(model);

		if (!name || json_object_get(seen, name))
			continue;
		if (json_array_size(names) == MODEL_LISTED_MAX)
			break;
		json_object_set_new(seen, name, json_true());
		json_array_append_new(names, json_string(name));
	}
	return names;
}

json_t *model_listing(const json_t *answer)
{
	const json_t *list = list_in(answer);

	return list ? read_names(list) : NULL;
}

bool model_listing_has(const json_t *names, const char *name)
{
	size_t i;
	const json_t *known;

	json_array_foreach(names, i, known)
		if (strcmp(json_string_value(known), name) == 0)
			return true;
	return false;
}
