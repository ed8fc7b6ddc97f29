/* site_diff_account: keys that are there, as they are and as they are to be. */
#include <string.h>

#include "cli/api.h"
#include "cli/site_entry.h"
#include "shared/table.h"

#define ITEM API_RUNS "/%s/items/%s%s"

bool site_set_has(const json_t *array, const json_t *value)
{
	const json_t *one;
	size_t i;

	json_array_foreach(array, i, one)
		if (json_equal(one, value))
			return true;
	return false;
}

bool site_set_holds(const json_t *array, const json_t *of)
{
	const json_t *one;
	size_t i;

	json_array_foreach(of, i, one)
		if (!site_set_has(array, one))
			return false;
	return true;
}

bool site_set_same(const json_t *one, const json_t *other)
{
	return site_set_holds(one, other) && site_set_holds(other, one);
}

const char *site_key_name(const json_t *want, const json_t *row)
{
	const char *label = api_text(want, "label");

	if (!*label)
		label = api_text(row, "label");
	if (!*label)
		label = api_text(row, "key_last4");
	return label;
}

const json_t *site_models(const struct site_entry *entry,
				   const json_t *want)
{
	const json_t *models = json_object_get(want, "models");

	return models ? models : json_object_get(entry->want, "models");
}

static bool is_same(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

static struct site_act act_on(const json_t *row, const char *path,
			      const char *what)
{
	return (struct site_act){ .what = what, .path = path,
				  .method = "POST", .ground = row };
}

static void act_at(const struct site_entry *entry, struct site_act *act,
		   const json_t *row, const char *rest)
{
	AUTO_FREE char *url = xasprintf(ITEM, api_text(row, "run_id"),
					api_text(row, "item_id"), rest);

	act->url = url;
	site_diff_act(entry->diff, act);
}

static void compare_label(const struct site_entry *entry, const json_t *want,
			  const json_t *row, struct site_act act)
{
	static const char *const members[] = { "label", "note" };
	json_auto_t *body = json_object();
	json_auto_t *changes = json_array();

	for (size_t i = 0; i < COUNT(members); i++) {
		json_t *to = json_object_get(want, members[i]);

		if (!to || is_same(api_text(want, members[i]),
				   api_text(row, members[i])))
			continue;
		json_object_set_new(body, members[i], json_string(
			api_text(want, members[i])));
		site_change(changes, members[i],
			    json_object_get(row, members[i]), to);
	}
	if (json_object_size(body) == 0)
		return;
	act.kind = SITE_KEY_LABEL;
	act.method = "PATCH";
	act.body = json_incref(body);
	act.changes = json_incref(changes);
	act_at(entry, &act, row, "");
}

static void compare_account_proxy(const struct site_entry *entry,
				  const json_t *want, const json_t *row,
				  struct site_act act)
{
	const json_t *to = json_object_get(want, "account_proxy");
	int64_t id = api_number(want, "account_proxy");
	const char *text = api_text(row, "account_proxy");

	if (!to || id == strtoll(text, NULL, 10))
		return;
	act.kind = SITE_KEY_PROXY;
	act.body = json_pack("{s:I, s:b}", "proxy_id", (json_int_t)id,
			     "apply", 1);
	act.changes = json_array();
	site_change(act.changes, "account_proxy",
		    json_object_get(row, "account_proxy"), to);
	act_at(entry, &act, row, "/proxy");
}

static void compare_paused(const struct site_entry *entry, const json_t *want,
			   const json_t *row, struct site_act act)
{
	const json_t *to = json_object_get(want, "paused");
	bool is = json_is_true(json_object_get(row, "paused"));

	if (!json_is_boolean(to) || json_is_true(to) == is)
		return;
	act.kind = is ? SITE_KEY_RESUME : SITE_KEY_PAUSE;
	act_at(entry, &act, row, is ? "/resume" : "/pause");
}

/* Other names that are to lead somewhere, and do not. */
static json_t *missing_aliases(const json_t *want, const json_t *row)
{
	json_t *missing = json_object();
	const json_t *live = json_object_get(row, "model_aliases");
	const char *name;
	json_t *model;

	json_object_foreach(json_object_get(want, "aliases"), name, model)
		if (!json_equal(json_object_get(live, name), model))
			json_object_set(missing, name, model);
	return missing;
}

/* The aliases that go on leading somewhere when the set is replaced. */
static json_t *kept_aliases(const json_t *models, const json_t *row,
			    const json_t *missing)
{
	json_t *kept = json_object();
	const char *name;
	json_t *model;

	json_object_foreach(json_object_get(row, "model_aliases"), name, model)
		if (site_set_has(models, model))
			json_object_set(kept, name, model);
	json_object_update(kept, (json_t *)(uintptr_t)missing);
	return kept;
}

static bool models_are(const json_t *models, const json_t *row)
{
	return site_set_same(models, json_object_get(row, "models")) ||
	       (!json_is_true(json_object_get(row, "models_changed")) &&
		site_set_same(models, json_object_get(row, "requested_models")));
}

static void compare_models(const struct site_entry *entry, const json_t *want,
			   const json_t *row, struct site_act act)
{
	json_t *models = json_incref((json_t *)(uintptr_t)site_models(entry,
								 want));
	bool replace = json_array_size(models) > 0 && !models_are(models, row);
	json_auto_t *missing = missing_aliases(want, row);
	json_auto_t *aliases = replace ? kept_aliases(models, row, missing)
				       : json_incref(missing);

	if (replace || json_object_size(missing) > 0) {
		act.kind = SITE_KEY_MODELS;
		act.changes = json_array();
		if (replace)
			site_change(act.changes, "models",
				    json_object_get(row, "models"), models);
		if (json_object_size(missing) > 0)
			site_change(act.changes, "aliases", json_object_get(
				    row, "model_aliases"), aliases);
		act.body = json_pack("{s:s, s:o, s:O, s:b}", "mode",
			replace ? "replace" : "add", "models",
			replace ? json_incref(models) : json_array(),
			"aliases", aliases, "apply", 1);
		act_at(entry, &act, row, "/models");
	}
	json_decref(models);
}

void site_diff_account(const struct site_entry *entry, const json_t *want,
			const json_t *row, const char *path)
{
	AUTO_FREE char *what = xasprintf("%s / %s", entry->what,
					 site_key_name(want, row));
	struct site_act act = act_on(row, path, what);

	compare_label(entry, want, row, act);
	compare_models(entry, want, row, act);
	compare_account_proxy(entry, want, row, act);
	compare_paused(entry, want, row, act);
}
