/* cmd_change: around a key, after its import. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/change_body.h"
#include "cli/change.h"
#include "cli/exits.h"
#include "cli/words.h"
#include "shared/clock.h"
#include "shared/table.h"

#define WAIT_S 25
#define LOOK_MS 500
#define TIMEOUT_S 600
#define TIMEOUT_MAX_S (24 * 3600)
#define PROXY_MAX INT64_C(1000000000000)
#define BODY_MAX (1 << 20)

static const struct column entry_columns[] = {
	{ "NAME", "name" },	{ "LEADS TO", "to" },	{ "IS", "is" },
};

static const struct column name_columns[] = {
	{ "NAME", "input" },	{ "IS", "state" },	{ "MODEL", "model" },
};

static const struct column warning_columns[] = {
	{ "CODE", "code" },	{ "DETAIL", "detail" },
};

static const struct column other_columns[] = {
	{ "RUN", "run_id" },	{ "ITEM", "item_id" },	{ "LABEL", "label" },
};

static const struct print_part preview_parts[] = {
	{ "entries", entry_columns, COUNT(entry_columns) },
	{ "names", name_columns, COUNT(name_columns) },
	{ "warnings", warning_columns, COUNT(warning_columns) },
	{ "some_other_items", other_columns, COUNT(other_columns) },
	{ 0 }
};

/* ---- a preview, for people ---- */

static void add_entries(json_t *to, const json_t *names,
			const json_t *mapping, const char *is)
{
	size_t i;
	const json_t *name;

	json_array_foreach(names, i, name) {
		const char *leads = api_text(mapping, json_string_value(name));

		json_array_append_new(to, json_pack("{s:s, s:s, s:s}", "name",
			json_string_value(name), "to", leads, "is", is));
	}
}

/* What becomes of each name, what is new and what goes first. */
static json_t *entries_of(const json_t *preview)
{
	static const struct {
		const char *member, *mapping, *is;
	} kinds[] = {
		{ "added",     "after",	 "added" },
		{ "changed",   "after",	 "changed" },
		{ "removed",   "before", "removed" },
		{ "unchanged", "after",	 "unchanged" },
	};
	json_t *entries = json_array();

	for (size_t i = 0; i < COUNT(kinds); i++)
		add_entries(entries, json_object_get(preview, kinds[i].member),
			    json_object_get(preview, kinds[i].mapping),
			    kinds[i].is);
	return entries;
}

static json_t *preview_view(const json_t *preview)
{
	static const char *const same[] = {
		"plan", "account_id", "paused_at", "running_change_id",
		"smoke_model", "warnings", "overlap_s", "old_key_revoked",
	};
	const json_t *others = json_object_get(preview, "others");
	json_t *view = json_object();

	for (size_t i = 0; i < COUNT(same); i++)
		if (json_object_get(preview, same[i]))
			json_object_set(view, same[i],
					json_object_get(preview, same[i]));
	json_object_set(view, "other_items", json_object_get(others, "items"));
	json_object_set(view, "accesses", json_object_get(others, "accesses"));
	json_object_set(view, "some_other_items",
			json_object_get(others, "some_items"));
	if (json_object_get(preview, "resolution")) {
		json_object_set(view, "names",
				json_object_get(preview, "resolution"));
		json_object_set_new(view, "entries", entries_of(preview));
		return view;
	}
	json_object_set(view, "before", json_object_get(preview, "before"));
	json_object_set(view, "after", json_object_get(preview, "after"));
	return view;
}

static int print_preview(struct call *call, struct err *err)
{
	json_auto_t *view = NULL;

	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	view = preview_view(call->reply.body);
	return print_object(call->form, view, preview_parts, err);
}

/* ---- a change, until it has ended ---- */

static bool is_running(const struct call *call)
{
	return strcmp(api_text(call->reply.body, "state"), "running") == 0;
}

static int watch_change(struct call *call, struct err *err)
{
	AUTO_FREE char *id = xstrdup(api_text(call->reply.body, "change_id"));
	AUTO_FREE char *path = NULL;
	int64_t seconds = TIMEOUT_S, until;

	if (args_number(&call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S, &seconds,
			err) ||
	    api_path(&path, API_CHANGES, id, "", err))
		return -1;
	fprintf(stderr, "change %s: %s\n", id,
		api_text(call->reply.body, "state"));
	if (!is_running(call))
		return 0;
	until = clock_mono_ms() + seconds * 1000;
	while (is_running(call) && clock_mono_ms() < until) {
		poll(NULL, 0, LOOK_MS);
		if (api_get(call, path, err))
			return -1;
	}
	fprintf(stderr, "change %s: %s\n", id,
		api_text(call->reply.body, "state"));
	return 0;
}

static int judge_change(const struct call *call, bool waited, struct err *err)
{
	const json_t *change = call->reply.body;
	const char *detail = api_text(change, "failure_detail");

	if (is_running(call))
		return !waited ? 0 : err_set(err, ERR_BUSY, "change %s has "
			"not ended yet", api_text(change, "change_id"));
	/* The old key is kept for a while: what was wanted is so. */
	if (strcmp(api_text(change, "state"), "done") == 0 ||
	    strcmp(api_text(change, "state"), "overlap") == 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "change %s failed: %s%s%s",
		api_text(change, "change_id"),
		api_text(change, "failure_class"), *detail ? ": " : "",
		detail);
	return err_code(err, EXITS_CODE_FAILED);
}

static int show_change(struct call *call, struct err *err)
{
	const char *language;
	json_auto_t *view = NULL;
	bool wait = args_has(&call->args, OPT_WAIT);

	if (words_language(&call->args, &language, err) ||
	    (wait && watch_change(call, err)))
		return -1;
	view = call->form == PRINT_TABLE
		? words_view(call->reply.body, language)
		: json_incref(call->reply.body);
	if (print_object(call->form, view, NULL, err))
		return -1;
	return judge_change(call, wait, err);
}

static int path_of(const struct call *call, const char *verb, char **ret,
		   struct err *err)
{
	AUTO_FREE char *items = NULL;

	if (api_path(&items, API_RUNS, call->args.words[0], "/items", err))
		return -1;
	return api_path(ret, items, call->args.words[1], verb, err);
}

static int64_t patience(const struct call *call)
{
	return args_has(&call->args, OPT_WAIT) ? WAIT_S : 0;
}

/* ---- models and aliases ---- */

static const struct {
	enum opt opt;
	const char *mode;
} modes[] = {
	{ OPT_SET,    "replace" },
	{ OPT_ADD,    "add" },
	{ OPT_REMOVE, "remove" },
};

/* Which of the modes is asked for; aliases alone are added. */
static int choose_mode(const struct args *args, size_t *ret, struct err *err)
{
	size_t given = 0;

	*ret = 1;
	for (size_t i = 0; i < COUNT(modes); i++)
		if (args_has(args, modes[i].opt)) {
			*ret = i;
			given++;
		}
	if (given > 1)
		return args_refuse(err, "--set, --add and --remove do not go "
				   "together");
	if (given == 0 && !args_has(args, OPT_ALIAS))
		return args_refuse(err, "say --set, --add or --remove, or "
				   "--alias");
	return 0;
}

static int write_aliases(struct jout *body, const struct args *args,
			 struct err *err)
{
	const char *pair;
	size_t at = 0;

	if (!args_has(args, OPT_ALIAS))
		return 0;
	jout_object(body, "aliases");
	while ((pair = args_each(args, OPT_ALIAS, &at))) {
		const char *to = strchr(pair, '=');
		AUTO_FREE char *name = NULL;

		if (!to || to == pair || to[1] == '\0')
			return args_refuse(err, "--alias is NAME=MODEL");
		name = xstrndup(pair, (size_t)(to - pair));
		jout_str(body, name, to + 1);
	}
	jout_object_end(body);
	return 0;
}

/* `plan` NULL: a preview. */
int change_models_body(struct jout *body, const struct args *args,
		       const char *plan, struct err *err)
{
	const char *name;
	size_t mode, at = 0;

	if (choose_mode(args, &mode, err))
		return -1;
	jout_object(body, NULL);
	jout_str(body, "mode", modes[mode].mode);
	if (args_has(args, modes[mode].opt)) {
		jout_array(body, "models");
		while ((name = args_each(args, modes[mode].opt, &at)))
			jout_str(body, NULL, name);
		jout_array_end(body);
	}
	if (write_aliases(body, args, err))
		return -1;
	if (plan) {
		jout_bool(body, "apply", true);
		jout_str(body, "plan", plan);
	}
	jout_object_end(body);
	return 0;
}

/* It may hold a key. */
static void wipe_body(struct jout *body)
{
	buf_wipe(&body->text);
	jout_done(body);
}

/* Show what it would come to; then do just that, if it is wanted. */
int change_preview_and_apply(struct call *call, const char *path,
			     int (*write)(struct jout *body,
					  const struct args *args,
					  const char *plan, struct err *err),
			     struct err *err)
{
	CLEANUP(wipe_body) struct jout look = { .text.max = BODY_MAX };
	CLEANUP(wipe_body) struct jout act = { .text.max = BODY_MAX };
	bool apply = args_has(&call->args, OPT_APPLY);
	AUTO_FREE char *plan = NULL;

	if (write(&look, &call->args, NULL, err) ||
	    api_post(call, path, &look, 0, err) ||
	    ((!apply || call->form == PRINT_TABLE) &&
	     print_preview(call, err)))
		return -1;
	if (!apply && call->form == PRINT_TABLE)
		words_preview_only(&call->args);
	if (!apply)
		return 0;
	if (call->form == PRINT_TABLE && print_text("\n", err))
		return -1;
	plan = xstrdup(api_text(call->reply.body, "plan"));
	if (write(&act, &call->args, plan, err) ||
	    api_post(call, path, &act, patience(call), err))
		return -1;
	return show_change(call, err);
}

static int preview_and_apply(struct call *call, const char *verb,
			     int (*write)(struct jout *body,
					  const struct args *args,
					  const char *plan, struct err *err),
			     struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (path_of(call, verb, &path, err))
		return -1;
	return change_preview_and_apply(call, path, write, err);
}

int cmd_item_models(struct call *call, struct err *err)
{
	return preview_and_apply(call, "/models", change_models_body, err);
}

/* ---- the proxy ---- */

int change_proxy_body(struct jout *body, const struct args *args,
		      const char *plan, struct err *err)
{
	const char *word = args->words[2];
	char *end = NULL;
	int64_t id = strcmp(word, "none") == 0 ? 0 : strtoll(word, &end, 10);

	if (end && (end == word || *end != '\0' || id < 1 || id > PROXY_MAX))
		return args_refuse(err, "a proxy is a number that the host "
				   "gave it, or none");
	jout_object(body, NULL);
	jout_i64(body, "proxy_id", id);
	if (plan) {
		jout_bool(body, "apply", true);
		jout_str(body, "plan", plan);
	}
	jout_object_end(body);
	return 0;
}

int cmd_item_proxy(struct call *call, struct err *err)
{
	return preview_and_apply(call, "/proxy", change_proxy_body, err);
}

/* ---- out of service, and back; and words ---- */

static int begin(struct call *call, const char *verb, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (path_of(call, verb, &path, err) ||
	    api_post(call, path, NULL, patience(call), err))
		return -1;
	return show_change(call, err);
}

int cmd_item_pause(struct call *call, struct err *err)
{
	return begin(call, "/pause", err);
}

int cmd_item_resume(struct call *call, struct err *err)
{
	return begin(call, "/resume", err);
}

int cmd_item_label(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	const struct args *args = &call->args;
	AUTO_FREE char *items = NULL;
	AUTO_FREE char *path = NULL;

	if (!args_has(args, OPT_LABEL) && !args_has(args, OPT_NOTE))
		return args_refuse(err, "say --label or --note");
	jout_object(&body, NULL);
	if (args_has(args, OPT_LABEL))
		jout_str(&body, "label", args_get(args, OPT_LABEL));
	if (args_has(args, OPT_NOTE))
		jout_str(&body, "note", args_get(args, OPT_NOTE));
	jout_object_end(&body);
	if (api_path(&items, API_RUNS, args->words[0], "/items", err) ||
	    api_path(&path, items, args->words[1], "", err) ||
	    api_patch(call, path, &body, 0, err))
		return -1;
	fprintf(stderr, "item %s: label '%s'\n", args->words[1],
		api_text(call->reply.body, "label"));
	return 0;
}
