/* cmd_item: the items of a run, with what happened to them, and proofs. */
#include "cli/api.h"
#include "cli/words.h"
#include "shared/table.h"

#define LIMIT 200
#define LIMIT_MAX 100000

static const struct column item_columns[] = {
	{ "ITEM", "item_id" },		{ "LABEL", "label" },
	{ "PROVIDER", "provider_id" },
	{ "STAGE", "current_stage" },	{ "ACCESS", "access_status" },
	{ "MODEL", "resolved_smoke_model" },
	{ "KEY", "api_key_last4" },	{ "FAILURE", "failure_class" },
	{ "PAUSED", "paused_at" },
};

static const struct column event_columns[] = {
	{ "AT", "at" },		{ "STEP", "step" },	{ "KIND", "kind" },
	{ "CLASS", "class" },	{ "DETAIL", "detail" },
};

static const struct column proof_columns[] = {
	{ "PROOF", "proof_id" },	{ "KIND", "kind" },
	{ "OK", "ok" },			{ "MODEL", "model" },
	{ "STATUS", "completion_status" },
	{ "MS", "latency_ms" },		{ "AT", "at" },
	{ "COMPLETION", "completion_preview" },
};

static const struct column warning_columns[] = {
	{ "CODE", "code" }, { "DETAIL", "detail" },
};

static const struct column name_columns[] = {
	{ "ASKED FOR", "input" },	{ "IS", "state" },
	{ "AT THE PROVIDER", "wire" },	{ "NOTE", "note" },
};

static const struct column hop_columns[] = {
	{ "HOP", "hop" },	{ "STATUS", "status" },
	{ "CLASS", "class" },	{ "WORDS", "text" },
};

static const struct column change_columns[] = {
	{ "CHANGE", "change_id" },	{ "KIND", "kind" },
	{ "STATE", "state" },		{ "CLASS", "failure_class" },
	{ "AT", "created_at" },		{ "BY", "requested_by" },
};

static const struct print_part item_parts[] = {
	{ "model_resolution", name_columns, COUNT(name_columns) },
	{ "changes", change_columns, COUNT(change_columns) },
	{ "hops", hop_columns, COUNT(hop_columns) },
	{ "warnings", warning_columns, COUNT(warning_columns) },
	{ "events", event_columns, COUNT(event_columns) },
	{ "proofs", proof_columns, COUNT(proof_columns) },
	{ 0 }
};

int cmd_item_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	AUTO_FREE char *path = NULL;
	json_auto_t *list = NULL;
	const char *language;
	/* Those of one run are all; those of all runs may be a million. */
	int64_t limit = args->nwords ? 0 : LIMIT;

	if (words_language(args, &language, err) ||
	    args_number(args, OPT_LIMIT, 1, LIMIT_MAX, &limit, err))
		return -1;
	api_item_filters(&filters, args);
	api_filter(&filters, "view",
		   call->form == PRINT_TABLE ? "brief" : NULL);
	if (!args->nwords)
		path = xstrdup(API_ITEMS);
	else if (args_has(args, OPT_HOST))
		return args_refuse(err, "--host goes without RUN_ID");
	else if (api_path(&path, API_RUNS, args->words[0], "/items", err))
		return -1;
	if (api_list(call, path, (const char *const *)filters.list,
		     (size_t)limit, &list, err))
		return -1;
	if (call->form == PRINT_TABLE) {
		words_badges(list, "current_stage", BADGE_STAGE, language);
		words_badges(list, "access_status", BADGE_ACCESS, language);
	}
	return print_list(call->form, item_columns, COUNT(item_columns), list,
			  err);
}

int cmd_item_show(struct call *call, struct err *err)
{
	AUTO_FREE char *items = NULL;
	AUTO_FREE char *path = NULL;
	json_auto_t *view = NULL;
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    api_path(&items, API_RUNS, call->args.words[0], "/items", err) ||
	    api_path(&path, items, call->args.words[1], "", err) ||
	    api_get(call, path, err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	view = words_view(call->reply.body, language);
	words_show_diagnosis(view, call->reply.body, language);
	return print_object(call->form, view, item_parts, err);
}

int cmd_proof_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_PROOFS, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}
