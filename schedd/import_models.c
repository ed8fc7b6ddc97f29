/*
 * Which models an import maps: what was asked for, as the provider lists it,
 * and the other names that the account answers to.
 *
 * A name that means several models is never sent.  One that means none that
 * is known is sent as it was asked for: lists are not complete, and the chat
 * tells.  A retired name is sent too, for the same reason; its replacement is
 * only offered.
 */
#include <string.h>

#include "schedd/import_steps.h"
#include "schedd/upstream/models.h"
#include "shared/model_say.h"

#define RESOLUTION_MAX ((size_t)1 << 20)
#define DETAIL_MAX 1000
#define OFFERED_MAX 20

/* What becomes of the names of one request. */
struct choice {
	json_t *models;		/* wire ids, each once */
	json_t *aliases;	/* name -> wire id */
	json_t *offered;	/* what could be asked for instead */
	struct jout said;
	struct buf details[MODEL_STATE__MAX];	/* of the warnings */
};

/* The warning that stands for a state; NULL: none. */
static const char *const warnings[MODEL_STATE__MAX] = {
	[MODEL_CORRECTED] = "model_corrected",
	[MODEL_AMBIGUOUS] = "model_ambiguous",
	[MODEL_UNKNOWN] = "model_not_listed",
	[MODEL_RETIRED] = "model_retired",
};

static void choice_begin(struct choice *choice)
{
	*choice = (struct choice){
		.models = json_array(),
		.aliases = json_object(),
		.offered = json_array(),
		.said = { .text.max = RESOLUTION_MAX },
	};
	for (size_t i = 0; i < MODEL_STATE__MAX; i++)
		choice->details[i].max = DETAIL_MAX;
	jout_array(&choice->said, NULL);
}

static void choice_done(struct choice *choice)
{
	json_decref(choice->models);
	json_decref(choice->aliases);
	json_decref(choice->offered);
	jout_done(&choice->said);
	for (size_t i = 0; i < MODEL_STATE__MAX; i++)
		buf_done(&choice->details[i]);
}

static void add_once(json_t *array, const char *text)
{
	size_t i;
	const json_t *value;

	json_array_foreach(array, i, value)
		if (strcmp(json_string_value(value), text) == 0)
			return;
	json_array_append_new(array, json_string(text));
}

static void add_alias(struct choice *choice, const char *name,
		      const char *wire)
{
	if (name && strcmp(name, wire) != 0)
		json_object_set_new(choice->aliases, name, json_string(wire));
}

/* The account maps the id to itself, and the other names to the id. */
static void send(struct choice *choice, const char *asked,
		 const struct model_result *result)
{
	bool taken = result->wire && result->state != MODEL_RETIRED;
	const char *wire = taken ? result->wire : asked;

	add_once(choice->models, wire);
	if (!taken)
		return;
	add_alias(choice, asked, wire);
	add_alias(choice, result->canonical, wire);
}

/* "kimi 2.6 -> kimi-k2.6", "deepseek-chat (deepseek-flash)", or the name. */
static void note(struct choice *choice, const char *asked,
		 const struct model_result *result)
{
	struct buf *detail = &choice->details[result->state];

	buf_addf(detail, "%s%s", detail->len ? "; " : "", asked);
	if (result->wire)
		buf_addf(detail, result->state == MODEL_RETIRED ? " (%s)"
			 : " -> %s", result->wire);
}

static void offer(struct choice *choice, const struct model_names *names,
		  const char *asked, const struct model_result *result)
{
	struct model_candidates found;

	model_candidates(names, asked, strlen(asked), result, &found);
	for (size_t i = 0; i < found.count; i++)
		if (json_array_size(choice->offered) < OFFERED_MAX)
			add_once(choice->offered, found.ids[i]);
}

/* A pack may know names that are in no table of ours. */
static void heed_manifest(const struct import *im, const char *asked,
			  const json_t *listed, struct model_result *result)
{
	const json_t *model = result->state == MODEL_UNKNOWN && !result->wire
		? import_manifest_model(im, asked, listed) : NULL;

	if (!model)
		return;
	result->wire = json_string_value(json_object_get(model, "id"));
	result->canonical = json_string_value(json_object_get(model,
							"canonical"));
	result->family = json_string_value(json_object_get(model, "family"));
	result->state = strcmp(result->wire, asked) == 0 ? MODEL_RESOLVED
							 : MODEL_CORRECTED;
}

static void choose(const struct import *im, struct choice *choice,
		   const struct model_names *names, const char *asked,
		   const json_t *listed)
{
	struct model_result result;
	bool has_list = json_array_size(listed) > 0;

	model_names_resolve(names, asked, strlen(asked), &result);
	heed_manifest(im, asked, listed, &result);
	model_result_write(&choice->said, NULL, names, asked, strlen(asked),
			   &result);
	if (result.state != MODEL_AMBIGUOUS)
		send(choice, asked, &result);
	if (result.state != MODEL_RESOLVED && result.state != MODEL_CORRECTED)
		offer(choice, names, asked, &result);
	/* Without a list nobody can say that it lacks something. */
	if (result.state != MODEL_UNKNOWN || has_list)
		note(choice, asked, &result);
}

static void set_json(char **slot, const json_t *value)
{
	free(*slot);
	*slot = json_dumps(value, JSON_COMPACT);
}

static void write_choice(struct import *im, struct choice *choice)
{
	struct item *item = &im->item;

	jout_array_end(&choice->said);
	set_json(&item->models, choice->models);
	set_json(&item->model_aliases, choice->aliases);
	set_json(&item->recommended_models, choice->offered);
	own_set(&item->model_resolution, choice->said.text.failed ? NULL
					 : buf_str(&choice->said.text));
	for (size_t i = 0; i < MODEL_STATE__MAX; i++)
		if (warnings[i] && choice->details[i].len > 0)
			item_warn(item, warnings[i],
				  buf_str(&choice->details[i]));
}

static void choose_requested(struct import *im, const json_t *listed)
{
	CLEANUP(model_names_free) struct model_names *names = model_names_new(
		model_endpoint_at(im->item.base_url), listed);
	CLEANUP(choice_done) struct choice choice;
	size_t i;
	const json_t *name;

	choice_begin(&choice);
	json_array_foreach(im->requested, i, name)
		choose(im, &choice, names, json_string_value(name), listed);
	write_choice(im, &choice);
	if (json_array_size(choice.models) == 0)
		import_blame(im, buf_str(&choice.details[MODEL_AMBIGUOUS]));
}

/* The manifest's that are listed, else all that are and can chat. */
static void choose_unasked(struct import *im, const json_t *listed)
{
	json_auto_t *known = listed ? import_manifest_models(im, listed)
				    : NULL;
	json_auto_t *models = known ? json_incref(known) :
			      listed ? upstream_chat_models(listed)
				     : json_array();
	json_auto_t *aliases = known ? import_manifest_aliases(im, models)
				     : NULL;

	set_json(&im->item.models, models);
	if (json_object_size(aliases) > 0)
		set_json(&im->item.model_aliases, aliases);
}

void import_choose_models(struct import *im, const json_t *listed)
{
	json_auto_t *models = NULL;
	json_auto_t *families = NULL;

	if (json_array_size(im->requested) > 0) {
		own_set(&im->item.failure_detail, NULL);
		choose_requested(im, listed);
	} else {
		choose_unasked(im, listed);
	}
	models = json_loads(im->item.models, 0, NULL);
	families = model_families(models);
	set_json(&im->item.canonical_model_families, families);
}

json_t *import_mapping(const struct import *im)
{
	json_t *mapping = json_object();
	json_auto_t *aliases = im->item.model_aliases
		? json_loads(im->item.model_aliases, 0, NULL) : NULL;
	size_t i;
	const json_t *name;

	json_array_foreach(im->models, i, name)
		json_object_set_new(mapping, json_string_value(name),
				    json_string(json_string_value(name)));
	/* A name of the provider's own stays what it is. */
	json_object_update_missing(mapping, aliases);
	return mapping;
}
