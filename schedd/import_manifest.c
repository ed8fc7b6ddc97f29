/*
 * What a pack's manifest says of the provider, where an import is one by
 * provider (D14): which models, by which names, which one first; another base
 * URL should the first not answer; headers; what groups and accounts are
 * made like.
 */
#include <string.h>

#include "schedd/import_steps.h"
#include "schedd/upstream/manifest.h"
#include "schedd/upstream/models.h"
#include "shared/endpoint.h"
#include "shared/pack_providers.h"

/* As a provider's refusal that takes an account out: see host/armour.h. */
#define REFUSED_STATUS 403

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

int import_load_manifest(const struct store *store, struct import *im,
			 struct err *err)
{
	AUTO_FREE char *text = NULL;

	const char *pack = im->item.pack_id ? im->item.pack_id
					    : im->run.pack_id;
	const char *version = im->item.pack_id ? im->item.pack_version
					       : im->run.pack_version;

	if (!im->item.pack_provider_id || !pack)
		return 0;
	if (packs_manifest(store->db, pack, version,
			   im->item.pack_provider_id, &text, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	im->manifest = json_loads(text, 0, NULL);
	provider_plan_make(&im->plan, im->manifest, im->item.endpoint_key,
			   im->host.version,
			   store->settings->usd_rate_cny);
	return 0;
}

/* Nobody was asked to accept the terms where a URL was all that came. */
static void say_terms(struct import *im)
{
	const json_t *terms = json_object_get(im->manifest, "plan_terms");
	const char *word = text_of(terms, "shared_use");

	if (im->item.pack_id && word && strcmp(word, "forbidden") == 0)
		item_warn(&im->item, "plan_terms_forbid_sharing",
			  text_of(json_object_get(terms, "text"), "en"));
}

void import_say_plan(struct import *im)
{
	say_terms(im);
	for (size_t i = 0; i < PROVIDER_NOTE__MAX; i++)
		if (im->plan.notes[i])
			item_warn(&im->item,
				  provider_note_code((enum provider_note)i),
				  im->plan.notes[i]);
}

/* ---- the provider itself ---- */

char *import_base_url(const struct import *im)
{
	const char *other = im->memo.base == 0 ? NULL : json_string_value(
		json_array_get(json_object_get(im->manifest,
					       "alternate_base_urls"),
			       (size_t)im->memo.base - 1));
	char *url = NULL;
	struct err err;

	if (!other || endpoint_normalise(other, &url, &err))
		return xstrdup(im->item.base_url);
	return url;
}

bool import_next_base(struct import *im)
{
	const json_t *others = json_object_get(im->manifest,
					       "alternate_base_urls");
	AUTO_FREE char *url = NULL;

	/* Keys meant for a mirror go to nobody else. */
	if (!provider_plan_knows(im->manifest, im->item.endpoint_key))
		return false;
	if ((size_t)im->memo.base >= json_array_size(others)) {
		im->memo.base = 0;	/* none answers: the first is to blame */
		return false;
	}
	im->memo.base++;
	im->memo.page = 0;
	url = import_base_url(im);
	item_warn(&im->item, "alternate_base_url", url);
	return true;
}

int import_responses_status(const struct import *im)
{
	if (upstream_shuns_responses(im->manifest))
		return REFUSED_STATUS;
	return (int)im->item.responses_status;
}

/* ---- models ---- */

static bool names_it(const json_t *models, const char *name)
{
	size_t i;
	const json_t *model;

	json_array_foreach(models, i, model)
		if (strcmp(json_string_value(model), name) == 0)
			return true;
	return false;
}

/* Is it one to be mapped although nobody named it? */
static bool is_current(const json_t *model)
{
	static const char *const ended[] = { "retired", "deprecated",
					     "superseded" };
	const char *status = text_of(model, "status");

	for (size_t i = 0; i < COUNT(ended); i++)
		if (strncmp(status, ended[i], strlen(ended[i])) == 0)
			return false;
	return upstream_is_chat_model(text_of(model, "id"));
}

static void add(json_t *models, const json_t *listed, const json_t *id)
{
	const char *text = json_string_value(id);

	if (!text || (listed && !names_it(listed, text)) ||
	    names_it(models, text) ||
	    json_array_size(models) == UPSTREAM_CHAT_MODELS_MAX)
		return;
	json_array_append(models, (json_t *)(uintptr_t)id);
}

/* Those that an import proves with go first. */
static void add_smoke_models(const struct import *im, json_t *models,
			     const json_t *listed)
{
	size_t i;
	const json_t *id;

	add(models, listed, json_object_get(im->manifest,
					    "smoke_test_model"));
	json_array_foreach(json_object_get(im->manifest,
					   "smoke_test_fallback"), i, id)
		add(models, listed, id);
}

json_t *import_manifest_models(const struct import *im, const json_t *listed)
{
	json_t *models = json_array();
	size_t i;
	const json_t *model;

	add_smoke_models(im, models, listed);
	json_array_foreach(json_object_get(im->manifest, "models"), i, model)
		if (is_current(model))
			add(models, listed, json_object_get(model, "id"));
	if (json_array_size(models) == 0) {
		json_decref(models);
		return NULL;
	}
	return models;
}

json_t *import_manifest_aliases(const struct import *im,
				const json_t *models)
{
	json_t *aliases = json_object();
	size_t i;
	const json_t *model;

	json_array_foreach(json_object_get(im->manifest, "models"), i, model) {
		const char *name = text_of(model, "canonical");
		json_t *id = json_object_get(model, "id");

		if (names_it(models, json_string_value(id)) &&
		    !names_it(models, name) &&
		    !json_object_get(aliases, name))
			json_object_set(aliases, name, id);
	}
	return aliases;
}

static bool is_called(const json_t *model, const char *name)
{
	size_t i;
	const json_t *alias;

	if (strcasecmp(text_of(model, "id"), name) == 0 ||
	    strcasecmp(text_of(model, "canonical"), name) == 0)
		return true;
	json_array_foreach(json_object_get(model, "aliases"), i, alias)
		if (strcasecmp(json_string_value(alias), name) == 0)
			return true;
	return false;
}

const json_t *import_manifest_model(const struct import *im,
				    const char *name, const json_t *listed)
{
	size_t i;
	const json_t *model;

	json_array_foreach(json_object_get(im->manifest, "models"), i, model)
		if (is_called(model, name) &&
		    (json_array_size(listed) == 0 ||
		     names_it(listed, text_of(model, "id"))))
			return model;
	return NULL;
}

/* ---- what is made ---- */

static const json_t *template(const struct import *im, const char *name)
{
	return json_object_get(json_object_get(im->manifest, "templates"),
			       name);
}

void import_template_account(const struct import *im,
			     struct host_account_wish *wish)
{
	const json_t *account = template(im, "account");

	wish->headers = im->plan.headers;
	wish->concurrency = json_integer_value(json_object_get(account,
							"concurrency"));
	wish->priority = json_object_get(account, "priority");
	if (!json_is_integer(wish->priority))
		wish->priority = NULL;
}

void import_template_group(const struct import *im,
			   struct host_group_wish *wish)
{
	const json_t *group = template(im, "group");

	wish->description = text_of(group, "description");
	wish->rate_multiplier = text_of(group, "rate_multiplier");
}
