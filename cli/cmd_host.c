/* cmd_host: the hosts that CRM works on. */
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/secret.h"
#include "shared/seal.h"
#include "shared/table.h"

#define PROBE_WAIT_S 25
#define BODY_MAX (2 * SEAL_SECRET_MAX)

static const struct column host_columns[] = {
	{ "HOST", "host_id" },	{ "NAME", "name" },
	{ "STATE", "state" },	{ "REASON", "reason" },
	{ "VERSION", "version" }, { "URL", "base_url" },
};

/* The body holds the host's token. */
static void body_wipe(struct jout *body)
{
	buf_wipe(&body->text);
}

static const struct {
	const char *name;
	enum opt opt;
} members[] = {
	{ "base_url",		OPT_BASE_URL },
	{ "name",		OPT_NAME },
	{ "public_base_url",	OPT_PUBLIC_BASE_URL },
	{ "auth_type",		OPT_AUTH_TYPE },
};

static void write_host(struct jout *body, const struct args *args,
		       const char *token)
{
	jout_object(body, NULL);
	for (size_t i = 0; i < COUNT(members); i++) {
		const char *value = args_get(args, members[i].opt);

		if (value)
			jout_str(body, members[i].name, value);
	}
	jout_str(body, "auth_token", token);
	jout_object_end(body);
}

static void warn_unless_ready(const json_t *host)
{
	const char *state = api_text(host, "state");
	const char *why = api_text(host, "reason_en");

	if (strcmp(state, "ready") != 0)
		fprintf(stderr, "host %s is %s%s%s\n",
			api_text(host, "host_id"), state, *why ? ": " : "",
			why);
}

int cmd_host_add(struct call *call, struct err *err)
{
	CLEANUP(body_wipe) struct jout body = { .text.max = BODY_MAX };
	AUTO_WIPE char *token = NULL;

	if (secret_read(args_get(&call->args, OPT_HOST_TOKEN_FILE),
			"the host's token", &token, err))
		return -1;
	write_host(&body, &call->args, token);
	if (api_post(call, API_HOSTS, &body, PROBE_WAIT_S, err))
		return -1;
	warn_unless_ready(call->reply.body);
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_host_list(struct call *call, struct err *err)
{
	json_auto_t *list = NULL;
	const char *const none[] = { NULL };

	if (api_list(call, API_HOSTS, none, 0, &list, err))
		return -1;
	return print_list(call->form, host_columns, COUNT(host_columns), list,
			  err);
}

int cmd_host_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_HOSTS, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

/* That the host is ready is what is asked: anything else is a failure. */
int cmd_host_probe(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	json_t *host;

	if (api_path(&path, API_HOSTS, call->args.words[0], "/probe", err) ||
	    api_post(call, path, NULL, PROBE_WAIT_S, err))
		return -1;
	host = call->reply.body;
	if (print_object(call->form, host, NULL, err))
		return -1;
	if (call->reply.status == 202)
		return err_set(err, ERR_BUSY, "the probe of host %s has not "
			       "ended yet", call->args.words[0]);
	if (strcmp(api_text(host, "state"), "ready") == 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "host %s is %s: %s", call->args.words[0],
		api_text(host, "state"), api_text(host, "reason_en"));
	return err_code(err, EXITS_CODE_FAILED);
}

int cmd_host_delete(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;
	struct api_call del = { .method = "DELETE" };

	if (api_path(&path, API_HOSTS, call->args.words[0], "", err))
		return -1;
	del.path = path;
	return client_call(call->client, &del, &call->reply, err);
}
