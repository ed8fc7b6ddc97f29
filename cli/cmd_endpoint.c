/* cmd_endpoint: the way to a provider's endpoint, and its limits. */
#include <string.h>

#include "cli/api.h"
#include "cli/host_body.h"
#include "shared/endpoint.h"
#include "shared/table.h"

/*
 * *ret is the path of the endpoint that the word names, as a key or a URL, and
 * `rest` behind it.
 */
static int endpoint_path(char **ret, const char *word, const char *rest,
			 struct err *err)
{
	AUTO_FREE char *url = NULL;
	char key[ENDPOINT_KEY_MAX];

	if (!strstr(word, "://"))
		return api_path(ret, API_ENDPOINTS, word, rest, err);
	if (endpoint_normalise(word, &url, err))
		return -1;
	endpoint_key(url, key);
	return api_path(ret, API_ENDPOINTS, key, rest, err);
}

int cmd_endpoint_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (endpoint_path(&path, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

/* What is set already, and the options that say otherwise. */
static const struct {
	const char *member;
	enum opt gives, takes;
} kept[] = {
	{ "proxy",		 OPT_PROXY_FILE,  OPT_NO_PROXY },
	{ "concurrency",	 OPT_CONCURRENCY, OPT_CONCURRENCY },
	{ "requests_per_minute", OPT_RATE,	  OPT_RATE },
};

/*
 * All that is said of an endpoint is put at once, so what stays is sent with
 * what changes.  The certificates are not shown, so they cannot be.
 */
static int write_kept(struct jout *body, const struct call *call,
		      struct err *err)
{
	const struct args *args = &call->args;
	const json_t *now = call->reply.body;

	for (size_t i = 0; i < COUNT(kept); i++) {
		const json_t *value = json_object_get(now, kept[i].member);

		if (value && !json_is_null(value) &&
		    !args_has(args, kept[i].gives) &&
		    !args_has(args, kept[i].takes))
			jout_json(body, kept[i].member, value);
	}
	if (json_is_true(json_object_get(now, "has_ca")) &&
	    !args_has(args, OPT_PEER_CA_FILE) && !args_has(args, OPT_NO_CA))
		return args_refuse(err, "this provider has certificates of its"
				   " own: give them again by --ca-file, or "
				   "take them away by --no-ca");
	return 0;
}

int cmd_endpoint_set(struct call *call, struct err *err)
{
	CLEANUP(host_body_done) struct jout body = {
		.text.max = HOST_BODY_MAX
	};
	AUTO_FREE char *path = NULL;

	if (endpoint_path(&path, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	jout_object(&body, NULL);
	if (write_kept(&body, call, err) ||
	    host_body_members(&body, &call->args, err))
		return -1;
	jout_object_end(&body);
	if (api_put(call, path, &body, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

static int say(struct call *call, const char *verb, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (endpoint_path(&path, call->args.words[0], verb, err) ||
	    api_post(call, path, NULL, 0, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_endpoint_pause(struct call *call, struct err *err)
{
	return say(call, "/pause", err);
}

int cmd_endpoint_resume(struct call *call, struct err *err)
{
	return say(call, "/resume", err);
}
