/* cmd_site: the site as a file: export, diff, and apply of that file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cmd_plan.h"
#include "cli/exits.h"
#include "cli/site_apply.h"
#include "cli/site_export.h"
#include "cli/site_live.h"
#include "cli/text_file.h"
#include "cli/watch.h"
#include "cli/words.h"
#include "shared/table.h"

#define SITE_MAX ((size_t)64 << 20)
#define PASSES_MAX 4		/* imports, what follows them, and a look */

/* ---- export ---- */

static int write_file(const char *path, const struct buf *text,
		      struct err *err)
{
	FILE *file = fopen(path, "wxe");
	int wrong;

	if (!file)
		return args_refuse(err, "'%s' cannot be written: %s", path,
				   strerror(errno));
	wrong = fputs(buf_str(text), file) == EOF;
	wrong |= fclose(file) == EOF;
	return wrong ? err_set(err, ERR_INTERNAL, "'%s': %s", path,
			       strerror(errno)) : 0;
}

int cmd_export(struct call *call, struct err *err)
{
	CLEANUP(buf_done) struct buf text = { .max = SITE_MAX };
	const char *path = args_get(&call->args, OPT_SITE_FILE);
	json_auto_t *live = NULL;

	if (site_live_get(call, &live, err))
		return -1;
	site_export(&text, live);
	if (text.failed)
		return err_set(err, ERR_LIMIT, "the site is too large");
	return path ? write_file(path, &text, err)
		    : print_text(buf_str(&text), err);
}

/* ---- what it comes to ---- */

/* A file on its way: what is wrong with it goes where main() tells it. */
static int refuse_file(struct call *call, const struct site_file *file)
{
	if (json_array_size(file->doc.problems) > 0) {
		api_reply_done(&call->reply);
		call->reply.body = site_file_report(file);
	}
	return -1;
}

static void read_ca(struct site_file *file, json_t *of, const char *path)
{
	const char *name = json_string_value(json_object_get(of, "ca_file"));
	AUTO_FREE char *place = xasprintf("%s.ca_file", path);
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *lines = NULL;
	struct err err;

	if (!name)
		return;
	if (text_file_read(name, "the certificates", (size_t)64 << 10, &text,
			   &err)) {
		site_file_problem(file, place, "%s", err.msg);
		return;
	}
	lines = xasprintf("%s\n", text);
	json_object_set_new(of, "ca_pem", json_string(lines));
	json_object_del(of, "ca_file");
}

static void read_cas(struct site_file *file, const char *list)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(file->doc.root, list), i, one) {
		AUTO_FREE char *path = xasprintf("%s[%zu]", list, i);

		read_ca(file, one, path);
	}
}

static int read_site(struct call *call, struct site_file *file,
		     struct err *err)
{
	const char *path = args_get(&call->args, OPT_SITE);

	if (site_file_read(file, path, err))
		return refuse_file(call, file);
	read_cas(file, "hosts");
	read_cas(file, "endpoints");
	if (site_file_secrets(file, err) ||
	    site_live_resolve(call, file, err))
		return refuse_file(call, file);
	return 0;
}

static bool says_nothing(const json_t *preview)
{
	return json_array_size(json_object_get(preview, "added")) == 0 &&
	       json_array_size(json_object_get(preview, "removed")) == 0 &&
	       json_array_size(json_object_get(preview, "changed")) == 0;
}

/*
 * Only the API knows what a name of a model means: whether it would change
 * anything, and to what.  False: it would not.
 */
static bool preview_models(struct call *call, json_t *action)
{
	CLEANUP(jout_done) struct jout body = { .text.max = SITE_MAX };
	json_t *asked = json_object_get(action, "body");
	json_auto_t *look = json_copy(asked);
	const json_t *reply;
	struct err err;

	json_object_del(look, "apply");
	jout_json(&body, NULL, look);
	if (api_post(call, api_text(action, "url"), &body, 0, &err)) {
		json_object_set_new(action, "refused", json_string(err.msg));
		return true;
	}
	reply = call->reply.body;
	if (says_nothing(reply))
		return false;
	json_object_set(asked, "plan", json_object_get(reply, "plan"));
	return true;
}

static void preview_all(struct call *call, json_t *actions)
{
	for (size_t i = 0; i < json_array_size(actions);) {
		json_t *action = json_array_get(actions, i);

		if (strcmp(api_text(action, "action"),
			   site_words[SITE_KEY_MODELS].name) != 0 ||
		    preview_models(call, action))
			i++;
		else
			json_array_remove(actions, i);
	}
}

static int make_diff(struct call *call, struct site_file *file,
		     json_t **ret_actions, struct err *err)
{
	json_auto_t *live = NULL;
	struct site_diff diff = {
		.file = file, .prune = args_has(&call->args, OPT_PRUNE),
	};

	if (site_live_get(call, &live, err))
		return -1;
	diff.live = live;
	if (site_diff(&diff, err)) {
		json_decref(diff.actions);
		return refuse_file(call, file);
	}
	preview_all(call, diff.actions);
	*ret_actions = diff.actions;
	return 0;
}

static size_t count_work(const json_t *actions)
{
	const json_t *action;
	size_t i, n = 0;

	json_array_foreach(actions, i, action)
		n += site_action_is_work(api_text(action, "action"));
	return n;
}

/* ---- how it is shown ---- */

static void show_changes(struct buf *out, const json_t *action)
{
	const json_t *change;
	size_t i;

	json_array_foreach(json_object_get(action, "changes"), i, change) {
		const json_t *from = json_object_get(change, "from");

		buf_addf(out, "    %s: ", api_text(change, "field"));
		if (from && !json_is_null(from)) {
			columns_value(out, from);
			buf_adds(out, " -> ");
		}
		columns_value(out, json_object_get(change, "to"));
		buf_adds(out, "\n");
	}
	if (*api_text(action, "refused")) {
		buf_adds(out, "    ! ");
		columns_text(out, api_text(action, "refused"));
		buf_adds(out, "\n");
	}
}

static void show_action(struct buf *out, const json_t *action, bool chinese)
{
	const char *name = api_text(action, "action");

	for (int i = 0; i < SITE_ACTION__MAX; i++)
		if (strcmp(site_words[i].name, name) == 0)
			buf_addf(out, "%s %s: ", site_words[i].sign, chinese
				 ? site_words[i].zh : site_words[i].en);
	columns_text(out, api_text(action, "what"));
	buf_adds(out, "\n");
	show_changes(out, action);
}

/* What programs read: without what was only needed to send it. */
static int print_actions(struct call *call, json_t *actions, struct err *err)
{
	json_auto_t *list = json_array();
	json_auto_t *object = NULL;
	json_t *action;
	size_t i;

	json_array_foreach(actions, i, action) {
		json_t *view = json_copy(action);

		json_object_del(view, "body");
		json_object_del(view, "ground");
		json_array_append_new(list, view);
	}
	object = json_pack("{s:O, s:I}", "actions", list, "to_do",
			   (json_int_t)count_work(actions));
	return print_object(call->form, object, NULL, err);
}

static int show(struct call *call, json_t *actions, const char *language,
		struct err *err)
{
	CLEANUP(buf_done) struct buf out = { .max = SITE_MAX };
	bool chinese = strcmp(language, "zh") == 0;
	const json_t *action;
	size_t i;

	if (call->form != PRINT_TABLE)
		return print_actions(call, actions, err);
	json_array_foreach(actions, i, action)
		show_action(&out, action, chinese);
	if (count_work(actions) == 0)
		buf_adds(&out, chinese ? "没有要做的事。\n"
				       : "There is nothing to do.\n");
	return print_text(buf_str(&out), err);
}

int cmd_diff(struct call *call, struct err *err)
{
	CLEANUP(site_file_done) struct site_file file = { 0 };
	json_auto_t *actions = NULL;
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    read_site(call, &file, err) ||
	    make_diff(call, &file, &actions, err) ||
	    show(call, actions, language, err))
		return -1;
	if (count_work(actions) == 0)
		return 0;
	err_set(err, ERR_CONFLICT, "the site differs from %s: %zu to do",
		file.name, count_work(actions));
	return err_code(err, EXITS_CODE_FAILED);
}

/* ---- apply ---- */

/*
 * Imports are taken back, and a host without any is forgotten.  One with keys,
 * and what a user has, is more: that is for somebody to say by its own
 * command.
 */
static int refuse_prune(const struct call *call, const json_t *actions,
			struct err *err)
{
	const json_t *action;
	size_t i;

	if (!args_has(&call->args, OPT_PRUNE))
		return 0;
	json_array_foreach(actions, i, action)
		if (strcmp(api_text(action, "action"),
			   site_words[SITE_EXTRA].name) == 0)
			return err_set(err, ERR_CONFLICT, "--prune takes back "
				"imports and forgets hosts without any, and %s"
				" has more and is not in the file: say it "
				"there, or remove it by its own command",
				api_text(action, "what"));
	return 0;
}

static int watch_runs(struct call *call, struct site_apply *apply,
		      struct err *err)
{
	const json_t *id;
	size_t i;

	json_array_foreach(apply->runs, i, id) {
		if (watch_run(call, json_string_value(id), err) == 0)
			continue;
		if (strcmp(err->code, EXITS_CODE_FAILED) != 0)
			return -1;
		apply->failed++;
	}
	return 0;
}

static int sum_up(struct call *call, const struct site_apply *apply,
		  struct err *err)
{
	bool chinese = strcmp(apply->language, "zh") == 0;

	if (call->form == PRINT_TABLE)
		fprintf(stderr, chinese ? "完成 %zu 项，失败 %zu 项\n"
					: "%zu done, %zu failed\n",
			apply->done, apply->failed);
	if (apply->failed == 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "%zu of %zu did not succeed; run it again "
		"to go on", apply->failed, apply->done + apply->failed);
	return err_code(err, EXITS_CODE_FAILED);
}

/* What is on its way already is waited for as what we began. */
static void add_importing(struct site_apply *apply, const json_t *work)
{
	const json_t *action, *one;
	size_t i, k;

	json_array_foreach(work, i, action) {
		json_t *id = json_object_get(json_object_get(action, "ground"),
					     "run_id");
		bool there = strcmp(api_text(action, "action"),
				    site_words[SITE_IMPORTING].name) != 0;

		json_array_foreach(apply->runs, k, one)
			there = there || json_equal(one, id);
		if (!there && id)
			json_array_append(apply->runs, id);
	}
}

/* Everything once: what did not succeed is for the next time. */
static void drop_tried(json_t *work, json_t *tried)
{
	for (size_t i = 0; i < json_array_size(work);) {
		const json_t *action = json_array_get(work, i);
		AUTO_FREE char *name = xasprintf("%s %s %s",
			api_text(action, "action"), api_text(action, "path"),
			*api_text(action, "path") ? ""
						  : api_text(action, "url"));

		if (site_action_is_work(api_text(action, "action")) &&
		    json_object_get(tried, name)) {
			json_array_remove(work, i);
			continue;
		}
		json_object_set_new(tried, name, json_true());
		i++;
	}
}

/* Imports first; what can only follow them in another pass, if we wait. */
static int converge(struct call *call, struct site_file *file,
		    json_t *actions, const char *language, struct err *err)
{
	CLEANUP(site_apply_done) struct site_apply apply = {
		.call = call, .file = file, .language = language,
		.quiet = call->form != PRINT_TABLE,
	};
	bool wait = args_has(&call->args, OPT_WAIT);
	json_auto_t *tried = json_object();
	json_auto_t *work = json_incref(actions);

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		drop_tried(work, tried);
		if (site_apply(&apply, work, err))
			return -1;
		add_importing(&apply, work);
		if (!wait || (count_work(work) == 0 &&
			      json_array_size(apply.runs) == 0))
			break;
		if (watch_runs(call, &apply, err))
			return -1;
		json_array_clear(apply.runs);
		json_decref(work);
		work = NULL;
		if (make_diff(call, file, &work, err))
			return -1;
	}
	if (!apply.quiet || print_actions(call, actions, err) == 0)
		return sum_up(call, &apply, err);
	return -1;
}

static int apply_site(struct call *call, struct err *err)
{
	CLEANUP(site_file_done) struct site_file file = { 0 };
	json_auto_t *actions = NULL;
	const char *language;
	bool go = args_has(&call->args, OPT_APPLY) ||
		  args_has(&call->args, OPT_YES);

	if (words_language(&call->args, &language, err) ||
	    read_site(call, &file, err) ||
	    make_diff(call, &file, &actions, err) ||
	    refuse_prune(call, actions, err))
		return -1;
	if ((!go || call->form == PRINT_TABLE) &&
	    show(call, actions, language, err))
		return -1;
	if (go)
		return converge(call, &file, actions, language, err);
	if (count_work(actions) > 0 && call->form == PRINT_TABLE)
		words_preview_only(&call->args);
	return 0;
}

int cmd_apply(struct call *call, struct err *err)
{
	bool plan = call->args.nwords > 0;

	if (plan == args_has(&call->args, OPT_SITE))
		return args_refuse(err, "either -f site.yaml or the file of a "
				   "plan");
	return plan ? cmd_plan_apply(call, err) : apply_site(call, err);
}
