/* cmd_run: import runs and their items. */
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/run_body.h"
#include "cli/run_file.h"
#include "cli/watch.h"
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

/* The run is printed even if it failed: it says why. */
static int watch_and_print(struct call *call, const char *run_id,
			   struct err *err)
{
	int rc = watch_run(call, run_id, err);
	struct err other;

	if (call->reply.body && !json_object_get(call->reply.body, "code") &&
	    print_object(call->form, call->reply.body, NULL, &other) &&
	    rc == 0) {
		*err = other;
		return -1;
	}
	return rc;
}

static int post_rows(struct call *call, const char *type, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters query = { 0 };
	CLEANUP(run_body_done) struct jout body = { 0 };
	const struct api_call post = {
		.method = "POST", .path = API_RUNS, .body = &body,
		.content_type = type, .query = (const char *const *)query.list,
	};

	if (run_file_read(&call->args, &body, &query, err))
		return -1;
	return client_call(call->client, &post, &call->reply, err);
}

static int post_run(struct call *call, struct err *err)
{
	CLEANUP(run_body_done) struct jout body = {
		.text.max = RUN_BODY_MAX
	};

	if (run_body_write(&body, &call->args, err))
		return -1;
	return api_post(call, API_RUNS, &body, 0, err);
}

int cmd_run_create(struct call *call, struct err *err)
{
	AUTO_FREE char *run_id = NULL;
	const char *type;

	if (run_file_type(&call->args, &type, err) ||
	    (type ? post_rows(call, type, err) : post_run(call, err)))
		return -1;
	run_file_report(call->reply.body);
	if (!args_has(&call->args, OPT_WAIT))
		return print_object(call->form, call->reply.body, NULL, err);
	run_id = xstrdup(api_text(call->reply.body, "run_id"));
	return watch_and_print(call, run_id, err);
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
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_run_watch(struct call *call, struct err *err)
{
	return watch_and_print(call, call->args.words[0], err);
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
	return print_object(call->form, call->reply.body, NULL, err);
}
