#include "tests/model/host_models.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_sched.h"

struct default_model {
	const char *id;
	const char *name;
	int64_t created;
	const char *created_at;
	enum host_version since;
	enum host_version until;	/* 0: all later ones */
};

static const struct default_model gpt_models[] = {
	{ "gpt-5.6-sol", "GPT-5.6 Sol", 1780876800, NULL, HOST_0_1_179, 0 },
	{ "gpt-5.6", "GPT-5.6 (Sol)", 1780876800, NULL, HOST_0_1_179, 0 },
	{ "gpt-5.6-terra", "GPT-5.6 Terra", 1780876800, NULL,
	  HOST_0_1_179, 0 },
	{ "gpt-5.6-luna", "GPT-5.6 Luna", 1780876800, NULL, HOST_0_1_179, 0 },
	{ "gpt-5.5", "GPT-5.5", 1776873600, NULL, 0, 0 },
	{ "gpt-5.4", "GPT-5.4", 1738368000, NULL, 0, 0 },
	{ "gpt-5.4-mini", "GPT-5.4 Mini", 1738368000, NULL, 0, 0 },
	{ "gpt-5.3-codex", "GPT-5.3 Codex", 1735689600, NULL,
	  0, HOST_0_1_129 },
	{ "gpt-5.3-codex-spark", "GPT-5.3 Codex Spark", 1735689600, NULL,
	  0, 0 },
	{ "codex-auto-review", "Codex Auto Review", 1776902400, NULL,
	  HOST_0_1_179, 0 },
	{ "gpt-5.2", "GPT-5.2", 1733875200, NULL, 0, 0 },
	{ "gpt-image-1", "GPT Image 1", 1733875200, NULL, 0, 0 },
	{ "gpt-image-1.5", "GPT Image 1.5", 1735689600, NULL, 0, 0 },
	{ "gpt-image-2", "GPT Image 2", 1738368000, NULL, 0, 0 },
};

static const struct default_model claude_models[] = {
	{ "claude-fable-5", "Claude Fable 5", 0, "2026-06-09T00:00:00Z",
	  HOST_0_1_179, 0 },
	{ "claude-opus-4-5-20251101", "Claude Opus 4.5", 0,
	  "2025-11-01T00:00:00Z", 0, 0 },
	{ "claude-opus-4-6", "Claude Opus 4.6", 0, "2026-02-06T00:00:00Z",
	  0, 0 },
	{ "claude-opus-4-7", "Claude Opus 4.7", 0, "2026-04-17T00:00:00Z",
	  0, 0 },
	{ "claude-opus-4-8", "Claude Opus 4.8", 0, "2026-05-29T00:00:00Z",
	  HOST_0_1_179, 0 },
	{ "claude-opus-5", "Claude Opus 5", 0, "2026-07-25T00:00:00Z",
	  HOST_0_1_179, 0 },
	{ "claude-sonnet-5", "Claude Sonnet 5", 0, "2026-07-01T00:00:00Z",
	  HOST_0_1_179, 0 },
	{ "claude-sonnet-4-6", "Claude Sonnet 4.6", 0,
	  "2026-02-18T00:00:00Z", 0, 0 },
	{ "claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", 0,
	  "2025-09-29T00:00:00Z", 0, 0 },
	{ "claude-haiku-4-5-20251001", "Claude Haiku 4.5", 0,
	  "2025-10-01T00:00:00Z", 0, 0 },
};

static json_t *view_default(const struct default_model *row)
{
	json_t *view = json_pack("{ss ss ss}", "id", row->id, "type", "model",
				 "display_name", row->name);

	if (row->created_at) {
		json_object_set_new(view, "created_at",
				    json_string(row->created_at));
		return view;
	}
	json_object_set_new(view, "object", json_string("model"));
	json_object_set_new(view, "created", json_integer(row->created));
	json_object_set_new(view, "owned_by", json_string("openai"));
	return view;
}

static json_t *defaults(enum host_version version,
			const struct default_model *rows, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		if (version >= rows[i].since &&
		    (!rows[i].until || version <= rows[i].until))
			json_array_append_new(list, view_default(&rows[i]));
	}
	return list;
}

static json_t *defaults_of(const struct host_model *model,
			   const struct host_group *group)
{
	if (group && strcmp(group->platform, "openai") == 0)
		return defaults(model->options.version, gpt_models,
				COUNT(gpt_models));
	return defaults(model->options.version, claude_models,
			COUNT(claude_models));
}

static bool counts_for(const struct host_model *model,
		       const struct host_account *account,
		       const struct host_group *group)
{
	return host_ids_has(&account->groups, group->id) &&
	       host_serving_is_usable(&account->now, model->now) &&
	       (!host_has(model, HOST_LISTS_MODELS_BY_PLATFORM) ||
		strcmp(account->platform, group->platform) == 0);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of a set, sorted, as the list shows them. */
static json_t *view_names(json_t *names)
{
	size_t count = json_object_size(names), i = 0;
	const char **sorted = xcalloc(count + 1, sizeof(sorted[0]));
	json_t *list = json_array();
	const char *name;
	json_t *value;

	json_object_foreach(names, name, value)
		sorted[i++] = name;
	qsort(sorted, count, sizeof(sorted[0]), by_text);
	for (i = 0; i < count; i++)
		json_array_append_new(list, json_pack(
			"{ss ss ss ss}", "id", sorted[i], "type", "model",
			"display_name", sorted[i],
			"created_at", "2024-01-01T00:00:00Z"));
	free(sorted);
	return list;
}

/* The database as it is now; *any says whether some account could serve. */
static json_t *make_list(const struct host_model *model,
			 const struct host_group *group, bool *any)
{
	json_auto_t *names = json_object();

	*any = false;
	for (size_t i = 0; i < model->accounts.count; i++) {
		const struct host_account *account = model->accounts.rows[i];
		const char *name;
		json_t *value;

		if (!account || !counts_for(model, account, group))
			continue;
		*any = true;
		json_object_foreach(json_object_get(
				account->now.credentials, "model_mapping"),
				name, value)
			json_object_set_new(names, name, json_true());
	}
	return json_object_size(names) ? view_names(names)
				       : defaults_of(model, group);
}

/* Kept for a while whatever changes; an empty group is not kept. */
static json_t *cached_list(struct host_model *model, struct host_group *group)
{
	bool any;
	json_t *list;

	if (group->models && group->models_until > model->now)
		return json_incref(group->models);
	list = make_list(model, group, &any);
	host_json_set(&group->models, any ? json_incref(list) : NULL);
	group->models_until = model->now + model->options.models_cache_ms;
	return list;
}

void host_models_list(struct host_call *call)
{
	struct host_group *group = host_group_find(call->model,
						   call->key->group_id);
	json_t *list = group ? cached_list(call->model, group)
			     : defaults_of(call->model, NULL);

	reply_json(call, 200, json_pack("{so ss}", "data", list, "object",
					"list"));
}
