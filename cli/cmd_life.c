/* cmd_life: what can be said to what runs: pause, resume, try again. */
#include <string.h>

#include "cli/api.h"
#include "cli/run_end.h"
#include "shared/table.h"

#define BODY_MAX (1 << 20)

/* Say `verb` to the thing that the first word names, and print the answer. */
static int say(struct call *call, const char *folder, const char *verb,
	       struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, folder, call->args.words[0], verb, err) ||
	    api_post(call, path, NULL, 0, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_host_pause(struct call *call, struct err *err)
{
	return say(call, API_HOSTS, "/pause", err);
}

int cmd_host_resume(struct call *call, struct err *err)
{
	return say(call, API_HOSTS, "/resume", err);
}

/* What was said to a run sets it going again: to be waited for, or not. */
static int go_on(struct call *call, const char *rest, struct err *err)
{
	AUTO_FREE char *path = NULL;
	const json_t *reply, *run;

	if (api_path(&path, API_RUNS, call->args.words[0], rest, err) ||
	    api_post(call, path, NULL, 0, err))
		return -1;
	if (args_has(&call->args, OPT_WAIT))
		return run_end_watch(call, call->args.words[0], err);
	reply = call->reply.body;
	run = json_object_get(reply, "run");
	if (call->form != PRINT_TABLE || !run)
		return run_end_print(call, call->reply.body, err);
	return run_end_print(call, (json_t *)(uintptr_t)run, err);
}

int cmd_run_resume(struct call *call, struct err *err)
{
	return go_on(call, "/resume", err);
}

static const struct {
	const char *word;
	const char *rest;
} retries[] = {
	{ "failed",	"/retry?only=failed" },
	{ "cancelled",	"/retry?only=cancelled" },
};

int cmd_run_retry(struct call *call, struct err *err)
{
	const char *only = args_get(&call->args, OPT_ONLY);

	for (size_t i = 0; i < COUNT(retries); i++)
		if (!only || strcmp(only, retries[i].word) == 0)
			return go_on(call, retries[i].rest, err);
	return args_refuse(err, "--only failed, or --only cancelled");
}

int cmd_item_retry(struct call *call, struct err *err)
{
	CLEANUP(jout_done) struct jout body = { .text.max = BODY_MAX };
	const struct args *args = &call->args;
	AUTO_FREE char *items = NULL;
	AUTO_FREE char *path = NULL;
	const char *model;
	size_t at = 0;

	if (api_path(&items, API_RUNS, args->words[0], "/items", err) ||
	    api_path(&path, items, args->words[1], "/retry", err))
		return -1;
	jout_object(&body, NULL);
	if (args_has(args, OPT_MODEL)) {
		jout_array(&body, "requested_models");
		while ((model = args_each(args, OPT_MODEL, &at)))
			jout_str(&body, NULL, model);
		jout_array_end(&body);
	}
	jout_object_end(&body);
	if (api_post(call, path, &body, 0, err))
		return -1;
	if (args_has(args, OPT_WAIT))
		return run_end_watch(call, args->words[0], err);
	return print_object(call->form, call->reply.body, NULL, err);
}
