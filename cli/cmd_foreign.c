/* cmd_foreign: accounts of others on a host, and taking them over. */
#include <string.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/run_end.h"
#include "cli/secret.h"
#include "cli/words.h"
#include "shared/table.h"

#define LOOK_WAIT_S 60
#define LIMIT_MAX 100000
#define BODY_MAX (1 << 20)

static const struct column foreign_columns[] = {
	{ "ACCOUNT", "account_id" },	{ "KIND", "kind" },
	{ "NAME", "name" },		{ "STATUS", "status" },
	{ "BASE URL", "base_url" },	{ "PROVIDER", "provider_id" },
	{ "WHY", "why" },		{ "KEY", "api_key_fingerprint" },
	{ "SINCE", "first_seen_at" },
};

static const struct column change_columns[] = {
	{ "FIELD", "field" },	{ "BEFORE", "before" },	{ "AFTER", "after" },
};

static const struct column resource_columns[] = {
	{ "TYPE", "resource_type" },	{ "ACTION", "action" },
	{ "WHAT FOR", "purpose" },	{ "ON HOST", "host_resource_id" },
	{ "WHY", "why" },
};

static const struct print_part preview_parts[] = {
	{ "changes", change_columns, COUNT(change_columns) },
	{ "resources", resource_columns, COUNT(resource_columns) },
	{ 0 }
};

static int print_found(struct call *call, struct err *err)
{
	static const char *const no_filters[] = { NULL };
	AUTO_FREE char *path = NULL;
	json_auto_t *list = NULL;
	int64_t limit = 0;

	if (args_number(&call->args, OPT_LIMIT, 1, LIMIT_MAX, &limit, err) ||
	    api_path(&path, API_HOSTS, call->args.words[0], "/foreign", err) ||
	    api_list(call, path, no_filters, (size_t)limit, &list, err))
		return -1;
	return print_list(call->form, foreign_columns, COUNT(foreign_columns),
			  list, err);
}

int cmd_foreign_list(struct call *call, struct err *err)
{
	return print_found(call, err);
}

int cmd_foreign_look(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	const json_t *look;

	if (api_path(&path, API_HOSTS, call->args.words[0], "/foreign/look",
		     err) ||
	    api_post(call, path, NULL, LOOK_WAIT_S, err))
		return -1;
	look = json_object_get(call->reply.body, "look");
	if (strcmp(api_text(look, "state"), "failed") == 0) {
		err_set(err, ERR_UPSTREAM, "the host's list could not be "
			"read whole: %s", api_text(look, "failure_class"));
		return err_code(err, EXITS_CODE_FAILED);
	}
	if (strcmp(api_text(look, "state"), "running") == 0)
		return err_set(err, ERR_BUSY, "the look has not ended yet");
	return print_found(call, err);
}

static void write_names(struct jout *body, const struct args *args,
			const char *name, enum opt opt)
{
	const char *text;
	size_t at = 0;

	if (!args_has(args, opt))
		return;
	jout_array(body, name);
	while ((text = args_each(args, opt, &at)))
		jout_str(body, NULL, text);
	jout_array_end(body);
}

static void wipe_body(struct jout *body)
{
	buf_wipe(&body->text);
	jout_done(body);
}

/* `plan` NULL: a preview. */
static int ask_adopt(struct call *call, const char *path, const char *plan,
		     struct err *err)
{
	CLEANUP(wipe_body) struct jout body = { .text.max = BODY_MAX };
	const struct args *args = &call->args;
	AUTO_WIPE char *key = NULL;

	if (secret_read(args_get(args, OPT_KEY_FILE), "the account's key",
			&key, err))
		return -1;
	jout_object(&body, NULL);
	jout_str(&body, "api_key", key);
	if (args_has(args, OPT_ACCESS_MODE))
		jout_str(&body, "access_mode",
			 args_get(args, OPT_ACCESS_MODE));
	write_names(&body, args, "subscription_users", OPT_SELECTOR);
	write_names(&body, args, "requested_models", OPT_MODEL);
	if (args_has(args, OPT_FORCE))
		jout_bool(&body, "force", true);
	if (plan) {
		jout_bool(&body, "apply", true);
		jout_str(&body, "plan", plan);
	}
	jout_object_end(&body);
	return api_post(call, path, &body, 0, err);
}

static int print_adopt(struct call *call, struct err *err)
{
	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	if (print_object(call->form, call->reply.body, preview_parts, err))
		return -1;
	words_preview_only(&call->args);
	return 0;
}

int cmd_foreign_adopt(struct call *call, struct err *err)
{
	AUTO_FREE char *folder = NULL;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *word = NULL;
	bool apply = args_has(&call->args, OPT_APPLY);

	if (api_path(&folder, API_HOSTS, call->args.words[0], "/foreign",
		     err) ||
	    api_path(&path, folder, call->args.words[1], "/adopt", err) ||
	    ask_adopt(call, path, NULL, err))
		return -1;
	if (!apply)
		return print_adopt(call, err);
	word = xstrdup(api_text(call->reply.body, "plan"));
	if (ask_adopt(call, path, word, err))
		return -1;
	free(word);
	word = xstrdup(api_text(call->reply.body, "run_id"));
	if (args_has(&call->args, OPT_WAIT))
		return run_end_watch(call, word, err);
	return print_object(call->form, call->reply.body, NULL, err);
}
