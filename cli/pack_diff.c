#include "cli/pack_diff.h"

#include <string.h>

#include "shared/own.h"

/* Where a row belongs: to which provider, and below which name. */
struct place {
	json_t *rows;
	const char *provider_id;
	const char *prefix;
};

static void add_row(const struct place *place, const char *what,
		    const char *name, json_t *before, json_t *after)
{
	AUTO_FREE char *member = xasprintf("%s%s", place->prefix, name);

	json_array_append_new(place->rows, json_pack(
		"{s:s, s:s, s:s, s:O?, s:O?}",
		"provider_id", place->provider_id, "what", what,
		"member", member, "before", before, "after", after));
}

/* The objects of an array by one of their members. */
static json_t *by_id(const json_t *list, const char *id)
{
	json_t *found = json_object();
	size_t i;
	json_t *element;

	json_array_foreach(list, i, element) {
		const char *name = json_string_value(json_object_get(element,
								     id));

		if (name)
			json_object_set(found, name, element);
	}
	return found;
}

static const char *what_of(const json_t *before, const json_t *after)
{
	if (!before)
		return "added";
	return after ? "changed" : "removed";
}

static bool differ(const json_t *before, const json_t *after)
{
	/* Left out and null are the same. */
	if (!before || json_is_null(before))
		return after && !json_is_null(after);
	return !json_equal(before, after);
}

static void diff_members(const struct place *place, json_t *before,
			 json_t *after, const char *but)
{
	const char *name;
	json_t *value;

	json_object_foreach(before, name, value)
		if (strcmp(name, but) != 0 &&
		    differ(value, json_object_get(after, name)))
			add_row(place, "changed", name, value,
				json_object_get(after, name));
	json_object_foreach(after, name, value)
		if (strcmp(name, but) != 0 &&
		    !json_object_get(before, name) && differ(NULL, value))
			add_row(place, "changed", name, NULL, value);
}

static void diff_model(const struct place *place, const char *id,
		       json_t *before, json_t *after)
{
	AUTO_FREE char *prefix = xasprintf("models[%s].", id);
	AUTO_FREE char *name = xasprintf("models[%s]", id);
	const struct place inside = { place->rows, place->provider_id,
				      prefix };

	if (before && after)
		diff_members(&inside, before, after, "id");
	else
		add_row(place, what_of(before, after), name, NULL, NULL);
}

static void diff_models(const struct place *place, const json_t *before,
			const json_t *after)
{
	json_auto_t *old = by_id(before, "id");
	json_auto_t *new = by_id(after, "id");
	const char *id;
	json_t *model;

	json_object_foreach(old, id, model)
		diff_model(place, id, model, json_object_get(new, id));
	json_object_foreach(new, id, model)
		if (!json_object_get(old, id))
			diff_model(place, id, NULL, model);
}

static void diff_provider(json_t *rows, const char *id, json_t *before,
			  json_t *after)
{
	const struct place place = { rows, id, "" };

	if (!before || !after) {
		add_row(&place, what_of(before, after), "", NULL, NULL);
		return;
	}
	diff_members(&place, before, after, "models");
	diff_models(&place, json_object_get(before, "models"),
		    json_object_get(after, "models"));
}

json_t *pack_diff(const json_t *before, const json_t *after)
{
	json_auto_t *old = by_id(before, "provider_id");
	json_auto_t *new = by_id(after, "provider_id");
	json_t *rows = json_array();
	const char *id;
	json_t *manifest;

	json_object_foreach(old, id, manifest)
		diff_provider(rows, id, manifest, json_object_get(new, id));
	json_object_foreach(new, id, manifest)
		if (!json_object_get(old, id))
			diff_provider(rows, id, NULL, manifest);
	return rows;
}
