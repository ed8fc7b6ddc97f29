/* cmd_reconcile: what CRM owns on a host, held against what the host shows. */
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

static const struct column run_columns[] = {
	{ "RECONCILE", "reconcile_id" }, { "HOST", "host_id" },
	{ "SCOPE", "scope" }, { "MODE", "mode" }, { "STATE", "state" },
	{ "RESULT", "result" }, { "FINDINGS", "findings" },
	{ "FINISHED", "finished_at" },
};

static const struct column finding_columns[] = {
	{ "SEQ", "seq" }, { "TYPE", "resource_type" },
	{ "ON HOST", "host_resource_id" }, { "FIELD", "field" },
	{ "MOVED", "moved" }, { "SURE", "certainty" },
	{ "WRITTEN", "written" }, { "LIVE", "live" },
	{ "STATE", "state" }, { "DECIDE", "decisions" },
};

static const struct print_part parts[] = {
	{ "findings", finding_columns, COUNT(finding_columns) },
	{ 0 }
};

/* ---- the view, for people ---- */

static char *joined(const json_t *words)
{
	struct buf text = { .max = BODY_MAX };
	const json_t *word;
	size_t i;

	json_array_foreach(words, i, word)
		buf_addf(&text, "%s%s", i ? "|" : "",
			 json_string_value(word));
	return buf_take(&text);
}

/* Values are JSON, and a table has text. */
static void value_as_text(json_t *finding, const char *member)
{
	const json_t *value = json_object_get(finding, member);
	AUTO_FREE char *text = NULL;

	if (!json_is_object(value) && !json_is_array(value))
		return;
	text = json_dumps(value, JSON_COMPACT);
	json_object_set_new(finding, member, json_string(text));
}

/* "启用 (service)": what it is called, and by what scripts know it. */
static void name_field(json_t *finding, const json_t *from)
{
	AUTO_FREE char *name = xasprintf("%s (%s)", api_text(from, "field_zh"),
					 api_text(from, "field"));

	if (*api_text(from, "field_zh"))
		json_object_set_new(finding, "field", json_string(name));
}

static json_t *view_of(json_t *run, const char *language)
{
	const json_t *from = json_object_get(run, "findings");
	json_t *view = words_view(run, language);
	json_t *finding, *list = json_object_get(view, "findings");
	size_t i;

	json_array_foreach(list, i, finding) {
		if (strcmp(language, "zh") == 0)
			name_field(finding, json_array_get(from, i));
		AUTO_FREE char *words = joined(json_object_get(finding,
							"decisions"));

		json_object_set_new(finding, "decisions", json_string(words));
		value_as_text(finding, "written");
		value_as_text(finding, "live");
	}
	words_badges(list, "state", BADGE_FINDING, language);
	return view;
}

static int print_run(struct call *call, struct err *err)
{
	const char *language;
	json_auto_t *view = NULL;

	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	if (words_language(&call->args, &language, err))
		return -1;
	view = view_of(call->reply.body, language);
	return print_object(call->form, view, parts, err);
}

/* ---- one, until it has ended ---- */

static bool is_running(const struct call *call)
{
	return strcmp(api_text(call->reply.body, "state"), "running") == 0;
}

static void tell(const struct call *call)
{
	const char *result = api_text(call->reply.body, "result");

	fprintf(stderr, "reconcile %s: %s\n",
		api_text(call->reply.body, "reconcile_id"),
		*result ? result : "running");
}

static int watch(struct call *call, struct err *err)
{
	AUTO_FREE char *id = xstrdup(api_text(call->reply.body,
					      "reconcile_id"));
	AUTO_FREE char *path = NULL;
	int64_t seconds = TIMEOUT_S, until;

	if (args_number(&call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S, &seconds,
			err) ||
	    api_path(&path, API_RECONCILES, id, "", err))
		return -1;
	tell(call);
	if (!is_running(call))
		return 0;
	until = clock_mono_ms() + seconds * 1000;
	while (is_running(call) && clock_mono_ms() < until) {
		poll(NULL, 0, LOOK_MS);
		if (api_get(call, path, err))
			return -1;
	}
	tell(call);
	return 0;
}

static int judge(const struct call *call, bool waited, struct err *err)
{
	const char *id = api_text(call->reply.body, "reconcile_id");
	const char *result = api_text(call->reply.body, "result");
	const char *class = api_text(call->reply.body, "failure_class");
	/* Of one that found something it says what was not looked at. */
	const char *detail = strcmp(result, "drifted") == 0 ? ""
		: api_text(call->reply.body, "failure_detail");

	if (is_running(call))
		return !waited ? 0 : err_set(err, ERR_BUSY, "reconcile %s has "
					     "not ended yet", id);
	if (strcmp(result, "in_sync") == 0 || strcmp(result, "repaired") == 0)
		return 0;
	/* A look that found something changed nothing. */
	err_set(err, ERR_UPSTREAM, "reconcile %s: %s%s%s%s%s%s", id, result,
		*class ? " " : "", class, *detail ? ": " : "", detail,
		strcmp(api_text(call->reply.body, "mode"), "look") == 0 &&
		strcmp(result, "drifted") == 0
		? "; --apply repairs what is ours" : "");
	return err_code(err, EXITS_CODE_FAILED);
}

static int post(struct call *call, const char *path, const struct jout *body,
		struct err *err)
{
	bool wait = args_has(&call->args, OPT_WAIT);

	if (api_post(call, path, body, wait ? WAIT_S : 0, err) ||
	    (wait && watch(call, err)) || print_run(call, err))
		return -1;
	return judge(call, wait, err);
}

static int begin(struct call *call, const char *member, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	const struct args *args = &call->args;

	if (client_check_id(args->words[0], err))
		return -1;
	jout_object(&body, NULL);
	jout_str(&body, member, args->words[0]);
	if (args_get(args, OPT_HOST))
		jout_str(&body, "host_id", args_get(args, OPT_HOST));
	if (args_get(args, OPT_PACK))
		jout_str(&body, "pack_id", args_get(args, OPT_PACK));
	if (args_has(args, OPT_APPLY))
		jout_bool(&body, "apply", true);
	jout_object_end(&body);
	return post(call, API_RECONCILE, &body, err);
}

int cmd_reconcile_host(struct call *call, struct err *err)
{
	return begin(call, "host_id", err);
}

int cmd_reconcile_batch(struct call *call, struct err *err)
{
	return begin(call, "batch_id", err);
}

int cmd_reconcile_provider(struct call *call, struct err *err)
{
	return begin(call, "provider_id", err);
}

/* ---- those there were ---- */

static json_int_t findings_of(const json_t *run)
{
	static const char *const states[] = {
		"found", "repaired", "accepted", "asked", "failed",
	};
	const json_t *counts = json_object_get(run, "counts");
	json_int_t n = 0;

	for (size_t i = 0; i < COUNT(states); i++)
		n += api_number(counts, states[i]);
	return n;
}

static void show_list(json_t *list, const char *language)
{
	json_t *run;
	size_t i;

	json_array_foreach(list, i, run)
		json_object_set_new(run, "findings",
				    json_integer(findings_of(run)));
	words_badges(list, "result", BADGE_RECONCILE, language);
}

int cmd_reconcile_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	int64_t limit = 0;
	const char *language;

	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	api_filter(&filters, "provider_id", args_get(args, OPT_PROVIDER));
	api_filter(&filters, "result", args_get(args, OPT_STATUS));
	if (words_language(args, &language, err) ||
	    args_number(args, OPT_LIMIT, 1, 1000000, &limit, err) ||
	    api_list(call, API_RECONCILES, (const char *const *)filters.list,
		     (size_t)limit, &list, err))
		return -1;
	if (call->form == PRINT_TABLE)
		show_list(list, language);
	return print_list(call->form, run_columns, COUNT(run_columns), list,
			  err);
}

int cmd_reconcile_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_RECONCILES, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_run(call, err);
}

int cmd_reconcile_decide(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	AUTO_FREE char *findings = NULL;
	AUTO_FREE char *path = NULL;
	const char *decision = call->args.words[2];

	if (strcmp(decision, "accept") != 0 &&
	    strcmp(decision, "restore") != 0)
		return args_refuse(err, "a decision is accept or restore");
	if (api_path(&findings, API_RECONCILES, call->args.words[0],
		     "/findings", err) ||
	    api_path(&path, findings, call->args.words[1], "", err))
		return -1;
	jout_object(&body, NULL);
	jout_str(&body, "decision", decision);
	jout_object_end(&body);
	return post(call, path, &body, err);
}
