/* cmd_run: import runs and their items. */
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/run_body.h"
#include "cli/run_end.h"
#include "cli/run_file.h"
#include "cli/words.h"
#include "shared/table.h"

#define LIMIT 50
#define LIMIT_MAX 100000

static const struct column run_columns[] = {
	{ "RUN", "run_id" },		{ "HOST", "host_id" },
	{ "STATE", "state" },		{ "ITEMS", "items_total" },
	{ "DONE", "items_done" },	{ "ACTIVE", "items_active" },
	{ "BROKEN", "items_broken" },	{ "CREATED", "created_at" },
};

static int post_rows(struct call *call, const char *path, const char *type,
		     struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters query = { 0 };
	CLEANUP(run_body_done) struct jout body = { 0 };
	const struct api_call post = {
		.method = "POST", .path = path, .body = &body,
		.content_type = type, .query = (const char *const *)query.list,
	};

	if (run_file_read(&call->args, &body, &query, err))
		return -1;
	return client_call(call->client, &post, &call->reply, err);
}

static int post_run(struct call *call, const char *path, struct err *err)
{
	CLEANUP(run_body_done) struct jout body = {
		.text.max = RUN_BODY_MAX
	};

	if (run_body_write(&body, &call->args, err))
		return -1;
	return api_post(call, path, &body, 0, err);
}

/* A key of a user must not stand in a URL, where a file's options go. */
static bool brings_key(const struct args *args)
{
	return args_has(args, OPT_PROBE_KEY_FILE) ||
	       args_has(args, OPT_ACCESS_KEY_FILE);
}

/* The run as the options or a file say it. */
static int post(struct call *call, const char *path, struct err *err)
{
	const char *form;

	if (run_rows_form(&call->args, &form, err) ||
	    (form && !brings_key(&call->args) ? post_rows(call, path, run_rows_type(form), err)
		  : post_run(call, path, err)))
		return -1;
	run_file_report(call->reply.body);
	return 0;
}

int cmd_run_create(struct call *call, struct err *err)
{
	AUTO_FREE char *run_id = NULL;

	if (post(call, API_RUNS, err))
		return -1;
	if (!args_has(&call->args, OPT_WAIT))
		return run_end_print(call, call->reply.body, err);
	run_id = xstrdup(api_text(call->reply.body, "run_id"));
	return run_end_watch(call, run_id, err);
}

static const struct column plan_columns[] = {
	{ "ENDPOINT", "endpoint_key" },	{ "PLAN", "plan" },
	{ "ACTION", "action" },		{ "TYPE", "resource_type" },
	{ "FOR", "purpose" },		{ "ROW", "item_seq" },
	{ "WHAT", "why" },		{ "MARK", "mark" },
	{ "ID", "host_resource_id" },
};

static const struct column limit_columns[] = {
	{ "LIMIT", "name" }, { "DETAIL", "detail" },
};

static const struct column warning_columns[] = {
	{ "PROVIDER", "provider_id" }, { "WARNING", "code" },
	{ "DETAIL", "detail" },
};

static const struct print_part preview_parts[] = {
	{ "resources", plan_columns, COUNT(plan_columns) },
	{ "host_limits", limit_columns, COUNT(limit_columns) },
	{ "warnings", warning_columns, COUNT(warning_columns) },
	{ 0 }
};

/* `rows` goes to `list`, each row with a member of `of`. */
static void add_rows(json_t *list, const json_t *rows, const json_t *of,
		     const char *const *members, const char *language)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		json_t *zh = json_object_get(row, "detail_zh");

		for (size_t k = 0; members && members[k]; k++)
			json_object_set(row, members[k],
					json_object_get(of, members[k]));
		if (zh && strcmp(language, "zh") == 0)
			json_object_set(row, "detail", zh);
		json_array_append(list, row);
	}
}

/* What is told of each endpoint, one below the other. */
static void add_plan(json_t *view, const json_t *plan, const char *language)
{
	static const char *const where[] = { "endpoint_key", "plan", NULL };
	static const char *const whose[] = { "provider_id", NULL };
	const json_t *provider;
	size_t i;

	add_rows(json_object_get(view, "resources"),
		 json_object_get(plan, "resources"), plan, where, language);
	json_array_foreach(json_object_get(plan, "providers"), i, provider)
		add_rows(json_object_get(view, "warnings"),
			 json_object_get(provider, "warnings"), provider,
			 whose, language);
}

/* "create 3, reuse 1": what the rows below come to. */
static void add_counts(json_t *view, const json_t *counts)
{
	CLEANUP(buf_done) struct buf text = { .max = 256 };
	const char *name;
	json_t *count;

	json_object_foreach((json_t *)(uintptr_t)counts, name, count)
		if (json_integer_value(count) > 0)
			buf_addf(&text, "%s%s %" JSON_INTEGER_FORMAT,
				 text.len ? ", " : "", name,
				 json_integer_value(count));
	json_object_set_new(view, "counts", json_string(buf_str(&text)));
}

static int print_preview(struct call *call, const char *language,
			 struct err *err)
{
	static const char *const shown[] = {
		"host_id", "access_mode", "items_total", "items_rejected",
	};
	const json_t *reply = call->reply.body, *plan;
	json_auto_t *view = json_object();
	size_t i;

	for (i = 0; i < COUNT(shown); i++)
		json_object_set(view, shown[i],
				json_object_get(reply, shown[i]));
	for (i = 0; preview_parts[i].member; i++) {
		json_t *list = json_array();

		json_object_set_new(view, preview_parts[i].member, list);
		add_rows(list, json_object_get(reply, preview_parts[i].member),
			 NULL, NULL, language);
	}
	json_array_foreach(json_object_get(reply, "plans"), i, plan)
		add_plan(view, plan, language);
	add_counts(view, json_object_get(reply, "counts"));
	return print_object(call->form, view, preview_parts, err);
}

int cmd_run_preview(struct call *call, struct err *err)
{
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    post(call, API_RUNS "/preview", err))
		return -1;
	if (call->form == PRINT_TABLE)
		return print_preview(call, language, err);
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_run_template(struct call *call, struct err *err)
{
	const char *language;

	if (words_language(&call->args, &language, err))
		return -1;
	return print_text(run_file_template(language), err);
}

int cmd_run_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	int64_t limit = LIMIT;
	const char *language;

	if (words_language(args, &language, err) ||
	    args_number(args, OPT_LIMIT, 1, LIMIT_MAX, &limit, err))
		return -1;
	api_filter(&filters, "state", args_get(args, OPT_STATE));
	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	api_filter(&filters, "access_mode", args_get(args, OPT_ACCESS_MODE));
	api_filter(&filters, "q", args_get(args, OPT_QUERY));
	if (api_list(call, API_RUNS, (const char *const *)filters.list,
		     (size_t)limit, &list, err))
		return -1;
	if (call->form == PRINT_TABLE)
		words_badges(list, "state", BADGE_RUN, language);
	return print_list(call->form, run_columns, COUNT(run_columns), list,
			  err);
}

int cmd_run_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_RUNS, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return run_end_print(call, call->reply.body, err);
}

int cmd_run_watch(struct call *call, struct err *err)
{
	return run_end_watch(call, call->args.words[0], err);
}

int cmd_run_report(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	AUTO_FREE char *path = NULL;
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    api_path(&path, API_RUNS, call->args.words[0], "/items", err))
		return -1;
	api_item_filters(&filters, &call->args);
	return client_download(call->client, &(struct api_call){
			       .method = "GET", .path = path,
			       .query = (const char *const *)filters.list,
			       .accept = "text/csv, application/problem+json",
			       .language = language }, err);
}

int cmd_run_cancel(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_RUNS, call->args.words[0], "/cancel", err) ||
	    api_post(call, path, NULL, 0, err))
		return -1;
	return run_end_print(call, call->reply.body, err);
}
