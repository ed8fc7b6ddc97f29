/* cmd_host: the hosts that CRM works on. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/host_body.h"
#include "cli/text_file.h"
#include "cli/words.h"
#include "shared/table.h"

#define PROBE_WAIT_S 25
#define PHRASE_MAX 1024
#define BODY_MAX (4 * PHRASE_MAX)

static const struct column host_columns[] = {
	{ "HOST", "host_id" },	{ "NAME", "name" },
	{ "STATE", "state" },	{ "REASON", "reason" },
	{ "VERSION", "version" }, { "URL", "base_url" },
};

static const struct column capability_columns[] = {
	{ "CAPABILITY", "name" },	{ "IS", "value" },
	{ "KNOWN BY", "evidence" },	{ "EVIDENCE", "detail" },
	{ "BLOCKS", "blocks" },		{ "MEANING", "sentence" },
};

static const struct column operation_columns[] = {
	{ "OPERATION", "name" }, { "WORKS", "works" }, { "WHY NOT", "why_not" },
};

static const struct column notice_columns[] = {
	{ "SINCE", "at" }, { "KIND", "kind" }, { "NOTICE", "text" },
};

static const struct print_part host_parts[] = {
	{ "operations", operation_columns, COUNT(operation_columns) },
	{ "evidence", capability_columns, COUNT(capability_columns) },
	{ "notices", notice_columns, COUNT(notice_columns) },
	{ 0 }
};

static void warn_unless_ready(const json_t *host)
{
	const char *state = api_text(host, "state");
	const char *why = api_text(host, "reason_en");

	if (strcmp(state, "ready") != 0)
		fprintf(stderr, "host %s is %s%s%s\n",
			api_text(host, "host_id"), state, *why ? ": " : "",
			why);
}

/* An object of objects, as a list whose elements know their names. */
static json_t *named_list(json_t *object, const char *language)
{
	json_t *list = json_array();
	const char *name;
	json_t *element;

	json_object_foreach(object, name, element) {
		json_t *row = json_object();
		json_auto_t *view = words_view(element, language);
		const char *why = words_of(element, "why_not", language);

		json_object_set_new(row, "name", json_string(name));
		json_object_update(row, view);
		/* Only Chinese has an ending of its own there. */
		if (*why)
			json_object_set_new(row, "why_not", json_string(why));
		json_array_append_new(list, row);
	}
	return list;
}

/*
 * What is said of capabilities becomes tables of their own; what is only for
 * programs is left out.
 */
static json_t *host_view(json_t *host, const char *language)
{
	json_t *view = words_view(host, language);
	json_t *known = json_object_get(host, "capabilities");
	json_auto_t *said = words_view(known, language);
	json_t *operations = json_object_get(known, "operations");

	json_object_del(view, "capabilities");
	if (!json_is_object(known))
		return view;
	json_object_set(view, "evidence", json_object_get(said, "evidence"));
	json_object_set_new(view, "operations",
			    named_list(operations, language));
	json_object_set(view, "compliance",
			json_object_get(said, "compliance"));
	return view;
}

static int print_host(struct call *call, struct err *err)
{
	const char *language;
	json_auto_t *view = NULL;

	if (call->form != PRINT_TABLE)
		return print_object(call->form, call->reply.body, NULL, err);
	if (words_language(&call->args, &language, err))
		return -1;
	view = host_view(call->reply.body, language);
	return print_object(call->form, view, host_parts, err);
}

int cmd_host_add(struct call *call, struct err *err)
{
	CLEANUP(host_body_done) struct jout body = {
		.text.max = HOST_BODY_MAX
	};

	if (host_body_write(&body, &call->args, err) ||
	    api_post(call, API_HOSTS, &body, PROBE_WAIT_S, err))
		return -1;
	warn_unless_ready(call->reply.body);
	return print_host(call, err);
}

int cmd_host_set(struct call *call, struct err *err)
{
	CLEANUP(host_body_done) struct jout body = {
		.text.max = HOST_BODY_MAX
	};
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_HOSTS, call->args.words[0], "", err) ||
	    host_body_write(&body, &call->args, err) ||
	    api_patch(call, path, &body, PROBE_WAIT_S, err))
		return -1;
	warn_unless_ready(call->reply.body);
	return print_host(call, err);
}

int cmd_host_list(struct call *call, struct err *err)
{
	json_auto_t *list = NULL;
	const char *const none[] = { NULL };
	const char *language;

	if (words_language(&call->args, &language, err) ||
	    api_list(call, API_HOSTS, none, 0, &list, err))
		return -1;
	if (call->form == PRINT_TABLE)
		words_badges(list, "state", BADGE_HOST, language);
	return print_list(call->form, host_columns, COUNT(host_columns), list,
			  err);
}

int cmd_host_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_HOSTS, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_host(call, err);
}

/* That the host is ready is what is asked: anything else is a failure. */
static int print_and_judge(struct call *call, const char *what,
			   struct err *err)
{
	const json_t *host = call->reply.body;

	if (print_host(call, err))
		return -1;
	if (call->reply.status == 202)
		return err_set(err, ERR_BUSY, "the %s of host %s has not "
			       "ended yet", what, call->args.words[0]);
	if (strcmp(api_text(host, "state"), "ready") == 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "host %s is %s: %s", call->args.words[0],
		api_text(host, "state"), api_text(host, "reason_en"));
	return err_code(err, EXITS_CODE_FAILED);
}

int cmd_host_probe(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_HOSTS, call->args.words[0], "/probe", err) ||
	    api_post(call, path, NULL, PROBE_WAIT_S, err))
		return -1;
	return print_and_judge(call, "probe", err);
}

/* *ret is the sentence, from one of the two options. */
static int read_phrase(const struct args *args, char **ret, struct err *err)
{
	const char *text = args_get(args, OPT_PHRASE);
	const char *file = args_get(args, OPT_PHRASE_FILE);

	if (!text == !file)
		return args_refuse(err, "either --phrase or --phrase-file: "
				   "the host says which sentence it wants, "
				   "and nobody but you accepts it");
	if (file)
		return text_file_read(file, "the phrase", PHRASE_MAX, ret,
				      err);
	*ret = xstrdup(text);
	return 0;
}

int cmd_host_accept(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	AUTO_FREE char *path = NULL;
	AUTO_WIPE char *phrase = NULL;

	if (api_path(&path, API_HOSTS, call->args.words[0],
		     "/accept-compliance", err) ||
	    read_phrase(&call->args, &phrase, err))
		return -1;
	jout_object(&body, NULL);
	jout_str(&body, "phrase", phrase);
	jout_object_end(&body);
	if (api_post(call, path, &body, PROBE_WAIT_S, err))
		return -1;
	return print_and_judge(call, "acceptance", err);
}

static const struct column left_columns[] = {
	{ "KIND", "kind" },	{ "ID", "host_resource_id" },
	{ "MARK", "mark" },	{ "ORIGIN", "origin" },
};

static const struct print_part left_parts[] = {
	{ "left", left_columns, COUNT(left_columns) },
	{ 0 }
};

/* With resources there the imports come first, or are left where they are. */
static void tell_way_on(const char *id, bool left, bool chinese)
{
	if (left)
		fprintf(stderr, chinese
			? "  先撤回导入：crmctl run list --host %s，再逐个 crmctl run"
			  " rollback；然后，\n  或者把东西留在主机上："
			: "  take the imports back first: crmctl run list --host "
			  "%s, and crmctl run rollback of each;\n  then, or to "
			  "leave all of it there: ", id);
	else
		fputs(chinese ? "  主机上没有留下东西。" : "  nothing is left on "
		      "the host.  ", stderr);
	fprintf(stderr, chinese
		? "忘记 CRM 的记录：crmctl host delete %s --forget\n"
		: "Forget what CRM knows: crmctl host delete %s --forget\n",
		id);
}

/* What holds a host, and how to go on from there. */
static void tell_use(const struct call *call)
{
	const json_t *reply = call->reply.body;
	int64_t left = api_number(reply, "managed_resources");
	const char *language;
	struct err err;
	bool chinese;

	if (strcmp(api_text(reply, "code"), "host_in_use") != 0 ||
	    words_language(&call->args, &language, &err))
		return;
	chinese = strcmp(language, "zh") == 0;
	fprintf(stderr, chinese
		? "  导入 %" PRId64 " 次，主机上的资源 %" PRId64 " 个，对账 %"
		  PRId64 " 次\n"
		: "  imports: %" PRId64 ", resources on the host: %" PRId64
		  ", reconciles: %" PRId64 "\n",
		api_number(reply, "import_batches"), left,
		api_number(reply, "reconcile_runs"));
	tell_way_on(call->args.words[0], left > 0, chinese);
}

int cmd_host_delete(struct call *call, struct err *err)
{
	bool forget = args_has(&call->args, OPT_FORGET);
	AUTO_FREE char *path = NULL;
	struct api_call del = { .method = "DELETE" };

	if (api_path(&path, API_HOSTS, call->args.words[0],
		     forget ? "?forget=true" : "", err))
		return -1;
	del.path = path;
	if (client_call(call->client, &del, &call->reply, err)) {
		tell_use(call);
		return -1;
	}
	return !forget ? 0 : print_object(call->form, call->reply.body,
					  left_parts, err);
}
