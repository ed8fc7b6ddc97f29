/* cmd_provider_import: keys of a provider that a pack knows, onto hosts. */
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/provider_body.h"
#include "cli/run_body.h"
#include "cli/secret.h"
#include "cli/watch.h"
#include "cli/words.h"
#include "shared/table.h"

static void write_hosts(struct jout *body, const struct args *args)
{
	const char *host, *other;
	size_t at = 0;

	host = args_each(args, OPT_HOSTS, &at);
	other = args_each(args, OPT_HOSTS, &at);
	if (!other) {
		jout_str(body, "host_id", host);
		return;
	}
	jout_array(body, "host_ids");
	jout_str(body, NULL, host);
	for (; other; other = args_each(args, OPT_HOSTS, &at))
		jout_str(body, NULL, other);
	jout_array_end(body);
}

static int write_keys(struct jout *body, const struct args *args,
		      struct err *err)
{
	const char *file;
	size_t at = 0;

	jout_array(body, "keys");
	while ((file = args_each(args, OPT_KEY_FILES, &at))) {
		AUTO_WIPE char *key = NULL;

		if (secret_read(file, "the provider's key", &key, err))
			return -1;
		jout_object(body, NULL);
		jout_str(body, "api_key", key);
		if (args_has(args, OPT_LABEL))
			jout_str(body, "label", args_get(args, OPT_LABEL));
		if (args_has(args, OPT_NOTE))
			jout_str(body, "note", args_get(args, OPT_NOTE));
		jout_object_end(body);
	}
	jout_array_end(body);
	return 0;
}

int provider_body_write(struct jout *body, const struct args *args,
			struct err *err)
{
	const char *model;
	size_t at = 0;

	jout_object(body, NULL);
	write_hosts(body, args);
	if (args_has(args, OPT_PACK))
		jout_str(body, "pack_id", args_get(args, OPT_PACK));
	if (args_has(args, OPT_BASE_URL))
		jout_str(body, "base_url", args_get(args, OPT_BASE_URL));
	if (args_has(args, OPT_MIRROR_URL))
		jout_str(body, "mirror_url", args_get(args, OPT_MIRROR_URL));
	if (args_has(args, OPT_MODEL)) {
		jout_array(body, "requested_models");
		while ((model = args_each(args, OPT_MODEL, &at)))
			jout_str(body, NULL, model);
		jout_array_end(body);
	}
	if (args_has(args, OPT_ACCEPT_TERMS))
		jout_bool(body, "accept_plan_terms", true);
	if (write_keys(body, args, err) || run_body_terms(body, args, err))
		return -1;
	jout_object_end(body);
	return 0;
}

static int post(struct call *call, const char *rest, struct err *err)
{
	CLEANUP(run_body_done) struct jout body = {
		.text.max = RUN_BODY_MAX
	};
	AUTO_FREE char *path = NULL;
	struct api_call request = {
		.method = "POST", .body = &body,
		.header = "Prefer: respond-async",
	};

	if (api_path(&path, API_PROVIDERS, call->args.words[0], rest, err) ||
	    provider_body_write(&body, &call->args, err))
		return -1;
	request.path = path;
	return client_call(call->client, &request, &call->reply, err);
}

static const struct column plan_columns[] = {
	{ "HOST", "host_id" },		{ "ACTION", "action" },
	{ "TYPE", "resource_type" },	{ "FOR", "purpose" },
	{ "KEY", "item_seq" },		{ "WHAT", "why" },
	{ "MARK", "mark" },		{ "ID", "host_resource_id" },
};

static const struct column limit_columns[] = {
	{ "HOST", "host_id" }, { "LIMIT", "name" }, { "DETAIL", "detail" },
};

static const struct column warning_columns[] = {
	{ "HOST", "host_id" }, { "WARNING", "code" }, { "DETAIL", "detail" },
};

/* Of all hosts, one below the other. */
static json_t *gather(const json_t *plans, const char *member,
		      const char *language)
{
	json_t *all = json_array();
	const json_t *plan;
	size_t i, k;
	json_t *row;

	json_array_foreach(plans, i, plan)
		json_array_foreach(json_object_get(plan, member), k, row) {
			json_t *zh = json_object_get(row, "detail_zh");

			json_object_set(row, "host_id",
					json_object_get(plan, "host_id"));
			if (zh && strcmp(language, "zh") == 0)
				json_object_set(row, "detail", zh);
			json_array_append(all, row);
		}
	return all;
}

static int print_plans(struct call *call, const char *language,
		       struct err *err)
{
	static const struct print_part parts[] = {
		{ "resources", plan_columns, COUNT(plan_columns) },
		{ "host_limits", limit_columns, COUNT(limit_columns) },
		{ "warnings", warning_columns, COUNT(warning_columns) },
		{ 0 }
	};
	static const char *const shown[] = {
		"provider_id", "pack_id", "pack_version", "base_url",
		"access_mode", "needs_accept_plan_terms",
	};
	const json_t *plans = json_object_get(call->reply.body, "plans");
	json_auto_t *view = json_object();

	for (size_t i = 0; i < COUNT(shown); i++)
		json_object_set(view, shown[i],
				json_object_get(call->reply.body, shown[i]));
	for (size_t i = 0; parts[i].member; i++)
		json_object_set_new(view, parts[i].member,
				    gather(plans, parts[i].member, language));
	return print_object(call->form, view, parts, err);
}

int cmd_provider_preview(struct call *call, struct err *err)
{
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    post(call, "/preview", err))
		return -1;
	if (call->form == PRINT_TABLE)
		return print_plans(call, language, err);
	return print_object(call->form, call->reply.body, NULL, err);
}

static const struct column item_columns[] = {
	{ "ITEM", "item_id" },		{ "LABEL", "label" },
	{ "STAGE", "current_stage" },	{ "ACCESS", "access_status" },
	{ "ACCOUNT", "account_id" },	{ "MODEL", "resolved_smoke_model" },
	{ "FAILURE", "failure_class" },
};

static const struct column access_columns[] = {
	{ "ACCESS", "access_id" },	{ "MODE", "access_mode" },
	{ "SELECTOR", "selector" },	{ "STATUS", "latest_access_status" },
	{ "COMPLETION", "completion_ok" },
	{ "HTTP", "completion_status" }, { "KEY", "effective_probe_key_source" },
	{ "MODEL", "model" },		{ "PROVEN", "proven_at" },
};

static const struct print_part batch_parts[] = {
	{ "items", item_columns, COUNT(item_columns) },
	{ "access", access_columns, COUNT(access_columns) },
	{ "warnings", warning_columns + 1, COUNT(warning_columns) - 1 },
	{ 0 }
};

static int show_batch(struct call *call, const char *batch_id,
		      struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_BATCHES, batch_id, "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_object(call->form, call->reply.body, batch_parts, err);
}

/* The batch is shown even if it failed: it says why. */
int cmd_provider_import(struct call *call, struct err *err)
{
	AUTO_FREE char *batch_id = NULL;
	struct err other;
	int rc;

	if (post(call, "/import", err))
		return -1;
	if (!args_has(&call->args, OPT_WAIT))
		return print_object(call->form, call->reply.body, batch_parts,
				    err);
	batch_id = xstrdup(api_text(call->reply.body, "batch_id"));
	rc = watch_run(call, batch_id, err);
	if (show_batch(call, batch_id, &other) && rc == 0) {
		*err = other;
		return -1;
	}
	return rc;
}

int cmd_batch_show(struct call *call, struct err *err)
{
	const char *language;

	return words_language(&call->args, &language, err)
		? -1 : show_batch(call, call->args.words[0], err);
}

static const struct column batch_columns[] = {
	{ "BATCH", "batch_id" },	{ "PROVIDER", "provider_id" },
	{ "HOST", "host_id" },		{ "MODE", "access_mode" },
	{ "STATUS", "batch_status" },	{ "ITEMS", "items_total" },
	{ "ACTIVE", "items_active" },	{ "BROKEN", "items_broken" },
	{ "CREATED", "created_at" },
};

int cmd_batch_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	int64_t limit = 50;

	if (args_number(args, OPT_LIMIT, 1, 100000, &limit, err))
		return -1;
	api_filter(&filters, "batch_status", args_get(args, OPT_STATUS));
	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	api_filter(&filters, "provider_id", args_get(args, OPT_PROVIDER));
	api_filter(&filters, "pack_id", args_get(args, OPT_PACK));
	if (api_list(call, API_BATCHES, (const char *const *)filters.list,
		     (size_t)limit, &list, err))
		return -1;
	return print_list(call->form, batch_columns, COUNT(batch_columns),
			  list, err);
}

/* A provider on one host. */

static int get_view(struct call *call, const char *rest, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	struct api_call get = { .method = "GET" };
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_PROVIDERS, args->words[0], rest, err))
		return -1;
	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	api_filter(&filters, "pack_id", args_get(args, OPT_PACK));
	get.path = path;
	get.query = (const char *const *)filters.list;
	return client_call(call->client, &get, &call->reply, err);
}

/* "run_1 succeeded": which it was; its own command shows all of it. */
static void name_latest(json_t *view, const char *member, const char *id,
			const char *result)
{
	const json_t *latest = json_object_get(view, member);
	AUTO_FREE char *text = xasprintf("%s %s", api_text(latest, id),
					 api_text(latest, result));

	if (json_is_object(latest))
		json_object_set_new(view, member, json_string(text));
}

int cmd_provider_status(struct call *call, struct err *err)
{
	json_auto_t *view = NULL;

	if (get_view(call, "/status", err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	view = json_copy(call->reply.body);
	name_latest(view, "latest_batch", "batch_id", "batch_status");
	name_latest(view, "latest_rollback", "rollback_id", "result");
	return print_object(call->form, view, NULL, err);
}

static const struct column resource_columns[] = {
	{ "TYPE", "resource_type" },	{ "ID", "host_resource_id" },
	{ "STATE", "state" },		{ "ORIGIN", "origin" },
	{ "MARK", "mark" },		{ "FOR", "lookup" },
};

int cmd_provider_resources(struct call *call, struct err *err)
{
	static const struct print_part parts[] = {
		{ "resources", resource_columns, COUNT(resource_columns) },
		{ 0 }
	};

	if (get_view(call, "/resources", err))
		return -1;
	return print_object(call->form, call->reply.body, parts, err);
}

int cmd_provider_access(struct call *call, struct err *err)
{
	static const struct print_part parts[] = {
		{ "access", access_columns, COUNT(access_columns) },
		{ 0 }
	};
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    get_view(call, "/access", err))
		return -1;
	return print_object(call->form, call->reply.body, parts, err);
}
