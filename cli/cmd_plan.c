/* cmd_plan: plans in files, made by `crmctl plan` and done by `crmctl apply`. */
#include "cli/cmd_plan.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/change_body.h"
#include "cli/exits.h"
#include "cli/plan_file.h"
#include "cli/provider_body.h"
#include "cli/run_body.h"
#include "cli/watch.h"
#include "shared/clock.h"
#include "shared/table.h"

#define BODY_MAX ((size_t)64 << 20)
#define LOOK_MS 300
#define LOOK_TIMEOUT_S 1800
#define WAIT_S 25
#define TIMEOUT_S 600
#define TIMEOUT_MAX_S (24 * 3600)
#define PROXY_MAX INT64_C(1000000000000)

/* ---- a look at the host ---- */

static int poll_until_over(struct call *call, const char *path,
			   int64_t seconds, struct err *err)
{
	int64_t until = clock_mono_ms() + seconds * 1000;

	while (strcmp(api_text(call->reply.body, "state"), "running") == 0) {
		if (clock_mono_ms() >= until)
			return err_set(err, ERR_BUSY, "%s has not ended in "
				       "time", path);
		poll(NULL, 0, LOOK_MS);
		if (api_get(call, path, err))
			return -1;
	}
	return 0;
}

/* `scope` is the body of a reconcile that changes nothing. */
static int take_look(struct call *call, const json_t *scope, char **ret,
		     struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	AUTO_FREE char *id = NULL;
	AUTO_FREE char *path = NULL;

	jout_json(&body, NULL, scope);
	if (api_post(call, API_RECONCILE, &body, WAIT_S, err))
		return -1;
	id = xstrdup(api_text(call->reply.body, "reconcile_id"));
	if (api_path(&path, API_RECONCILES, id, "", err) ||
	    poll_until_over(call, path, LOOK_TIMEOUT_S, err))
		return -1;
	*ret = TAKE(id);
	return 0;
}

/*
 * What is looked at for a request: the run that an item, a rollback or a
 * repair is of, else the host.
 */
static json_t *scope_of(const char *path, const json_t *body)
{
	static const char *const folders[] = { API_RUNS "/",
					       API_BATCHES "/" };
	static const char *const members[] = { "batch_id", "host_id" };

	assert(path);
	for (size_t i = 0; i < COUNT(folders); i++) {
		size_t len = strlen(folders[i]);

		if (strncmp(path, folders[i], len) == 0) {
			AUTO_FREE char *id = xstrndup(path + len,
				strcspn(path + len, "/"));

			return json_pack("{s:s}", "batch_id", id);
		}
	}
	for (size_t i = 0; i < COUNT(members); i++)
		if (*api_text(body, members[i]))
			return json_pack("{s:s}", members[i],
					 api_text(body, members[i]));
	return json_object();
}

/* ---- making a plan ---- */

struct wish {
	const char *kind;
	const char *path;
	const json_t *from;	/* or NULL */
	struct jout *body;	/* may hold secrets */
};

static void body_wipe(struct jout *body)
{
	buf_wipe(&body->text);
}

static int post_wish(struct call *call, const struct wish *wish,
		     const char *look, struct err *err)
{
	CLEANUP(body_wipe) struct jout body = { .text.max = BODY_MAX };

	jout_object(&body, NULL);
	jout_str(&body, "kind", wish->kind);
	jout_str(&body, "path", wish->path);
	jout_raw(&body, "body", buf_str(&wish->body->text));
	if (wish->from)
		jout_json(&body, "from", wish->from);
	jout_str(&body, "look", look);
	jout_object_end(&body);
	return api_post(call, API_PLANS, &body, 0, err);
}

static int make_plan(struct call *call, const struct wish *wish,
		     struct err *err)
{
	json_auto_t *body = json_loads(buf_str(&wish->body->text), 0, NULL);
	json_auto_t *scope = scope_of(wish->path, body);
	AUTO_FREE char *look = NULL;

	if (take_look(call, scope, &look, err) ||
	    post_wish(call, wish, look, err))
		return -1;
	return plan_file_write(args_get(&call->args, OPT_SITE_FILE),
			       call->reply.body, err);
}

int cmd_plan_import(struct call *call, struct err *err)
{
	CLEANUP(run_body_done) struct jout body = {
		.text.max = RUN_BODY_MAX
	};
	AUTO_FREE char *path = NULL;
	json_auto_t *from = NULL;

	if (api_path(&path, API_PROVIDERS, call->args.words[0], "/import",
		     err) ||
	    plan_file_from(&call->args, &from, err) ||
	    provider_body_write(&body, &call->args, err))
		return -1;
	return make_plan(call, &(struct wish){ "import", path, from, &body },
			 err);
}

int cmd_plan_run(struct call *call, struct err *err)
{
	CLEANUP(run_body_done) struct jout body = {
		.text.max = RUN_BODY_MAX
	};
	json_auto_t *from = NULL;

	if (plan_file_run_from(&call->args, &from, err) ||
	    run_body_write(&body, &call->args, err))
		return -1;
	return make_plan(call, &(struct wish){ "import", API_RUNS, from,
					       &body }, err);
}

static int item_path(const struct call *call, const char *rest, char **ret,
		     struct err *err)
{
	const char *const *words = call->args.words;

	if (client_check_id(words[0], err) || client_check_id(words[1], err))
		return -1;
	*ret = xasprintf(API_RUNS "/%s/items/%s%s", words[0], words[1], rest);
	return 0;
}

int cmd_plan_models(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	AUTO_FREE char *path = NULL;

	if (item_path(call, "/models", &path, err) ||
	    change_models_body(&body, &call->args, NULL, err))
		return -1;
	return make_plan(call, &(struct wish){ "models", path, NULL, &body },
			 err);
}

int cmd_plan_proxy(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	AUTO_FREE char *path = NULL;

	if (item_path(call, "/proxy", &path, err) ||
	    change_proxy_body(&body, &call->args, NULL, err))
		return -1;
	return make_plan(call, &(struct wish){ "proxy", path, NULL, &body },
			 err);
}

static int rollback_path(const struct call *call, char **ret, struct err *err)
{
	const char *what = call->args.words[0], *id = call->args.words[1];
	const char *item = call->args.words[2];
	AUTO_FREE char *rest = NULL;

	if ((strcmp(what, "item") == 0) != (item != NULL))
		return args_refuse(err, "it is item RUN_ID ITEM_ID, run RUN_ID"
				   " or provider PROVIDER_ID");
	if (item && client_check_id(item, err))
		return -1;
	rest = item ? xasprintf("/items/%s/rollback", item)
		    : xstrdup("/rollback");
	if (item || strcmp(what, "run") == 0)
		return api_path(ret, API_RUNS, id, rest, err);
	if (strcmp(what, "provider") == 0 && args_has(&call->args, OPT_HOST))
		return api_path(ret, API_PROVIDERS, id, rest, err);
	return args_refuse(err, "of what?  run, item, or provider with "
			   "--host");
}

int cmd_plan_rollback(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	const char *host = args_get(&call->args, OPT_HOST);
	const char *pack = args_get(&call->args, OPT_PACK);
	AUTO_FREE char *path = NULL;

	if (rollback_path(call, &path, err))
		return -1;
	jout_object(&body, NULL);
	if (host)
		jout_str(&body, "host_id", host);
	if (pack)
		jout_str(&body, "pack_id", pack);
	if (args_has(&call->args, OPT_FORCE))
		jout_bool(&body, "force", true);
	jout_object_end(&body);
	return make_plan(call, &(struct wish){ "rollback", path, NULL, &body },
			 err);
}

int cmd_plan_reconcile(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	const char *what = call->args.words[0], *id = call->args.words[1];
	bool host = strcmp(what, "host") == 0;

	if (!host && strcmp(what, "batch") != 0)
		return args_refuse(err, "of what?  host or batch");
	jout_object(&body, NULL);
	jout_str(&body, host ? "host_id" : "batch_id", id);
	jout_object_end(&body);
	return make_plan(call, &(struct wish){ "reconcile", API_RECONCILE,
					       NULL, &body }, err);
}

/* ---- doing it ---- */

static void write_apply(struct jout *body, const json_t *plan,
			const json_t *secrets, const char *look)
{
	jout_object(body, NULL);
	jout_json(body, "plan", plan);
	jout_json(body, "secrets", secrets);
	jout_str(body, "look", look);
	jout_object_end(body);
}

/* Which resource, and which of its fields, somebody moved. */
static void tell_moved(const struct call *call)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(call->reply.body, "moved"), i,
			   one) {
		CLEANUP(buf_done) struct buf line = { .max = 4096 };

		buf_adds(&line, "  ");
		columns_text(&line, api_text(one, "resource_type"));
		buf_adds(&line, " ");
		columns_text(&line, api_text(one, "host_resource_id"));
		buf_adds(&line, " (");
		columns_text(&line, api_text(one, "lookup"));
		buf_adds(&line, "): ");
		columns_value(&line, json_object_get(one, "fields"));
		fprintf(stderr, "%s\n", buf_str(&line));
	}
}

/* Where what was begun can be looked at, by the member that has its id. */
static const struct {
	const char *member, *folder;
} begun[] = {
	{ "change_id",	  API_CHANGES },
	{ "rollback_id",  API_ROLLBACKS },
	{ "reconcile_id", API_RECONCILES },
};

static int judge(const struct call *call, struct err *err)
{
	const json_t *reply = call->reply.body;
	const char *state = api_text(reply, "state");

	if (strcmp(state, "failed") != 0 &&
	    strcmp(api_text(reply, "result"), "failed") != 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "what the plan did has failed: %s",
		api_text(reply, "failure_class"));
	return err_code(err, EXITS_CODE_FAILED);
}

static int wait_for_end(struct call *call, struct err *err)
{
	const char *run_id = api_text(call->reply.body, "run_id");
	int64_t seconds = TIMEOUT_S;

	if (args_number(&call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S, &seconds,
			err))
		return -1;
	for (size_t i = 0; i < COUNT(begun); i++) {
		AUTO_FREE char *id = xstrdup(api_text(call->reply.body,
						      begun[i].member));
		AUTO_FREE char *path = NULL;

		if (!*id)
			continue;
		if (api_path(&path, begun[i].folder, id, "", err) ||
		    poll_until_over(call, path, seconds, err))
			return -1;
		return judge(call, err);
	}
	if (!*run_id)
		run_id = api_text(call->reply.body, "batch_id");
	if (*run_id) {
		AUTO_FREE char *id = xstrdup(run_id);

		return watch_run(call, id, err);
	}
	return 0;
}

static int post_apply(struct call *call, const json_t *plan, struct err *err)
{
	CLEANUP(body_wipe) struct jout body = { .text.max = BODY_MAX };
	CLEANUP(plan_secrets_wipe) json_t *secrets = NULL;
	const json_t *request = json_object_get(plan, "request");
	json_auto_t *scope = scope_of(api_text(request, "path"),
				      json_object_get(request, "body"));
	AUTO_FREE char *look = NULL;

	if (plan_file_secrets(plan, &secrets, err) ||
	    take_look(call, scope, &look, err))
		return -1;
	write_apply(&body, plan, secrets, look);
	return api_post(call, API_PLANS "/apply", &body, 0, err);
}

int cmd_plan_apply(struct call *call, struct err *err)
{
	json_auto_t *plan = NULL;
	struct err other;
	int rc;

	if (plan_file_read(call->args.words[0], &plan, err))
		return -1;
	if (post_apply(call, plan, err)) {
		tell_moved(call);
		return -1;
	}
	rc = args_has(&call->args, OPT_WAIT) ? wait_for_end(call, err) : 0;
	if (print_object(call->form, call->reply.body, NULL, &other) &&
	    rc == 0) {
		*err = other;
		return -1;
	}
	return rc;
}
