/* cmd_access: who gets which models on which host, and proofs on demand. */
#include <poll.h>
#include <string.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/words.h"
#include "shared/clock.h"
#include "shared/table.h"

#define CHECK_WAIT_S 25
#define LOOK_MS 500
#define TIMEOUT_S 600
#define TIMEOUT_MAX_S (24 * 3600)
#define BODY_MAX 4096

static const struct column access_columns[] = {
	{ "ACCESS", "access_id" },	{ "HOST", "host_id" },
	{ "PROVIDER", "provider_id" },	{ "MODE", "access_mode" },
	{ "USER", "selector" },		{ "STATUS", "status" },
	{ "SINCE", "status_since" },	{ "STALE", "stale" },
	{ "FAILURE", "failure_class" },
};

static const struct column hop_columns[] = {
	{ "HOP", "hop" },	{ "STATUS", "status" },
	{ "CLASS", "class" },	{ "WORDS", "text" },
};

static const struct column surface_columns[] = {
	{ "SURFACE", "surface" },	{ "IS", "verdict" },
	{ "BY", "evidence" },		{ "WHY", "why" },
	{ "PROOF", "proof_id" },
};

static const struct column client_columns[] = {
	{ "CLIENT", "client" },	{ "WORKS", "works" },	{ "WHY", "why" },
};

static const struct column event_columns[] = {
	{ "AT", "at" },		{ "KIND", "kind" },
	{ "CLASS", "class" },	{ "DETAIL", "detail" },
};

static const struct column proof_columns[] = {
	{ "PROOF", "proof_id" },	{ "KIND", "kind" },
	{ "SURFACE", "surface" },	{ "OK", "ok" },
	{ "MODEL", "model" },		{ "STATUS", "completion_status" },
	{ "AT", "at" },
};

static const struct print_part access_parts[] = {
	{ "hops", hop_columns, COUNT(hop_columns) },
	{ "surfaces", surface_columns, COUNT(surface_columns) },
	{ "clients", client_columns, COUNT(client_columns) },
	{ "events", event_columns, COUNT(event_columns) },
	{ "proofs", proof_columns, COUNT(proof_columns) },
	{ 0 }
};

int cmd_access_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	const char *language;

	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	api_filter(&filters, "provider_id", args_get(args, OPT_PROVIDER));
	api_filter(&filters, "status", args_get(args, OPT_STATUS));
	api_filter(&filters, "access_mode", args_get(args, OPT_ACCESS_MODE));
	if (words_language(args, &language, err) ||
	    api_list(call, API_ACCESSES, (const char *const *)filters.list, 0,
		     &list, err))
		return -1;
	if (call->form == PRINT_TABLE)
		words_badges(list, "status", BADGE_ACCESS, language);
	return print_list(call->form, access_columns, COUNT(access_columns),
			  list, err);
}

/* What was tried of an access becomes tables; its check has it inside. */
static void show_surfaces(json_t *view, const json_t *object,
			  const char *language)
{
	const json_t *access = json_object_get(object, "access");
	json_t *tried = json_object_get(access ? access : object, "surfaces");
	json_auto_t *said = json_is_object(tried)
		? words_view(tried, language) : json_object();

	json_object_del(view, "access");
	json_object_del(view, "proof");
	json_object_del(view, "surfaces");
	json_object_update(view, said);
}

/* The reply, for people in their language. */
static int print_reply(struct call *call, struct err *err)
{
	json_t *reply = call->reply.body;
	const char *language;
	json_auto_t *view = NULL;

	if (words_language(&call->args, &language, err))
		return -1;
	if (call->form != PRINT_TABLE)
		return print_object(call->form, reply, NULL, err);
	view = words_view(reply, language);
	words_show_diagnosis(view, reply, language);
	show_surfaces(view, reply, language);
	return print_object(call->form, view, access_parts, err);
}

int cmd_access_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_ACCESSES, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_reply(call, err);
}

static bool is_running(const struct call *call)
{
	return strcmp(api_text(call->reply.body, "state"), "running") == 0;
}

/* Look until the check has ended; the reply is then the check. */
static int watch_check(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	int64_t seconds = TIMEOUT_S, until;

	if (args_number(&call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S, &seconds,
			err) ||
	    api_path(&path, API_CHECKS, api_text(call->reply.body, "check_id"),
		     "", err))
		return -1;
	until = clock_mono_ms() + seconds * 1000;
	while (is_running(call) && clock_mono_ms() < until) {
		poll(NULL, 0, LOOK_MS);
		if (api_get(call, path, err))
			return -1;
	}
	return 0;
}

static const struct {
	const char *result;
	const char *code;
} results[] = {
	{ "degraded",	EXITS_CODE_DEGRADED },
	{ "broken",	EXITS_CODE_BROKEN },
};

static int judge_check(const struct call *call, struct err *err)
{
	const char *result = api_text(call->reply.body, "result");
	const char *class = api_text(call->reply.body, "failure_class");

	if (is_running(call))
		return err_set(err, ERR_BUSY, "the check of access %s has not "
			       "ended yet", call->args.words[0]);
	if (strcmp(result, "active") == 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "access %s is %s%s%s", call->args.words[0],
		*result ? result : "unknown", *class ? ": " : "", class);
	for (size_t i = 0; i < COUNT(results); i++)
		if (strcmp(results[i].result, result) == 0)
			return err_code(err, results[i].code);
	return err_code(err, EXITS_CODE_FAILED);
}

int cmd_access_check(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };

	jout_object(&body, NULL);
	jout_str(&body, "access_id", call->args.words[0]);
	if (args_has(&call->args, OPT_SURFACES))
		jout_bool(&body, "surfaces", true);
	jout_object_end(&body);
	if (client_check_id(call->args.words[0], err) ||
	    api_post(call, API_CHECKS, &body, CHECK_WAIT_S, err))
		return -1;
	if (args_has(&call->args, OPT_WAIT) && watch_check(call, err))
		return -1;
	if (print_reply(call, err))
		return -1;
	return judge_check(call, err);
}
