#include "shared/model_listing.h"

#include <string.h>
#include <strings.h>

#include "shared/model_names.h"
#include "shared/table.h"

/* Words that a list gives for models that nobody can call any more. */
static const char *const withdrawn[] = { "shutdown", "retired", "offline" };

/* What a list of models is called, and what it may be wrapped in. */
static const char *const list_names[] = {
	"data", "models", "result", "results", "list", "items", "model_list",
	"records", "rows",
};
static const char *const wrappings[] = { "data", "result", "body",
					 "response" };
#define WRAPPINGS_MAX 2

/* What names a model, the id before what is shown to people. */
static const char *const name_names[] = { "id", "model_id", "model_name",
					  "model", "name" };

static const char *name_of(const json_t *model);

static bool names_any(const json_t *list)
{
	size_t i;
	const json_t *model;

	json_array_foreach(list, i, model)
		if (name_of(model))
			return true;
	return false;
}

/*
 * {"data":[...]}, {"models":[...]}, or the array itself.  Further inside only
 * what names a model is the list of models.
 */
static const json_t *list_in(const json_t *json, int depth)
{
	const json_t *list = json_is_array(json) ? json : NULL;

	for (size_t i = 0; i < COUNT(list_names) && !list; i++) {
		list = json_object_get(json, list_names[i]);
		if (!json_is_array(list) ||
		    ((depth > 0 || i > 1) && !names_any(list)))
			list = NULL;
	}
	for (size_t i = 0; i < COUNT(wrappings) && !list &&
	     depth < WRAPPINGS_MAX; i++)
		if (json_is_object(json_object_get(json, wrappings[i])))
			list = list_in(json_object_get(json, wrappings[i]),
				       depth + 1);
	return list;
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

	for (size_t i = 0; i < COUNT(name_names) && !name; i++)
		name = json_string_value(json_object_get(model,
							 name_names[i]));
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
	const json_t *list = list_in(answer, 0);

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
