/* cmd_rollback: taking back what imports made. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/words.h"
#include "shared/clock.h"
#include "shared/table.h"

#define WAIT_S 25
#define LOOK_MS 500
#define TIMEOUT_S 600
#define TIMEOUT_MAX_S (24 * 3600)
#define BODY_MAX 4096

static const struct column part_columns[] = {
	{ "KIND", "kind" },	{ "ID", "host_resource_id" },
	{ "ACTION", "action" },	{ "STATE", "state" },
	{ "CLASS", "failure_class" },	{ "WHY", "why_text" },
	{ "MARK", "mark" },
};

static const struct print_part parts[] = {
	{ "parts", part_columns, COUNT(part_columns) },
	{ 0 }
};

static const struct column brief_columns[] = {
	{ "ROLLBACK", "rollback_id" },	{ "HOST", "host_id" },
	{ "SCOPE", "scope" },		{ "OF", "scope_id" },
	{ "STATE", "state" },		{ "RESULT", "result" },
	{ "ITEMS", "items" },		{ "FINISHED", "finished_at" },
};

/* The reason in the language asked for. */
static json_t *parts_view(json_t *list, const char *language)
{
	json_t *all = json_array();
	json_t *part;
	size_t i;

	json_array_foreach(list, i, part) {
		json_t *row = json_copy(part);

		json_object_set(row, "why_text", json_object_get(part,
			strcmp(language, "zh") == 0 ? "why_zh" : "why_en"));
		json_array_append_new(all, row);
	}
	return all;
}

static json_t *view_of(json_t *body, const char *language)
{
	static const char *const lists[] = { "remains", "next_after" };
	json_t *view = json_copy(body);
	json_auto_t *copy = json_copy(json_object_get(body, "counts"));
	const char *name;
	json_t *count;

	for (size_t i = 0; i < COUNT(lists); i++)
		json_object_del(view, lists[i]);
	json_object_del(view, "counts");
	json_object_foreach(copy, name, count)
		json_object_set(view, name, count);
	json_object_set_new(view, "parts", parts_view(
		json_object_get(body, "parts"), language));
	return view;
}

static int print_body(struct call *call, struct err *err)
{
	json_auto_t *view = NULL;
	const char *language;

	if (words_language(&call->args, &language, err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	view = view_of(call->reply.body, language);
	return print_object(call->form, view, parts, err);
}

/* ---- a rollback, until it has ended ---- */

static bool is_running(const struct call *call)
{
	return strcmp(api_text(call->reply.body, "state"), "running") == 0;
}

static int watch(struct call *call, struct err *err)
{
	AUTO_FREE char *id = xstrdup(api_text(call->reply.body,
					      "rollback_id"));
	AUTO_FREE char *path = NULL;
	int64_t seconds = TIMEOUT_S, until;

	if (args_number(&call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S, &seconds,
			err) ||
	    api_path(&path, API_ROLLBACKS, id, "", err))
		return -1;
	until = clock_mono_ms() + seconds * 1000;
	while (is_running(call) && clock_mono_ms() < until) {
		poll(NULL, 0, LOOK_MS);
		if (api_get(call, path, err))
			return -1;
	}
	fprintf(stderr, "rollback %s: %s %s\n", id,
		api_text(call->reply.body, "state"),
		api_text(call->reply.body, "result"));
	return 0;
}

static int judge(const struct call *call, bool waited, struct err *err)
{
	const json_t *body = call->reply.body;
	const char *result = api_text(body, "result");

	if (is_running(call))
		return !waited ? 0 : err_set(err, ERR_BUSY, "rollback %s has "
			"not ended yet", api_text(body, "rollback_id"));
	if (strcmp(result, "clean") == 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "rollback %s: %s", api_text(body,
		"rollback_id"), *api_text(body, "failure_detail")
		? api_text(body, "failure_detail") : "not all could be taken "
		"back");
	return err_code(err, EXITS_CODE_FAILED);
}

static int show(struct call *call, struct err *err)
{
	bool wait = args_has(&call->args, OPT_WAIT);

	if ((wait && watch(call, err)) || print_body(call, err))
		return -1;
	return judge(call, wait, err);
}

/* ---- beginning one ---- */

/* `plan` NULL: a preview.  A batch acts unless it is told not to. */
static void write_body(struct jout *body, const struct args *args, bool batch,
		       const char *plan)
{
	jout_object(body, NULL);
	if (args_has(args, OPT_HOST))
		jout_str(body, "host_id", args_get(args, OPT_HOST));
	if (args_has(args, OPT_PACK))
		jout_str(body, "pack_id", args_get(args, OPT_PACK));
	if (plan) {
		jout_bool(body, "apply", true);
		jout_str(body, "plan", plan);
		if (args_has(args, OPT_FORCE))
			jout_bool(body, "force", true);
	} else if (batch) {
		jout_bool(body, "preview", true);
	}
	jout_object_end(body);
}

/* Show what it would come to; then do just that, if it is wanted. */
static int preview_and_apply(struct call *call, const char *path, bool batch,
			     struct err *err)
{
	CLEANUP(jout_done) struct jout look = { .text.max = BODY_MAX };
	CLEANUP(jout_done) struct jout act = { .text.max = BODY_MAX };
	bool apply = args_has(&call->args, OPT_APPLY);
	bool wait = args_has(&call->args, OPT_WAIT);
	AUTO_FREE char *plan = NULL;

	write_body(&look, &call->args, batch, NULL);
	if (api_post(call, path, &look, 0, err) ||
	    ((!apply || call->form == PRINT_TABLE) && print_body(call, err)))
		return -1;
	if (!apply && call->form == PRINT_TABLE)
		words_preview_only(&call->args);
	if (!apply)
		return 0;
	if (call->form == PRINT_TABLE && print_text("\n", err))
		return -1;
	plan = xstrdup(api_text(call->reply.body, "plan"));
	write_body(&act, &call->args, batch, plan);
	if (api_post(call, path, &act, wait ? WAIT_S : 0, err))
		return -1;
	return show(call, err);
}

static int of_folder(struct call *call, const char *folder, const char *verb,
		     bool batch, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, folder, call->args.words[0], verb, err))
		return -1;
	return preview_and_apply(call, path, batch, err);
}

int cmd_run_rollback(struct call *call, struct err *err)
{
	return of_folder(call, API_RUNS, "/rollback", false, err);
}

int cmd_batch_rollback(struct call *call, struct err *err)
{
	return of_folder(call, API_BATCHES, "/rollback", true, err);
}

int cmd_provider_rollback(struct call *call, struct err *err)
{
	return of_folder(call, API_PROVIDERS, "/rollback", false, err);
}

int cmd_account_release(struct call *call, struct err *err)
{
	return of_folder(call, API_ACCOUNTS, "/release", false, err);
}

int cmd_item_rollback(struct call *call, struct err *err)
{
	AUTO_FREE char *items = NULL;
	AUTO_FREE char *path = NULL;

	if (api_path(&items, API_RUNS, call->args.words[0], "/items", err) ||
	    api_path(&path, items, call->args.words[1], "/rollback", err))
		return -1;
	return preview_and_apply(call, path, false, err);
}

int cmd_rollback_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	bool wait = args_has(&call->args, OPT_WAIT);

	if (api_path(&path, API_ROLLBACKS, call->args.words[0], "", err) ||
	    api_get(call, path, err) || (wait && watch(call, err)))
		return -1;
	return print_body(call, err);
}

int cmd_rollback_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	json_auto_t *list = NULL;
	int64_t limit = 0;

	api_filter(&filters, "host_id", args_get(&call->args, OPT_HOST));
	if (args_number(&call->args, OPT_LIMIT, 1, 100000, &limit, err) ||
	    api_list(call, API_ROLLBACKS,
		     (const char *const *)filters.list, (size_t)limit, &list,
		     err))
		return -1;
	return print_list(call->form, brief_columns, COUNT(brief_columns),
			  list, err);
}
